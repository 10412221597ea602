"""`capture`: what the capture triggers cost a program that writes items.

Two databases, equal but for the capture triggers, take turns every few thousand rows, so that both
halves of a round meet the same machine: each turn is one transaction with one `executemany`. First
plain inserts into the empty table, then plain updates of every row (name, price and time by key).
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ginesys_sync.services.setup import built_in_plan
from ginesys_sync.store.database import Database, migrate, transaction
from ginesys_sync.store.plans import install_plan
from tests.bench.report import Measure, middle_ratio, note, rounded
from tests.bench.rows import INSERT, connected, description, item_hash, make_database, make_items

ROWS = 200_000
ROUNDS = 3
TURNS = 20
LIMITS = {"insert": 1.6, "update": 1.8}
UPDATE = "UPDATE item SET name = ?, mrp_minor = ?, changed_at = ? WHERE code = ?"
_STATEMENTS = {"insert": INSERT, "update": UPDATE}


def run(quick: bool, rows: int = 0) -> list[Measure]:
    """Plain insert and plain update with and without capture."""
    count = rows or (5_000 if quick else ROWS)
    made = make_items(count)
    work = {
        "insert": made,
        "update": [(f"{r[1]} *", r[9] + 100, "2026-02-01T00:00:00.000Z", r[0]) for r in made],
    }
    plain: dict[str, list[float]] = {kind: [] for kind in work}
    captured: dict[str, list[float]] = {kind: [] for kind in work}
    with tempfile.TemporaryDirectory(prefix="bench-capture-") as name:
        without, with_capture = Path(name) / "plain.sqlite3", Path(name) / "captured.sqlite3"
        for number in range(1, (1 if quick else ROUNDS) + 1):
            make_database(without)
            make_database(with_capture)
            _install(with_capture)
            for kind, rows in work.items():
                one, other = _take_turns(without, with_capture, _STATEMENTS[kind], rows)
                plain[kind].append(one)
                captured[kind].append(other)
            facts, triggers = description(without), _check(without, with_capture, count)
            without.unlink()
            with_capture.unlink()
            last = ", ".join(f"{captured[kind][-1] / plain[kind][-1]:.2f} {kind}" for kind in work)
            note(f"capture round {number}: {count:,} rows, {last}")
    return [
        Measure(
            "capture",
            f"plain {kind}",
            middle_ratio(captured[kind], plain[kind]),
            LIMITS[kind],
            judged=not quick,
            raw={
                "rows": count,
                "seconds": rounded(captured[kind]),
                "baseline_seconds": rounded(plain[kind]),
                "hashes_equal": True,
                "triggers": triggers,
                "baseline": facts
                | {"statement": f"executemany({_STATEMENTS[kind]!r})", "transactions": TURNS},
            },
        )
        for kind in work
    ]


def _install(path: Path) -> None:
    """Put the sync's own tables and the triggers of head office in place."""
    database = Database(f"sqlite+pysqlite:///{path}")
    migrate(database)
    with database.connect() as connection, transaction(connection):
        install_plan(connection, built_in_plan(), is_head_office=True)
    database.dispose()


def _take_turns(
    without: Path, with_capture: Path, statement: str, rows: list[tuple[Any, ...]]
) -> tuple[float, float]:
    """Carry the statement out for all rows in both databases, by turns; the seconds of each."""
    size = -(-len(rows) // TURNS)
    seconds = [0.0, 0.0]
    with closing(connected(without)) as one, closing(connected(with_capture)) as other:
        for connection in (one, other):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for turn in range(TURNS):
            some = rows[turn * size : (turn + 1) * size]
            # Who begins changes every turn: what follows something busy is not always the same.
            for place in (0, 1) if turn % 2 else (1, 0):
                seconds[place] += _write((one, other)[place], statement, some)
    return seconds[0], seconds[1]


def _write(connection: sqlite3.Connection, statement: str, rows: list[tuple[Any, ...]]) -> float:
    began = time.monotonic()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(statement, rows)
    connection.execute("COMMIT")
    return time.monotonic() - began


def _check(without: Path, with_capture: Path, count: int) -> list[str]:
    """Both hold the same, and every write was noted. Returns the triggers' texts."""
    assert item_hash(without) == item_hash(with_capture), "capture changed what was written"
    with closing(connected(with_capture)) as connection:
        (noted,) = connection.execute(
            "SELECT count(*) FROM sync_change WHERE entity = 'items'"
        ).fetchone()
        assert noted == 2 * count, f"{noted} changes noted, {2 * count} made"
        found = connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'item' ORDER BY 1"
        )
        return [" ".join(text.split()) for (text,) in found]
