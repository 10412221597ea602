"""The business database: opening it, its connections, the border where its faults become ours, its
migrations.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection as Connection
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ginesys_sync.core.errors import (
    DatabaseUnusable,
    DiskFull,
    KnownError,
    PlanUnfit,
    VersionsDiffer,
)
from ginesys_sync.core.text import shown
from ginesys_sync.store import schema

SCHEMA_VERSION = "0004"
"""The newest migration; a database that says more was made by a newer program."""
LOCK_WAIT_SECONDS = 30
_SYNCHRONOUS = "FULL"
"""Whatever another party can learn of is on the disk first."""
_FULL = ("database or disk is full", "disk i/o error")
_NOT_THERE = ("no such table: main.", "no such column", "has no column named")
_LOCKED = ("database is locked", "database table is locked")


class Database:
    """One business database with the sync's own tables in it.

    `url` is an SQLAlchemy URL; SQLite for now. Connections are in autocommit: transactions are
    opened in so many words by `transaction`, which begins IMMEDIATE, because a deferred one that
    turns to writing fails at once.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.path = _sqlite_path(url)
        self.engine = _engine(url)

    def connect(self) -> Connection:
        """A connection in autocommit. Whoever takes it closes it."""
        with database_faults():
            return self.engine.connect()

    def is_there(self) -> bool:
        """Whether the database file exists."""
        return self.path.exists()

    def size(self) -> int:
        """Its size on disk, in bytes."""
        return self.path.stat().st_size

    def dispose(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


@lru_cache(maxsize=64)
def _engine(url: str) -> Engine:
    """Kept from one opening to the next, because it keeps what statements were compiled to: that
    takes a fifth of an empty run. It keeps no connection.
    """
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": LOCK_WAIT_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_connection)
    return engine


def from_anywhere(url: str) -> str:
    """The same database's address, whatever folder a program is started in: a relative path is
    counted from the present one. Raises DatabaseUnusable.
    """
    path = _sqlite_path(url)
    if path.is_absolute():
        return url
    return make_url(url).set(database=str(path.absolute())).render_as_string(hide_password=False)


def _sqlite_path(url: str) -> Path:
    try:
        parsed = make_url(url)
    except SQLAlchemyError as fault:
        raise DatabaseUnusable(
            f"{url!r} is no database address.",
            "Write it like sqlite+pysqlite:///path/to/shop.sqlite3.",
        ) from fault
    advice = "Write the address like sqlite+pysqlite:///path/to/shop.sqlite3."
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseUnusable(
            f"This version syncs SQLite databases only, not {parsed.get_backend_name()}.", advice
        )
    named = parsed.database or ""
    if named in ("", ":memory:") or named.startswith("file:") or "uri" in parsed.query:
        raise DatabaseUnusable(f"{url!r} does not name the file of a database.", advice)
    return Path(named)


def _prepare_connection(connection: sqlite3.Connection, _: object) -> None:
    connection.text_factory = shown
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={_SYNCHRONOUS}")
    connection.execute("PRAGMA foreign_keys=ON")
    # Most connections read books or read forward; whoever writes across a table asks for more.
    connection.execute("PRAGMA cache_size=-4000")


def raw(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for ATTACH, serialize and deserialize, and for hot paths."""
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


@contextmanager
def rehearsal(connection: Connection) -> Iterator[None]:
    """One IMMEDIATE transaction that is always rolled back: what it meets is raised, and nothing
    of it stays.
    """
    driver = raw(connection)
    with database_faults():
        driver.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            _roll_back(driver)


@contextmanager
def transaction(
    connection: Connection, refused: Callable[[sqlite3.IntegrityError], Exception] | None = None
) -> Iterator[None]:
    """One IMMEDIATE transaction: commits on leaving, rolls back on any fault. `refused` says what
    to raise when a constraint that waits for the commit breaks.
    """
    driver = raw(connection)
    with database_faults():
        driver.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            _roll_back(driver)
            raise
        try:
            driver.execute("COMMIT")
        except BaseException as fault:
            _roll_back(driver)
            if refused is not None and isinstance(fault, sqlite3.IntegrityError):
                raise refused(fault) from fault
            raise


@contextmanager
def brief(connection: Connection) -> Iterator[None]:
    """Inside, commits do not wait for the disk, so that they hold the lock the shorter: a power cut
    may undo them, newest first, until the next commit outside makes them last as well.
    """
    driver = raw(connection)
    driver.execute("PRAGMA main.synchronous=NORMAL")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA main.synchronous={_SYNCHRONOUS}")


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """One read snapshot: every SELECT inside sees the same moment."""
    driver = raw(connection)
    with database_faults():
        driver.execute("BEGIN")
        driver.execute("SELECT 1 FROM sync_state LIMIT 1").fetchall()
        try:
            yield
        finally:
            _roll_back(driver)


def _roll_back(driver: sqlite3.Connection) -> None:
    if driver.in_transaction:
        driver.execute("ROLLBACK")


@contextmanager
def database_faults() -> Iterator[None]:
    """The border: what the database complains of leaves as a KnownError."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as fault:
        raise translated(fault) from fault


def translated(fault: DBAPIError | sqlite3.Error) -> KnownError:
    """A database's complaint in shop words."""
    original = fault.orig if isinstance(fault, DBAPIError) and fault.orig is not None else fault
    words = str(original)
    lower = words.lower()
    if any(sign in lower for sign in _FULL):
        return DiskFull("There is no room left on the disk of the database.", detail=words)
    if any(sign in lower for sign in _LOCKED):
        return DatabaseUnusable(
            "Another program has kept the database locked for too long.",
            "End long-running work in other programs on this database, then press Sync again.",
            detail=words,
        )
    if any(sign in lower for sign in _NOT_THERE):
        return PlanUnfit(
            f"The tables of this database are not as the plan says: {words}.",
            "Bring table and plan together again, then press Sync.",
            detail=words,
        )
    if "unable to open" in lower:
        return DatabaseUnusable("The database cannot be opened.", detail=words)
    if "readonly" in lower or "read-only" in lower:
        return DatabaseUnusable("The database may not be written by this user.", detail=words)
    if "malformed" in lower or "not a database" in lower:
        return DatabaseUnusable(
            "The database file is damaged or is not a database.",
            "Restore it from your last backup; nothing was changed by the sync.",
            detail=words,
        )
    return DatabaseUnusable(
        f"The database refused what the sync asked of it: {words}.",
        "Copy this sentence and give it to whoever looks after the database.",
        detail=words,
    )


def present_version(connection: Connection) -> str | None:
    """The version of the sync's own tables in this database; None when there are none."""
    driver = raw(connection)
    table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    if driver.execute(table, (schema.VERSION_TABLE,)).fetchone() is None:
        return None
    found = driver.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchone()
    return None if found is None or found[0] is None else str(found[0])


def require_current(database: Database) -> None:
    """Refuse a database that has no sync tables, or newer ones; bring older ones up to date."""
    if not database.is_there():
        raise DatabaseUnusable(f"There is no database at {database.path}.")
    with database_faults(), database.connect() as connection:
        found = present_version(connection)
    if found is None:
        raise DatabaseUnusable(
            "This database has not been prepared for syncing.",
            "Run `ginesys-sync init` for it first.",
        )
    _refuse_newer(found)
    if found < SCHEMA_VERSION:
        migrate(database)


def _refuse_newer(found: str) -> None:
    if found > SCHEMA_VERSION:
        raise VersionsDiffer(
            "This database was made by a newer version of the program.",
            "Install the newer version here as well; nothing was changed.",
            detail=f"database {found}, program {SCHEMA_VERSION}",
        )


def migrate(database: Database, version: str = SCHEMA_VERSION) -> None:
    """Bring the sync's own tables to a version; an existing database that has some is copied aside
    first.
    """
    with database_faults(), database.connect() as connection:
        keep_copy(database, connection)
        with transaction(connection):
            climb(connection, version)


def keep_copy(database: Database, connection: Connection) -> None:
    """Copy a database aside whose sync tables are about to climb to a newer version."""
    found = present_version(connection)
    if found is not None and found < SCHEMA_VERSION:
        _copy_aside(database, connection, found)


def climb(connection: Connection, version: str = SCHEMA_VERSION) -> None:
    """Inside the caller's transaction: bring the sync's own tables to a version. Raises
    VersionsDiffer when they are newer than this program, DatabaseUnusable when something else
    already has their names.
    """
    from alembic import command
    from alembic.config import Config

    found = present_version(connection)
    if found is None:
        _require_free_names(connection)
    else:
        _refuse_newer(found)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def _require_free_names(connection: Connection) -> None:
    ours = {table.name for table in schema.metadata.tables.values()}
    ours |= {str(i.name) for table in schema.metadata.tables.values() for i in table.indexes}
    taken = connection.exec_driver_sql(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view', 'index') "
        "AND name LIKE 'sync!_%' ESCAPE '!' ORDER BY type DESC, name"
    )
    for kind, name in taken.all():
        if name.lower() in ours:
            raise DatabaseUnusable(
                f"This database already has a {kind} called {name}, which is not the sync's.",
                "The sync keeps tables of that name of its own: rename yours first.",
            )


def _copy_aside(database: Database, connection: Connection, version: str) -> None:
    aside = database.path.with_name(f"{database.path.name}.before-{SCHEMA_VERSION}")
    if shutil.disk_usage(database.path.parent).free < database.size() * 2:
        raise DiskFull(
            "There is no room for the safety copy that is made before the database is updated."
        )
    aside.unlink(missing_ok=True)
    connection.execute(text("VACUUM INTO :aside"), {"aside": str(aside)})


def read_state(connection: Connection, name: str) -> str | None:
    """One of the sync's own remembered values."""
    with database_faults():
        found = raw(connection).execute("SELECT value FROM sync_state WHERE name = ?", (name,))
        (value,) = found.fetchone() or (None,)
    return None if value is None else str(value)


def write_state(connection: Connection, name: str, value: str) -> None:
    """Remember a value, inside the caller's transaction."""
    raw(connection).execute(
        "INSERT INTO sync_state(name, value) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET "
        "value = excluded.value",
        (name, value),
    )


def forget_state(connection: Connection, name: str) -> None:
    """Forget a value, inside the caller's transaction."""
    raw(connection).execute("DELETE FROM sync_state WHERE name = ?", (name,))
