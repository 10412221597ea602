"""The items that the benchmarks move, and the plain SQLite database that they are compared with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from ginesys_sync.shop.chain_items import Chain, item_rows, products
from ginesys_sync.shop.schema import create_tables

COLUMNS = 12
INSERT = f"INSERT INTO item VALUES ({', '.join('?' * COLUMNS)})"
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
)
"""The same as the product's own connections have."""


def make_items(count: int) -> list[tuple[Any, ...]]:
    """`count` items of the built-in shop, in the order a shop would number them."""
    chain = Chain(today=date(2026, 1, 31), items=count)
    return item_rows(chain, products(chain))


def make_database(path: Path) -> None:
    """A database with the built-in tables, and nothing of the sync."""
    engine = create_engine(f"sqlite+pysqlite:///{path}")
    create_tables(engine)
    engine.dispose()


def connected(path: Path) -> sqlite3.Connection:
    """A plain connection with the same settings as the product's."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


def items_of(path: Path) -> list[tuple[Any, ...]]:
    """All items in the order they were written."""
    with closing(connected(path)) as connection:
        return connection.execute("SELECT * FROM item ORDER BY rowid").fetchall()


def item_hash(path: Path) -> str:
    """SHA-256 of all items in the order of their keys, each value with its type."""
    digest = sha256()
    with closing(connected(path)) as connection:
        rows = connection.execute("SELECT * FROM item ORDER BY code")
        while some := rows.fetchmany(10_000):
            digest.update(repr(some).encode())
    return digest.hexdigest()


def description(path: Path) -> dict[str, Any]:
    """What a baseline's database is: its DDL, indexes and PRAGMAs, as the file itself says."""
    with closing(connected(path)) as connection:
        ddl = list(_texts(connection, "table"))
        indexes = list(_texts(connection, "index"))
        names = ("journal_mode", "synchronous", "cache_size", "page_size", "wal_autocheckpoint")
        found = {n: connection.execute(f"PRAGMA {n}").fetchone()[0] for n in names}
    return {
        "ddl": ddl,
        "indexes": indexes,
        "pragmas": found,
        "transactions": 1,
        "statement": f"executemany({INSERT!r})",
        "sqlite": sqlite3.sqlite_version,
    }


def _texts(connection: sqlite3.Connection, kind: str) -> Iterator[str]:
    for (text,) in connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = ? AND tbl_name = 'item' AND sql IS NOT NULL",
        (kind,),
    ):
        yield " ".join(text.split())
