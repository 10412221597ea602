"""The POS window's rooms: Administration > Data Exchange, Back Office > HO Control > its lists."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from ginesys_sync.ui.widgets import icons, theme, tokens

_LIST = Qt.ItemDataRole.UserRole + 1
_WIDTH, _WIDEST = 232, 296
"""Longer names make the list wider, up to a point; beyond it they are elided, in full in the
tip."""
_PICTURES = {
    "item": "package",
    "price": "tag",
    "user": "users",
    "promotion": "percent",
    "polic": "shield",
    "store": "store",
    "payment": "credit-card",
    "role": "shield",
    "customer": "users",
}


class Navigation(QTreeWidget):
    """`exchange_wanted`, `schedule_wanted`, `control_wanted(name)`: a room was chosen, by mouse or
    keyboard."""

    exchange_wanted = Signal()
    schedule_wanted = Signal()
    control_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        theme.mark(self, "navigation")
        self.setHeaderHidden(True)
        self.setFixedWidth(_WIDTH)
        self.setIndentation(tokens.SPACE_3)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAccessibleName("Navigation")
        self.administration = QTreeWidgetItem(self, ["Administration"])
        self.exchange = QTreeWidgetItem(self.administration, ["Data Exchange"])
        self.schedule = QTreeWidgetItem(self.administration, ["Schedule"])
        self.back_office = QTreeWidgetItem(self, ["Back Office"])
        self.ho_control = QTreeWidgetItem(self.back_office, ["HO Control"])
        for head in (self.administration, self.back_office):
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = theme.text_font(tokens.TEXT_SMALL, tokens.WEIGHT_STRONG)
            head.setFont(0, font)
        self.expandAll()
        self._recolour()
        self.setCurrentItem(self.exchange)
        self.currentItemChanged.connect(self._choose)
        self.itemClicked.connect(self._choose)
        theme.theme().changed.connect(self._recolour)

    def offer_lists(self, names: tuple[str, ...]) -> None:
        """The lists of HO Control this database can show."""
        for name in names:
            item = QTreeWidgetItem(self.ho_control, [name])
            item.setData(0, _LIST, name)
            item.setToolTip(0, name)
        self._recolour()
        self._make_room()

    def _make_room(self) -> None:
        """Wide enough for every name beside the scroll bar that a low window brings."""
        bar = self.verticalScrollBar()
        beside = self.width() - self.viewport().width()
        if not bar.isVisible():
            beside += bar.sizeHint().width()
        self.setFixedWidth(min(max(_WIDTH, self.sizeHintForColumn(0) + beside), _WIDEST))

    def mark_exchange(self) -> None:
        """Data Exchange is shown, however one came there."""
        if self.currentItem() is not self.exchange:
            self.setCurrentItem(self.exchange)

    def lists(self) -> list[QTreeWidgetItem]:
        """The items of the lists."""
        children = (self.ho_control.child(place) for place in range(self.ho_control.childCount()))
        return [child for child in children if child is not None]

    def _recolour(self) -> None:
        self.exchange.setIcon(0, icons.icon("refresh-cw", "muted"))
        self.schedule.setIcon(0, icons.icon("calendar", "muted"))
        self.ho_control.setIcon(0, icons.icon("building-2", "muted"))
        for head in (self.administration, self.back_office):
            head.setForeground(0, theme.colour("muted"))
        for item in self.lists():
            name = item.text(0).casefold()
            found = [picture for word, picture in _PICTURES.items() if word in name]
            item.setIcon(0, icons.icon(found[-1] if found else "inbox", "muted"))

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        if item is self.exchange:
            self.exchange_wanted.emit()
        elif item is self.schedule:
            self.schedule_wanted.emit()
        elif item is self.ho_control and self.ho_control.childCount():
            self.ho_control.setExpanded(True)
            self.setCurrentItem(self.lists()[0])
        elif item is not None and item.data(0, _LIST):
            self.control_wanted.emit(item.data(0, _LIST))
