"""The Web Database's own SQLite database: connections, transactions, its version."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Empty, LifoQueue

from ginesys_sync.core.errors import DatabaseUnusable, VersionsDiffer
from ginesys_sync.relay.migrations import KNOWN_VERSIONS, VERSION_TABLE

ORGANISATION = "default"
"""The one organisation there is for now; every key leads with it."""

_BUSY_SECONDS = 20.0
_PAUSE_SECONDS = 0.01
_PRAGMAS = (
    "PRAGMA busy_timeout=20000",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA trusted_schema=OFF",
)


class Database:
    """Connections to one file: many readers, one writer at a time (a lock queues ours)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._writer = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot for everything read inside."""
        with self._lent() as connection, self._transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; an exception undoes all of it."""
        with (
            self._writer,
            self._lent() as connection,
            self._transaction(connection, "BEGIN IMMEDIATE"),
        ):
            yield connection

    @contextmanager
    def watching(self) -> Iterator[Callable[[], bool]]:
        """Gives what to call to learn whether anybody committed since it was called last (at first:
        yes). It costs a few microseconds, never waits, and says yes when it cannot tell.
        """
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA busy_timeout=0")
            seen: int | None = None

            def has_changed() -> bool:
                nonlocal seen
                before = seen
                try:
                    (seen,) = connection.execute("PRAGMA data_version").fetchone()
                except sqlite3.OperationalError:
                    seen = None
                return seen is None or seen != before

            yield has_changed

    def close(self) -> None:
        """Close what is idle; the last one out folds the write-ahead log into the file."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.row_factory = sqlite3.Row
        _write_ahead(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    @staticmethod
    @contextmanager
    def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
        connection.execute(begin)
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have the database in WAL mode. While others use a new one, SQLite refuses at once, whatever
    the timeout: that is waited out here."""
    ends_at = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as fault:
            is_busy = fault.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= ends_at:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def open_database(path: Path) -> Database:
    """Open the database, making or migrating it first when it needs that.

    Raises VersionsDiffer when a newer program made it, DatabaseUnusable when it is none.
    """
    try:
        version = _version(path)
        if version != KNOWN_VERSIONS[-1]:
            if version is not None and version not in KNOWN_VERSIONS:
                raise VersionsDiffer(
                    f"This Web Database was made by a newer program (its version is {version}, "
                    f"this program knows {KNOWN_VERSIONS[-1]}).",
                    "Start the newer program, or update this one; nothing was changed.",
                )
            _migrate(path, version)
        return Database(path)
    except (sqlite3.Error, OSError) as fault:
        raise DatabaseUnusable(
            "The Web Database's own database cannot be opened.",
            "Check that the home folder is the right one and that this user may write to it.",
            detail=f"{path.name}: {fault}",
        ) from fault


def _version(path: Path) -> str | None:
    """The version that the file says; None when there is no file, or one without tables."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if VERSION_TABLE not in tables:
            if tables:
                raise sqlite3.DatabaseError("it holds other tables than a Web Database's")
            return None
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
        return row[0] if row else None


def _migrate(path: Path, version: str | None) -> None:
    # Alembic takes 0.4 s to import: only a new or an older database pays for it.
    from ginesys_sync.relay.migrations.climb import climb

    if version is not None:
        copy = path.with_name(f"{path.name}.before-{KNOWN_VERSIONS[-1]}")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    climb(path)
