"""Each window says in words what is true, and offers the next step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ginesys_sync.core.errors import HomeUnusable
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.app import OpeningDesk
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos

SITUATIONS: dict[str, tuple[Callable[[StagedDesk], StagedDesk], str]] = {
    "first run": (StagedDesk.first_run, "Nothing was sent or received yet."),
    "relay down": (StagedDesk.relay_down, "The Web Database cannot be reached since 10:42."),
    "key refused": (StagedDesk.key_refused, "The Web Database does not accept this site's key."),
    "killed run": (
        StagedDesk.killed,
        "The last sync was interrupted at 10:42 (power cut, or the program was ended).",
    ),
    "first load": (
        StagedDesk.first_load,
        "The first load is under way: 12,400 of 30,100 records so far.",
    ),
    "running": (StagedDesk.running, "A sync is running."),
}


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("is_ho", [True, False], ids=["launchpad", "pos"])
def test_a_window_says_what_is_true_and_what_to_do(
    launchpad: Opens, pos: OpensPos, name: str, is_ho: bool
) -> None:
    stage, headline = SITUATIONS[name]
    desk = stage(StagedDesk(is_ho=is_ho))
    window = launchpad(desk) if is_ho else pos(desk)
    seen = offscreen.words(window)
    assert headline in seen
    assert desk.told.next_step == "" or desk.told.next_step in seen
    assert window.strip.accessibleName().startswith(headline)


def test_the_lamps_have_a_word_each_and_a_sentence_for_who_cannot_see_them(
    launchpad: Opens,
) -> None:
    window = launchpad(StagedDesk().relay_down())
    views = window.band.lamps.lamps
    assert [view.name.text() for view in views] == ["Head office", "Web Database", "Stores"]
    assert views[1].word.text() == "Not reachable"
    assert views[1].accessibleName() == "Web Database: Not reachable"
    assert views[1].toolTip() == "The Web Database: Not reachable"


def test_a_problem_leads_to_the_connection_test(launchpad: Opens, pos: OpensPos) -> None:
    window = launchpad(StagedDesk().relay_down())
    offscreen.press(window.strip.step)
    offscreen.settle(window)
    assert window.tabs.tabText(window.tabs.currentIndex()) == "Application Settings"
    assert "The Web Database refused the connection." in offscreen.words(window)
    store = pos(StagedDesk(is_ho=False).relay_down())
    offscreen.press(store.strip.step)
    offscreen.settle(store)
    assert "The Web Database refused the connection." in offscreen.words(store.locator)
    store.locator.reject()


def test_on_other_pages_the_strip_leads_to_the_sync(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().killed())
    assert not window.strip.step.isVisible(), "the sync's own buttons are on this page"
    offscreen.show_tab(window, "Sent Data")
    assert window.strip.step.text() == "Go to Data Sync"
    offscreen.press(window.strip.step)
    assert window.tabs.current() is window.data_sync


def test_what_needs_attention_is_listed_with_its_reason(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().needing_attention())
    assert window.strip.attention.text() == "3 records need attention"
    offscreen.press(window.strip.attention)
    offscreen.settle(window)
    lines = offscreen.rows(window.attention_dialog.table)
    assert lines[0]["Record"] == "User  U-1007"
    assert lines[0]["Why"] == "Its role is not here yet. Missing: role CASHIER2."
    window.attention_dialog.reject()
    offscreen.press(window.data_sync.pane.summary.attention)
    offscreen.settle(window)
    assert window.attention_dialog.isVisible()
    window.attention_dialog.reject()


def test_a_window_follows_what_changes_elsewhere(qtbot: QtBot, launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    desk.relay_down()
    qtbot.waitUntil(lambda: window.band.lamps.lamps[1].word.text() == "Not reachable")


def test_a_hidden_window_asks_nothing_and_catches_up(qtbot: QtBot, launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    window.hide()
    desk.relay_down()
    assert window.watch.is_resting
    window.show()
    qtbot.waitUntil(lambda: window.band.lamps.lamps[1].word.text() == "Not reachable")


def test_a_desk_that_fails_is_said_once_and_forgotten_when_it_answers_again(
    qtbot: QtBot, launchpad: Opens
) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    desk.fault = desk.stopped
    qtbot.waitUntil(lambda: window.strip.headline.text() == "The Web Database did not answer.")
    desk.fault = None
    qtbot.waitUntil(lambda: window.strip.headline.text() == desk.told.headline)


def test_the_window_shows_its_loading_face_before_the_desk_answers(
    qtbot: QtBot, windows: list[object]
) -> None:
    from ginesys_sync.ui.starting import make_window

    desk = StagedDesk()
    desk.gate.clear()
    window = make_window(desk, None, is_ho=True)
    windows.append(window)
    window.show()
    assert window.strip.headline.text() == "Opening…"
    desk.gate.set()
    offscreen.settle(window)
    assert window.strip.headline.text() == desk.told.headline


def test_a_folder_that_is_no_home_is_said_in_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    from typing import Any, cast

    from ginesys_sync.ui.starting import application, make_window

    application("light")
    desk = OpeningDesk(tmp_path / "nothing-here")
    window = make_window(cast(Any, desk), None, is_ho=True)
    window.show()
    offscreen.settle(window)
    assert not desk.is_open
    with pytest.raises(HomeUnusable) as told:
        desk.version()
    assert window.strip.headline.text() == told.value.title
    window.close()
    window.deleteLater()


def test_a_demo_has_its_menu_and_says_what_it_did(qtbot: QtBot, launchpad: Opens) -> None:
    desk = StagedDesk()
    desk.demo = ("Change ten prices",)
    window = launchpad(desk)
    menu = window.menuBar().actions()[0]
    assert menu.text().replace("&", "") == "Demo"
    offscreen.menu_entry(window, "Demo", "Change ten prices").trigger()
    said = "Change ten prices: done. Press Sync All next."
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == said)


def test_a_real_home_has_no_demo_menu(launchpad: Opens) -> None:
    assert launchpad().menuBar().actions() == []


def test_geometry_is_remembered_in_the_home(launchpad: Opens, tmp_path: Path) -> None:
    first = launchpad(StagedDesk(), tmp_path)
    first.resize(900, 530)
    offscreen.close(first)
    assert (tmp_path / "ui.ini").is_file()
    again = launchpad(StagedDesk(), tmp_path)
    assert (again.width(), again.height()) == (900, 530)
