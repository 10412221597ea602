"""Stores to tick inside another window: a search, a list, a count."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from ginesys_sync.services.views import SiteLine
from ginesys_sync.ui.launchpad.select_site import SiteSearch, SiteTicks
from ginesys_sync.ui.launchpad.site_columns import SELECT_COLUMNS
from ginesys_sync.ui.widgets import grid, icons, theme, tokens
from ginesys_sync.ui.widgets.columns import Role
from ginesys_sync.ui.widgets.wording import grouped

_LEAST = 4 * tokens.ROW_HEIGHT
_SHOWN = 2
"""Of the columns of *Select Site*, code and name."""


class SiteChooser(QWidget):
    """`changed` after every tick."""

    changed = Signal()

    def __init__(self, sites: Sequence[SiteLine]) -> None:
        super().__init__()
        self.model = SiteTicks(sites, self)
        self.proxy = SiteSearch(self)
        self.proxy.setSourceModel(self.model)
        self.search, self.count = QLineEdit(), QLabel()
        self.table = grid.table(SELECT_COLUMNS, "Stores")
        self._lay_out()
        self.search.textChanged.connect(self.proxy.search)
        self.table.clicked.connect(self._click)
        self.table.installEventFilter(self)
        self.search.installEventFilter(self)
        self.model.ticks_changed.connect(self._settle)
        self._settle()

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search by code, name or group")
        self.search.setAccessibleName("Search stores")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        theme.mark(self.count, "small")
        self.table.setModel(self.proxy)
        header = self.table.horizontalHeader()
        grid.dress_header(header, SELECT_COLUMNS)
        for place in range(_SHOWN, len(SELECT_COLUMNS)):
            header.hideSection(place)
        self.table.setMinimumHeight(_LEAST)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMinimumWidth(360)
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_3)
        head.addWidget(self.search, 1)
        head.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addLayout(head)
        column.addWidget(self.table, 1)

    @property
    def ticked(self) -> tuple[str, ...]:
        """What is ticked, shown or not."""
        return tuple(sorted(self.model.ticked))

    def tick(self, codes: Sequence[str]) -> None:
        """Tick these."""
        self.model.tick(codes, True)

    def _settle(self) -> None:
        whole = len(self.model.rows)
        self.count.setText(f"{grouped(len(self.model.ticked))} of {grouped(whole)} ticked")
        self.changed.emit()

    def _click(self, index: QModelIndex) -> None:
        if index.column() != 0:
            self._toggle(index)

    def _toggle(self, index: QModelIndex) -> None:
        site: SiteLine = index.data(Role.OBJECT)
        self.model.tick([site.code], site.code not in self.model.ticked)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if watched is self.search and event.key() == Qt.Key.Key_Down and self.proxy.rowCount():
            self.table.setFocus()
            self.table.setCurrentIndex(self.proxy.index(0, 0))
            return True
        if watched is self.table and event.key() == Qt.Key.Key_Space:
            index = self.table.currentIndex()
            if index.isValid() and index.data(Role.OBJECT).can_sync:
                self._toggle(index)
            return True
        return super().eventFilter(watched, event)
