"""Driving the windows as a person would, without a display: press, wait for the end, read the
words, take a picture.

Used by the demo's headless story and by tests. Everything goes through real buttons; every wait is
bounded and keeps
the event loop turning.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

# Must be said before Qt starts; a person's own choice of platform wins.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QEvent,
    QEventLoop,
    QModelIndex,
    Qt,
    QTimer,
    qInstallMessageHandler,
)
from PySide6.QtGui import QAction, QColor, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLabel, QMenu, QTreeView, QWidget

from ginesys_sync.services.views import RunSummary
from ginesys_sync.ui.launchpad.select_site import SelectSite
from ginesys_sync.ui.launchpad.settings_page import WEB_DATABASE, SettingsPage
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.starting import application, make_window
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.connection import ConnectionPanel
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.pill import Pill
from ginesys_sync.ui.widgets.run_pane import RunPane
from ginesys_sync.ui.widgets.sync_window import SyncWindow

if TYPE_CHECKING:
    from ginesys_sync.services.desk import Desk

W = TypeVar("W", bound=QWidget)
SECONDS = 30.0


_KNOWN_NOISE = "This plugin does not support propagateSizeHints()"
"""What Qt's offscreen platform says of every window of a fixed size. It means nothing."""


def without_noise() -> None:
    """Keep the offscreen platform's one meaningless remark out of a person's terminal."""

    def handler(_: object, __: object, message: str) -> None:
        if message != _KNOWN_NOISE:
            sys.stderr.write(f"{message}\n")

    qInstallMessageHandler(handler)


class TookTooLong(Exception):
    """What was waited for did not come."""


def turn(milliseconds: int) -> None:
    """Let the event loop run for so long.

    Not by `QTest.qWait`: it keeps Python's lock, and the windows' own threads starve meanwhile.
    """
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def until(is_so: Callable[[], bool], seconds: float = SECONDS, what: str = "the window") -> None:
    """Turn the event loop until `is_so()`. Raises TookTooLong."""
    ends_at = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > ends_at:
            raise TookTooLong(f"waited {seconds:.0f} s for {what}")
        turn(10)


def open_launchpad(
    desk: Desk, home: Path | None = None, look: str = "light", seconds: float = SECONDS
) -> LaunchpadWindow:
    """Launchpad on this desk, shown and settled."""
    window = _open(desk, home, look, seconds, is_ho=True)
    assert isinstance(window, LaunchpadWindow)
    return window


def open_pos(
    desk: Desk, home: Path | None = None, look: str = "light", seconds: float = SECONDS
) -> PosWindow:
    """The POS window on this desk, shown and settled."""
    window = _open(desk, home, look, seconds, is_ho=False)
    assert isinstance(window, PosWindow)
    return window


def _open(desk: Desk, home: Path | None, look: str, seconds: float, *, is_ho: bool) -> SyncWindow:
    application(look)
    window = make_window(desk, home, is_ho=is_ho)
    window.show()
    settle(window, seconds)
    return window


def settle(window: SyncWindow, seconds: float = SECONDS) -> None:
    """Wait until the window stands (or says that it cannot) and nothing it asked is still to
    come."""
    until(
        lambda: window.is_built or window.strip.headline.text() != "Opening…",
        seconds,
        "the first true line",
    )
    if window.overview is not None:
        until(lambda: window.is_built, seconds, "the window's body")
    until(lambda: not window.background.is_busy, seconds, "the window's answers")
    turn(30)


def close(window: SyncWindow) -> None:
    """Close it and let Qt tidy up. Presses `Close Window` when it asks."""
    window.close()
    if window.isVisible() and window.question is not None:
        press(button(window.question, "Close Window"))
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def picture(window: QWidget, path: Path) -> Path:
    """Save what the window shows as a PNG, with the dialogs that stand before it."""
    turn(20)
    pixmap = window.grab()
    dialogs = [child for child in window.findChildren(QWidget) if _is_open_dialog(child)]
    if dialogs:
        painter = QPainter(pixmap)
        painter.fillRect(window.rect(), QColor(0, 0, 0, 90))
        for dialog in dialogs:
            _draw_dialog(painter, window, dialog)
        painter.end()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not pixmap.save(str(path), "PNG"):
        raise OSError(f"could not write {path}")
    return path


def _draw_dialog(painter: QPainter, window: QWidget, dialog: QWidget) -> None:
    """A dialog in the middle of its window, with the title bar that a desktop would give it."""
    colours = theme.colours()
    bar = 32
    place = dialog.rect()
    place.moveCenter(window.rect().center())
    whole = place.adjusted(-1, -bar, 1, 1)
    painter.fillRect(whole, QColor(colours.control_edge))
    head = whole.adjusted(1, 1, -1, -place.height() - 2)
    painter.fillRect(head, QColor(colours.raised))
    painter.setPen(QColor(colours.text))
    painter.setFont(theme.text_font(weight=tokens.WEIGHT_STRONG))
    painter.drawText(head, Qt.AlignmentFlag.AlignCenter, dialog.windowTitle())
    painter.drawPixmap(place.topLeft(), dialog.grab())


def _is_open_dialog(child: QWidget) -> bool:
    return child.isWindow() and child.isVisible() and child.windowType() == Qt.WindowType.Dialog


# --- pressing ---


def press(target: QAbstractButton) -> None:
    """Click a button with the mouse. Raises LookupError when a person could not."""
    if not target.isVisible() or not target.isEnabled():
        state = "hidden" if not target.isVisible() else "greyed"
        raise LookupError(f"the button {target.text()!r} is {state}")
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)


def button(inside: QWidget, text: str) -> QAbstractButton:
    """The visible button that reads `text`. Raises LookupError."""
    found = [
        candidate
        for candidate in inside.findChildren(QAbstractButton)
        if candidate.text().replace("&", "") == text and candidate.isVisible()
    ]
    if not found:
        raise LookupError(f"no button {text!r} to be seen")
    return found[0]


def show_tab(window: SyncWindow, title: str) -> QWidget:
    """Click a tab: `Sent Data`, `Received Data`, … Returns its page, settled."""
    tabs = window.tabs if isinstance(window, LaunchpadWindow) else _pos(window).exchange.tabs
    if isinstance(window, PosWindow) and window.pages.currentWidget() is not window.exchange:
        show_room(window, "Data Exchange")
    bar = tabs.tabBar()
    titles = [bar.tabText(place).replace("&", "") for place in range(bar.count())]
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(titles.index(title)).center())
    settle(window)
    return tabs.page(title)


def _pos(window: SyncWindow) -> PosWindow:
    assert isinstance(window, PosWindow)
    return window


def show_room(window: PosWindow, name: str) -> None:
    """Click a room in the POS window's navigation: `Data Exchange`, `Item Master`, `Users`, …"""
    navigation = window.navigation
    found = navigation.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive, 0)
    if not found:
        raise LookupError(f"no room {name!r}")
    navigation.scrollToItem(found[0])
    place = navigation.visualItemRect(found[0]).center()
    QTest.mouseClick(navigation.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle(window)


def tick_sites(dialog: SelectSite, codes: Iterable[str]) -> None:
    """Click the boxes of these sites."""
    for code in codes:
        dialog.search.clear()
        QTest.keyClicks(dialog.search, code)
        for row in range(dialog.proxy.rowCount()):
            index = dialog.proxy.index(row, 0)
            if index.data() == code:
                dialog.table.scrollTo(index)
                other = index.siblingAtColumn(1)
                place = dialog.table.visualRect(other).center()
                QTest.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    dialog.search.clear()


def menu_entry(window: SyncWindow, menu: str, entry: str) -> QAction:
    """An entry of a menu; `trigger()` it. Raises LookupError."""
    for found in window.menuBar().findChildren(QMenu):
        if found.title().replace("&", "") == menu:
            for action in found.actions():
                if action.text().replace("&", "") == entry:
                    return action
    raise LookupError(f"no {entry!r} in the menu {menu!r}")


def press_sync_selective(
    window: LaunchpadWindow, codes: Iterable[str], picture_of_dialog: Path | None = None
) -> None:
    """`Sync Selective`, tick these sites in *Select Site*, `OK`. The run is then under way."""
    show_tab(window, "Data Sync")
    press(window.data_sync.sync_selective)
    dialog = window.select_site
    assert dialog is not None
    settle(window)
    tick_sites(dialog, codes)
    if picture_of_dialog is not None:
        picture(window, picture_of_dialog)
    press(dialog.ok)
    until(lambda: pane(window).is_running, what="the progress pane")


def press_sync_all(window: LaunchpadWindow) -> None:
    """`Sync All`."""
    show_tab(window, "Data Sync")
    press(window.data_sync.sync_all)


def press_sync(window: PosWindow) -> None:
    """The store's `Sync`."""
    show_room(window, "Data Exchange")
    press(window.exchange.sync)


def press_test_connection(window: SyncWindow, seconds: float = SECONDS) -> str:
    """`Test Connection`, where this window has it. Returns the title of what was found."""
    if isinstance(window, LaunchpadWindow):
        page = show_tab(window, "Application Settings")
        assert isinstance(page, SettingsPage)
        page.show_section(WEB_DATABASE)
        panel = _only(window, ConnectionPanel)
    else:
        show_room(_pos(window), "Data Exchange")
        press(_pos(window).exchange.locator)
        panel = _pos(window).locator.connection
    press(panel.test)
    until(panel.answer.isVisible, seconds, "the connection test")
    return panel.answer_title.text()


def pane(window: SyncWindow) -> RunPane:
    """The progress pane of either window."""
    return (
        window.data_sync.pane if isinstance(window, LaunchpadWindow) else _pos(window).exchange.pane
    )


def wait_for_end(window: SyncWindow, seconds: float = 120.0) -> RunSummary:
    """Wait until the run that goes on has ended and the window has caught up. Returns how it
    ended."""
    until(lambda: not pane(window).is_running, seconds, "the end of the run")
    until(lambda: window.last_run is not None, seconds, "the run's summary")
    settle(window)
    assert window.last_run is not None
    return window.last_run


def _only(inside: QWidget, kind: type[W]) -> W:
    found = [child for child in inside.findChildren(kind) if child.isVisible()]
    if len(found) != 1:
        raise LookupError(f"{len(found)} {kind.__name__} to be seen")
    return found[0]


# --- reading ---


def words(inside: QWidget) -> list[str]:
    """Every text a person can see in labels, pills and buttons, in the order of the widgets."""
    found = []
    for child in inside.findChildren(QWidget):
        if child.isVisible() and isinstance(child, QLabel | QAbstractButton | Pill):
            text = child.text().replace("&", "").strip()
            if text:
                found.append(text)
    return found


def rows(view: QAbstractItemView) -> list[dict[str, str]]:
    """What a grid shows, each row by its column titles; opened rows follow the one they belong
    to."""
    model = view.model()
    found: list[dict[str, str]] = []
    _read(model, QModelIndex(), view, found)
    return found


def _read(
    model: QAbstractItemModel,
    parent: QModelIndex,
    view: QAbstractItemView,
    found: list[dict[str, str]],
) -> None:
    titles = [
        str(model.headerData(place, Qt.Orientation.Horizontal) or "")
        for place in range(model.columnCount(parent))
    ]
    for place in range(model.rowCount(parent)):
        line = {
            title: str(model.index(place, column, parent).data() or "")
            for column, title in enumerate(titles)
        }
        found.append(line)
        first = model.index(place, 0, parent)
        if isinstance(view, QTreeView) and view.isExpanded(first):
            _read(model, first, view, found)


def read_grid(window: SyncWindow, title: str, *, grouped: bool = False) -> list[dict[str, str]]:
    """The rows of `Sent Data` or `Received Data`, one a batch and site (or the runs, when
    `grouped`)."""
    page = show_tab(window, title)
    assert isinstance(page, ExchangePage)
    if page.grouped.isChecked() is not grouped:
        page.grouped.click()
    settle(window)
    return rows(page.tree)


def open_everything(window: SyncWindow, page: ExchangePage, levels: int = 1) -> None:
    """Open the grid's runs (1 level) and their batches (2 levels)."""
    for level in range(levels):
        for row in range(page.model.rowCount()):
            first = page.model.index(row, 0)
            page.tree.expand(first)
            if level:
                for inner in range(page.model.rowCount(first)):
                    page.tree.expand(page.model.index(inner, 0, first))
        settle(window)


def read_list(window: PosWindow, name: str) -> list[dict[str, str]]:
    """The rows of a HO Control list (its first page)."""
    from ginesys_sync.ui.pos.ho_control import HoControlPage

    show_room(window, name)
    assert isinstance(window.control, HoControlPage)
    return rows(window.control.table)
