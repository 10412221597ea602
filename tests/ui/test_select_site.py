"""*Select Site*: search, ticks that survive it, reasons for what is grey, one click to the last
selection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.select_site import SelectSite
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens


@pytest.fixture
def window(launchpad: Opens) -> LaunchpadWindow:
    return launchpad(StagedDesk(stores=20))


def opened(window: LaunchpadWindow) -> SelectSite:
    offscreen.press(window.data_sync.sync_selective)
    assert window.select_site is not None
    return window.select_site


@pytest.fixture
def dialog(window: LaunchpadWindow) -> Iterator[SelectSite]:
    found = opened(window)
    yield found
    found.reject()


def shown(dialog: SelectSite) -> list[str]:
    return [row["Site"] for row in offscreen.rows(dialog.table)]


def test_it_is_called_select_site_and_begins_with_nothing_ticked(dialog: SelectSite) -> None:
    assert dialog.windowTitle() == "Select Site"
    assert dialog.count.text() == "0 of 20 ticked"
    assert not dialog.ok.isEnabled()
    assert dialog.ok.text() == "OK" and dialog.cancel.text() == "Cancel"


def test_ticks_survive_filtering(dialog: SelectSite) -> None:
    offscreen.tick_sites(dialog, ["S001", "S003"])
    QTest.keyClicks(dialog.search, "S005")
    assert shown(dialog) == ["S005"]
    assert dialog.count.text() == "2 of 20 ticked"
    dialog.search.clear()
    assert dialog.ticked == ("S001", "S003")


def test_tick_all_ticks_what_is_shown_and_can_sync(dialog: SelectSite) -> None:
    offscreen.tick_sites(dialog, ["S001"])
    QTest.keyClicks(dialog.search, "south")
    assert dialog.all.text().replace("&", "") == "Tick all shown"
    offscreen.press(dialog.all)
    south = {f"S{n:03d}" for n in range(2, 21, 2)}
    assert set(dialog.ticked) == south | {"S001"}
    offscreen.press(dialog.all)
    assert dialog.ticked == ("S001",)


def test_tick_all_leaves_out_what_cannot_sync(dialog: SelectSite) -> None:
    offscreen.press(dialog.all)
    assert "S007" not in dialog.ticked and "S009" not in dialog.ticked
    assert dialog.count.text() == "18 of 20 ticked"
    assert dialog.all.checkState() is Qt.CheckState.Checked


def test_a_partly_ticked_list_shows_so_and_one_click_ticks_the_rest(dialog: SelectSite) -> None:
    offscreen.tick_sites(dialog, ["S001"])
    assert dialog.all.checkState() is Qt.CheckState.PartiallyChecked
    offscreen.press(dialog.all)
    assert len(dialog.ticked) == 18


def test_closed_and_not_enrolled_sites_are_grey_and_say_why(dialog: SelectSite) -> None:
    by_code = {row["Site"]: row for row in offscreen.rows(dialog.table)}
    assert by_code["S007"]["Note"] == "Closed: it no longer takes part."
    assert by_code["S009"]["Note"] == "Not enrolled yet: give it its code."
    assert by_code["S009"]["Last contact"] == "never"
    offscreen.tick_sites(dialog, ["S007", "S009"])
    assert dialog.ticked == ()


def test_each_site_shows_its_last_contact_and_what_waits(dialog: SelectSite) -> None:
    by_code = {row["Site"]: row for row in offscreen.rows(dialog.table)}
    assert by_code["S001"]["Last contact"] == "3 min ago"
    assert by_code["S003"]["Waiting"] == "126"
    assert by_code["S001"]["Waiting"] == "–"


def test_the_last_selection_is_one_click_away(dialog: SelectSite) -> None:
    offscreen.tick_sites(dialog, ["S010"])
    offscreen.press(dialog.last)
    assert dialog.ticked == ("S001", "S002")


def test_ok_asks_for_the_ticked_sites_though_nothing_waits_for_them(
    window: LaunchpadWindow, dialog: SelectSite
) -> None:
    offscreen.tick_sites(dialog, ["S001"])
    offscreen.press(dialog.ok)
    offscreen.wait_for_end(window)
    assert isinstance(window.desk, StagedDesk)
    assert window.desk.asked == [("S001",)]
    assert offscreen.pane(window).title.text() == "Sync Selective to S001"


def test_escape_asks_for_nothing(window: LaunchpadWindow, dialog: SelectSite) -> None:
    offscreen.tick_sites(dialog, ["S001"])
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert isinstance(window.desk, StagedDesk)
    assert window.desk.asked == []


def test_it_works_by_keyboard_alone(
    qtbot: QtBot, window: LaunchpadWindow, dialog: SelectSite
) -> None:
    QTest.keyClicks(dialog.search, "S002")
    QTest.keyClick(dialog.search, Qt.Key.Key_Down)
    QTest.keyClick(dialog.table, Qt.Key.Key_Space)
    assert dialog.ticked == ("S002",)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert isinstance(window.desk, StagedDesk)
    desk = window.desk
    qtbot.waitUntil(lambda: desk.asked == [("S002",)])


def test_enter_with_nothing_ticked_does_nothing(dialog: SelectSite) -> None:
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    assert dialog.isVisible()


def test_a_search_without_a_hit_says_so(dialog: SelectSite) -> None:
    QTest.keyClicks(dialog.search, "nowhere")
    assert dialog.faces.face == "empty"
    assert "No site fits." in offscreen.words(dialog)


def test_five_thousand_sites_are_searched_while_one_types(launchpad: Opens) -> None:
    dialog = opened(launchpad(StagedDesk(stores=5000)))
    QTest.keyClicks(dialog.search, "S4999")
    assert shown(dialog) == ["S4999"]
    dialog.reject()


def test_who_joins_while_it_is_open_appears_and_ticks_stay(launchpad: Opens) -> None:
    desk = StagedDesk(stores=3)
    newcomer = replace(desk.site_lines[0], code="S900", name="Newport")
    window = launchpad(desk)
    desk.joining = [newcomer]
    dialog = opened(window)
    offscreen.tick_sites(dialog, ["S001"])
    offscreen.until(lambda: dialog.proxy.rowCount() == 4, what="the newcomer")
    assert shown(dialog)[-1] == "S900"
    assert dialog.count.text() == "1 of 4 ticked"
    dialog.reject()
