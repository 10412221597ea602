"""Climbing the migrations by Alembic, all steps in one SQLite transaction."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps what it runs in module globals: two threads would mix."""


def climb(path: Path, version: str = "head") -> None:
    """Bring the database at `path` to a version, the newest by default. Two at once: the second
    finds it done.

    Raises sqlite3.Error; nothing is half-done then.
    """
    with _ONE_AT_A_TIME:
        _climb(path, version)


def _climb(path: Path, version: str) -> None:
    engine = create_engine(f"sqlite+pysqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _take_the_write_lock(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, version)
    except DBAPIError as fault:
        raise sqlite3.OperationalError(str(fault.orig)) from fault
    finally:
        engine.dispose()
