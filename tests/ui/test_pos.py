"""The store's window: its rooms, its Sync, the Web Database Locator, what arrived from head
office."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTableView

from ginesys_sync.core.status import CLOSING_SENTENCE, CONNECTION_SENTENCE
from ginesys_sync.services.arrival_views import Change
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.pos.ho_control import HoControlPage
from ginesys_sync.ui.pos.window import PosWindow
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos


def control(window: PosWindow) -> HoControlPage:
    assert isinstance(window.control, HoControlPage)
    return window.control


def test_the_rooms_read_as_the_trade_knows_them(pos: OpensPos) -> None:
    navigation = pos().navigation
    assert navigation.administration.text(0) == "Administration"
    assert navigation.exchange.parent() is navigation.administration
    assert navigation.exchange.text(0) == "Data Exchange"
    assert navigation.back_office.text(0) == "Back Office"
    assert navigation.ho_control.parent() is navigation.back_office
    assert navigation.ho_control.text(0) == "HO Control"
    names = [item.text(0) for item in navigation.lists()]
    assert {"My Store", "Item Master", "Item Price Management", "Promotion", "Users"} <= set(names)


def test_sync_runs_to_the_closing_sentence(pos: OpensPos) -> None:
    window = pos()
    offscreen.press_sync(window)
    offscreen.wait_for_end(window)
    assert offscreen.words(window.exchange.pane.summary)[-1] == CLOSING_SENTENCE
    assert "Head office confirms your 5 bills at its next sync." in offscreen.words(window)


def test_its_tabs_are_the_two_grids_and_the_runs(pos: OpensPos) -> None:
    bar = pos().exchange.tabs.tabBar()
    assert [bar.tabText(place) for place in range(bar.count())] == [
        "Received Data",
        "Sent Data",
        "Runs",
    ]


def test_the_locator_stands_under_support_tools_and_says_the_exact_sentence(pos: OpensPos) -> None:
    window = pos()
    seen = offscreen.words(window)
    assert seen.index("Support Tools") >= 0 and "Web DB Locator..." in seen
    assert offscreen.press_test_connection(window) == CONNECTION_SENTENCE
    assert CONNECTION_SENTENCE == "Web Database Connection successful."
    values = window.locator.connection.values
    assert values["Web Database address"].text() == "https://webdb.northern-gifts.example:8443"
    assert values["Web Database identity"].text() == "b7c1-42f0-9d3e"
    window.locator.reject()


def test_a_failed_test_gives_a_diagnosis_with_what_to_do(pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False).relay_down()
    window = pos(desk)
    assert offscreen.press_test_connection(window) == "The Web Database refused the connection."
    assert desk.diagnosis.advice in offscreen.words(window.locator)
    offscreen.press(window.locator.connection.copy)
    assert "Copied" in offscreen.words(window.locator)
    window.locator.reject()


def test_launchpad_has_test_connection_too(launchpad: Opens) -> None:
    window = launchpad()
    assert offscreen.press_test_connection(window) == CONNECTION_SENTENCE
    assert "Web Database" in offscreen.words(window)


def test_ho_control_shows_items_with_their_prices(pos: OpensPos) -> None:
    window = pos()
    first = offscreen.read_list(window, "Item Master")[0]
    assert first["Item code"] == "85000A" and first["Price"] == "1.95"
    assert control(window).count.text() == "2,000 rows"


def test_ho_control_fetches_pages_as_one_scrolls(pos: OpensPos) -> None:
    window = pos()
    offscreen.show_room(window, "Item Master")
    model = control(window).model
    assert model.rowCount() == 100
    bar = control(window).table.verticalScrollBar()

    def scrolled() -> bool:
        bar.setValue(bar.maximum())
        return model.rowCount() >= 400

    offscreen.until(scrolled, what="the fourth page")


def test_ho_control_searches(pos: OpensPos) -> None:
    window = pos()
    offscreen.show_room(window, "Item Master")
    page = control(window)
    QTest.keyClicks(page.search, "85123A")
    offscreen.until(lambda: page.model.rowCount() == 1, what="the item")
    QTest.keyClicks(page.search, "XX")
    offscreen.until(lambda: page.faces.face == "empty", what="nothing")
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.model.rowCount() == 100, what="everything")


def test_a_list_that_was_empty_shows_what_came_meanwhile(pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False)
    items, desk.items = desk.items, []
    window = pos(desk)
    offscreen.show_room(window, "Item Master")
    assert control(window).faces.face == "empty"
    offscreen.show_room(window, "Data Exchange")
    desk.items = items
    desk.change(headline="2,000 items came.")
    offscreen.until(lambda: window.strip.headline.text() == "2,000 items came.")
    offscreen.show_room(window, "Item Master")
    assert control(window).faces.face == "normal"
    assert cut_cells(control(window).table) == []


def cut_cells(table: QTableView) -> list[str]:
    """The texts in the first rows that are wider than their cells."""
    found = []
    for row in range(5):
        for column in range(table.model().columnCount()):
            index = table.model().index(row, column)
            if table.columnWidth(column) < table.sizeHintForIndex(index).width():
                found.append(index.data())
    return found


def test_another_list_gets_columns_of_its_own(pos: OpensPos) -> None:
    window = pos()
    for room in ("Item Master", "Users", "Item Master"):
        offscreen.show_room(window, room)
    assert cut_cells(control(window).table) == []
    assert control(window).table.columnWidth(1) >= 232


def test_prices_stand_right_after_the_name(pos: OpensPos) -> None:
    window = pos()
    offscreen.show_room(window, "Item Master")
    header = control(window).table.horizontalHeader()
    titles = [column.title for column in control(window).model.columns]
    shown = sorted(titles, key=lambda title: header.visualIndex(titles.index(title)))
    assert shown == ["Item code", "Name", "Price", "MRP", "Department"]


def test_an_empty_list_leads_to_data_exchange(pos: OpensPos) -> None:
    window = pos()
    offscreen.show_room(window, "Users")
    assert "Users is empty." in offscreen.words(window)
    offscreen.press(control(window).faces.notice.action)
    assert window.pages.currentWidget() is window.exchange
    assert window.navigation.currentItem() is window.navigation.exchange


def test_a_list_that_cannot_be_read_shows_the_problem(pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False)
    desk.grid_fault = desk.stopped
    window = pos(desk)
    offscreen.show_room(window, "Item Master")
    assert control(window).faces.face == "problem"
    desk.grid_fault = None
    offscreen.press(control(window).faces.notice.action)
    offscreen.until(lambda: control(window).faces.face == "normal", what="the list")


def test_nothing_received_yet_offers_to_sync(pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False).first_run()
    window = pos(desk)
    assert "Nothing was received yet." in offscreen.words(window)
    offscreen.press(offscreen.button(window, "Sync now"))
    offscreen.wait_for_end(window)
    assert desk.asked == [None]


def test_what_a_sync_brought_is_told_and_leads_to_old_and_new_value(pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False)
    desk.arrived_words = "42 prices, 3 promotions, 1 new user"
    desk.changed = (
        Change(1, "price", "85123A / 2026-12-01", "changed", "price", "2.95", "2.45"),
        Change(2, "user", "asha", "new", "", "", ""),
    )
    window = pos(desk)
    assert window.arrived.isHidden()
    offscreen.press_sync(window)
    offscreen.wait_for_end(window)
    offscreen.until(lambda: window.arrived.isVisible(), what="the line of what arrived")
    assert window.arrived.words.text() == "Arrived: 42 prices, 3 promotions, 1 new user."
    offscreen.press(window.arrived.show_list)
    dialog = window.arrived_dialog
    offscreen.until(lambda: dialog.faces.face == "normal", what="the list")
    assert offscreen.rows(dialog.table)[0] == {
        "Kind": "Price",
        "Record": "85123A / 2026-12-01",
        "What": "Price",
        "Before": "2.95",
        "Now": "2.45",
    }
    assert offscreen.rows(dialog.table)[1]["What"] == "New"
    before, now = dialog.table.columnWidth(3), dialog.table.columnWidth(4)
    assert abs(before - now) <= 1 and now > 260, "a name can be compared with the one it had"
    dialog.reject()
    offscreen.press(window.arrived.put_away)
    assert window.arrived.isHidden()


def test_a_sync_that_changed_nothing_says_so_in_the_list_and_nothing_at_the_foot(
    pos: OpensPos,
) -> None:
    window = pos(StagedDesk(is_ho=False))
    offscreen.press_sync(window)
    offscreen.wait_for_end(window)
    offscreen.settle(window)
    assert window.arrived.isHidden()
    window.show_arrived(1)
    offscreen.until(lambda: window.arrived_dialog.faces.face == "empty", what="the empty list")
    window.arrived_dialog.reject()


def test_the_support_bundle_is_written_in_one_click_and_said(pos: OpensPos, tmp_path: Path) -> None:
    window = pos(StagedDesk(is_ho=False))
    file = tmp_path / "bundle.zip"
    window.exchange.support.write(file)
    offscreen.until(lambda: file.exists(), what="the bundle")
    offscreen.settle(window)
    assert window.statusBar().currentMessage() == f"Written: {file}"
    assert window.exchange.support.isEnabled()
