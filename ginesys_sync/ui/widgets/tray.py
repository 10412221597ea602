"""The window's sign in the desktop's tray: how things stand by shape and words, notices of what
came, and a small menu. Without a tray everything is in the window, and nothing is missing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from ginesys_sync.services.views import Light, Overview
from ginesys_sync.ui.widgets import theme
from ginesys_sync.ui.widgets.lamps import paint_sign, worst

_SIZES = (16, 22, 24, 32, 48, 64)
_OF_SITUATION = {
    "problem": Light.BAD,
    "killed": Light.WARNING,
    "running": Light.WAITING,
    "first_load": Light.WAITING,
}


def light_of(overview: Overview) -> Light:
    """The one lamp that stands for all: the worst of what is true."""
    lights = [lamp.light for lamp in overview.lamps]
    lights.append(_OF_SITUATION.get(overview.situation, Light.GOOD))
    if overview.attention:
        lights.append(Light.WARNING)
    return worst(lights)


def sign(light: Light) -> QIcon:
    """The lamp as an icon, in every size a tray may want."""
    icon = QIcon()
    for size in _SIZES:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_sign(painter, QRectF(0, 0, size, size), light)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


class Tray(QObject):
    """`open_wanted`, `sync_wanted`, `quit_wanted`: chosen in the menu. `kept` carries whether the
    program is to stay in the tray when its window is closed."""

    open_wanted = Signal()
    sync_wanted = Signal()
    quit_wanted = Signal()
    kept = Signal(bool)

    def __init__(self, window: QWidget, name: str, sync: str, *, keeps: bool) -> None:
        super().__init__(window)
        self.name = name
        self.light = Light.UNKNOWN
        self.last = ""
        self._then: Callable[[], None] | None = None
        self._icon: QSystemTrayIcon | None = None
        self.menu = QMenu(window)
        self.open = QAction("&Open", self)
        self.sync = QAction(sync, self)
        self.keep = QAction("&Keep in Tray When Closed", self, checkable=True)
        self.quit = QAction("&Quit", self)
        self.keep.setChecked(keeps)
        self._wire()

    def _wire(self) -> None:
        for action in (self.open, self.sync):
            self.menu.addAction(action)
        self.menu.addSeparator()
        for action in (self.keep, self.quit):
            self.menu.addAction(action)
        self.open.triggered.connect(self.open_wanted)
        self.sync.triggered.connect(self.sync_wanted)
        self.quit.triggered.connect(self.quit_wanted)
        self.keep.toggled.connect(self.kept)
        theme.theme().changed.connect(self._redraw)

    @property
    def is_there(self) -> bool:
        """Whether this desktop shows it."""
        return self._icon is not None and QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def is_keeping(self) -> bool:
        """Whether the program stays here when its window is closed."""
        return self.is_there and self.keep.isChecked()

    @property
    def tip(self) -> str:
        """What the pointer reads there."""
        return self._icon.toolTip() if self._icon is not None else ""

    def show_overview(self, overview: Overview) -> None:
        """Say what is true now."""
        run = overview.current
        self.sync.setEnabled(run is None or run.summary is not None)
        light = light_of(overview)
        if self._icon is None and QSystemTrayIcon.isSystemTrayAvailable():
            self._icon = QSystemTrayIcon(self)
            self._icon.setContextMenu(self.menu)
            self._icon.activated.connect(self._take_click)
            self._icon.messageClicked.connect(self._follow)
            self.light = Light.UNKNOWN
        if self._icon is None:
            return
        if light is not self.light or self._icon.icon().isNull():
            self.light = light
            self._redraw()
        self._icon.setToolTip(f"{self.name}: {overview.headline}")
        self._icon.show()

    def notify(self, title: str, words: str, then: Callable[[], None], is_warning: bool) -> None:
        """A notice of the desktop, where there is a tray; `then` when it is clicked."""
        self.last, self._then = words, then
        if self._icon is not None:
            kinds = QSystemTrayIcon.MessageIcon
            kind = kinds.Warning if is_warning else kinds.Information
            self._icon.showMessage(title, words, kind)

    def put_away(self) -> None:
        """The program ends."""
        if self._icon is not None:
            self._icon.hide()

    def _redraw(self) -> None:
        if self._icon is not None:
            self._icon.setIcon(sign(self.light))

    def _take_click(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self.open_wanted.emit()

    def _follow(self) -> None:
        if self._then is not None:
            self._then()
