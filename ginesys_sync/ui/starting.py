"""The moment a window comes up: the application, its dress, the window, and its end."""

from __future__ import annotations

import gc
import signal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QStyle

from ginesys_sync.ui.widgets import theme

if TYPE_CHECKING:
    from ginesys_sync.services.desk import Desk
    from ginesys_sync.ui.widgets.sync_window import SyncWindow


def application(choice: str = "auto") -> QApplication:
    """The one application of this process, dressed."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["ginesys-sync"])
    app.setApplicationName("ginesys-sync")
    theme.set_up(app, theme.Choice(choice))
    return app


def make_window(desk: Desk, home: Path | None, *, is_ho: bool) -> SyncWindow:
    """Launchpad, or the POS window; not shown yet. `application` must have been called."""
    if is_ho:
        from ginesys_sync.ui.launchpad.window import LaunchpadWindow

        return LaunchpadWindow(desk, home)
    from ginesys_sync.ui.pos.window import PosWindow

    return PosWindow(desk, home)


def side_by_side(window: SyncWindow, place: int) -> None:
    """Put a window of the demo in its part of the screen: 0 the left half, 1 and 2 the right one,
    upper and lower. Any other place leaves the window where it was last."""
    if place not in (0, 1, 2):
        return
    room = window.screen().availableGeometry()
    half, title = room.width() // 2, window.style().pixelMetric(_TITLE_BAR)
    if place == 0:
        window.setGeometry(room.x(), room.y() + title, half, room.height() - title)
        return
    height = room.height() // 2
    top = room.y() + (place - 1) * height
    window.setGeometry(room.x() + half, top + title, half, height - title)


def _nothing() -> None:
    """A desk that is open already has nothing to load."""


_TITLE_BAR = QStyle.PixelMetric.PM_TitleBarHeight


_STANDS_AFTER_MS = 3_000


def spare_the_loop() -> None:
    """Take what stands for good from the garbage collector's rounds, and make the full ones rare:
    one of them held the window still for 140 ms in the middle of a sync.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def show_until_closed(
    desk: object, home: Path, choice: str, grab: Path | None, *, is_ho: bool, place: int = -1
) -> int:
    """Show the window; return when it is closed (or, with `grab`, when its picture is saved)."""
    app = application(choice)
    # Ctrl+C in the terminal ends the window at once; a run goes on in the service, and nothing is
    # lost.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    window = make_window(cast("Desk", desk), home, is_ho=is_ho)
    side_by_side(window, place)
    window.truth_shown.connect(getattr(desk, "load", _nothing))
    window.show()
    if grab is not None:
        from ginesys_sync.ui.offscreen import picture, settle

        settle(window)
        picture(window, grab)
        window.close()
        return 0
    QTimer.singleShot(_STANDS_AFTER_MS, spare_the_loop)
    return app.exec()
