"""Where is it? tells the truth at each step of a record's way, at both ends of a real chain."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from ginesys_sync.core.status import Status
from ginesys_sync.services.finding import find, record_named
from ginesys_sync.services.journey import journey
from ginesys_sync.services.journey_views import Journey, SiteJourney, StepState
from ginesys_sync.services.site import opened_site
from ginesys_sync.store import finding
from ginesys_sync.store import journey as books
from ginesys_sync.store.database import Connection, raw
from ginesys_sync.wire import routes
from tests.support.chain_floor import HO, S001, S002, S003, ChainFloor

pytestmark = pytest.mark.long

LAMP = "INSERT INTO item VALUES ('A1', 'Lamp', '111')"
PRICE = "INSERT INTO price VALUES ('A1', '2026-01-01', 500)"
BILL = "INSERT INTO bill VALUES ('S001', 17, 950, 'Asha')"


def told(floor: ChainFloor, site: str, text: str, kind: str = "", search: str = "") -> Journey:
    """The journey of the one record (of that kind) that fits the text."""
    with opened_site(floor.home(site)) as opened:
        found = [one for one in find(opened, text).candidates if kind in ("", one.entity)]
        assert len(found) == 1, found
        return journey(opened, found[0], search, now=datetime(2026, 11, 23, tzinfo=UTC))


def way(told: Journey, site: str) -> SiteJourney:
    """The part of a journey that is about one site."""
    (found,) = [one for one in told.sites if one.site == site]
    return found


def stands_at(one: SiteJourney) -> str:
    """The title of the station where a record is; 'end' when it is through."""
    return next(
        (step.title for step in one.steps if step.state in (StepState.NOW, StepState.STUCK)), "end"
    )


def test_a_bill_is_told_true_at_every_step_at_both_ends(floor: ChainFloor) -> None:
    floor.sql(S001, BILL)
    new = told(floor, S001, "17")
    assert new.headline == "It is new here and waits to be collected by the next sync."
    assert new.advice == "Press Sync to send it."
    assert (way(new, HO).status, stands_at(way(new, HO))) == (Status.WAITING, "Changed")

    floor.done(S001)
    sent = way(told(floor, S001, "17"), HO)
    assert (sent.status, sent.batch, stands_at(sent)) == (Status.UPLOADED, 1, "Web Database")
    assert sent.sentence == "It waits at the Web Database until head office syncs and confirms it."
    with opened_site(floor.home(HO)) as opened:
        assert find(opened, "17").candidates == ()

    floor.done(HO)
    there = told(floor, HO, "S001 / 17")
    assert way(there, S001).status is Status.PROCESSED
    assert there.headline == "It is here: received from S001 in batch 1 of Sales and processed."
    # The store has not heard of it yet, and says only what it knows.
    assert way(told(floor, S001, "17"), HO).status is Status.UPLOADED

    floor.done(S001)
    known = told(floor, S001, "17")
    assert known.headline == "Head office has it."
    assert (way(known, HO).status, stands_at(way(known, HO))) == (Status.PROCESSED, "end")
    moments = [step.at for step in way(known, HO).steps[1:]]
    assert None not in moments and moments == sorted(m for m in moments if m)


def test_a_price_is_told_true_at_every_step_at_both_ends(floor: ChainFloor) -> None:
    floor.sql(HO, LAMP, PRICE)
    new = told(floor, HO, "A1", "prices")
    assert [(one.site, one.status) for one in new.sites] == [
        (S001, Status.WAITING),
        (S002, Status.WAITING),
    ]
    floor.done(HO)
    assert told(floor, HO, "A1", "prices").headline == "Processed at 0 of 2 stores. 2 wait."
    floor.done(S001)
    here = told(floor, S001, "A1", "prices")
    assert way(here, HO).status is Status.PROCESSED and way(here, HO).batch == 1
    assert [step.title for step in way(here, HO).steps] == [
        "Batch 1",
        "Received",
        "Processed",
        "Confirmed",
    ]
    floor.done(HO)
    half = told(floor, HO, "A1", "prices")
    assert half.headline == "Processed at 1 of 2 stores. 1 waits."
    assert half.advice == ""
    assert [(one.site, one.status) for one in half.sites] == [
        (S002, Status.UPLOADED),
        (S001, Status.PROCESSED),
    ], "what waits comes first"
    assert "S002 has not synced since (last seen" in way(half, S002).sentence
    floor.done(S002)
    floor.done(HO)
    assert told(floor, HO, "A1", "prices").headline == "Processed at both stores."


def test_a_newer_change_waits_everywhere_and_says_who_has_the_version_before(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, LAMP)
    floor.done(HO)
    floor.done(S001)
    floor.done(HO)
    floor.sql(HO, "UPDATE item SET name = 'Lampe' WHERE code = 'A1'")
    newer = told(floor, HO, "A1", "items")
    assert newer.headline == "The newest change waits here to be collected by the next sync."
    assert {one.status for one in newer.sites} == {Status.WAITING}
    assert way(newer, S001).sentence.endswith("S001 has the version before it.")
    assert "before it" not in way(newer, S002).sentence


def test_a_selective_sync_says_who_was_not_chosen(floor: ChainFloor) -> None:
    floor.sql(HO, LAMP)
    floor.done(HO, S001)
    chosen = told(floor, HO, "A1", "items")
    assert way(chosen, S001).status is Status.UPLOADED
    assert way(chosen, S002).status is Status.WAITING
    assert way(chosen, S002).sentence == (
        "It is not released to S002, since only S001 was chosen. "
        "Press Sync All, or Sync Selective to S002."
    )
    floor.done(HO)
    assert way(told(floor, HO, "A1", "items"), S002).status is Status.UPLOADED


def test_a_record_for_some_sites_is_told_for_these_only(floor: ChainFloor) -> None:
    floor.sql(
        HO, "INSERT INTO promotion VALUES ('P1', 'Summer')",
        "INSERT INTO promotion_site VALUES ('P1', 'S002')",
    )  # fmt: skip
    assert [one.site for one in told(floor, HO, "Summer").sites] == [S002]
    floor.settle()
    told_now = told(floor, HO, "P1")
    assert [(one.site, one.status) for one in told_now.sites] == [(S002, Status.PROCESSED)]
    floor.sql(HO, "INSERT INTO promotion_site VALUES ('P1', 'S001')")
    floor.done(HO)
    both = told(floor, HO, "P1")
    assert way(both, S001).status is Status.UPLOADED
    assert way(both, S002).status is Status.PROCESSED, "it had it already, and got nothing new"


def test_a_site_that_lost_a_record_is_told_until_the_next_change(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'hello')")
    floor.settle()
    floor.sql(HO, "DELETE FROM notice WHERE code = 'N1'")
    floor.done(HO)
    gone = told(floor, HO, "N1")
    assert gone.record.is_gone and [one.site for one in gone.sites] == [S001]
    assert way(gone, S001).status is Status.UPLOADED
    floor.settle()
    assert way(told(floor, HO, "N1"), S001).sentence == "It is deleted at S001 too."


def test_a_record_for_nobody_goes_nowhere(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO promotion VALUES ('P1', 'Nobody')")
    floor.done(HO)
    told_now = told(floor, HO, "P1")
    assert told_now.sites == ()
    assert told_now.headline == "It is here, and nothing of it has been sent or received yet."


def test_what_needs_attention_at_a_store_is_told_at_both_ends(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO item VALUES ('LOCAL', 'mine', '111')")
    floor.sql(HO, LAMP)
    floor.done(HO)
    floor.sync(S001)
    floor.done(HO)
    there = told(floor, HO, "A1", "items")
    assert there.sites[0].site == S001 and there.sites[0].needs_attention
    assert there.sites[0].sentence.startswith("It needs attention at S001: Another record here")
    assert stands_at(there.sites[0]) == "Needs attention"
    assert there.sites[0].status is Status.RECEIVED, "its batch is processed, this record is not"
    assert there.headline == "Processed at 0 of 2 stores. 1 waits. 1 needs attention."
    here = told(floor, S001, "A1", "items")
    assert here.record.key_text == "A1", "it is found although it is not in the table"
    assert way(here, HO).needs_attention and way(here, HO).status is Status.RECEIVED
    assert "needs attention here" in here.headline


def test_a_record_too_large_to_travel_says_that_it_could_not_be_sent(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ginesys_sync.engine.seal.MAX_BODY_BYTES", 20_000)
    assert routes.MAX_BODY_BYTES > 20_000
    floor.sql(HO, "INSERT INTO odd VALUES ('BIG', randomblob(50000), '')")
    floor.sync(HO)
    big = told(floor, HO, "BIG")
    assert big.headline.startswith("It could not be sent:")
    assert {one.status for one in big.sites} == {Status.WAITING}
    assert all(one.needs_attention for one in big.sites)


def test_a_withdrawn_batch_and_a_blocked_lane_are_named(floor: ChainFloor) -> None:
    floor.sql(HO, LAMP)
    floor.done(HO, S001)
    floor.sql(
        HO, "INSERT INTO sync_block(kind, name, reason, who, at) VALUES "
        "('channel', 'catalogue', 'stock-taking', 'Meera', '2026-11-22T10:00:00.000Z')",
    )  # fmt: skip
    held = way(told(floor, HO, "A1", "items"), S002)
    assert held.status is Status.BLOCKED
    assert held.sentence == "Meera blocked Catalogue: stock-taking. It waits until unblocked."
    floor.sql(HO, "UPDATE sync_batch SET withdrawn_at = '2026-11-22T10:01:00.000Z'")
    assert way(told(floor, HO, "A1", "items"), S001).status is Status.WITHDRAWN


def test_a_blocked_record_says_who_blocked_it_and_why(floor: ChainFloor) -> None:
    floor.sql(
        HO, LAMP, "INSERT INTO sync_block(kind, name, k1, reason, who, at) VALUES "
        "('record', 'items', 'A1', 'wrong tax', 'Meera', '2026-11-22T10:00:00.000Z')",
    )  # fmt: skip
    held = told(floor, HO, "A1", "items")
    assert held.headline == "Meera blocked it: wrong tax. The change stays here."
    assert {one.status for one in held.sites} == {Status.BLOCKED}


def test_a_store_that_joined_late_has_it_by_its_first_load(floor: ChainFloor) -> None:
    floor.sql(HO, LAMP)
    floor.settle()
    floor.join(S003)
    floor.sync(S003)
    floor.done(HO)
    assert "first load of S003" in way(told(floor, HO, "A1", "items"), S003).sentence
    floor.done(S003)
    here = way(told(floor, S003, "A1", "items"), HO)
    assert here.sentence == "It is here: received from head office by the first load and processed."
    floor.done(HO)
    covered = way(told(floor, HO, "A1", "items"), S003)
    assert (covered.status, stands_at(covered)) == (Status.COVERED, "end")
    assert told(floor, HO, "A1", "items").headline == "Processed at all 3 stores."


def test_a_shared_record_is_told_both_ways(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO customer VALUES ('C1', 'Asha Rao', '1', '2026-01-01')")
    assert [one.is_incoming for one in told(floor, S001, "asha").sites] == [False]
    floor.done(S001)
    floor.done(HO)
    at_ho = told(floor, HO, "Asha Rao")
    assert [(one.site, one.is_incoming) for one in at_ho.sites] == [
        (S001, True),
        (S001, False),
        (S002, False),
    ]
    floor.settle()
    both = told(floor, S001, "C1")
    assert {(one.is_incoming, one.status) for one in both.sites} == {
        (True, Status.PROCESSED),
        (False, Status.PROCESSED),
    }


def test_a_row_of_the_grids_leads_to_its_record_also_when_it_is_gone(floor: ChainFloor) -> None:
    floor.sql(HO, LAMP, PRICE)
    floor.settle()
    floor.sql(HO, "DELETE FROM price")
    floor.settle()
    with opened_site(floor.home(S001)) as opened:
        record = record_named(opened, "prices", "A1 / 2026-01-01")
        assert record is not None
        gone = journey(opened, record)
    assert gone.headline == "It was deleted: head office said so in batch 2 of Pricing."
    assert way(gone, HO).status is Status.PROCESSED


def test_what_never_came_is_said_not_to_be_here(floor: ChainFloor) -> None:
    with opened_site(floor.home(S001)) as opened:
        record = record_named(opened, "items", "NEVER")
        assert record is not None
        told_now = journey(opened, record)
    assert told_now.headline.startswith("It is not here: nothing of it has come from head office")
    assert told_now.sites[0].status is None and told_now.sites[0].steps == ()


def test_when_the_bodies_are_no_longer_kept_it_says_so(floor: ChainFloor) -> None:
    floor.sql(HO, LAMP)
    floor.settle()
    for body in (floor.home(S001) / "inbox").glob("??/*"):
        body.unlink()
    assert told(floor, S001, "A1", "items").headline == (
        "It is here, from head office. Which batch brought it is no longer known."
    )


def test_five_thousand_sites_come_in_pages_those_that_wait_first(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4998) "
        "INSERT INTO sync_site(code, name, role, state) "
        "SELECT printf('T%04d', i), 'Shop ' || i, 'store', 'active' FROM n",
        LAMP,
    )
    floor.done(HO)
    floor.done(S001)
    floor.done(HO)
    with opened_site(floor.home(HO)) as opened:
        (record,) = find(opened, "Lamp").candidates
        first = journey(opened, record, limit=100)
        assert (first.total, first.whole, first.next) == (5000, 5000, 100)
        assert first.headline == "Processed at 1 of 5,000 stores. 4,999 wait."
        assert S001 not in {one.site for one in first.sites}
        last = journey(opened, record, after=4900, limit=100)
        assert last.sites[-1].site == S001 and last.next is None
        one = journey(opened, record, search="shop 4711")
        assert [(found.site, one.total, one.whole) for found in one.sites] == [("T4711", 1, 5000)]


def test_no_question_reads_the_books_from_end_to_end(floor: ChainFloor) -> None:
    floor.sql(HO, LAMP, PRICE)
    floor.sql(S001, BILL)
    floor.settle()
    asked: set[str] = set()
    for site, text in ((HO, "A1"), (HO, "S001 / 17"), (S001, "17"), (S001, "A1")):
        with opened_site(floor.home(site)) as opened, pytest.MonkeyPatch.context() as patch:
            trace(patch, asked)
            for one in find(opened, text).candidates:
                journey(opened, one)
    plans = {statement: plan_of(floor, statement) for statement in asked}
    for statement, plan in plans.items():
        for table in ("sync_record", "sync_batch", "sync_ack", "sync_release", "sync_parked"):
            assert not scans(statement, plan, table), (statement, plan)
    assert sum("sync_batch" in plan for plan in plans.values()) > 3


def trace(patch: pytest.MonkeyPatch, asked: set[str]) -> None:
    """Note every statement that a question runs."""

    def traced(connection: Connection) -> sqlite3.Connection:
        driver = raw(connection)
        driver.set_trace_callback(asked.add)
        return driver

    for module in (finding, books):
        patch.setattr(module, "raw", traced)


def plan_of(floor: ChainFloor, statement: str) -> str:
    """How SQLite answers a statement, with the tables' own names."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return ""
    return "\n".join(row[3] for row in floor.sql(HO, f"EXPLAIN QUERY PLAN {statement}"))


def scans(statement: str, plan: str, table: str) -> bool:
    """Whether the plan reads a whole table of the books, by whatever alias."""
    words = statement.split()
    aliases = {table} | {
        words[place + 1].strip(",()")
        for place, word in enumerate(words[:-1])
        if word.strip("(") == table
    }
    return any(
        f"{line} ".startswith(f"SCAN {alias} ") for alias in aliases for line in plan.split("\n")
    )
