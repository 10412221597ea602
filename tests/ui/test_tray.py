"""The sign in the desktop's tray says what the window says, and closing means what was chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QSystemTrayIcon
from pytestqt.qtbot import QtBot

from ginesys_sync.services.board_views import Alert, AlertKind, Board
from ginesys_sync.services.views import Lamp, Light
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.widgets import theme, wording
from ginesys_sync.ui.widgets.tray import Tray, light_of, sign
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos

LINE = "7 bills waiting, oldest 12 min, next sync 10:45."


@pytest.fixture
def a_tray(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A desktop with a tray; what it shows as messages."""
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda self: None)
    monkeypatch.setattr(
        QSystemTrayIcon,
        "showMessage",
        lambda self, title, words, kind: shown.append((title, words)),
    )
    return shown


def tray_of(window: object) -> Tray:
    found = getattr(window, "tray", None)
    assert isinstance(found, Tray)
    return found


def test_without_a_tray_nothing_breaks_and_closing_ends(pos: OpensPos, qtbot: QtBot) -> None:
    window = pos(StagedDesk(is_ho=False))
    tray = tray_of(window)
    tray.keep.setChecked(True)
    assert not tray.is_there and tray.tip == ""
    tray.notify("Arrived", "42 prices", lambda: None, is_warning=False)
    with qtbot.waitSignal(window.closed):
        window.close()


@pytest.mark.usefixtures("a_tray")
def test_the_tip_is_the_stores_one_true_line_and_follows_it(pos: OpensPos, qtbot: QtBot) -> None:
    desk = StagedDesk(is_ho=False)
    desk.change(headline=LINE)
    window = pos(desk)
    assert tray_of(window).tip == f"POS: {LINE}"
    assert LINE in offscreen.words(window)
    desk.change(headline="All bills are at head office.")
    qtbot.waitUntil(lambda: tray_of(window).tip == "POS: All bills are at head office.")


@pytest.mark.usefixtures("a_tray")
def test_the_shape_tells_the_worst_of_what_is_true(pos: OpensPos) -> None:
    told = StagedDesk(is_ho=False).told
    assert light_of(told) is Light.GOOD
    waiting = (Lamp("Head office", Light.WAITING, "Waiting", ""), *told.lamps[1:])
    assert light_of(replace(told, lamps=waiting)) is Light.WAITING
    assert light_of(replace(told, attention=3, lamps=waiting)) is Light.WARNING
    assert light_of(StagedDesk(is_ho=False).relay_down().told) is Light.BAD
    assert light_of(StagedDesk(is_ho=False).running().told) is Light.WAITING
    window = pos(StagedDesk(is_ho=False).relay_down())
    assert tray_of(window).light is Light.BAD


def test_every_state_has_a_picture_of_its_own_in_light_and_dark(qtbot: QtBot) -> None:
    from ginesys_sync.ui.starting import application

    for look in ("light", "dark"):
        application(look)
        seen = [sign(light).pixmap(22, 22).toImage() for light in Light]
        # By shape alone: the same where every colour is one.
        shapes = {
            bytes(
                image.pixelColor(x, y).alpha() > 127
                for x in range(image.width())
                for y in range(image.height())
            )
            for image in seen
        }
        assert len(seen) == 5 and all(image != seen[0] for image in seen[1:])
        assert len(shapes) >= 3, "a disc, a triangle, a diamond"
    application("light")
    assert theme.theme() is not None


def test_what_came_is_told_and_a_click_opens_the_list(
    pos: OpensPos, qtbot: QtBot, a_tray: list[tuple[str, str]]
) -> None:
    desk = StagedDesk(is_ho=False)
    window = pos(desk)
    desk.arrived_words = "42 prices, 3 promotions, 1 new user"
    offscreen.press_sync(window)
    offscreen.wait_for_end(window)
    qtbot.waitUntil(lambda: ("Arrived", desk.arrived_words) in a_tray)
    window.showMinimized()
    tray_of(window)._follow()
    assert not window.isMinimized() and window.arrived_dialog.isVisible()
    window.arrived_dialog.reject()


def test_an_alert_is_told_and_a_click_opens_the_sites(
    launchpad: Opens, a_tray: list[tuple[str, str]]
) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    alert = Alert(1, AlertKind.SILENT, "S020", "S020 has not called since noon.", wording.now())
    desk.stores_board = Board((), (alert,))
    desk.change(attention=0)
    offscreen.until(lambda: bool(a_tray))
    assert a_tray == [("A store needs help", "S020 has not called since noon.")]
    tray_of(window)._follow()
    assert isinstance(window.tabs.current(), BoardPage)


@pytest.mark.usefixtures("a_tray")
def test_a_closed_window_ends_unless_it_is_to_stay_in_the_tray(
    pos: OpensPos, qtbot: QtBot, tmp_path: Path
) -> None:
    desk = StagedDesk(is_ho=False)
    window = pos(desk, tmp_path)
    tray_of(window).keep.trigger()
    window.close()
    assert not window.isVisible() and not window.watch.is_resting
    desk.change(headline=LINE)
    qtbot.waitUntil(lambda: tray_of(window).tip == f"POS: {LINE}")
    tray_of(window).open.trigger()
    assert window.isVisible()
    with qtbot.waitSignal(window.closed):
        tray_of(window).quit.trigger()
    again = pos(StagedDesk(is_ho=False), tmp_path)
    assert tray_of(again).keep.isChecked(), "it is remembered"
    tray_of(again).keep.trigger()
    with qtbot.waitSignal(again.closed):
        again.close()


@pytest.mark.usefixtures("a_tray")
def test_its_menu_syncs_and_greys_while_a_sync_runs(pos: OpensPos, qtbot: QtBot) -> None:
    desk = StagedDesk(is_ho=False)
    window: PosWindow = pos(desk)
    tray = tray_of(window)
    assert [action.text().replace("&", "") for action in tray.menu.actions()] == [
        "Open", "Sync", "", "Keep in Tray When Closed", "Quit",
    ]  # fmt: skip
    tray.sync.trigger()
    qtbot.waitUntil(lambda: desk.asked == [None])
    offscreen.wait_for_end(window)
    running = pos(StagedDesk(is_ho=False).running())
    qtbot.waitUntil(lambda: not tray_of(running).sync.isEnabled())


@pytest.mark.usefixtures("a_tray")
def test_quitting_while_a_sync_runs_asks_in_the_window(pos: OpensPos) -> None:
    window = pos(StagedDesk(is_ho=False).running())
    tray_of(window).keep.setChecked(True)
    window.close()
    assert not window.isVisible()
    tray_of(window).quit.trigger()
    assert window.isVisible() and window.question is not None
    offscreen.press(offscreen.button(window.question, "Close Window"))
    assert not window.isVisible() and window.tray is None
