"""The run list: every sync and what never began, in one order; and what of it goes with time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ginesys_sync.core.clock import iso
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.planner import SKIPPED
from ginesys_sync.services.run_list import trigger_words
from ginesys_sync.services.schedule_views import RunEntry, RunWanted, Trigger
from ginesys_sync.services.syncing import run_lock
from ginesys_sync.store import runs
from ginesys_sync.store.database import Database
from tests.support.retail_chain import HO, S001, S002, RetailChain, wait_until

ALL = RunWanted(with_empty_live=True)


@pytest.fixture
def desk(settled: RetailChain) -> Iterator[HomeDesk]:
    """Head office's desk in a settled chain."""
    made = HomeDesk(settled.home(HO))
    yield made
    made.close()


def everything(desk: HomeDesk, wanted: RunWanted = ALL, limit: int = 100) -> list[RunEntry]:
    """The whole list, page by page."""
    found: list[RunEntry] = []
    after: str | None = None
    while True:
        page = desk.run_page(wanted, after, limit)
        found += page.rows
        after = page.next
        if after is None:
            return found


def at(**ago: float) -> str:
    return iso(datetime.now(UTC) - timedelta(**ago))


def note_run(chain: RetailChain, no: int, trigger: str, when: str, moved: int = 0) -> None:
    """A run of the past that ended well."""
    tally = {"Sending": {"done": 0}, "Receiving": {"done": moved}, "Updating": {"done": moved}}
    chain.sql(
        HO,
        "INSERT INTO sync_run(no, started_at, ended_at, trigger, who, what, sites, outcome, tally)"
        f"VALUES ({no}, '{when}', '{when}', '{trigger}', 'anna', 'Sync All', '*', 'done', "
        f"'{json.dumps(tally)}')",
    )


def note_request(chain: RetailChain, trigger: str, when: str, run: int | None, words: str) -> None:
    number = "NULL" if run is None else run
    chain.sql(
        HO,
        "INSERT INTO sync_request(asked_at, sites, trigger, who, state, run, message) VALUES "
        f"('{when}', '*', '{trigger}', 'anna', 'ended', {number}, '{words}')",
    )


@pytest.mark.parametrize(
    ("trigger", "who", "words"),
    [
        ("window", "anna", "anna (window)"),
        ("prompt", "ravi", "ravi (prompt)"),
        ("window", "window", "A person (window)"),
        ("schedule", "schedule", "Schedule"),
        ("live", "live", "Live mode"),
    ],
)
def test_what_asked_for_a_sync_is_said_in_words(trigger: str, who: str, words: str) -> None:
    assert trigger_words(trigger, who) == words


def test_a_skipped_sync_stands_at_its_time_among_the_runs_with_its_reason(
    settled: RetailChain, desk: HomeDesk
) -> None:
    note_request(settled, "schedule", at(seconds=0), None, SKIPPED)
    settled.done(HO)
    newest, skipped = everything(desk)[:2]
    assert newest.run is not None and newest.outcome is Outcome.DONE
    assert (skipped.run, skipped.outcome, skipped.reason) == (None, Outcome.SKIPPED, SKIPPED)
    assert (skipped.trigger, skipped.what) == ("Schedule", "Sync All")
    rows = settled.status(HO, "runs")
    assert [row["run"] for row in rows[:2]] == [newest.run, None]
    assert (rows[1]["outcome"], rows[1]["message"]) == ("skipped", SKIPPED)
    assert list(rows[0]) == list(rows[1])


def test_a_sync_that_could_not_begin_is_listed_with_who_pressed_and_why(
    settled: RetailChain, desk: HomeDesk
) -> None:
    with run_lock(settled.home(HO)):
        desk.ask_sync([S001])
        wait_until(lambda: everything(desk)[0].run is None, "the refusal")
    refused = everything(desk)[0]
    assert refused.outcome is Outcome.REFUSED
    assert refused.reason.startswith("Sync stopped: a sync of this site is already running.")
    assert refused.trigger.endswith(" (window)")
    assert refused.what == "Sync Selective to S001"
    assert everything(desk, RunWanted(outcome=Outcome.REFUSED)) == [refused]


def test_live_syncs_that_moved_nothing_are_left_out_unless_one_asks_for_them(
    settled: RetailChain, desk: HomeDesk
) -> None:
    note_run(settled, 100, "live", at(minutes=3), moved=2)
    for no in range(101, 110):
        note_run(settled, no, "live", at(minutes=2))
    note_run(settled, 110, "schedule", at(minutes=1))
    assert [entry.run for entry in everything(desk, RunWanted())][:3] == [110, 100, 3]
    assert [entry.run for entry in everything(desk, RunWanted(Trigger.LIVE))] == [100]
    assert len(everything(desk, RunWanted(Trigger.LIVE, with_empty_live=True))) == 10
    last = desk.overview().last
    assert last is not None and last.run == 110


def test_after_live_syncs_that_moved_nothing_a_window_still_shows_the_last_that_did(
    settled: RetailChain, desk: HomeDesk
) -> None:
    note_run(settled, 100, "live", at(minutes=2))
    last = desk.overview().last
    assert last is not None and last.run == 3


def test_pages_give_every_line_once_in_one_order(settled: RetailChain, desk: HomeDesk) -> None:
    for place in range(30):
        when = at(seconds=-60 - place)  # later than what is there
        note_run(settled, 100 + place, "live" if place % 3 else "schedule", when, moved=place % 2)
        if place % 4 == 0:
            note_request(settled, "schedule", when, None, SKIPPED)
    for wanted in (ALL, RunWanted(), RunWanted(Trigger.SCHEDULE), RunWanted(Trigger.PERSON)):
        whole = everything(desk, wanted)
        assert len({entry.key for entry in whole}) == len(whole) > 2
        moments = [entry.started_at for entry in whole]
        assert moments == sorted(moments, reverse=True)
        assert everything(desk, wanted, limit=4) == whole


def test_each_record_is_counted_once_in_the_sync_that_let_somebody_read_it(
    chain: RetailChain,
) -> None:
    chain.done(HO, "--site", S001)
    chain.done(HO)
    chain.done(HO)
    desk = HomeDesk(chain.home(HO))
    third, second, first = everything(desk)
    for_s002 = sum(row["records"] for row in chain.status(HO, "sent") if row["site"] == S002)
    for_s001 = sum(row["records"] for row in chain.status(HO, "sent") if row["site"] == S001)
    assert (first.sent, second.sent, third.sent) == (for_s001, for_s002, 0)
    chain.done(S001)
    store = HomeDesk(chain.home(S001))
    (entry,) = everything(store)
    assert entry.received == entry.processed == for_s001
    assert entry.sent == sum(row["records"] for row in chain.status(S001, "sent"))
    for made in (desk, store):
        made.close()


def test_a_sync_opens_to_what_it_did_and_an_old_one_says_nothing_of_what_comes_next(
    settled: RetailChain, desk: HomeDesk
) -> None:
    settled.sql(HO, "UPDATE item_price SET price_minor = 4711 WHERE rowid = 1")
    settled.done(HO)
    newest, older = everything(desk)[:2]
    assert newest.run is not None and older.run is not None
    told = desk.run_details(newest.run)
    assert (told.run, told.outcome) == (newest.run, Outcome.DONE)
    assert told.what_next and sum(site.sent for site in told.sites) > 0
    assert desk.run_details(older.run).what_next == ()


def test_runs_that_left_nothing_and_ended_requests_go_and_numbers_never_come_again(
    settled: RetailChain,
) -> None:
    for no in range(100, 110):
        note_run(settled, no, "live", at(days=4))
    note_run(settled, 110, "schedule", at(days=4))
    note_run(settled, 111, "schedule", at(days=91))
    note_run(settled, 112, "live", at(days=2))
    note_run(settled, 113, "live", at(days=4))
    settled.sql(HO, "UPDATE sync_ack SET run = 109 WHERE id = (SELECT min(id) FROM sync_ack)")
    note_request(settled, "live", at(days=2), 105, "x")
    note_request(settled, "schedule", at(days=4), None, SKIPPED)
    note_request(settled, "schedule", at(days=91), None, SKIPPED)
    settled.sql(HO, "DELETE FROM sync_state WHERE name = 'runs_purged_at'")
    settled.done(HO)
    kept = [no for (no,) in settled.sql(HO, "SELECT no FROM sync_run WHERE no > 99 ORDER BY no")]
    assert kept == [109, 110, 112, 114], "what the books name, what is young, and the newest"
    assert settled.sql(HO, "SELECT message FROM sync_request") == [(SKIPPED,)]
    database = Database(settled.url(HO))
    with database.connect() as connection:
        assert runs.begin_run(connection, "prompt", "x", "Sync All", None, at()) == 115
    database.dispose()


def test_the_newest_run_stays_though_it_is_old_and_empty(settled: RetailChain) -> None:
    note_run(settled, 500, "live", at(days=30))
    settled.sql(HO, "DELETE FROM sync_state WHERE name = 'runs_purged_at'")
    settled.done(HO)
    settled.done(HO)
    numbers = [no for (no,) in settled.sql(HO, "SELECT no FROM sync_run WHERE no > 499")]
    assert numbers == [501, 502]
