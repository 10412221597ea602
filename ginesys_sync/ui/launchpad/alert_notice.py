"""New alerts as a notice of the desktop, where it has a tray; each is shown once."""

from __future__ import annotations

from collections.abc import Callable

from ginesys_sync.services.board_views import Alert
from ginesys_sync.ui.widgets.wording import counted


def notice_of(alerts: list[Alert]) -> str:
    """What the notice says; empty for none."""
    if not alerts:
        return ""
    if len(alerts) == 1:
        return alerts[0].words
    return f"{counted(len(alerts), 'new alert')}: {alerts[0].words} …"


class AlertNotice:
    """What was wrong before the window opened stands on the board; only what comes is told: `tell`
    shows it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._seen: int | None = None
        self.last = ""

    def take(self, alerts: tuple[Alert, ...]) -> None:
        """These are open now."""
        newest = max((alert.id for alert in alerts), default=0)
        if self._seen is not None:
            new = [alert for alert in alerts if alert.id > self._seen]
            if new:
                self.last = notice_of(new)
                self._tell(self.last)
        self._seen = max(newest, self._seen or 0)
