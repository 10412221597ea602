"""*Received Data* is found by its orders, not walked over: on random books it says exactly what a
plain row by row telling says, whatever is filtered and sorted."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import pytest
from sqlalchemy import Connection, create_engine

from ginesys_sync.core.clock import from_iso
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.plan_text import parse_plan
from ginesys_sync.core.status import Kind, Status
from ginesys_sync.services import received_groups, received_text
from ginesys_sync.services.received_list import ReceivedList
from ginesys_sync.services.views import GridFilter
from ginesys_sync.store import schema
from ginesys_sync.store.database import raw
from tests.support.chain_floor import floor_plan
from tests.support.plain_received import SITES, fill_books, moment_of, plain_groups, plain_rows

SORTS = (
    "", "site", "records", "size", "status", "received_at", "processed_at", "batch", "problem",
    "what", "created_at", "attention",
)  # fmt: skip
TEXTS = (
    "", "S00", "s-a", "S", "3", "1,2", "40 bi", "bill", "item", "Ack", "batch 1,2", "sales", "rec",
    "process", "needs", "attention at S", "first load", "zz", "34",
)  # fmt: skip
LIMITS = [pytest.param((8_000, 60_000, 4_000), id="few"), pytest.param((3, 9, 5), id="many")]
"""How many rows are few, how many are still numbered, how many fill a page."""
EVERYTHING = GridFilter()


@pytest.fixture(params=LIMITS)
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to find the rows, on the same small books."""
    few, many, page = request.param
    monkeypatch.setattr(received_text, "FEW", few)
    monkeypatch.setattr(received_text, "MANY", many)
    monkeypatch.setattr(received_groups, "_MADE_A_PAGE", page)
    monkeypatch.setattr(received_groups, "_SUMMED_A_PAGE", page)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of the test tables."""
    return parse_plan(json.dumps(floor_plan()))


@contextmanager
def books_of(seed: int, me: str) -> Iterator[Connection]:
    """Random books, the same for the same seed."""
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            schema.metadata.create_all(connection)
            fill_books(raw(connection), random.Random(seed), me)
            yield connection
    finally:
        engine.dispose()


def some_filter(dice: random.Random) -> GridFilter:
    day = from_iso(moment_of(dice.randint(0, 4000)))
    return GridFilter(
        site=dice.choice(("", "", "HO", *SITES)),
        status=dice.choice((None, None, None, Status.PROCESSED, Status.RECEIVED, Status.WAITING)),
        since=dice.choice((None, None, day)),
        until=dice.choice((None, None, None, from_iso(moment_of(dice.randint(400, 4000))))),
        text=dice.choice(TEXTS),
        sort=dice.choice(("", "-")) + dice.choice(SORTS),
    )


def compare_rows(plan: Plan, seed: int, me: str) -> None:
    with books_of(seed, me) as connection:
        dice = random.Random(seed)
        wishes = [some_filter(dice) for _ in range(12)]
        wishes += [GridFilter(text=text) for text in TEXTS]
        wishes += [GridFilter(sort=down + name) for name in SORTS for down in ("", "-")]
        for wanted in wishes:
            told = plain_rows(raw(connection), plan, me, wanted)
            found = ReceivedList(connection, plan, me, wanted)
            assert list(found.rows()) == told, wanted
            assert list(islice(found.rows(), 7)) == told[:7]
            for run in (1, 4):
                of_run = [row for row in told if row.run == run]
                assert list(found.rows(run)) == of_run, wanted


def compare_groups(plan: Plan, seed: int, me: str) -> None:
    with books_of(seed, me) as connection:
        dice = random.Random(seed)
        for wanted in (EVERYTHING, *(some_filter(dice) for _ in range(8))):
            unsorted = GridFilter(
                wanted.site, wanted.status, wanted.since, wanted.until, wanted.text
            )
            told = dict(plain_groups(plain_rows(raw(connection), plan, me, unsorted)))
            found = ReceivedList(connection, plan, me, wanted)
            page = found.groups(None, 3)
            groups = list(page.rows)
            while page.next is not None:
                page = found.groups(page.next, 3)
                groups += page.rows
            assert [group.run for group in groups] == list(told), wanted
            for group in groups:
                rows = told[group.run]
                data = [row for row in rows if row.kind is Kind.DATA]
                assert group.rows == len(rows)
                assert group.records == sum(row.records for row in data)
                assert group.size == sum(row.size for row in rows)
                assert group.attention == sum(row.attention for row in rows)
                assert dict(group.statuses) == Counter(row.status for row in rows)
                assert group.received_at == max(filter(None, (row.received_at for row in rows)))
                times = [row.processed_at for row in rows]
                assert group.processed_at == (None if None in times else max(filter(None, times)))
                acks = len(rows) - len(data)
                assert group.title.startswith("Sync All: ")
                is_told = f"{acks} acknowledgement" in group.title
                assert is_told == bool(acks) or "more kind" in group.title


@pytest.mark.parametrize("me", ["HO", "S001"])
@pytest.mark.usefixtures("limits")
def test_rows_and_groups_are_those_of_the_plain_telling(plan: Plan, me: str) -> None:
    compare_rows(plan, 1, me)
    compare_groups(plan, 1, me)


@pytest.mark.long
@pytest.mark.parametrize("me", ["HO", "S001"])
@pytest.mark.parametrize("seed", range(2, 30))
@pytest.mark.usefixtures("limits")
def test_so_they_are_on_many_books(plan: Plan, seed: int, me: str) -> None:
    compare_rows(plan, seed, me)
    compare_groups(plan, seed, me)


def test_what_is_summed_reads_as_what_is_counted_one_by_one(plan: Plan) -> None:
    with books_of(5, "HO") as connection:
        summed = ReceivedList(connection, plan, "HO", EVERYTHING).groups(None, 50).rows
        everything = GridFilter(since=from_iso(moment_of(0)))
        counted = ReceivedList(connection, plan, "HO", everything).groups(None, 50).rows
        assert len(summed) > 2 and summed == counted


def test_a_page_costs_the_same_whatever_lies_behind_it(plan: Plan) -> None:
    """No order is made by sorting all rows: SQLite says so of every query of a walk."""
    with books_of(3, "HO") as connection:
        asked: list[str] = []
        raw(connection).set_trace_callback(asked.append)
        for name in ("", "records", "size", "received_at", "batch"):
            for sort in (name, f"-{name}"):
                found = ReceivedList(connection, plan, "HO", GridFilter(sort=sort))
                assert len(list(islice(found.rows(), 5))) == 5
        raw(connection).set_trace_callback(None)
        walks = [query for query in asked if "INDEXED BY sync_" in query]
        assert len(walks) > 20
        for query in walks:
            plan_of = raw(connection).execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
            steps = [row[-1] for row in plan_of]
            assert not [step for step in steps if step == "USE TEMP B-TREE FOR ORDER BY"], query


def test_what_was_processed_before_its_sender_began_anew_stays_processed(plan: Plan) -> None:
    with books_of(5, "S001") as connection:
        books = raw(connection)
        for table in ("batch", "ack", "stream", "load", "parked"):
            books.execute(f"DELETE FROM sync_{table}")
        at = [moment_of(minute) for minute in (1, 2, 3)]
        for number in (1, 2, 3):
            books.execute(
                "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, "
                "records, gone, rows, sha256, size, raw_size, sealed_at, received_at) "
                "VALUES ('HO/sales', ?, '1-aa', 1, 'bills', 0, 1, 1, 0, 1, '', 9, 9, ?, ?)",
                (number, at[0], at[1]),
            )
        books.execute(
            "INSERT INTO sync_ack(stream, site, epoch, from_no, to_no, run, applied_at) "
            "VALUES ('HO/sales', 'S001', '1-aa', 0, 2, 1, ?)",
            (at[2],),
        )
        books.execute("INSERT INTO sync_stream(stream, epoch) VALUES ('HO/sales', '2-bb')")
        found = ReceivedList(connection, plan, "S001", EVERYTHING)
        rows = {row.batch: (row.status, row.processed_at) for row in found.rows()}
        assert rows == {
            1: (Status.PROCESSED, from_iso(at[2])),
            2: (Status.PROCESSED, from_iso(at[2])),
            3: (Status.RECEIVED, None),
        }
        waits = GridFilter(status=Status.RECEIVED)
        assert [row.batch for row in ReceivedList(connection, plan, "S001", waits).rows()] == [3]
        (group,) = found.groups(None, 5).rows
        assert dict(group.statuses) == {Status.RECEIVED: 1, Status.PROCESSED: 2}
