"""How the shop writes: one transaction a verb, and many rows at once where there are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Connection, Engine

from ginesys_sync.shop.schema import site

Database = Engine | Connection
"""An Engine: the verb is a transaction of its own. A Connection: it joins the caller's."""

ROWS_AT_ONCE = 10_000


@contextmanager
def writing(database: Database) -> Iterator[Connection]:
    """A transaction that may read first and write later.

    On SQLite the write lock is taken at once: a transaction that reads before it asks for the
    lock fails with "database is locked", whatever the timeout, when another wrote meanwhile.
    """
    if isinstance(database, Connection):
        yield database
        return
    with database.begin() as connection:
        if connection.dialect.name == "sqlite":
            _take_write_lock(connection)
        yield connection


@contextmanager
def reading(database: Database) -> Iterator[Connection]:
    """A connection to read from."""
    if isinstance(database, Connection):
        yield database
        return
    with database.connect() as connection:
        yield connection


def insert_rows(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> int:
    """Insert `rows` (values in the table's column order), 10,000 at once; returns how many."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    columns = ", ".join(column.name for column in table.columns)
    marks = ", ".join(mark for _ in table.columns)
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"
    waiting, count = iter(rows), 0
    while chunk := [tuple(row) for row in islice(waiting, ROWS_AT_ONCE)]:
        connection.exec_driver_sql(statement, chunk)
        count += len(chunk)
    return count


def _take_write_lock(connection: Connection) -> None:
    if getattr(connection.connection.dbapi_connection, "in_transaction", False):
        # The engine's owner already began one, perhaps a deferred one: a first write that writes
        # nothing takes the lock before anything was read.
        connection.execute(site.update().where(site.c.code != site.c.code).values(name=site.c.name))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
