"""Stepping into the sync through real windows, services and a real Web Database: block and unblock,
withdraw, send again, reload, and the question of a store that would lose more than a tenth. What a
person reads is compared with the tables, read by plain sqlite3."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ginesys_sync.core.status import Outcome
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.block_dialog import BlockDialog
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.launchpad.control_page import ATTENTION, BLOCKED, LOG, ControlPage
from ginesys_sync.ui.launchpad.record_actions import RecordActions
from ginesys_sync.ui.launchpad.send_again_dialog import SendAgainDialog
from ginesys_sync.ui.launchpad.sent_actions import SentActions
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.widgets.ask import Question
from ginesys_sync.ui.widgets.deed import DeedDialog
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.where_is_it import WhereIsIt
from tests.journeys.conftest import Windows
from tests.support.retail_chain import CLOSING, HO, S001, S002, RetailChain

pytestmark = pytest.mark.slow


def control(office: LaunchpadWindow, section: str) -> ControlPage:
    page = offscreen.show_tab(office, "Control")
    assert isinstance(page, ControlPage)
    page.show_section(section)
    offscreen.settle(office)
    return page


def give(dialog: DeedDialog | None, reason: str, button: str) -> None:
    """Type a reason and press the button that does it."""
    assert dialog is not None and dialog.isVisible()
    QTest.keyClicks(dialog.reason, reason)
    offscreen.press(offscreen.button(dialog, button))


def of_site(office: LaunchpadWindow, site: str, entry: str) -> DeedDialog:
    """Choose an entry in a store's menu on the board."""
    page = offscreen.show_tab(office, "Sites")
    assert isinstance(page, BoardPage)
    line = next(line for line in page.model.rows if line.code == site)
    (action,) = [one for one in page.menu_of(line).actions() if one.text() == entry]
    assert action.isEnabled(), entry
    action.trigger()
    offscreen.settle(office)
    assert office.acts.dialog is not None
    return office.acts.dialog


def foot(office: LaunchpadWindow, begins: str) -> str:
    """What stands at the foot of the window, once it begins so."""
    bar = office.statusBar()
    offscreen.until(lambda: bar.currentMessage().startswith(begins), what=begins)
    return bar.currentMessage()


def sync_all(office: LaunchpadWindow) -> None:
    offscreen.press_sync_all(office)
    assert offscreen.wait_for_end(office).closing == CLOSING


def sync(store: PosWindow) -> Outcome:
    offscreen.press_sync(store)
    return offscreen.wait_for_end(store).outcome


def price(chain: RetailChain, site: str) -> int:
    found: int = chain.scalar(site, "SELECT price_minor FROM item_price ORDER BY 1 DESC LIMIT 1")
    return found


def change_a_price(chain: RetailChain, to: str) -> str:
    """Change the dearest price at head office; the item's code."""
    code: str = chain.scalar(HO, "SELECT item_code FROM item_price ORDER BY price_minor DESC")
    chain.sql(
        HO,
        f"UPDATE item_price SET price_minor = {to} WHERE rowid = "
        "(SELECT rowid FROM item_price ORDER BY price_minor DESC LIMIT 1)",
    )
    return code


def statuses(office: LaunchpadWindow, what: str) -> dict[str, str]:
    """The newest row of each store in Sent Data that holds this."""
    found: dict[str, str] = {}
    for row in offscreen.read_grid(office, "Sent Data"):
        if row["What"] == what:
            found.setdefault(row["To"], row["Status"])
    return found


def newest(office: LaunchpadWindow, site: str) -> SentActions:
    """Stand on the newest batch for a store in Sent Data."""
    offscreen.read_grid(office, "Sent Data")
    page = office.tabs.current()
    assert isinstance(page, ExchangePage)
    for row in range(page.model.rowCount()):
        if page.model.index(row, 1).data() == site:
            page.tree.setCurrentIndex(page.model.index(row, 0))
            break
    actions = page.foot.findChild(SentActions)
    assert actions is not None
    return actions


def look_for(office: LaunchpadWindow, code: str) -> WhereIsIt:
    """Ctrl+K, typed."""
    office.show_where()
    where = office.where
    assert where is not None
    QTest.keyClicks(where.search, code)
    offscreen.until(lambda: not where._pause.isActive(), what="the pause")
    offscreen.settle(office)
    return where


def noted(chain: RetailChain) -> list[tuple[str, ...]]:
    """What was written down at head office."""
    return chain.sql(HO, "SELECT action, what, reason FROM sync_audit ORDER BY id")


def test_a_channel_is_blocked_and_unblocked_and_its_changes_wait_in_between(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    before = price(settled, S001)
    page = control(office, BLOCKED).blocked
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.deed is not None)
    dialog = page.deed
    assert isinstance(dialog, BlockDialog)
    dialog.name.setCurrentText("Prices")
    give(dialog, "not checked yet", "Block")
    offscreen.until(lambda: page.faces.face == "normal", what="the block in the list")
    change_a_price(settled, "price_minor + 5")
    sync_all(office)
    assert statuses(office, "1 price") == {S001: "BLOCKED", S002: "BLOCKED"}
    assert sync(store) is Outcome.DONE
    assert price(settled, S001) == before
    (row,) = offscreen.rows(control(office, BLOCKED).blocked.table)
    assert (row["What"], row["Why"], row["Waiting"]) == ("Channel Prices", "not checked yet", "1")

    page.table.selectRow(0)
    offscreen.press(page.unblock)
    assert page.deed is not None and page.deed.text.text().startswith("1 record waits behind it.")
    give(page.deed, "checked", "Unblock")
    offscreen.until(lambda: page.faces.face == "empty", what="nothing blocked")
    sync_all(office)
    assert sync(store) is Outcome.DONE
    sync_all(office)
    assert price(settled, S001) == before + 5 == price(settled, HO)
    assert statuses(office, "1 price")[S001] == "PROCESSED"
    assert noted(settled) == [
        ("block", "channel pricing", "not checked yet"),
        ("unblock", "channel pricing", "checked"),
    ]
    assert settled.sql(HO, "SELECT * FROM sync_block") == []
    log = offscreen.rows(control(office, LOG).log.table)
    assert [(line["Did"], line["To what"]) for line in log] == [
        ("Unblock", "channel pricing"),
        ("Block", "channel pricing"),
    ]


@pytest.mark.long
def test_a_store_is_blocked_on_the_board_is_told_why_and_is_let_in_again(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    give(of_site(office, S001, "Block..."), "stock taking", "Block")
    foot(office, "S001 is blocked: the Web Database refuses it from now on.")
    offscreen.press_sync(store)
    ended = offscreen.wait_for_end(store)
    assert ended.outcome is Outcome.STOPPED
    assert "Reason: stock taking." in " ".join(offscreen.words(store))
    assert settled.sql(HO, f"SELECT state FROM sync_site WHERE code = '{S001}'") == [("blocked",)]
    (row,) = offscreen.rows(control(office, BLOCKED).blocked.table)
    assert (row["What"], row["Why"]) == ("Store S001", "stock taking")

    give(of_site(office, S001, "Unblock..."), "", "Unblock")
    foot(office, "S001 is unblocked: the Web Database lets it in again.")
    assert sync(store) is Outcome.DONE
    assert settled.sql(HO, f"SELECT state FROM sync_site WHERE code = '{S001}'") == [("active",)]
    assert noted(settled) == [
        ("block", "store S001", "stock taking"),
        ("unblock", "store S001", ""),
    ]


def test_a_record_is_blocked_unblocked_and_sent_again_where_it_was_found(
    settled: RetailChain, windows: Windows
) -> None:
    office = windows.launchpad(settled)
    code = settled.scalar(HO, "SELECT max(code) FROM item")
    name = f"SELECT name FROM item WHERE code = '{code}'"
    before = settled.scalar(HO, name)
    where = look_for(office, code)
    actions = where.pane.acts
    assert isinstance(actions, RecordActions)
    offscreen.press(actions.block)
    give(actions.deed, "wrong bar code", "Block")
    offscreen.until(actions.unblock.isVisible, what="the block")
    assert actions.said.words.text().startswith(f"The item {code} is blocked:")
    settled.sql(HO, f"UPDATE item SET name = 'New name' WHERE code = '{code}'")
    where.reject()
    sync_all(office)
    settled.done(S001)
    assert settled.scalar(S001, name) == before
    where = look_for(office, code)
    said = " ".join(row.sentence for row in where.pane.model.rows) + where.pane.headline.text()
    assert "wrong bar code" in said and "The change stays here." in said
    offscreen.press(actions.unblock)
    give(actions.deed, "mended", "Unblock")
    offscreen.until(actions.block.isVisible, what="no block")
    where.reject()
    sync_all(office)
    settled.done(S001)
    assert settled.scalar(S001, name) == "New name"

    settled.sql(S001, f"UPDATE item SET name = 'Damaged' WHERE code = '{code}'")
    batches = settled.scalar(HO, "SELECT count(*) FROM sync_batch")
    where = look_for(office, code)
    offscreen.press(actions.again)
    offscreen.settle(office)
    assert not where.isVisible(), "nothing stacks"
    dialog = office.acts.dialog
    assert isinstance(dialog, SendAgainDialog)
    assert (dialog.kind.currentText(), dialog.key.text()) == ("Items", code)
    offscreen.press(dialog.to_some)
    dialog.chooser.tick([S001])
    give(dialog, "damaged there", "Send Again")
    assert foot(office, f"Item {code}") == (
        f"Item {code} will be sent again to S001. It goes with the next sync."
    )
    sync_all(office)
    settled.done(S001)
    assert settled.scalar(S001, name) == "New name"
    members = settled.sql(
        HO,
        "SELECT a.members FROM sync_batch b JOIN sync_audience a ON a.id = b.audience "
        "WHERE b.received_at IS NULL ORDER BY b.id DESC LIMIT 1",
    )
    assert members == [(S001,)], "nobody else gets it"
    assert settled.scalar(HO, "SELECT count(*) FROM sync_batch") == batches + 1
    assert [row[0] for row in noted(settled)] == ["block", "unblock", "send again"]


def test_half_the_price_is_said_before_it_goes_and_taken_back_before_a_store_hears_of_it(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    before = price(settled, S001)
    change_a_price(settled, "price_minor / 3")
    offscreen.show_tab(office, "Data Sync")
    offscreen.press(office.data_sync.sync_selective)
    assert office.select_site is not None
    offscreen.tick_sites(office.select_site, [S001, S002])
    offscreen.press(office.select_site.ok)
    offscreen.until(lambda: office.preview is not None, what="the preview")
    assert office.preview is not None
    assert "1 price falls by more than half." in office.preview.odd_words.text()
    assert f"{before:,} → {before // 3:,}" in office.preview.odd_words.text()
    assert settled.sql(HO, "SELECT 1 FROM sync_change") != [], "nothing is sent yet"
    offscreen.press(offscreen.button(office.preview, "Send Anyway"))
    offscreen.until(lambda: offscreen.pane(office).is_running, what="the run")
    assert offscreen.wait_for_end(office).closing == CLOSING
    assert statuses(office, "1 price") == {S001: "UPLOADED", S002: "UPLOADED"}

    offscreen.press(newest(office, S001).withdraw)
    give(office.acts.dialog, "half the price", "Withdraw")
    foot(office, "Batch ")
    assert statuses(office, "1 price") == {S001: "WITHDRAWN", S002: "WITHDRAWN"}
    actions = newest(office, S001)
    assert not actions.withdraw.isEnabled()
    assert actions.why.text() == "Cannot be withdrawn: It is taken back already."
    assert sync(store) is Outcome.DONE
    assert price(settled, S001) == before
    withdrawn = settled.sql(HO, "SELECT count(*) FROM sync_batch WHERE withdrawn_at IS NOT NULL")
    assert withdrawn == [(1,)]
    assert noted(settled)[-1][2] == "half the price"

    settled.sql(HO, f"UPDATE item_price SET price_minor = {before + 1} WHERE price_minor = "
                f"{before // 3} AND rowid IN (SELECT max(rowid) FROM item_price WHERE price_minor "
                f"= {before // 3})")  # fmt: skip
    sync_all(office)
    assert sync(store) is Outcome.DONE
    assert settled.rows(S001, "item_price") == settled.rows(HO, "item_price")


@pytest.mark.long
def test_what_a_store_has_heard_of_stays_there_and_the_store_is_named(
    settled: RetailChain, windows: Windows
) -> None:
    office = windows.launchpad(settled)
    change_a_price(settled, "price_minor + 5")
    sync_all(office)
    settled.done(S002)
    offscreen.press(newest(office, S001).withdraw)
    dialog = office.acts.dialog
    give(dialog, "too soon", "Withdraw")
    assert dialog is not None
    offscreen.until(lambda: dialog.findChild(Question) is not None, what="the refusal")
    told = dialog.findChild(Question)
    assert told is not None
    assert "cannot be taken back: S002 has heard of it already." in told.title.text()
    offscreen.press(offscreen.button(told, "OK"))
    offscreen.press(dialog.one)  # type: ignore[attr-defined]
    offscreen.press(dialog.yes)
    foot(office, "Batch ")
    assert statuses(office, "1 price")[S001] == "WITHDRAWN"
    settled.done(S001)
    assert price(settled, S001) == price(settled, HO) - 5 == price(settled, S002) - 5


def test_a_reloaded_store_ends_as_head_office_has_it(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    bills = settled.rows(S001, "bill")
    settled.sql(S001, "UPDATE item SET name = 'damaged'", "DELETE FROM item_price WHERE rowid < 9")
    assert settled.rows(S001, "item") != settled.rows(HO, "item")
    dialog = of_site(office, S001, "Reload...")
    assert "Its bills and what it has not sent yet stay." in dialog.text.text()
    give(dialog, "its disk was changed", "Reload")
    foot(office, "S001 will take a full load of everything.")
    sync_all(office)
    assert sync(store) is Outcome.DONE
    for table in ("item", "item_price", "master_policy", "customer"):
        assert settled.rows(S001, table) == settled.rows(HO, table), table
    assert settled.rows(S001, "bill") == bills
    assert noted(settled) == [("reload", "store S001", "its disk was changed")]


def _more_than_head_office(chain: RetailChain) -> None:
    """S001 has items that head office does not know, and takes a full load."""
    columns = [row[1] for row in chain.sql(S001, "PRAGMA table_info(item)")]
    others = ", ".join(columns[1:])
    chain.sql(
        S001, f"INSERT INTO item SELECT 'X' || code, {others} FROM item ORDER BY code LIMIT 9"
    )


def test_a_store_that_would_lose_more_than_a_tenth_is_answered_at_head_office(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    _more_than_head_office(settled)
    give(of_site(office, S001, "Reload..."), "", "Reload")
    foot(office, "S001 will take")
    sync_all(office)
    assert sync(store) is Outcome.ATTENTION
    assert len(settled.rows(S001, "item")) == 49
    sync_all(office)
    pane = control(office, ATTENTION).attention
    (row,) = offscreen.rows(pane.table)
    assert row["Why"].startswith(
        "More than a tenth of Items would go at S001: 9 of the 49 items at S001 are not in"
    )
    pane.table.selectRow(0)
    offscreen.press(pane.remove)
    give(pane.deed, "left from before", "Remove Them")
    offscreen.until(lambda: not pane.remove.isEnabled(), what="the answer")
    assert "Head office has answered: they go." in pane.reason.text()
    sync_all(office)
    assert sync(store) is Outcome.DONE
    assert settled.rows(S001, "item") == settled.rows(HO, "item")
    sync_all(office)
    assert control(office, ATTENTION).attention.faces.face == "empty"
    assert not office.strip.attention.isVisible()
    assert noted(settled)[-1] == ("answered: go", "items at S001", "left from before")


@pytest.mark.long
def test_the_store_answers_for_itself_and_keeps_them(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    _more_than_head_office(settled)
    give(of_site(office, S001, "Reload..."), "", "Reload")
    foot(office, "S001 will take")
    sync_all(office)
    assert sync(store) is Outcome.ATTENTION
    offscreen.press(store.strip.attention)
    offscreen.settle(store)
    pane = store.attention_dialog.pane
    pane.table.selectRow(0)
    assert pane.reason.text().startswith("More than a tenth of Items would go at S001: 9 of the 49")
    offscreen.press(pane.keep)
    QTest.keyClick(pane.deed, Qt.Key.Key_Escape)
    assert settled.sql(S001, "SELECT * FROM sync_audit") == []
    offscreen.press(pane.keep)
    give(pane.deed, "our own range", "Keep Them")
    offscreen.until(lambda: pane.model.rows == [], what="the answer")
    store.attention_dialog.reject()
    assert sync(store) is Outcome.DONE
    assert len(settled.rows(S001, "item")) == 49
    assert settled.sql(S001, "SELECT action, what, reason FROM sync_audit") == [
        ("answered: keep", "items", "our own range")
    ]
    assert settled.sql(S001, "SELECT 1 FROM sync_state WHERE name LIKE 'sweep_question%'") == []
    sync_all(office)
    assert not office.strip.attention.isVisible()


@pytest.mark.long
def test_a_record_that_a_store_cannot_write_is_given_up_or_sent_again(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    refuse = "CREATE TRIGGER no BEFORE UPDATE ON item BEGIN SELECT RAISE(ABORT, 'locked'); END"
    settled.sql(S001, refuse)
    code = settled.scalar(HO, "SELECT max(code) FROM item")
    settled.sql(HO, f"UPDATE item SET name = 'New name' WHERE code = '{code}'")
    sync_all(office)
    assert sync(store) is Outcome.ATTENTION
    offscreen.press(store.strip.attention)
    offscreen.settle(store)
    there = store.attention_dialog.pane
    there.table.selectRow(0)
    offscreen.press(there.discard)
    give(there.deed, "not ours", "Discard")
    offscreen.until(lambda: there.faces.face == "empty", what="nothing left")
    store.attention_dialog.reject()
    assert settled.sql(S001, "SELECT * FROM sync_parked") == []
    settled.sql(S001, "DROP TRIGGER no")
    assert sync(store) is Outcome.DONE
    name = f"SELECT name FROM item WHERE code = '{code}'"
    assert settled.scalar(S001, name) != "New name", "it was given up there"

    dialog = of_site(office, S001, "Send Again...")
    assert isinstance(dialog, SendAgainDialog)
    dialog.kind.setCurrentText("Items")
    offscreen.press(dialog.whole)
    give(dialog, "", "Send Again")
    foot(office, "40 items will be sent again to S001.")
    sync_all(office)
    assert sync(store) is Outcome.DONE
    assert settled.rows(S001, "item") == settled.rows(HO, "item")
