"""Stepping into the sync through real windows, services and a real Web Database: block and unblock,
send again, withdraw. What a person reads is compared with the tables, read by plain sqlite3."""

from __future__ import annotations

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.block_dialog import BlockDialog
from ginesys_sync.ui.launchpad.control_page import BLOCKED, LOG
from ginesys_sync.ui.launchpad.record_actions import RecordActions
from ginesys_sync.ui.launchpad.send_again_dialog import SendAgainDialog
from ginesys_sync.ui.widgets.ask import Question
from tests.journeys.conftest import Windows
from tests.journeys.stepping_in import (
    change_a_price,
    control,
    foot,
    give,
    look_for,
    newest,
    noted,
    of_site,
    price,
    statuses,
    sync,
    sync_all,
)
from tests.support.retail_chain import CLOSING, HO, S001, S002, RetailChain

pytestmark = pytest.mark.long


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
        ("block", "channel Prices", "not checked yet"),
        ("unblock", "channel Prices", "checked"),
    ]
    assert settled.sql(HO, "SELECT * FROM sync_block") == []
    log = offscreen.rows(control(office, LOG).log.table)
    assert [(line["Did"], line["To what"]) for line in log] == [
        ("Unblock", "channel Prices"),
        ("Block", "channel Prices"),
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
    assert (
        f"price {before / 100:,.2f} → {before // 3 / 100:,.2f}" in office.preview.odd_words.text()
    )
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
