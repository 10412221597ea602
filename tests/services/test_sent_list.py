"""*Sent Data* is counted, not walked over: on random books it says exactly what a plain row by row
telling says, whatever is filtered and sorted."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, create_engine

from ginesys_sync.core.clock import from_iso
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.plan_text import parse_plan
from ginesys_sync.core.status import Status
from ginesys_sync.services.lane_sums import LaneSums
from ginesys_sync.services.run_counts import run_counts
from ginesys_sync.services.sent_list import SentBooks, SentList
from ginesys_sync.services.views import NOT_SENT, BatchRow, GridFilter
from ginesys_sync.store import glance, schema
from ginesys_sync.store.database import raw
from tests.support.chain_floor import floor_plan
from tests.support.plain_sent import SITES, fill_books, moment_of, plain_groups, plain_rows

pytestmark = pytest.mark.long

SEEDS = range(30)
SORTS = (
    "", "site", "records", "size", "status", "uploaded_at", "processed_at", "batch", "problem",
    "what", "created_at", "attention",
)  # fmt: skip
TEXTS = ("", "S00", "s001", "3", "price", "upload", "wait", "attention", "wrong", "Catalogue", "zz")
EVERYTHING = GridFilter()


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of the test tables."""
    return parse_plan(json.dumps(floor_plan()))


@contextmanager
def books_of(seed: int) -> Iterator[Connection]:
    """Random books, the same for the same seed."""
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            schema.metadata.create_all(connection)
            fill_books(raw(connection), random.Random(seed))
            yield connection
    finally:
        engine.dispose()


def some_filter(dice: random.Random) -> GridFilter:
    day = from_iso(moment_of(dice.randint(0, 3000)))
    return GridFilter(
        site=dice.choice(("", "", *SITES)),
        status=dice.choice((None, None, *Status)),
        since=dice.choice((None, None, day)),
        until=dice.choice((None, None, None, from_iso(moment_of(dice.randint(1500, 4000))))),
        text=dice.choice(TEXTS),
        sort=dice.choice(("", "-")) + dice.choice(SORTS),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_filtered_and_sorted_rows_are_those_of_the_plain_telling(plan: Plan, seed: int) -> None:
    with books_of(seed) as connection:
        books, dice = SentBooks.read(connection), random.Random(seed)
        wishes = [some_filter(dice) for _ in range(12)]
        wishes += [GridFilter(sort=down + name) for name in SORTS for down in ("", "-")]
        for wanted in wishes:
            told = [row for row, _ in plain_rows(raw(connection), plan, wanted)]
            found = SentList(connection, plan, books, wanted)
            assert list(found.all_rows()) == told, wanted
            assert found.count() == len(told)
            start = dice.randint(0, len(told))
            assert list(found.all_rows(None, start, 7)) == told[start : start + 7], wanted


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_and_what_they_open_to_are_those_of_the_plain_telling(plan: Plan, seed: int) -> None:
    with books_of(seed) as connection:
        books, dice = SentBooks.read(connection), random.Random(seed)
        for wanted in (EVERYTHING, *(some_filter(dice) for _ in range(8))):
            told = dict(plain_groups(plain_rows(raw(connection), plan, wanted)))
            unsorted = replace(wanted, sort="")
            told_groups = dict(plain_groups(plain_rows(raw(connection), plan, unsorted)))
            found = SentList(connection, plan, books, wanted)
            groups, after = found.groups(None, 3)
            while after is not None:
                more, after = found.groups(after, 3)
                groups += more
            assert [group.run for group in groups] == list(told_groups)
            for group in groups:
                rows = told_groups[group.run]
                assert group.rows == len(rows)
                assert group.records == sum(row.records for row in rows)
                assert group.size == sum(row.size for row in rows)
                assert group.attention == sum(row.attention for row in rows)
                assert dict(group.statuses) == Counter(row.status for row in rows)
                if not wanted.sort:
                    assert list(found.all_rows(group.run)) == told[group.run]


@pytest.mark.parametrize("seed", SEEDS)
def test_open_work_per_site_is_what_the_books_say_in_sql(seed: int) -> None:
    with books_of(seed) as connection:
        books = SentBooks.read(connection)
        assert LaneSums(books.facts).open_work() == glance.open_work(raw(connection))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_runs_counts_are_the_sums_of_its_rows(plan: Plan, seed: int) -> None:
    with books_of(seed) as connection:
        books = SentBooks.read(connection)
        rows = plain_rows(raw(connection), plan, EVERYTHING)
        for (run,) in raw(connection).execute("SELECT no FROM sync_run").fetchall():
            sent = defaultdict[str, int](int)
            for row, waits in rows:
                if row.run == run:
                    is_sent = not waits and row.status not in (
                        Status.WAITING, Status.BLOCKED, Status.WITHDRAWN,
                    )  # fmt: skip
                    sent[row.site] += row.records if is_sent else 0
            listed = SentList(connection, plan, books, EVERYTHING)
            counts = run_counts(connection, books.sums, listed, "HO", run)
            assert {site: count.sent for site, count in counts.items() if site in sent} == sent
            assert {site: count.acknowledged for site, count in counts.items()} == {
                site: acknowledged(connection, rows, run, site) for site in counts
            }


def acknowledged(
    connection: Connection, rows: list[tuple[BatchRow, bool]], run: int, site: str
) -> int:
    """Records for a site with a number that an acknowledgement of this run covers."""
    spans = raw(connection).execute(
        "SELECT b.records + b.gone FROM sync_ack k JOIN sync_batch b ON b.stream = k.stream "
        "AND b.epoch = k.epoch AND b.no > k.from_no AND b.no <= k.to_no "
        "WHERE k.run = ? AND k.site = ? AND k.kind <> 'load' AND b.withdrawn_at IS NULL "
        "AND (b.audience IN (SELECT audience FROM sync_audience_site WHERE site = k.site) "
        "OR b.audience = 1 AND k.site IN (SELECT code FROM sync_site WHERE state <> 'closed'))",
        (run, site),
    )
    return sum(records for (records,) in spans)


def test_what_a_run_sealed_for_others_waits_in_a_group_of_its_own(plan: Plan) -> None:
    with books_of(0) as connection:
        driver = raw(connection)
        for table in ("batch", "release", "ack", "attention", "block", "run"):
            driver.execute(f"DELETE FROM sync_{table}")
        driver.execute("UPDATE sync_site SET state = 'active'")
        driver.execute("DELETE FROM sync_site WHERE code NOT IN ('HO', 'S001', 'S002')")
        at = moment_of(1)
        driver.execute(
            "INSERT INTO sync_run(no, started_at, trigger, who, what, sites) "
            "VALUES (4, ?, 'window', '', 'Sync Selective to S001', 'S001')",
            (at,),
        )
        driver.execute(
            "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, "
            "records, gone, rows, sha256, size, raw_size, sealed_at, uploaded_at) "
            "VALUES ('HO/catalogue', 1, 'e1', 4, 'items', 1, 1, 42, 0, 42, '', 1, 1, ?, ?)",
            (at, at),
        )
        driver.execute(
            "INSERT INTO sync_release(stream, site, from_no, to_no, run, at) "
            "VALUES ('HO/catalogue', 'S001', 0, 1, 4, ?)",
            (at,),
        )
        found = SentList(connection, plan, SentBooks.read(connection), EVERYTHING)
        waiting, sent = found.groups(None, 5)[0]
        assert waiting.run == NOT_SENT
        assert waiting.title == "Waiting to be sent: 42 items, for S002"
        assert waiting.statuses == ((Status.WAITING, 1),)
        assert sent.title == "Sync Selective to S001: 42 items"
        assert sent.statuses == ((Status.UPLOADED, 1),)
