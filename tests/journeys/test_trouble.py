"""What goes wrong on a shop's day, in the windows: each says what happened, and nothing is lost."""

from __future__ import annotations

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.views import Light
from ginesys_sync.ui import offscreen
from tests.journeys.conftest import Windows
from tests.support.retail_chain import CLOSING, HO, S001, S002, S003, RetailChain, wait_until
from tests.support.weather import Storm, Weather

GOOD = "Web Database Connection successful."


def test_test_connection_says_exactly_the_trades_sentence_on_both_sides(
    settled: RetailChain, windows: Windows
) -> None:
    assert offscreen.press_test_connection(windows.launchpad(settled)) == GOOD
    assert offscreen.press_test_connection(windows.pos(settled, S001)) == GOOD


def test_test_connection_names_each_trouble(settled: RetailChain, windows: Windows) -> None:
    store = windows.pos(settled, S001)
    office = windows.launchpad(settled)
    key = settled.home(S001) / "key"
    sound = key.read_text()
    key.write_text("1" * 64 + "\n")
    refused = offscreen.press_test_connection(store)
    key.write_text(sound)
    assert refused == "The Web Database does not accept this site's key."
    assert "Ask head office for a new enrolment code and set this site up again with it." in (
        offscreen.words(store.locator.connection)
    )
    with Weather(settled.relay.url) as weather:
        settled.set_home(HO, relay=weather.url)
        weather.set(Storm(portal_status=200))
        found = offscreen.press_test_connection(office)
    assert found == f"{weather.url.removeprefix('http://')} answered, but it is not a Web Database."
    settled.set_home(HO, relay="https://no-such-name.invalid")
    assert offscreen.press_test_connection(office) == (
        "The name no-such-name.invalid was not found."
    )
    settled.relay.stop()
    settled.set_home(HO, relay=settled.relay.url)
    assert offscreen.press_test_connection(office).startswith("Nothing answers at 127.0.0.1:")


def test_with_the_web_database_down_the_store_is_told_and_goes_on_when_it_is_back(
    chain: RetailChain, windows: Windows
) -> None:
    chain.done(HO)
    chain.relay.stop()
    store = windows.pos(chain, S001)
    offscreen.press_sync(store)
    ended = offscreen.wait_for_end(store)
    assert ended.outcome is Outcome.STOPPED
    assert ended.closing.startswith("Sync stopped: Nothing answers at 127.0.0.1:")
    seen = offscreen.words(store)
    assert CLOSING not in seen
    assert "Check that the Web Database is running, and the address in Web DB Locator." in seen
    assert store.strip.headline.text().startswith("The last sync stopped: Nothing answers at")
    assert store.overview is not None and store.overview.lamps[1].light is Light.BAD
    assert offscreen.read_grid(store, "Received Data") == []
    assert {row["Status"] for row in offscreen.read_grid(store, "Sent Data")} <= {"WAITING"}
    assert chain.rows(S001, "item") == []

    chain.relay.start()
    offscreen.press_sync(store)
    assert offscreen.wait_for_end(store).closing == CLOSING
    assert {row["Status"] for row in offscreen.read_grid(store, "Received Data")} == {"PROCESSED"}
    assert chain.rows(S001, "item") == chain.rows(HO, "item")


def test_the_web_database_dies_during_a_run_and_the_next_press_finishes_it(
    chain: RetailChain, windows: Windows
) -> None:
    chain.done(HO)
    store = windows.pos(chain, S001)
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(cut_down_after=900, resets=True))
        chain.set_home(S001, relay=weather.url)
        offscreen.press_sync(store)
        ended = offscreen.wait_for_end(store)
        assert ended.outcome is Outcome.STOPPED, ended
        assert "the connection to the Web Database broke" in ended.closing
        assert "Nothing is lost." in ended.closing
        weather.set()
        offscreen.press_sync(store)
        assert offscreen.wait_for_end(store).closing == CLOSING
    chain.done(HO)
    assert chain.rows(S001, "item") == chain.rows(HO, "item")
    assert chain.sql(HO, "SELECT * FROM bill WHERE store = 'S001' ORDER BY number") == (
        chain.sql(S001, "SELECT * FROM bill ORDER BY number")
    )


def test_a_service_killed_in_a_run_is_told_and_the_next_press_finishes_the_work(
    chain: RetailChain, windows: Windows
) -> None:
    chain.done(HO)
    store = windows.pos(chain, S001)
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(latency_seconds=0.5))
        chain.set_home(S001, relay=weather.url)
        offscreen.press_sync(store)
        offscreen.until(
            lambda: chain.sql(S001, "SELECT 1 FROM sync_request WHERE state = 'taken'") != [],
            what="the run's beginning at the store",
        )
        chain.kill_service(S001)
        ended = offscreen.wait_for_end(store)
        weather.set()
        assert ended.outcome is Outcome.STOPPED
        assert "Nothing is lost" in ended.closing
        assert store.strip.headline.text() == (
            "The last sync was ended from outside before it could finish. Nothing is lost."
        )
        assert store.strip.advice.text() == "Press Sync: it finishes the work."
        offscreen.press_sync(store)
        assert offscreen.wait_for_end(store).closing == CLOSING
    chain.done(HO)
    assert chain.rows(S001, "item") == chain.rows(HO, "item")
    assert chain.sql(HO, "SELECT * FROM bill WHERE store = 'S001' ORDER BY number") == (
        chain.sql(S001, "SELECT * FROM bill ORDER BY number")
    )


def test_closing_the_window_during_a_run_asks_and_the_run_goes_on(
    chain: RetailChain, windows: Windows
) -> None:
    office = windows.launchpad(chain)
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(latency_seconds=0.2))
        chain.set_home(HO, relay=weather.url)
        offscreen.press_sync_all(office)
        office.close()
        assert office.isVisible() and office.question is not None
        assert "The sync goes on in the background and nothing is lost." in (
            " ".join(offscreen.words(office.question))
        )
        offscreen.press(offscreen.button(office.question, "Close Window"))
        assert not office.isVisible()
        wait_until(
            lambda: chain.sql(HO, "SELECT 1 FROM sync_run WHERE ended_at IS NOT NULL"),
            "the end of the run",
        )
    assert chain.status(HO, "runs")[0]["message"] == CLOSING
    again = windows.launchpad(chain)
    assert CLOSING in offscreen.words(again.data_sync.pane)
    assert {row["Status"] for row in offscreen.read_grid(again, "Sent Data")} == {"UPLOADED"}


def test_cancel_ends_the_run_in_words_and_the_next_one_goes_on(
    chain: RetailChain, windows: Windows
) -> None:
    chain.done(HO)
    store = windows.pos(chain, S001)
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(latency_seconds=0.4))
        chain.set_home(S001, relay=weather.url)
        offscreen.press_sync(store)
        pane = offscreen.pane(store)
        offscreen.until(pane.cancel.isEnabled, what="Cancel")
        offscreen.press(pane.cancel)
        ended = offscreen.wait_for_end(store)
        weather.set()
    assert ended.outcome is Outcome.CANCELLED
    assert "Cancelled" in offscreen.words(pane)
    assert CLOSING not in offscreen.words(pane)
    assert ended.closing.startswith("Sync")
    chain.set_home(S001, relay=chain.relay.url)
    offscreen.press_sync(store)
    assert offscreen.wait_for_end(store).closing == CLOSING
    assert chain.rows(S001, "item") == chain.rows(HO, "item")


def test_a_record_that_cannot_be_written_is_seen_with_its_reason_on_both_sides(
    settled: RetailChain, windows: Windows
) -> None:
    settled.sql(
        S001,
        "CREATE TRIGGER no BEFORE UPDATE ON item BEGIN SELECT RAISE(ABORT, 'locked here'); END",
    )
    code = settled.scalar(HO, "SELECT max(code) FROM item")
    settled.sql(HO, f"UPDATE item SET name = 'New name' WHERE code = '{code}'")
    settled.done(HO)
    store = windows.pos(settled, S001)
    offscreen.press_sync(store)
    ended = offscreen.wait_for_end(store)
    assert (ended.outcome, ended.closing) == (Outcome.ATTENTION, CLOSING)
    assert store.strip.attention.text() == "1 record needs attention"
    offscreen.press(store.strip.attention)
    offscreen.until(lambda: store.attention_dialog.model.rows, what="the list")
    row = offscreen.rows(store.attention_dialog.table)[0]
    assert code in row["Record"] and row["Site"] == S001
    assert "locked here" in row["Why"]
    store.attention_dialog.close()

    office = windows.launchpad(settled)
    offscreen.press_sync_selective(office, [S001])
    assert offscreen.wait_for_end(office).closing == CLOSING
    assert office.strip.attention.text() == "1 record needs attention"
    sent = offscreen.read_grid(office, "Sent Data")
    assert any(f"1 record needs attention at {S001}." in row["Problem"] for row in sent)

    settled.sql(S001, "DROP TRIGGER no")
    offscreen.press_sync(store)
    assert offscreen.wait_for_end(store).outcome is Outcome.DONE
    assert not store.strip.attention.isVisible()
    offscreen.press_sync_all(office)
    offscreen.wait_for_end(office)
    offscreen.until(lambda: not office.strip.attention.isVisible(), what="the mended record")
    assert settled.rows(S001, "item") == settled.rows(HO, "item")


def test_a_store_that_joins_late_waits_for_its_first_load_and_says_so(
    settled: RetailChain, windows: Windows
) -> None:
    settled.join(S003)
    store = windows.pos(settled, S003)
    assert store.strip.headline.text() == "Nothing has been sent or received yet."
    offscreen.press_sync(store)
    ended = offscreen.wait_for_end(store)
    assert ended.closing == CLOSING
    if settled.rows(S003, "item") == []:
        assert "waits for its first full load" in store.strip.headline.text()
        assert store.strip.advice.text() == "Ask head office to sync, then press Sync again."
    office = windows.launchpad(settled)
    offscreen.press_sync_all(office)
    assert offscreen.wait_for_end(office).closing == CLOSING
    offscreen.press_sync(store)
    ended = offscreen.wait_for_end(store)
    assert ended.outcome is Outcome.DONE
    assert [line.site for line in ended.sites] == [HO]
    assert ended.sites[0].received == ended.sites[0].processed > 80
    for table in ("item", "item_price", "master_policy", "customer"):
        assert settled.rows(S003, table) == settled.rows(HO, table), table
    assert len(offscreen.read_list(store, "Item Master")) == len(settled.rows(HO, "item"))
    settled.settle(S003)
    rows = offscreen.read_grid(office, "Sent Data")
    assert {row["Status"] for row in rows if row["To"] == S003} == {
        "PROCESSED",
        "COVERED BY A FULL LOAD",
    }


def test_a_store_not_yet_joined_and_a_closed_one_cannot_be_ticked(
    settled: RetailChain, windows: Windows
) -> None:
    settled.invite(S003)
    settled.sql(HO, f"UPDATE site SET is_open = 0 WHERE code = '{S002}'")
    settled.done(HO)
    office = windows.launchpad(settled)
    offscreen.press(office.data_sync.sync_selective)
    dialog = office.select_site
    offscreen.tick_sites(dialog, [S001, S002, S003])
    seen = " ".join(offscreen.words(dialog))
    assert "1 of " in seen and "ticked" in seen
    listed = {row["Site"]: " ".join(row.values()) for row in offscreen.rows(dialog.table)}
    assert "closed" in listed[S002].lower()
    assert "has not joined yet" in listed[S003] or "Invited" in listed[S003]
    offscreen.press(dialog.ok)
    offscreen.until(lambda: offscreen.pane(office).is_running, what="the run")
    assert offscreen.wait_for_end(office).closing == CLOSING
    assert settled.status(HO, "runs")[0]["what"] == "Sync Selective to S001"


@pytest.mark.parametrize("site", [HO, S001])
def test_a_home_whose_database_is_gone_is_refused_in_a_sentence(
    offline: RetailChain, site: str
) -> None:
    from ginesys_sync.core.errors import KnownError
    from ginesys_sync.services.home_desk import HomeDesk

    offline.database(site).unlink()
    with pytest.raises(KnownError, match="There is no database at"):
        HomeDesk(offline.home(site))
