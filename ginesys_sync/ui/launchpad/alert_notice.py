"""New alerts as a notice of the desktop, where it has a tray; each is shown once."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from ginesys_sync.services.board_views import Alert
from ginesys_sync.ui.widgets import icons
from ginesys_sync.ui.widgets.wording import counted


def notice_of(alerts: list[Alert]) -> str:
    """What the notice says; empty for none."""
    if not alerts:
        return ""
    if len(alerts) == 1:
        return alerts[0].words
    return f"{counted(len(alerts), 'new alert')}: {alerts[0].words} …"


class AlertNotice(QObject):
    """What was wrong before the window opened stands on the board; only what comes is told."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._seen: int | None = None
        self._tray: QSystemTrayIcon | None = None
        self.last = ""

    def take(self, alerts: tuple[Alert, ...]) -> None:
        """These are open now."""
        newest = max((alert.id for alert in alerts), default=0)
        if self._seen is not None:
            new = [alert for alert in alerts if alert.id > self._seen]
            if new:
                self._show(notice_of(new))
        self._seen = max(newest, self._seen or 0)

    def _show(self, words: str) -> None:
        self.last = words
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(icons.icon("store", "accent"), self)
            self._tray.setToolTip("Launchpad")
            self._tray.activated.connect(lambda _: self._window.activateWindow())
            self._tray.messageClicked.connect(self._window.activateWindow)
        self._tray.show()
        self._tray.showMessage("Data sync", words, QSystemTrayIcon.MessageIcon.Warning)
