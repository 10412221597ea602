"""What a window remembers from one day to the next: its place, its tab, the columns a person made
wider. Kept in the home, beside everything else of the site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QObject, QSettings, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QHeaderView, QTableView, QTreeView, QWidget

OPENS_AT = QSize(1200, 740)
"""So wide that no ordinary line of the two grids is cut, and not wider than a till's screen."""
_TITLE_BAR = 32


class Memory:
    """Values by name, for one kind of window. Without a home nothing is kept."""

    def __init__(self, home: Path | None, name: str) -> None:
        self._name = name
        self._kept = (
            QSettings(str(home / "ui.ini"), QSettings.Format.IniFormat)
            if home is not None
            else None
        )

    def keep(self, what: str, value: object) -> None:
        """Remember this."""
        if self._kept is not None:
            self._kept.setValue(f"{self._name}/{what}", value)

    def value(self, what: str) -> Any:
        """What was remembered; None for nothing."""
        return None if self._kept is None else self._kept.value(f"{self._name}/{what}")

    def is_set(self, what: str) -> bool:
        """Whether a yes was remembered; a file keeps it as a word."""
        return str(self.value(what)).casefold() == "true"

    def save(self) -> None:
        """Write it down."""
        if self._kept is not None:
            self._kept.sync()

    def restore_geometry(self, window: QWidget) -> None:
        """Put a window where it was; one that was nowhere yet gets the size it opens at."""
        kept = self.value("geometry")
        if isinstance(kept, QByteArray) and window.restoreGeometry(kept):
            return
        # Without a display there is no screen to be larger than.
        is_seen = QGuiApplication.platformName() != "offscreen"
        window.resize(opens_at(window.screen().availableSize()) if is_seen else OPENS_AT)

    def keep_geometry(self, window: QWidget) -> None:
        """Remember where a window is."""
        self.keep("geometry", window.saveGeometry())


def opens_at(screen: QSize) -> QSize:
    """The size of a window on a screen that leaves it this much, in logical pixels: a screen of
    1920 by 1080 at 200 % has 960 by 540, and a title bar."""
    return OPENS_AT.boundedTo(QSize(screen.width(), screen.height() - _TITLE_BAR))


def memory_of(widget: QWidget) -> Memory | None:
    """The memory of the window that a widget belongs to, dialogs included."""
    place: QWidget | None = widget
    while place is not None:
        found = getattr(place, "memory", None)
        if isinstance(found, Memory):
            return found
        place = place.parentWidget()
    return None


class ColumnMemory(QObject):
    """Gives a grid's columns the widths that a person drew them to, and remembers new ones."""

    def __init__(self, view: QTableView | QTreeView) -> None:
        super().__init__(view)
        self._view = view
        self._is_restoring = False
        header = view.header() if isinstance(view, QTreeView) else view.horizontalHeader()
        self._header: QHeaderView = header
        self._header.sectionResized.connect(self._take)
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Show:
            self.restore()
        return False

    def restore(self) -> None:
        """Give the columns that are shown their remembered widths."""
        memory = memory_of(self._view)
        if memory is None:
            return
        self._is_restoring = True
        widths = self._widths(memory)
        for place in range(self._header.count()):
            wide = widths.get(self._title(place))
            if isinstance(wide, int) and self._is_free(place):
                self._header.resizeSection(place, wide)
        self._is_restoring = False

    def _take(self, place: int, before: int, wide: int) -> None:
        """Only what a person draws with the mouse is meant."""
        is_drawn = bool(QApplication.mouseButtons() & Qt.MouseButton.LeftButton)
        memory = memory_of(self._view)
        if memory is None or self._is_restoring or not is_drawn or not self._is_free(place):
            return
        memory.keep(self._key, json.dumps(self._widths(memory) | {self._title(place): wide}))

    @property
    def _key(self) -> str:
        return f"columns/{self._view.accessibleName()}".replace(" ", "_")

    def _widths(self, memory: Memory) -> dict[str, int]:
        try:
            found = json.loads(str(memory.value(self._key) or "{}"))
        except ValueError:  # another hand was in the file: as if nothing was kept
            return {}
        return found if isinstance(found, dict) else {}

    def _title(self, place: int) -> str:
        return str(self._header.model().headerData(place, Qt.Orientation.Horizontal))

    def _is_free(self, place: int) -> bool:
        return self._header.sectionResizeMode(place) is QHeaderView.ResizeMode.Interactive
