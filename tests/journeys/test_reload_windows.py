"""A store brought up to date from the beginning, through real windows: the reload, the question of
a store that would lose more than a tenth, a record that was given up."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ginesys_sync.core.status import Outcome
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.control_page import ATTENTION
from ginesys_sync.ui.launchpad.send_again_dialog import SendAgainDialog
from tests.journeys.conftest import Windows
from tests.journeys.stepping_in import (
    control,
    foot,
    give,
    noted,
    of_site,
    sync,
    sync_all,
)
from tests.support.retail_chain import HO, S001, RetailChain

pytestmark = pytest.mark.long


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
        "More than a tenth of the items would go at S001: 9 of the 49 items at S001 are not in"
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
    assert pane.reason.text().startswith(
        "More than a tenth of the items would go at S001: 9 of the 49"
    )
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
