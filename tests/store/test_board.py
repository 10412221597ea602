"""What the books say of every site at once: true, and soon said with 5,000 sites."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ginesys_sync.core.clock import iso
from ginesys_sync.services.board import read_board
from ginesys_sync.services.schedules import zone_or_own
from ginesys_sync.store import board, grids
from ginesys_sync.store.database import Database, transaction
from tests.bench.big_books import NOW, make_big_books
from tests.support.chain_floor import HO, S001, S002, ChainFloor


def database(floor: ChainFloor) -> Database:
    return Database(f"sqlite+pysqlite:///{floor.database(HO)}")


def backlogs(floor: ChainFloor) -> dict[str, tuple[int, int, int]]:
    """Per site: records waiting, those not released to it, batches that it may read."""
    with database(floor).connect() as connection:
        found = board.backlogs(connection, iso(datetime.now(UTC) - timedelta(hours=1)))
    return {site: (each.records, each.unread, each.batches) for site, each in found.items()}


def test_what_waits_is_counted_per_site_through_release_and_acknowledgement(
    floor: ChainFloor,
) -> None:
    assert backlogs(floor) == {}
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('A', 'Apple', NULL), ('B', 'Bread', NULL)",
        "INSERT INTO notice VALUES ('N', 'S002', 'for S002 alone')",
    )
    floor.done(HO, S001)
    assert backlogs(floor) == {S001: (2, 0, 1), S002: (3, 3, 0)}
    floor.done(HO)
    assert backlogs(floor) == {S001: (2, 0, 1), S002: (3, 0, 2)}
    floor.done(S001)
    floor.done(HO)
    assert backlogs(floor) == {S002: (3, 0, 2)}
    with database(floor).connect() as connection:
        assert grids.open_work(connection)[S002].batches == 2
    floor.done(S002)
    floor.done(HO)
    assert backlogs(floor) == {}


@pytest.mark.parametrize(
    ("edits", "waiting"),
    [
        ((), {S001: (2, 0, 1), S002: (2, 0, 1)}),
        (("UPDATE sync_site SET state = 'closed' WHERE code = 'S001'",), {S002: (2, 0, 1)}),
        (
            ("UPDATE sync_site SET state = 'blocked' WHERE code = 'S001'",),
            {S001: (2, 0, 1), S002: (2, 0, 1)},
        ),
        (
            # Of an epoch that is over: whatever was confirmed in it says nothing of this one.
            (
                "INSERT INTO sync_ack(stream, site, epoch, from_no, to_no, run, applied_at, "
                "collected_at) VALUES ('HO/catalogue', 'S001', 'gone', 0, 99, 1, '1', '1')",
            ),
            {S001: (2, 0, 1), S002: (2, 0, 1)},
        ),
        (
            # All in it is acknowledged by one store, and was never released to the other.
            (
                "INSERT INTO sync_ack(stream, site, epoch, from_no, to_no, run, applied_at, "
                "collected_at) SELECT stream, 'S001', epoch, 0, head_no, 1, '1', '1' "
                "FROM sync_stream WHERE stream = 'HO/catalogue'",
                "DELETE FROM sync_release WHERE stream = 'HO/catalogue' AND to_no = "
                "(SELECT head_no FROM sync_stream WHERE stream = 'HO/catalogue')",
            ),
            {S002: (2, 2, 0)},
        ),
    ],
    ids=["as it is", "closed", "blocked", "another epoch", "one of two"],
)
def test_a_backlog_is_told_by_state_epoch_and_release(
    floor: ChainFloor, edits: tuple[str, ...], waiting: dict[str, tuple[int, int, int]]
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('A', 'Apple', NULL), ('B', 'Bread', NULL)")
    floor.done(HO)
    floor.sql(HO, *edits)
    assert backlogs(floor) == waiting


def test_an_hour_counts_who_was_seen_and_what_moved_and_a_day_later_it_is_gone(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "DELETE FROM sync_activity")
    floor.sql(HO, "INSERT INTO item VALUES ('A', 'Apple', NULL), ('B', 'Bread', NULL)")
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 100, NULL)")
    floor.done(HO)
    floor.done(S001)
    floor.done(HO)
    seen = dict(
        (site, (contacts, records))
        for site, contacts, records in floor.sql(
            HO, "SELECT site, sum(contacts), sum(records) FROM sync_activity GROUP BY site"
        )
    )
    assert seen[S001] == (1, 3)
    assert seen.get(S002, (0, 0))[1] == 0
    with database(floor).connect() as connection:
        now = datetime.now(UTC)
        assert board.activity(connection, now)[S001].endswith(":1:3")
        later = now + timedelta(hours=board.KEPT_HOURS + 1)
        assert board.activity(connection, later) == {}
        with transaction(connection):
            board.purge_activity(connection, later)
    assert floor.sql(HO, "SELECT * FROM sync_activity") == []


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Head office's books with 5,000 sites, each seen in every hour of the day."""
    chain = make_big_books(tmp_path_factory.mktemp("big") / "chain")
    with closing(sqlite3.connect(chain.database("HO"))) as books:
        last = board.hour_of(NOW)
        books.executemany(
            "INSERT INTO sync_activity VALUES (?, ?, 4, 40)",
            [(f"T{n:04d}", last - hour) for n in range(1, 5_001) for hour in range(24)],
        )
        books.execute(
            "INSERT OR REPLACE INTO sync_state VALUES ('contacts_heard_at', ?)", (iso(NOW),)
        )
        books.commit()
    return chain.database("HO")


@pytest.mark.alone
def test_the_board_of_5000_sites_is_read_at_once(big: Path) -> None:
    with Database(f"sqlite+pysqlite:///{big}").connect() as connection:
        seconds = []
        for _ in range(3):
            began = time.process_time()
            found = read_board(connection, NOW, zone_or_own("UTC"))
            seconds.append(time.process_time() - began)
        assert len(found.lines) == 5_001
        waiting = {line.code: line.unacknowledged for line in found.lines if line.unacknowledged}
        told = {
            site: work.batches for site, work in grids.open_work(connection).items() if work.batches
        }
    assert waiting == told
    assert min(seconds) < 2.0, seconds  # of the processor; `bench ui` judges the 300 ms


@pytest.mark.parametrize("query", [board._STREAMS, board._BEHIND, board._UNPROCESSED])
def test_no_statement_walks_through_what_grows_with_the_months(big: Path, query: str) -> None:
    with closing(sqlite3.connect(big)) as books:
        given = {"stream": "HO/catalogue", "epoch": "1", "head": 9, "released": 9}
        plan = [row[3] for row in books.execute(f"EXPLAIN QUERY PLAN {query}", given)]
    assert not [step for step in plan if step.startswith(("SCAN b", "SCAN k", "SCAN r"))], plan
