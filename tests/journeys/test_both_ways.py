"""The day's work in the windows: head office sends, a store receives, the answer comes home."""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.services.views import GridFilter
from ginesys_sync.ui import offscreen
from tests.journeys.conftest import Windows
from tests.support.plain_books import received_facts, sent_facts
from tests.support.retail_chain import BILLS, CLOSING, HO, S001, S002, SMALL, RetailChain


def statuses(rows: list[dict[str, str]]) -> set[str]:
    return {row["Status"] for row in rows}


def test_a_fresh_chain_says_that_nothing_was_sent_yet_and_what_to_press(
    chain: RetailChain, windows: Windows
) -> None:
    window = windows.launchpad(chain)
    assert window.strip.headline.text() == "Nothing has been sent or received yet."
    assert window.strip.advice.text() == "Press Sync All to begin."
    assert "Not called yet" in offscreen.words(window.band)
    store = windows.pos(chain, S001)
    assert store.strip.advice.text() == "Press Sync to begin."
    for page in (window, store):
        for tab in ("Sent Data", "Received Data"):
            assert offscreen.read_grid(page, tab) == []


def test_one_change_goes_to_the_store_and_its_acknowledgement_comes_home(
    chain: RetailChain, windows: Windows, tmp_path: Path
) -> None:
    office, store = windows.launchpad(chain), windows.pos(chain, S001)

    offscreen.press_sync_selective(office, [S001])
    assert offscreen.wait_for_end(office).closing == CLOSING
    seen = offscreen.words(office.data_sync.pane)
    assert seen[-1] == CLOSING
    assert "Waiting for S001 to press Sync" in "\n".join(seen)
    sent = offscreen.read_grid(office, "Sent Data")
    assert statuses([row for row in sent if row["To"] == S001]) == {"UPLOADED"}
    assert statuses([row for row in sent if row["To"] == S002]) == {"WAITING"}

    offscreen.press_sync(store)
    assert offscreen.wait_for_end(store).closing == CLOSING
    assert statuses(offscreen.read_grid(store, "Received Data")) == {"PROCESSED"}
    assert statuses(offscreen.read_grid(store, "Sent Data")) == {"UPLOADED"}
    assert len(offscreen.read_list(store, "Item Master")) == SMALL.items
    assert chain.rows(S001, "item") == chain.rows(HO, "item")

    offscreen.press_sync_selective(office, [S001])
    assert offscreen.wait_for_end(office).closing == CLOSING
    received = offscreen.read_grid(office, "Received Data")
    answers = [row for row in received if row["What"].startswith("Acknowledgement of ")]
    assert answers and statuses(answers) == {"PROCESSED"}
    assert any(f"{BILLS} bills" in row["What"] for row in received)
    sent = offscreen.read_grid(office, "Sent Data")
    assert statuses([row for row in sent if row["To"] == S001]) == {"PROCESSED"}

    offscreen.press_sync(store)
    assert offscreen.wait_for_end(store).closing == CLOSING
    assert statuses(offscreen.read_grid(store, "Sent Data")) == {"PROCESSED"}
    assert "Everything this store sent has been processed at head office." in offscreen.words(
        store.exchange.pane
    )

    sent = offscreen.read_grid(office, "Sent Data")
    shown = {(row["To"], row["Status"]) for row in sent}
    assert shown == {(fact[0], fact[4]) for fact in sent_facts(chain.database(HO))}
    assert len(offscreen.read_grid(office, "Received Data")) == len(
        received_facts(chain.database(HO), HO)
    )
    file = tmp_path / "sent.csv"
    assert office.desk.export(True, GridFilter(), file) == len(sent)
    assert len(file.read_text(encoding="utf-8-sig").splitlines()) == len(sent) + 1


def test_sync_all_reaches_both_stores_and_the_demo_menu_makes_work(
    settled: RetailChain, windows: Windows
) -> None:
    office = windows.launchpad(settled)
    desk = office.desk
    assert desk.demo_actions() == ("Change ten prices", "Assign a user to S001")
    assert desk.demo_act("Change ten prices").startswith("10 prices changed. Press Sync Selective")
    offscreen.until(
        lambda: "wait" in office.strip.headline.text(), what="the window to see the new prices"
    )
    assert office.strip.advice.text() == "Press Sync All to send them now."
    assert "assigned to S001" in desk.demo_act("Assign a user to S001")
    offscreen.press_sync_all(office)
    assert offscreen.wait_for_end(office).closing == CLOSING
    rows = offscreen.read_grid(office, "Sent Data")
    assert {row["To"] for row in rows if "10 prices" in row["What"]} == {S001, S002}
    store = windows.pos(settled, S001)
    assert store.desk.demo_actions() == ("Make five bills",)
    assert store.desk.demo_act("Make five bills").startswith("5 bills made, the last is ")
    offscreen.press_sync(store)
    offscreen.wait_for_end(store)
    settled.done(S002)
    settled.done(HO)
    settled.done(S001)
    for site in (S001, S002):
        assert settled.rows(site, "item_price") == settled.rows(HO, "item_price")
    assert settled.rows(S001, "app_user") == settled.sql(
        HO,
        "SELECT * FROM app_user WHERE code IN (SELECT user_code FROM user_site WHERE site_code = "
        "'S001') ORDER BY code",
    )
    own = "SELECT * FROM bill WHERE store = 'S001' ORDER BY number"
    assert settled.sql(HO, own) == settled.sql(S001, own)
    assert len(settled.sql(HO, own)) == BILLS + 5


def test_ok_with_nothing_waiting_still_fetches_the_acknowledgements(
    settled: RetailChain, windows: Windows
) -> None:
    settled.sql(
        HO, "UPDATE item SET name = name || ' new' WHERE code = (SELECT min(code) FROM item)"
    )
    settled.done(HO)
    settled.done(S001)
    office = windows.launchpad(settled)
    before = len(offscreen.read_grid(office, "Received Data"))
    offscreen.press_sync_selective(office, [S001])
    ended = offscreen.wait_for_end(office)
    assert ended.closing == CLOSING
    assert [(line.site, line.sent, line.acknowledged) for line in ended.sites] == [(S001, 0, 1)]
    assert len(offscreen.read_grid(office, "Received Data")) == before + 1


def test_a_price_changed_at_a_sql_prompt_arrives_in_the_stores_window(
    settled: RetailChain, windows: Windows
) -> None:
    code, day = settled.sql(
        HO,
        "SELECT item_code, max(effective_from) FROM item_price WHERE effective_from <= date() "
        "GROUP BY item_code ORDER BY item_code LIMIT 1",
    )[0]
    settled.sql(
        HO,
        f"UPDATE item_price SET price_minor = 123456 WHERE item_code = '{code}' AND "
        f"effective_from = '{day}'",
    )
    settled.done(HO)
    store = windows.pos(settled, S001)
    offscreen.press_sync(store)
    assert offscreen.wait_for_end(store).closing == CLOSING
    item = next(row for row in offscreen.read_list(store, "Item Master") if row["Code"] == code)
    assert item["Price"] == "1,234.56"
