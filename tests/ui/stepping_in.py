"""How tests step into the sync in Launchpad: click to a section, choose in a menu, answer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.launchpad.control_page import ControlPage
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.widgets.deed import DeedDialog
from tests.support.staged_desk import StagedDesk


def desk_of(window: object) -> StagedDesk:
    desk = window.desk  # type: ignore[attr-defined]
    assert isinstance(desk, StagedDesk)
    return desk


def section(window: LaunchpadWindow, name: str) -> ControlPage:
    """Click to a section of the tab Control."""
    page = offscreen.show_tab(window, "Control")
    assert isinstance(page, ControlPage)
    items = [page.sections.item(row) for row in range(page.sections.count())]
    (item,) = [one for one in items if one.text().startswith(name)]
    place = page.sections.visualItemRect(item).center()
    QTest.mouseClick(page.sections.viewport(), Qt.MouseButton.LeftButton, pos=place)
    offscreen.settle(window)
    return page


def board_menu(window: LaunchpadWindow, entry: str, row: int = 0) -> None:
    """Choose an entry in a store's menu."""
    page = offscreen.show_tab(window, "Sites")
    assert isinstance(page, BoardPage)
    menu = page.menu_of(page.model.rows[row])
    (action,) = [one for one in menu.actions() if one.text() == entry]
    assert action.isEnabled(), entry
    action.trigger()
    offscreen.settle(window)


def dialog_of(window: LaunchpadWindow) -> DeedDialog:
    assert window.acts.dialog is not None and window.acts.dialog.isVisible()
    return window.acts.dialog


def give(dialog: DeedDialog, reason: str, button: str) -> None:
    """Type a reason, press a button, wait until it is done."""
    QTest.keyClicks(dialog.reason, reason)
    offscreen.press(offscreen.button(dialog, button))


def foot(window: LaunchpadWindow) -> str:
    return window.statusBar().currentMessage()
