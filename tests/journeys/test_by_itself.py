"""What happens without a click: a price that reaches a store's window in live mode, and the alert
of a store that has fallen silent."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ginesys_sync.services.board_views import Level
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.ho_control import HoControlPage
from tests.journeys.conftest import Windows
from tests.journeys.test_schedule_travels import at_the_store, schedules, sync_both
from tests.support.retail_chain import HO, S001, S002, RetailChain

pytestmark = pytest.mark.long


def live_everywhere(office: LaunchpadWindow) -> None:
    """Take the proposal, which has live mode, for head office and for all stores."""
    page = schedules(office)
    for card in (page.own, page.master):
        offscreen.press(card.proposal)
        assert page.configuration is not None
        assert page.configuration.form.live.isChecked()
        offscreen.press(page.configuration.ok)
        offscreen.until(page.said.isVisible, what="the saved schedule")


def test_in_live_mode_a_price_from_a_sql_prompt_stands_in_the_stores_window_without_a_click(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    live_everywhere(office)
    sync_both(office, store)
    shown = at_the_store(store)
    offscreen.until(lambda: shown.facts.live_pill.text() == "Live mode on", what="live mode")

    before = offscreen.read_list(store, "Item Price Management")
    assert isinstance(store.control, HoControlPage)
    code, since = before[0]["Item"], before[0]["From"]
    settled.sql(
        HO,
        "UPDATE item_price SET price_minor = 987654 "
        f"WHERE item_code = '{code}' AND effective_from = '{since}'",
    )
    table = store.control.table
    offscreen.until(
        lambda: offscreen.rows(table)[0]["Price"] == "9,876.54", 60, "the price in the store"
    )
    trigger = "SELECT trigger FROM sync_run ORDER BY no DESC LIMIT 1"
    assert settled.scalar(S001, trigger) == "live"


def see_long_ago(chain: RetailChain, site: str) -> None:
    """The Web Database has not heard of a site for more than a day."""
    with closing(sqlite3.connect(chain.relay.home / "relay.sqlite3")) as connection, connection:
        connection.execute(
            "UPDATE sites SET last_seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', last_seen_at, "
            "'-25 hours') WHERE site = ?",
            (site,),
        )


def line_of(board: BoardPage, site: str) -> Level:
    return next(row.level for row in board.model.rows if row.code == site)


def test_a_store_that_fell_silent_is_told_once_and_the_alert_goes_when_it_is_back(
    settled: RetailChain, windows: Windows
) -> None:
    office = windows.launchpad(settled)
    board = offscreen.show_tab(office, "Sites")
    assert isinstance(board, BoardPage)
    see_long_ago(settled, S002)
    for _ in range(2):  # the second sync finds nothing new to tell
        offscreen.press_sync_all(office)
        offscreen.wait_for_end(office)
    alerts = "SELECT count(*) FROM sync_alert WHERE kind = 'silent' AND site = 'S002'"
    offscreen.until(lambda: settled.scalar(HO, alerts) == 1, what="the alert")
    offscreen.until(lambda: "S002" in office.notice.last, what="its notice")
    offscreen.show_tab(office, "Sites")
    offscreen.until(lambda: line_of(board, S002) is Level.SILENT, what="the line on the board")

    settled.done(S002)
    offscreen.press_sync_all(office)
    offscreen.wait_for_end(office)
    cleared = f"{alerts} AND cleared_at IS NOT NULL"
    offscreen.until(lambda: settled.scalar(HO, cleared) == 1, what="the end of the alert")
    offscreen.show_tab(office, "Sites")
    offscreen.until(lambda: line_of(board, S002) is Level.FINE, what="the line on the board")
    assert settled.scalar(HO, alerts) == 1
