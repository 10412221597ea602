"""*Runs*: every sync with what asked for it and how it ended, and those that never began."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.schedule_views import RunEntry, RunWanted, Trigger
from ginesys_sync.ui.widgets import grid, pill, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows
from ginesys_sync.ui.widgets.run_columns import RUN_COLUMNS
from ginesys_sync.ui.widgets.run_dialog import RunDialog


class RunFilters(QWidget):
    """What the list is asked to show. `changed` carries nothing: ask `wanted`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.trigger, self.outcome = QComboBox(), QComboBox()
        self.empty_live = QCheckBox("Also live syncs that moved nothing")
        self.clear = QPushButton("Clear filters")
        self.trigger.setAccessibleName("Trigger")
        self.outcome.setAccessibleName("Outcome")
        for trigger in Trigger:
            self.trigger.addItem(trigger.value, trigger.value)
        self.outcome.addItem("Any outcome", None)
        for outcome in Outcome:
            self.outcome.addItem(pill.OUTCOME_TONE[outcome][2], outcome.value)
        theme.mark(self.clear, "link")
        self.clear.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_2)
        for combo in (self.trigger, self.outcome):
            row.addWidget(combo)
            combo.currentIndexChanged.connect(self._tell)
        row.addSpacing(tokens.SPACE_2)
        row.addWidget(self.empty_live)
        row.addStretch(1)
        row.addWidget(self.clear)
        self.empty_live.toggled.connect(self._tell)
        self.clear.clicked.connect(self.reset)

    @property
    def wanted(self) -> RunWanted:
        """What is asked for now."""
        outcome = self.outcome.currentData()
        return RunWanted(
            Trigger(self.trigger.currentData()),
            # Qt keeps a StrEnum as a bare string.
            Outcome(outcome) if outcome else None,
            self.empty_live.isChecked(),
        )

    def reset(self) -> None:
        """Show everything again."""
        self.trigger.setCurrentIndex(0)
        self.outcome.setCurrentIndex(0)
        self.empty_live.setChecked(False)

    def _tell(self) -> None:
        self.clear.setVisible(self.wanted != RunWanted())
        self.changed.emit()


class RunListPage(QWidget):
    """Filters, list, and the way into one sync. `sync_wanted`: the empty page's next step."""

    sync_wanted = Signal()

    def __init__(self, desk: Desk, background: Background, next_step: str) -> None:
        super().__init__()
        self._desk, self._background, self._next_step = desk, background, next_step
        self.filters = RunFilters()
        self.model: PagedRows[RunEntry] = PagedRows(
            RUN_COLUMNS, lambda row: row.key, background, "runs", self
        )
        self.table = grid.table(RUN_COLUMNS, "Runs")
        self.faces = FourFaces(self.table)
        self.open_one = QPushButton("Open...")
        self.hint = QLabel("What a sync did with each site: Enter, or a double click.")
        self.dialog: RunDialog | None = None
        self._lay_out()
        self._wire()
        self.refresh()

    def _lay_out(self) -> None:
        theme.mark(self.hint, "small")
        self.open_one.setAccessibleName("Open the selected sync")
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), RUN_COLUMNS)
        grid.WideColumn(self.table, 1, 160)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.SPACE_3)
        foot.addWidget(self.open_one)
        foot.addWidget(self.hint)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_3, tokens.SPACE_5, tokens.SPACE_3)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.filters)
        column.addWidget(self.faces, 1)
        column.addLayout(foot)

    def _wire(self) -> None:
        self.filters.changed.connect(self.refresh)
        self.model.loaded.connect(self._show_loaded)
        self.model.failed.connect(self._show_fault)
        self.table.activated.connect(lambda _: self.open_selected())
        self.table.selectionModel().currentRowChanged.connect(self._settle)
        self.open_one.clicked.connect(self.open_selected)
        self.model.modelReset.connect(self._settle)
        self._offer(is_there=False)

    def refresh(self) -> None:
        """Look again; what is the same stays as it is."""
        wanted = self.filters.wanted

        def fetch(after: str | None, limit: int) -> Fetched[RunEntry]:
            page = self._desk.run_page(wanted, after, limit)
            return Fetched(page.rows, page.next)

        self.model.show_from(fetch)

    @property
    def selected(self) -> RunEntry | None:
        """The sync one stands on."""
        place = self.table.currentIndex().row()
        return self.model.rows[place] if 0 <= place < len(self.model.rows) else None

    def open_selected(self) -> None:
        """Show what the selected sync did, or why it never began."""
        if self.selected is not None:
            self.dialog = RunDialog(self._desk, self._background, self.selected, self.window())
            self.dialog.open()

    def _settle(self) -> None:
        self.open_one.setEnabled(self.selected is not None)

    def _offer(self, *, is_there: bool) -> None:
        """The way into a sync, where there is one to open."""
        self._settle()
        self.open_one.setVisible(is_there)
        self.hint.setVisible(is_there)

    def _show_loaded(self) -> None:
        is_there = bool(self.model.rows)
        self._offer(is_there=is_there)
        if is_there:
            self.faces.show_content()
        elif self.filters.wanted == RunWanted():
            self.faces.show_empty(
                "No sync yet.",
                "Every sync is listed here: who or what asked for it, how long it took, what it "
                "moved and how it ended.",
                self._next_step,
                self.sync_wanted.emit,
                "history",
            )
        else:
            self.faces.show_empty(
                "No sync fits these filters.",
                "Choose another trigger or another outcome.",
                "Clear filters",
                self.filters.reset,
                "search",
            )

    def _show_fault(self, fault: KnownError) -> None:
        self._offer(is_there=False)
        self.faces.show_problem(fault, "Try again", self.refresh)
