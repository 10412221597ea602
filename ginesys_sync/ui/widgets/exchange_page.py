"""*Sent Data* and *Received Data*: filter bar, tree, export; the same page in both windows."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.widgets import grid, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.exchange_export import ExportFoot
from ginesys_sync.ui.widgets.exchange_tree import ExchangeTree
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.filter_bar import FilterBar

_AT_A_STORE = {4: 152, 8: 104}
"""Narrower columns, the status and the problem, where a list of rooms stands beside the grid: the
room is for what a line is about."""


class ExchangePage(QWidget):
    """One of the two grids. `sync_wanted`: the empty page's next step was pressed."""

    sync_wanted = Signal()

    def __init__(
        self, desk: Desk, background: Background, is_sent: bool, is_ho: bool, next_step: str
    ) -> None:
        super().__init__()
        self._next_step = next_step
        self.is_sent, self._is_ho = is_sent, is_ho
        self.name = "Sent Data" if is_sent else "Received Data"
        self.filters = FilterBar(is_sent, has_sites=is_ho)
        self.grouped = QCheckBox("&Group by sync")
        self.grouped.setChecked(True)
        self.model = ExchangeTree(desk, is_sent, background, self, has_sites=is_ho)
        self.tree = grid.tree(self.model.columns, self.name)
        self.tree.setModel(self.model)
        self.faces = FourFaces(self.tree)
        self._sort = ""
        self._is_newest_opened = False
        self.foot = ExportFoot(
            desk, background, is_sent, lambda: self.filters.wanted(self._sort), self.grouped
        )
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        grid.dress_header(self.tree.header(), self.model.columns)
        grid.WideColumn(self.tree, 0, 248 if self._is_ho else 168)
        self.tree.header().setSectionsClickable(True)
        self.tree.header().setSortIndicatorShown(False)
        if not self._is_ho:
            # A store exchanges with head office alone: the same word in every row says nothing.
            self.tree.header().hideSection(1)
            # Nor does a size in bytes; without it a problem is seen without scrolling sideways.
            self.tree.header().hideSection(3)
            for place, width in _AT_A_STORE.items():
                self.tree.header().resizeSection(place, width)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_3, tokens.SPACE_5, tokens.SPACE_3)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.filters)
        column.addWidget(self.faces, 1)
        column.addWidget(self.foot)

    def _wire(self) -> None:
        self.filters.changed.connect(self.look)
        self.grouped.toggled.connect(self._regroup)
        self.tree.header().sectionClicked.connect(self._sort_by)
        self.tree.activated.connect(self._activate)
        self.tree.clicked.connect(self._click)
        self.tree.verticalScrollBar().valueChanged.connect(self._fetch_near_the_end)
        self.tree.verticalScrollBar().rangeChanged.connect(self._fetch_near_the_end)
        self.model.loaded.connect(self._show_loaded)
        self.model.loaded.connect(self._fetch_until_full)
        self.model.failed.connect(self._show_fault)

    # --- what is shown ---

    def look(self) -> None:
        """Show what the filters ask for, from its beginning."""
        if self.faces.face != "normal":
            self.faces.show_loading()
        self.model.show_filter(self.filters.wanted(self._sort), self.grouped.isChecked())

    def refresh(self) -> None:
        """Something changed: look again, quietly."""
        self.model.refresh()

    def offer_sites(self, codes: list[str]) -> None:
        """The sites of the filter."""
        self.filters.offer_sites(codes)

    def _show_loaded(self) -> None:
        self._open_newest()
        self.foot.offer(not self.model.is_empty)
        if not self.model.is_empty:
            self.faces.show_content()
        elif self.filters.is_open:
            done = "sent" if self.is_sent else "received"
            who = "every site" if self._is_ho else "head office"
            text = (
                f"Each sync puts what it sent here, with how far {who} has got."
                if self.is_sent
                else "Each sync puts here what came from the other side, and what it confirmed."
            )
            self.faces.show_empty(
                f"Nothing was {done} yet.",
                text,
                self._next_step,
                self.sync_wanted.emit,
                "send" if self.is_sent else "inbox",
            )
        else:
            self.faces.show_empty(
                "Nothing fits these filters.",
                "Choose a longer period or another status, or search for something else.",
                "Clear filters",
                self.filters.reset,
                "search",
            )

    def _open_newest(self) -> None:
        """Once: the newest sync opens by itself, so that its batches and times are seen at once."""
        place = self.model.newest_run()
        if self._is_newest_opened or not place.isValid() or not self.filters.is_open:
            return
        self._is_newest_opened = True
        self.tree.expand(place)

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.look)

    def _fetch_near_the_end(self, *_: object) -> None:
        bar = self.tree.verticalScrollBar()
        if self.tree.isVisible() and bar.value() > bar.maximum() - self.tree.viewport().height():
            self.model.fetch_next()

    def _fetch_until_full(self) -> None:
        """A page may be lower than the grid: then no scroll bar asks for the next one."""
        if self.model.rowCount() * tokens.ROW_HEIGHT < self.tree.viewport().height():
            self.model.fetch_next()

    # --- sorting and opening ---

    def _sort_by(self, place: int) -> None:
        field = self.model.columns[place].field
        header = self.tree.header()
        if not field:
            self._sort = ""
            header.setSortIndicatorShown(False)
            self.look()
            return
        down = self._sort != f"-{field}"
        self._sort = f"-{field}" if down else field
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        header.setSortIndicatorShown(True)
        header.setSortIndicator(place, order)
        # A sort runs through all rows, so they cannot stay in their groups.
        if self.grouped.isChecked():
            self.grouped.setChecked(False)
        else:
            self.look()

    def _regroup(self, is_grouped: bool) -> None:
        if is_grouped:
            self._sort = ""
            self.tree.header().setSortIndicatorShown(False)
        self.look()

    def _click(self, index: QModelIndex) -> None:
        self.model.open_more(index)

    def _activate(self, index: QModelIndex) -> None:
        first = index.siblingAtColumn(0)
        if not self.model.open_more(first) and self.model.hasChildren(first):
            self.tree.setExpanded(first, not self.tree.isExpanded(first))
