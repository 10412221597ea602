"""*Sites*: who needs help stands at the top, is found, opened and synced by keyboard or mouse."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ginesys_sync.core.errors import Unreachable
from ginesys_sync.services.board_views import Alert, AlertKind, Board, Level
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.board_page import BoardPage, SiteAction
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.widgets import wording
from tests.support.board_lines import board_line, busy_day
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens


def board_of(window: LaunchpadWindow) -> BoardPage:
    page = offscreen.show_tab(window, "Sites")
    assert isinstance(page, BoardPage)
    return page


def codes(page: BoardPage) -> list[str]:
    return [line.code for line in page.model.rows]


def test_a_window_opens_on_the_sync_when_all_is_well_and_on_the_sites_when_not(
    launchpad: Opens,
) -> None:
    calm = launchpad()
    assert calm.tabs.current() is calm.data_sync
    troubled = launchpad(StagedDesk().something_wrong())
    assert isinstance(troubled.tabs.current(), BoardPage)
    offscreen.show_tab(troubled, "Data Sync")
    assert isinstance(troubled.desk, StagedDesk)
    troubled.desk.change(attention=1)
    offscreen.turn(700)
    offscreen.settle(troubled)
    assert troubled.tabs.current() is troubled.data_sync, "only once, at the beginning"


def test_while_the_first_look_goes_on_there_is_no_site_to_sync_or_open(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    desk.grid_gate.clear()
    page = window.tabs.go("Sites")
    assert isinstance(page, BoardPage)
    offscreen.until(page.faces.isVisible, what="the page")
    assert page.faces.face == "loading"
    assert not page.sync.isVisible() and not page.open_one.isVisible()
    page.filters.search.setText("york")
    offscreen.turn(300)
    assert page.faces.face == "loading", "it is not known yet that there are no stores"
    desk.grid_gate.set()
    offscreen.settle(window)
    assert page.faces.face == "normal"
    assert {line.name.split()[0] for line in page.model.rows} == {"York"}
    assert page.sync.isVisible() and page.open_one.isVisible()


def test_who_needs_help_most_stands_at_the_top_with_a_word_and_a_reason(launchpad: Opens) -> None:
    page = board_of(launchpad(StagedDesk().something_wrong()))
    assert codes(page)[:4] == ["S014", "S002", "S031", "S007"]
    assert codes(page)[-1] == "S009"
    status = [page.model.index(row, 2).data() for row in range(4)]
    assert status == ["Problem", "Silent", "Backlog", "Needs attention"]
    page.table.setCurrentIndex(page.model.index(1, 0))
    assert page.why.text() == "S002: It has not called for 30 h."


def test_chips_count_and_choose_and_search_and_group_narrow(launchpad: Opens) -> None:
    page = board_of(launchpad(StagedDesk().something_wrong()))
    assert page.filters.chips[Level.SILENT].text() == "Silent 1"
    offscreen.press(page.filters.chips[Level.SILENT])
    assert codes(page) == ["S002"]
    page.filters.search.setText("kendal")
    assert page.faces.face == "empty"
    assert page.filters.chips[Level.BACKLOG].text() == "Backlog 1"
    offscreen.press(page.faces.notice.action)
    assert len(codes(page)) == 21
    page.filters.group.setCurrentText("franchise")
    assert codes(page) == ["S002"]


def test_every_column_sorts_both_ways_and_the_place_is_kept(launchpad: Opens) -> None:
    page = board_of(launchpad(StagedDesk().something_wrong()))
    page.table.setCurrentIndex(page.model.index(2, 0))
    for place in range(len(page.model.columns)):
        page.sort_by(place)
        once = codes(page)
        page.sort_by(place)
        assert sorted(once) == sorted(codes(page))
        assert page.selected is not None and page.selected.code == "S031"
    page.sort_by(0)
    assert codes(page) == sorted(codes(page))
    page.sort_by(4)
    assert codes(page)[:2] == ["S031", "S002"], "the most first"


def test_a_site_is_found_opened_and_synced_by_keyboard(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().something_wrong())
    page = board_of(window)
    page.filters.search.setFocus()
    QTest.keyClicks(page.filters.search, "bristol")
    QTest.keyClick(page.filters.search, Qt.Key.Key_Down)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    assert page.dialog is not None
    said = offscreen.words(page.dialog)
    assert "It has not called for 30 h." in said
    assert any("S002 has not called since" in each for each in said)
    offscreen.press(page.dialog.sync)
    assert isinstance(window.desk, StagedDesk)
    offscreen.until(lambda: window.desk.asked == [("S002",)])  # type: ignore[attr-defined]
    assert window.tabs.current() is window.data_sync


def test_others_may_add_to_what_one_can_do_with_a_site(launchpad: Opens) -> None:
    page = board_of(launchpad(StagedDesk().something_wrong()))
    done: list[str] = []
    page.site_actions.append(
        SiteAction("Block...", lambda line: done.append(line.code), lambda line: line.is_online)
    )
    entries = {each.text(): each for each in page.menu_of(page.model.rows[0]).actions()}
    assert next(iter(entries)) == "Open..." and "Where is it?" in entries
    entries["Block..."].trigger()
    assert done == ["S014"]
    silent = {each.text(): each for each in page.menu_of(page.model.rows[1]).actions()}
    assert not silent["Block..."].isEnabled()


def test_the_menu_leads_to_what_was_sent_to_the_site(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().something_wrong())
    page = board_of(window)
    entries = {each.text(): each for each in page.menu_of(page.model.rows[1]).actions()}
    entries["Sent Data"].trigger()
    offscreen.settle(window)
    sent = window.tabs.current()
    assert sent.filters.site.currentText() == "S002"  # type: ignore[union-attr]


def test_a_board_that_cannot_be_read_says_why_and_comes_back(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    desk.fault = Unreachable("The database is locked.")
    page = board_of(window)
    offscreen.until(lambda: page.faces.face == "problem")
    desk.fault = None
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.faces.face == "normal")


def test_without_stores_and_without_news_the_board_says_so(launchpad: Opens) -> None:
    desk = StagedDesk(stores=0)
    page = board_of(launchpad(desk))
    assert page.faces.face == "empty"
    desk.stores_board = Board((board_line("S001"),), (), None, "The Web Database is away.")
    page.refresh()
    offscreen.until(lambda: page.faces.face == "normal")
    assert page.note.isVisible() and page.note.text() == "The Web Database is away."


def test_a_new_alert_is_told_once_and_an_old_one_is_not(launchpad: Opens) -> None:
    desk = StagedDesk().something_wrong()
    window = launchpad(desk)
    assert window.notice.last == ""
    new = Alert(9, AlertKind.SILENT, "S020", "S020 has not called since noon.", wording.now())
    window.notice.take((*desk.stores_board.alerts, new))
    assert window.notice.last == "S020 has not called since noon."
    window.notice.last = ""
    window.notice.take((*desk.stores_board.alerts, new))
    assert window.notice.last == ""


@pytest.mark.alone
def test_the_board_of_5000_sites_sorts_and_filters_at_once(launchpad: Opens) -> None:
    desk = StagedDesk()
    desk.stores_board = Board(
        tuple(
            board_line(
                f"T{number:04d}",
                level=list(Level)[number % 6],
                groups=("north",) if number % 2 else ("south",),
                hours=busy_day(number),
                age_seconds=float(number * 37 % 5_000),
            )
            for number in range(5_000)
        )
    )
    page = board_of(launchpad(desk))
    assert len(page.model.rows) == 5_000

    def seconds(act: object, *words: object) -> float:
        began = time.perf_counter()
        act(*words)  # type: ignore[operator]
        page.table.viewport().repaint()
        return time.perf_counter() - began

    acts = [
        *((page.sort_by, place) for place in range(10)),
        (page.filters.search.setText, "t04"),
        (page.filters.search.clear,),
        (page.filters.choose, Level.BACKLOG),
        (page.filters.group.setCurrentText, "north"),
        (page.filters.reset,),
    ]
    assert max(seconds(*act) for act in acts) < 0.5
