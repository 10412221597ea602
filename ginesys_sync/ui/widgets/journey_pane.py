"""The journey of one record: what is true over all, and its sites, those that wait first."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.journey_views import Candidate, Journey, SiteJourney
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.filter_bar import PAUSE_MS
from ginesys_sync.ui.widgets.journey_rows import COLUMNS, journey_list
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows
from ginesys_sync.ui.widgets.wording import grouped

_SEARCHED_FROM = 8
"""So many sites are seen at a glance; more of them can be searched."""


class PaneActions(QWidget):
    """What can be done with the record that is shown: nothing, where nobody says more.
    `was_done` follows what was done."""

    was_done = Signal()

    def show_record(self, record: Candidate | None) -> None:
        """Another record is shown; None: none."""

    def refresh(self) -> None:
        """Something changed: look again, quietly."""


class JourneyPane(QWidget):
    """Shows one record at a time, or nothing."""

    def __init__(
        self, desk: Desk, background: Background, actions: PaneActions | None = None
    ) -> None:
        super().__init__()
        self._desk = desk
        self.acts = actions or PaneActions()
        self.record: Candidate | None = None
        self.title = QLabel()
        self.headline = QLabel()
        self.advice = QLabel()
        self.search = QLineEdit()
        self.count = QLabel()
        self.list = journey_list()
        self.model: PagedRows[SiteJourney] = PagedRows(
            COLUMNS, lambda row: (row.site, row.is_incoming), background, "where-journey", self
        )
        self.list.setModel(self.model)
        whole = QWidget()
        self.faces = FourFaces(whole)
        self.sites_faces = FourFaces(self.list)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._lay_out(whole)
        self._pause.timeout.connect(self._look)
        self.search.textChanged.connect(lambda: self._pause.start())
        self.model.loaded.connect(self._show_loaded)
        self.model.failed.connect(self._show_fault)
        self.acts.was_done.connect(self._look)
        theme.theme().changed.connect(self._recolour)

    def _lay_out(self, whole: QWidget) -> None:
        for label, part in (
            (self.title, "title"),
            (self.headline, "strong"),
            (self.advice, "muted"),
            (self.count, "small"),
        ):
            theme.mark(label, part)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.title, self.headline, self.advice):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.search.setPlaceholderText("Search sites")
        self.search.setAccessibleName("Search sites")
        self.search.setClearButtonEnabled(True)
        self._glass = self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        under = QHBoxLayout()
        under.addWidget(self.search, 1)
        under.addWidget(self.count)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.title)
        column.addWidget(self.headline)
        column.addWidget(self.advice)
        column.addLayout(under)
        column.addWidget(self.sites_faces, 1)
        column.addWidget(self.acts)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.faces)

    def _recolour(self) -> None:
        self._glass.setIcon(icons.icon("search", "muted"))

    def show_record(self, record: Candidate | None) -> None:
        """Show where this record is; None: nothing."""
        if record == self.record:
            return
        self.record = record
        self._pause.stop()
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self.model.set_rows([])
        self.faces.show_loading()
        self.acts.show_record(record)
        if record is not None:
            self._look()

    def refresh(self) -> None:
        """Something changed: look again, quietly."""
        if self.record is not None:
            self.acts.refresh()
            self._look()

    def take_focus(self) -> None:
        """Go to the sites, if there are any."""
        if self.model.rows:
            self.list.setFocus()
            if not self.list.currentIndex().isValid():
                self.list.setCurrentIndex(self.model.index(0, 0))

    def _look(self) -> None:
        record, text = self.record, self.search.text().strip()
        if record is None:
            return

        def fetch(after: int | None, limit: int) -> Fetched[SiteJourney]:
            found = self._desk.journey(record, text, after, limit)
            return Fetched(found.sites, found.next, found)

        self.model.show_from(fetch)

    def _show_loaded(self) -> None:
        told: Journey = self.model.extra
        if self.record is None or told.record.key != self.record.key:
            return
        record = told.record
        label = f"  {record.label}" if record.label else ""
        deleted = "  (deleted)" if record.is_gone else ""
        self.title.setText(f"{record.kind} {record.key_text}{label}{deleted}")
        # Of a single site its own row says it.
        is_said = len(told.sites) == 1 and told.sites[0].sentence == told.headline
        self.headline.setText(told.headline)
        self.headline.setHidden(is_said)
        self.advice.setText(told.advice)
        self.advice.setVisible(bool(told.advice))
        is_many = told.whole > _SEARCHED_FROM
        self.search.setVisible(is_many)
        self.count.setVisible(is_many)
        self.count.setText(f"{grouped(told.total)} of {grouped(told.whole)} sites")
        self._show_sites(told)
        self.faces.show_content()

    def _show_sites(self, told: Journey) -> None:
        if told.sites:
            self.sites_faces.show_content()
        elif told.whole:
            self.sites_faces.show_empty(
                "No site fits.", "Search for part of a code or a name.", picture="search"
            )
        else:
            self.sites_faces.show_empty(
                "No site gets it.", "It is for no store as the tables stand now.", picture="store"
            )

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self._look)
