"""The tab `Data Sync`: the two buttons, the progress of a run, and how the stores stand."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.views import SiteLine
from ginesys_sync.ui.launchpad.site_columns import OVERVIEW_COLUMNS
from ginesys_sync.ui.widgets import grid, icons, theme, tokens
from ginesys_sync.ui.widgets.columns import Role
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.run_page import RunPage


class DataSyncPage(RunPage):
    """The two buttons, the run, and the stores."""

    retry_wanted = Signal()

    def __init__(self) -> None:
        sync_all, sync_selective = QPushButton("Sync &All"), QPushButton("Sync &Selective")
        super().__init__(sync_all, sync_selective)
        self.sync_all, self.sync_selective = sync_all, sync_selective
        self.model = RowsModel(OVERVIEW_COLUMNS, lambda row: row.code, self)
        self.table = grid.table(OVERVIEW_COLUMNS, "Stores")
        self.faces = FourFaces(self.table)
        self.count = QLabel("")
        self._lay_out()
        theme.theme().changed.connect(self._recolour)

    def _lay_out(self) -> None:
        theme.mark(self.sync_all, "primary")
        theme.mark(self.count, "small")
        self._recolour()
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
        column = QVBoxLayout(page)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(buttons)
        column.addWidget(self.pane)
        column.addLayout(head)
        column.addWidget(self.faces, 1)
        self.fill(page)

    def _recolour(self) -> None:
        icons.put_on(self.sync_all, "refresh-cw", "on_accent")
        icons.put_on(self.sync_selective, "list-checks", "text")

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
