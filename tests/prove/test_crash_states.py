"""Two kills that left the same are known by it, and no others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.prove.crash_states import left_behind

A, B, C = ("a1b2c3d4" * 8, "b2c3d4e5" * 8, "c3d4e5f6" * 8)
LONG = "0123456789abcdef" * 9_000


def _made(root: Path, at: str, port: int, words: tuple[str, str]) -> Path:
    """A small chain's folder as one of two runs leaves it."""
    first, second = words
    (root / "HO").mkdir(parents=True)
    (root / "HO" / "home.json").write_text(f'{{"relay": "http://127.0.0.1:{port}"}}')
    (root / "HO" / "key").write_text(first)
    (root / "HO" / first).write_bytes(b"\xff" * 900)
    (root / "relay.json").write_text(f'{{"pid": {port + 1}, "port": {port}}}')
    with closing(sqlite3.connect(root / "HO.sqlite3")) as database:
        database.execute("CREATE TABLE run(no, token TEXT, at TEXT, other TEXT)")
        fault = f"HTTPConnectionPool(host='127.0.0.1', port={port}): connection refused"
        plan = json.dumps([{"sha256": second, "made_at": at} for _ in range(9)])
        rows = [(1, first, at, second), (2, second, None, first), (7, fault, None, plan)]
        rows += [(8, None, None, LONG)]
        database.executemany("INSERT INTO run VALUES (?, ?, ?, ?)", rows)
        database.commit()
    return root


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """What the first run leaves."""
    return _made(tmp_path / "one", "2026-11-28T10:00:00.123Z", 40_001, (A, B))


def test_moments_ports_and_random_words_make_no_difference(one: Path, tmp_path: Path) -> None:
    other = _made(tmp_path / "other", "2026-11-28T10:00:01.456Z", 40_002, (B, C))
    assert left_behind(one) == left_behind(other)


def _sql(statement: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        with closing(sqlite3.connect(root / "HO.sqlite3", isolation_level=None)) as database:
            database.execute(statement)

    return change


def _cut(root: Path) -> None:
    (root / "HO" / A).write_bytes(b"\xff" * 899)


def _put(name: str) -> Callable[[Path], None]:
    return lambda root: root.joinpath("HO", name).touch()


CHANGES: dict[str, Callable[[Path], object]] = {
    "row": _sql("INSERT INTO run VALUES (3, NULL, NULL, NULL)"),
    "null": _sql("UPDATE run SET at = NULL"),
    "type": _sql("UPDATE run SET no = '1' WHERE no = 1"),
    "which word": _sql(f"UPDATE run SET other = '{A}' WHERE no = 1"),
    "long": _sql(f"UPDATE run SET other = '{LONG[::-1]}' WHERE no = 8"),
    "index": _sql("CREATE INDEX run_no ON run(no)"),
    "cut": _cut,
    "part": _put("body.part"),
    "lock": _put("run.lock"),
    "folder": lambda root: root.joinpath("HO", "ab").mkdir(),
    "empty": lambda root: root.joinpath("HO", "key").write_text(""),
    "unsaid": lambda root: root.joinpath("relay.json").write_text(""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_other_difference_is_one(one: Path, change: Callable[[Path], object]) -> None:
    before = left_behind(one)
    assert left_behind(one) == before
    change(one)
    assert left_behind(one) != before


def test_what_is_not_committed_is_not_left(one: Path) -> None:
    with closing(sqlite3.connect(one / "HO.sqlite3", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("SELECT * FROM run").fetchall()
        before = left_behind(one)
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM run")
        assert left_behind(one) == before
        database.execute("COMMIT")
        assert left_behind(one) != before
