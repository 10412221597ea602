"""What another party can learn of is on the disk first; the rest does not wait for the disk."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from sqlalchemy import event

from ginesys_sync.store import database as database_room
from tests.support.chain_floor import HO, S001, ChainFloor

ROWS = 6_000
_CURSOR = "UPDATE sync_stream SET applied_no"


class _Commits:
    """Every transaction of the connections made meanwhile: whether its commit waits for the disk,
    and what was done in it."""

    def __init__(self) -> None:
        self.lasting: list[str] = []
        self.brief: list[str] = []

    def watch(self, connection: sqlite3.Connection, _: object) -> None:
        """Listen to what a new connection carries out."""
        waits, done = [True], [""]

        def hear(statement: str) -> None:
            if "synchronous=" in statement:
                waits[0] = not statement.endswith("=NORMAL")
            elif statement.startswith("BEGIN"):
                done[0] = ""
            elif statement == "COMMIT":
                (self.lasting if waits[0] else self.brief).append(done[0])
            done[0] += statement + "\n"

        connection.set_trace_callback(hear)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> _Commits:
    """Watches the connections of every run."""
    found = _Commits()
    honest = database_room.Database.__init__

    def watched(self: Any, url: str) -> None:
        honest(self, url)
        event.listen(self.engine, "connect", found.watch)

    monkeypatch.setattr(database_room.Database, "__init__", watched)
    return found


def test_only_the_slice_that_moves_the_cursor_waits_for_the_disk(
    floor: ChainFloor, commits: _Commits
) -> None:
    floor.sql(
        HO,
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) "
        "INSERT INTO item SELECT 'I' || i, 'Item ' || i, 'B' || i FROM n",
    )
    floor.done(HO)
    commits.lasting.clear()
    commits.brief.clear()
    floor.done(S001)

    ends = [done for done in commits.lasting if 'INTO main."item"' in done]
    slices = [done for done in commits.brief if 'INTO main."item"' in done]
    assert len(slices) >= 2, "the batch was to be applied in several slices"
    assert len(ends) == 1 and _CURSOR in ends[0]
    assert not [done for done in commits.brief if "sync_stream SET" in done or "sync_ack" in done]
    assert len(floor.codes(S001, "item")) == ROWS


def test_what_head_office_seals_waits_for_the_disk_before_it_is_sent(
    floor: ChainFloor, commits: _Commits
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')", "DELETE FROM item")
    floor.done(HO)
    assert [done for done in commits.lasting if "INSERT INTO sync_batch" in done]
    assert not commits.brief
