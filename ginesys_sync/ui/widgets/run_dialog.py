"""One sync of the run list: what it did with each site, or why it never began."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.desk import Desk
from ginesys_sync.services.schedule_views import RunEntry
from ginesys_sync.services.views import RunSummary
from ginesys_sync.ui.widgets import theme, tokens, wording
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.pill import Pill
from ginesys_sync.ui.widgets.run_columns import outcome_pill
from ginesys_sync.ui.widgets.summary import SummaryView


class RunDialog(QDialog):
    """Read only."""

    def __init__(
        self, desk: Desk, background: Background, entry: RunEntry, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._desk, self._background, self._entry = desk, background, entry
        self.setWindowTitle(f"Sync {wording.grouped(entry.run)}" if entry.run else "Sync")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.reason = QLabel(entry.reason)
        self.summary = SummaryView()
        self.faces = FourFaces(self._shown())
        self._lay_out()
        if entry.run is None:
            self.faces.hide()
            fit(self, 520, 200)
        else:
            self.reason.hide()
            fit(self, 880, 400)
            self.look()

    def _lay_out(self) -> None:
        title, shown = QLabel(self._entry.what), outcome_pill(self._entry)
        theme.mark(title, "title")
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_3)
        head.addWidget(title)
        head.addWidget(Pill(shown.word, shown.shape, shown.tone))
        head.addStretch(1)
        facts = QLabel(self._facts())
        theme.mark(facts, "muted")
        for label in (title, facts, self.reason):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.reason.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(head)
        column.addWidget(facts)
        column.addWidget(self.reason)
        column.addWidget(self.faces, 1)
        if self._entry.run is None:
            column.addStretch(1)
        column.addWidget(buttons)

    def _shown(self) -> QWidget:
        page = QWidget()
        self.as_of_now = QLabel("Waiting and Needs attention are as they stand now.")
        theme.mark(self.as_of_now, "small")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.summary)
        column.addWidget(self.as_of_now)
        column.addStretch(1)
        return page

    def _facts(self) -> str:
        entry = self._entry
        verb = "Due" if entry.run is None and not entry.reason.startswith("Sync") else "Started"
        said = f"{verb} {wording.exact(entry.started_at)}. Trigger: {entry.trigger}."
        seconds = entry.lasted_seconds
        return said if seconds is None else f"{said} Took {wording.lasted(seconds)}."

    def look(self) -> None:
        """Read what it did."""
        run = self._entry.run
        assert run is not None
        self._background.run(
            lambda: self._desk.run_details(run),
            self._show,
            lambda fault: self.faces.show_problem(fault, "Try again", self.look),
            lane="run-details",
        )

    def _show(self, summary: RunSummary) -> None:
        self.summary.show_summary(summary)
        self.summary.attention.hide()
        self.as_of_now.setVisible(bool(summary.sites))
        self.faces.show_content()
