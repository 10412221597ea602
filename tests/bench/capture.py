"""`capture`: what the capture triggers cost a program that writes items.

Two databases take turns, equal but for the capture triggers: one `executemany` of plain inserts in
one transaction into the empty table, then one of plain updates of every row (name, price and time
by key).
"""

from __future__ import annotations

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
            _take(without, work, plain)
            make_database(with_capture)
            _install(with_capture)
            _take(with_capture, work, captured)
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
                "baseline": facts | {"statement": f"executemany({_STATEMENTS[kind]!r})"},
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


def _take(path: Path, work: dict[str, list[tuple[Any, ...]]], into: dict[str, list[float]]) -> None:
    with closing(connected(path)) as connection:
        for kind, rows in work.items():
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            began = time.monotonic()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_STATEMENTS[kind], rows)
            connection.execute("COMMIT")
            into[kind].append(time.monotonic() - began)


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
