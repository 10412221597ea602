"""Tabs whose pages are made when they are first looked at, so that a window opens fast."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget


class LazyTabs(QTabWidget):
    """`shown` carries the page that has come to the front, made or not a moment ago."""

    shown = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._makers: dict[str, Callable[[], QWidget]] = {}
        self._pages: dict[str, QWidget] = {}
        self.setDocumentMode(True)
        self.setAccessibleName(name)
        self.tabBar().setAccessibleName(name)
        self.currentChanged.connect(self._show)

    def add_lazily(self, title: str, make: Callable[[], QWidget]) -> None:
        """A tab whose page `make` makes at the first look."""
        self._makers[title] = make
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self.addTab(holder, title)

    def page(self, title: str) -> QWidget:
        """The page of a tab, made if need be."""
        if title not in self._pages:
            # Entered first: making a page may show it, and that asks for it again.
            page = self._pages[title] = self._makers[title]()
            holder = self.widget(list(self._makers).index(title))
            layout = holder.layout() if holder is not None else None
            assert layout is not None
            layout.addWidget(page)
        return self._pages[title]

    def made(self) -> list[QWidget]:
        """The pages there are so far."""
        return list(self._pages.values())

    def current(self) -> QWidget | None:
        """The page in front."""
        place = self.currentIndex()
        return self._pages.get(list(self._makers)[place]) if place >= 0 else None

    def go(self, title: str) -> QWidget:
        """Bring a tab to the front."""
        self.setCurrentIndex(list(self._makers).index(title))
        return self.page(title)

    def _show(self, place: int) -> None:
        if 0 <= place < len(self._makers):
            self.shown.emit(self.page(list(self._makers)[place]))
