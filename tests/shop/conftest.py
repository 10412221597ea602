"""A shop's database on a real disk, as a program that knows its trade opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from sqlite3 import Connection as RawConnection

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine

from ginesys_sync.shop.schema import create_tables


def prepare(raw: RawConnection, _: object) -> None:
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=NORMAL")


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Callable[[str], Engine]]:
    """Makes (or opens again) a database with the shop's tables by name."""
    opened = []

    def open_one(name: str) -> Engine:
        engine = create_engine(f"sqlite+pysqlite:///{tmp_path / name}.db")
        event.listen(engine, "connect", prepare)
        create_tables(engine)
        opened.append(engine)
        return engine

    yield open_one
    for engine in opened:
        engine.dispose()


@pytest.fixture
def engine(open_shop: Callable[[str], Engine]) -> Engine:
    return open_shop("shop")
