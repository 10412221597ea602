"""*Where is it?* in the windows: opened by keys and from rows, four faces, sites in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QToolTip, QWidget

from ginesys_sync.core.errors import DatabaseUnusable
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.pos.ho_control import HoControlPage
from ginesys_sync.ui.widgets import pill, theme
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.journey_rows import tip, told
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from ginesys_sync.ui.widgets.where_is_it import WhereIsIt
from tests.support.staged_desk import StagedDesk
from tests.support.staged_journey import LAMP, SITES
from tests.ui.conftest import Opens, OpensPos
from tests.ui.test_nothing_is_cut import cut, shrink


def opened(window: SyncWindow) -> WhereIsIt:
    """Open it with the keys a person presses."""
    window.activateWindow()
    offscreen.until(window.isActiveWindow, what="the window in front")
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.where is not None and window.where.isVisible()
    return window.where


def look_for(window: SyncWindow, text: str) -> WhereIsIt:
    """Open it and type."""
    where = opened(window)
    QTest.keyClicks(where.search, text)
    settle(window, where)
    return where


def settle(window: SyncWindow, where: WhereIsIt) -> None:
    """Wait until nothing is to come."""
    offscreen.until(lambda: not where._pause.isActive(), what="the pause")
    offscreen.settle(window)


def told_sites(where: WhereIsIt) -> list[str]:
    return [row.site for row in where.pane.model.rows]


def test_ctrl_k_opens_it_in_launchpad_and_in_pos(launchpad: Opens, pos: OpensPos) -> None:
    for window in (launchpad(), pos()):
        where = opened(window)
        assert where.windowTitle() == "Where is it?"
        assert where.faces.face == "empty"
        assert "Which record are you looking for?" in offscreen.words(where)
        QTest.keyClick(where.search, Qt.Key.Key_Escape)
        assert not where.isVisible()


def test_the_button_in_the_head_opens_it_too(launchpad: Opens) -> None:
    window = launchpad()
    offscreen.press(window.band.where)
    assert window.where is not None and window.where.isVisible()
    assert "Ctrl+K" in window.band.where.toolTip()
    window.where.reject()


def test_it_finds_chooses_the_best_and_tells_its_sites(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "lamp")
    assert [row.key_text for row in where.model.rows] == ["85123A", "<b>P1"]
    assert where.list.currentIndex().row() == 0
    assert where.pane.title.text() == "Item 85123A  White hanging heart lamp"
    assert where.pane.headline.text() == "Processed at 397 of 400 stores. 3 wait."
    assert told_sites(where)[:4] == ["S001", "S002", "S003", "S004"]
    where.reject()


def test_the_keyboard_is_enough(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "85123")
    QTest.keyClick(where.search, Qt.Key.Key_Down)
    settle(window, where)
    assert where.pane.title.text().startswith("Price 85123A / 2026-11-01")
    assert where.search.text() == "85123", "the arrows choose, the field keeps the keys"
    QTest.keyClick(where.search, Qt.Key.Key_Up)
    settle(window, where)
    QTest.keyClick(where.search, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is where.pane.list
    corner = where.pane.list.viewport().grab().toImage().pixelColor(4, 4)
    assert corner == theme.colour("selection"), "one sees where one is"
    QTest.keyClick(where.pane.list, Qt.Key.Key_Down)
    assert where.pane.list.currentIndex().row() == 1
    QTest.keyClick(where.pane.list, Qt.Key.Key_Escape)
    assert not where.isVisible()


def test_sites_come_page_by_page_and_can_be_searched(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "heart")
    pane = where.pane
    assert pane.count.text() == f"{SITES} of {SITES} sites"
    assert len(pane.model.rows) < SITES
    bar = pane.list.verticalScrollBar()

    def scrolled_to_the_end() -> bool:
        bar.setValue(bar.maximum())
        return len(pane.model.rows) == SITES

    offscreen.until(scrolled_to_the_end, what="all sites")
    QTest.keyClicks(pane.search, "shop 399")
    offscreen.until(lambda: told_sites(where) == ["S399"], what="the one site")
    assert pane.count.text() == f"1 of {SITES} sites"
    QTest.keyClicks(pane.search, "zzz")
    offscreen.until(lambda: pane.sites_faces.face == "empty", what="no site")
    where.reject()


def test_few_sites_need_no_search(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "2026-11")
    assert where.pane.search.isHidden() and where.pane.count.isHidden()
    row = where.pane.model.rows[0]
    assert row.needs_attention and "Needs attention" in told(row)
    where.reject()


def test_loading_is_shown_until_the_answer_comes(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    where = opened(window)
    desk.gate.clear()
    QTest.keyClicks(where.search, "lamp")
    offscreen.until(lambda: where.faces.face == "loading", what="the loading face")
    desk.gate.set()
    settle(window, where)
    assert (where.faces.face, where.pane.faces.face) == ("normal", "normal")
    where.reject()


def test_nothing_found_says_so_in_the_words_that_were_typed(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "<b>umbrella</b>")
    assert where.faces.face == "empty"
    title = where.faces.notice.title
    assert title.text() == "Nothing here is called “<b>umbrella</b>”."
    assert title.textFormat() is Qt.TextFormat.PlainText
    where.search.clear()
    assert "Which record are you looking for?" in offscreen.words(where)
    where.reject()


def test_a_problem_is_told_with_a_way_to_try_again(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    desk.find_fault = DatabaseUnusable("The database cannot be opened.")
    where = look_for(window, "lamp")
    assert where.faces.face == "problem"
    desk.find_fault = None
    desk.journey_fault = DatabaseUnusable("The database is damaged.")
    offscreen.press(where.faces.notice.action)
    settle(window, where)
    assert (where.faces.face, where.pane.faces.face) == ("normal", "problem")
    desk.journey_fault = None
    offscreen.press(where.pane.faces.notice.action)
    settle(window, where)
    assert where.pane.faces.face == "normal"
    where.reject()


def test_what_goes_nowhere_and_what_is_gone_say_so(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "draft")
    assert where.pane.sites_faces.face == "empty"
    assert where.pane.title.textFormat() is Qt.TextFormat.PlainText
    where.search.setText("S001 / 17")
    settle(window, where)
    assert where.pane.title.text() == "Bill S001 / 17  (deleted)"
    assert "deleted" in where.model.index(0, 0).data()
    where.reject()


def test_more_than_it_shows_is_said(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "8")
    assert where.more.isVisible()
    where.reject()


def test_typing_asks_once_and_an_old_answer_never_wins(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    look_for(window, "lamp")
    assert desk.searched == ["lamp"]
    where = window.where
    assert where is not None
    desk.gate.clear()
    where.search.setText("85123A")
    offscreen.until(lambda: not where._pause.isActive(), what="the pause")
    where.search.clear()
    desk.gate.set()
    offscreen.settle(window)
    assert where.faces.face == "empty" and where.model.rows == []
    where.reject()


def test_opened_again_it_shows_what_was_looked_for_last(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "lamp")
    where.reject()
    again = opened(window)
    assert again is where and again.search.selectedText() == "lamp"
    settle(window, where)
    assert where.pane.record == LAMP
    where.reject()


def test_it_looks_again_when_the_books_change(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    where = look_for(window, "heart")
    where.pane.list.setCurrentIndex(where.pane.model.index(2, 0))
    desk.is_settled = True
    desk.change(headline="Something came.")
    offscreen.until(
        lambda: where.pane.headline.text() == "Processed at all 400 stores.", what="the news"
    )
    assert where.pane.list.currentIndex().row() == 2, "the place is kept"
    where.reject()


def first_record(page: ExchangePage, window: SyncWindow) -> None:
    """Make the first record of the first batch the current row."""
    offscreen.open_everything(window, page, levels=2)
    run = page.model.index(0, 0)
    page.tree.setCurrentIndex(page.model.index(0, 0, page.model.index(0, 0, run)))


def trigger(view: QAbstractItemView) -> None:
    """The entry of the row's menu."""
    action = view.actions()[0]
    assert action.text() == "Where is it?" and action.isEnabled()
    action.trigger()


def test_a_record_of_sent_data_leads_to_it(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    page = offscreen.show_tab(window, "Sent Data")
    assert isinstance(page, ExchangePage)
    page.tree.setCurrentIndex(page.model.index(0, 0))
    assert not page.tree.actions()[0].isEnabled(), "a run is no record"
    first_record(page, window)
    trigger(page.tree)
    assert window.where is not None
    settle(window, window.where)
    assert desk.named[-1][1] == "85000A / 2026-11-01"
    assert window.where.pane.title.text().startswith("Price 85123A")
    assert window.where.search.text() == "85000A / 2026-11-01"
    window.where.reject()


def test_a_record_of_received_data_leads_to_it_by_enter(pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False)
    window = pos(desk)
    page = offscreen.show_tab(window, "Received Data")
    assert isinstance(page, ExchangePage)
    first_record(page, window)
    page.tree.setFocus()
    QTest.keyClick(page.tree, Qt.Key.Key_Return)
    assert window.where is not None and window.where.isVisible()
    settle(window, window.where)
    window.where.reject()


def test_a_row_of_ho_control_leads_to_it(pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False)
    window = pos(desk)
    offscreen.show_room(window, "Item Master")
    page = window.control
    assert isinstance(page, HoControlPage)
    page.table.setCurrentIndex(page.model.index(1, 0))
    trigger(page.table)
    assert window.where is not None
    settle(window, window.where)
    assert desk.named == [("Item Master", "85001A")]
    assert window.where.pane.record == LAMP
    window.where.reject()


def test_names_in_a_tip_are_no_mark_up(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "lamp")
    row = where.pane.model.rows[0]
    assert "&lt;b&gt;" in tip(replace(row, sentence="<b>x"))
    assert "Batch 1,204 in full" in tip(row)
    where.reject()
    assert not QToolTip.isVisible()


@pytest.mark.parametrize("text", ["", "heart", "2026-11", "draft", "S001 / 17", "umbrella"])
def test_nothing_is_cut_in_the_smallest_window(launchpad: Opens, text: str) -> None:
    window = launchpad()
    shrink(window)
    where = look_for(window, text)
    offscreen.turn(30)
    assert not cut(window) and not cut(where)
    assert not stations_cut(where)
    where.reject()


def stations_cut(where: WhereIsIt) -> list[str]:
    """The titles of stations that have less room than they need."""
    metrics = QFontMetrics(pill.pill_font())
    room = (where.pane.list.viewport().width() - 32) / 5 - 4
    return [
        step.title
        for row in where.pane.model.rows
        for step in row.steps
        if metrics.horizontalAdvance(step.title) > room
    ]


def test_tab_goes_from_the_field_through_the_lists_to_close(launchpad: Opens) -> None:
    window = launchpad()
    where = look_for(window, "heart")
    visited: list[QWidget | None] = []
    for _ in range(5):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        visited.append(QApplication.focusWidget())
    ways: list[Callable[[], QWidget]] = [
        lambda: where.list,
        lambda: where.pane.search,
        lambda: where.pane.list,
    ]
    assert visited[:3] == [way() for way in ways]
    where.reject()
