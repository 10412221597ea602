"""The tab `Data Sync`: the two buttons, the progress of a run, and how the stores stand."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.views import Overview, Progress, SiteLine
from ginesys_sync.ui.launchpad.site_columns import OVERVIEW_COLUMNS
from ginesys_sync.ui.widgets import grid, icons, theme, tokens
from ginesys_sync.ui.widgets.columns import Role
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.run_pane import RunPane


class DataSyncPage(QScrollArea):
    """Scrolls as a whole on a small screen, so that nothing is ever cut."""

    retry_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._overview: Overview | None = None
        self._is_put_away = False
        self._seen_run: int | None = None
        self.sync_all = QPushButton("Sync &All")
        self.sync_selective = QPushButton("Sync &Selective")
        self.last = QPushButton("Show last sync")
        self.pane = RunPane()
        self.pane.hide()
        self.model = RowsModel(OVERVIEW_COLUMNS, lambda row: row.code, self)
        self.table = grid.table(OVERVIEW_COLUMNS, "Stores")
        self.faces = FourFaces(self.table)
        self.count = QLabel("")
        self._lay_out()
        self.last.clicked.connect(self.show_last)
        self.pane.put_away.connect(self._put_away)
        theme.theme().changed.connect(self._recolour)

    def _lay_out(self) -> None:
        theme.mark(self.sync_all, "primary")
        theme.mark(self.last, "link")
        theme.mark(self.count, "small")
        self._recolour()
        self.last.hide()
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        grid.dress_header(self.table.horizontalHeader(), OVERVIEW_COLUMNS)
        buttons = QHBoxLayout()
        buttons.setSpacing(tokens.SPACE_3)
        buttons.addWidget(self.sync_all)
        buttons.addWidget(self.sync_selective)
        buttons.addStretch(1)
        buttons.addWidget(self.last)
        heading = QLabel("Stores")
        theme.mark(heading, "title")
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addWidget(self.count)
        head.addStretch(1)
        self.faces.setMinimumHeight(5 * tokens.ROW_HEIGHT)
        page = QWidget()
        theme.mark(page, "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(buttons)
        column.addWidget(self.pane)
        column.addLayout(head)
        column.addWidget(self.faces, 1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _recolour(self) -> None:
        icons.put_on(self.sync_all, "refresh-cw", "on_accent")
        icons.put_on(self.sync_selective, "list-checks", "text")

    # --- runs ---

    def show_overview(self, overview: Overview) -> None:
        """Show the run that goes on, or the last one."""
        self._overview = overview
        if overview.current is not None and overview.current.summary is None:
            if self.pane.request != overview.current.request:
                self.show_run(overview.current)
        elif overview.last is not None and not self.pane.is_running:
            if self._seen_run != overview.last.run and not self._is_put_away:
                self.pane.show_summary(overview.last)
            self._seen_run = overview.last.run
        self._settle()

    def show_asked(self, what: str) -> None:
        """A run was asked for."""
        self._is_put_away = False
        self.pane.show_asked(what)
        self.ensureWidgetVisible(self.pane)
        self._settle()

    def show_not_asked(self) -> None:
        """It could not be asked for."""
        self.pane.is_running = False
        self.pane.hide()
        self.show_last()

    def show_run(self, progress: Progress) -> None:
        """It goes on, or has ended."""
        self._is_put_away = False
        self.pane.show_progress(progress)
        if progress.summary is not None:
            self._seen_run = progress.summary.run
        self._settle()

    def show_last(self) -> None:
        """Bring the last run back."""
        self._is_put_away = False
        if not self.pane.is_running and self._overview and self._overview.last is not None:
            self.pane.show_summary(self._overview.last)
        self._settle()

    def _put_away(self) -> None:
        self._is_put_away = True
        self._settle()
        self.sync_all.setFocus()

    def _settle(self) -> None:
        is_running = self.pane.is_running
        why = "A sync is running: wait until it has ended, or cancel it." if is_running else ""
        for button in (self.sync_all, self.sync_selective):
            button.setEnabled(not is_running)
            button.setToolTip(why)
        has_last = self._overview is not None and self._overview.last is not None
        self.last.setVisible(has_last and not self.pane.isVisibleTo(self))

    # --- stores ---

    def show_sites(self, sites: tuple[SiteLine, ...]) -> None:
        """How the stores stand, what waits longest first."""
        ordered = sorted(sites, key=lambda site: (not site.can_sync, -site.attention, site.code))
        self.model.set_rows(ordered)
        can = sum(site.can_sync for site in sites)
        self.count.setText(f"{can} of {len(sites)} can sync" if sites else "")
        if sites:
            self.faces.show_content()
        else:
            self.faces.show_empty(
                "No stores yet.",
                "A store appears here once it is in the chain's list of sites and was invited "
                "at the Web Database.",
                picture="store",
            )

    def show_sites_fault(self, fault: KnownError) -> None:
        """The stores cannot be listed."""
        self.faces.show_problem(fault, "Try again", self.retry_wanted.emit)

    def site_at(self, place: int) -> SiteLine:
        """The site of a row."""
        found = self.model.index(place, 0).data(Role.OBJECT)
        assert isinstance(found, SiteLine)
        return found
