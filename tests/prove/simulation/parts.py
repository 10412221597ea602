"""What the program takes from the machine, taken from the simulated world instead: time, chance,
threads, connections, and the wait for the disk.
"""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, Engine, create_engine

from ginesys_sync.engine import offers, patience, seal, sessions, slices, sweeping, upload
from ginesys_sync.engine.staging import Staging
from ginesys_sync.relay import app as relay_app
from ginesys_sync.relay import batches as relay_batches
from ginesys_sync.relay import bodies as relay_bodies
from ginesys_sync.relay import body_doors
from ginesys_sync.relay import limits as relay_limits
from ginesys_sync.relay.database import Database as RelayBooks
from ginesys_sync.services import syncing
from ginesys_sync.store import database as store_database
from ginesys_sync.store.database import Database, raw
from tests.prove.simulation.world import PowerCut, World

INLINE_BYTES = 700
"""Larger bodies travel by themselves: small enough that some do."""
CLAIM_ROWS = 6
SLICE_RECORDS = 3


def present() -> World | None:
    """The world that moves now."""
    return World.present


def point(what: str, *, may_wait: bool = True, may_die: bool = True) -> None:
    """A point of the present world, if there is one."""
    world = World.present
    if world is not None:
        world.point(what, may_wait=may_wait, may_die=may_die)


def check_alive() -> None:
    """Stops the dead."""
    world = World.present
    if world is not None and world.actor is not None:
        world.actor.check_alive()


class _Cursor(sqlite3.Cursor):
    """Tells of the beginnings and ends of transactions, and does nothing for the dead."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql == "ROLLBACK":
            return super().execute(sql)
        if sql == "BEGIN IMMEDIATE":
            point("begin")
        elif sql == "COMMIT":
            point("commit", may_wait=False)
            super().execute(sql)
            point("committed")
            return self
        else:
            check_alive()
            self.connection.note_litter(sql)  # type: ignore[attr-defined]
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        check_alive()
        return super().executemany(sql, parameters)


_BOUNDS = ("BEGIN IMMEDIATE", "COMMIT")
_LITTER = ("ATTACH", "CREATE TEMP")


class SiteConnection(sqlite3.Connection):
    """A site's connection. `is_littered`: it may have attached databases or temporary tables."""

    is_littered = False

    def note_litter(self, sql: str) -> None:
        """Called with every statement."""
        if sql.startswith(_LITTER):
            self.is_littered = True

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(_Cursor)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql in _BOUNDS:
            return self.cursor().execute(sql, parameters)  # type: ignore[no-any-return]
        self.note_litter(sql)
        return super().execute(sql, parameters)


class Engines:
    """The engines of the sites' databases with their connections, kept from run to run."""

    def __init__(self) -> None:
        self._kept: dict[str, Engine] = {}
        self.idle: dict[str, list[_Kept]] = {}

    def make(self, url: str, **facts: Any) -> Engine:
        """Stands where the program makes an engine."""
        if url not in self._kept:
            facts["connect_args"] |= {"factory": SiteConnection, "cached_statements": 1_000}
            self._kept[url] = create_engine(url, **facts)
        return self._kept[url]

    def connect(self, database: Database) -> Connection:
        """Stands where the program takes a connection. The one that was let go last is taken
        first: it knows most statements."""
        idle = self.idle.setdefault(database.url, [])
        return idle.pop() if idle else _Kept(database.engine, idle)

    def let_go(self, path: Path | None = None) -> None:
        """Close the connections to this database; None: to all."""
        for url, idle in self.idle.items():
            if path is None or url.endswith(str(path)):
                while idle:
                    idle.pop().end()


engines = Engines()


class _Kept(Connection):
    """A connection that is not closed but put aside, as good as new."""

    def __init__(self, engine: Engine, idle: list[_Kept]) -> None:
        super().__init__(engine)
        self._idle = idle

    def close(self) -> None:
        """Put it aside, once."""
        if self not in self._idle:
            _clean(cast(SiteConnection, raw(self)))
            self._idle.append(self)

    def end(self) -> None:
        """Close it."""
        super().close()


def _clean(connection: SiteConnection) -> None:
    plain = super(SiteConnection, connection).cursor()
    if connection.in_transaction:
        plain.execute("ROLLBACK")
    if not connection.is_littered:
        return
    connection.is_littered = False
    others = [row[1] for row in plain.execute("PRAGMA database_list") if row[1] != "main"]
    for name in others:
        if name != "temp":
            plain.execute(f"DETACH {name}")
    if "temp" in others:
        temporary = plain.execute("SELECT name FROM temp.sqlite_master WHERE type = 'table'")
        for (name,) in temporary.fetchall():
            plain.execute(f"DROP TABLE temp.{name}")


def _prepared_without_disk(connection: sqlite3.Connection, record: object) -> None:
    _prepare(connection, record)
    connection.execute("PRAGMA synchronous=OFF")


_prepare = store_database._prepare_connection


class SimulatedBooks(RelayBooks):
    """The Web Database's own database: the same, but it may be killed at its commits, and others
    may move before it begins."""

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot."""
        point("relay reads", may_die=False)
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        point("relay writes", may_die=False)
        with super().writing() as connection:
            yield connection
            relay_point("relay commits")
        relay_point("relay committed")

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous=OFF")
        return connection


class RelayCut(BaseException):
    """What ends a killed Web Database."""


class _RelayFate:
    dies_in = 0


def doom_relay(commits: int) -> None:
    """Have the Web Database die at its next so many-th commit or right after one; 0: never."""
    _RelayFate.dies_in = commits


def relay_point(what: str) -> None:
    """Where the Web Database may die."""
    point(what, may_wait=False, may_die=False)
    if _RelayFate.dies_in and World.present and World.present.actor:
        _RelayFate.dies_in -= 1
        if not _RelayFate.dies_in:
            raise RelayCut


class _AtOnce:
    """An executor that does everything at once, on the caller's thread."""

    def __init__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *facts: Any) -> Future[Any]:
        """Done when this returns."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*facts))
        except PowerCut:
            raise
        except BaseException as fault:
            future.set_exception(fault)
        return future

    def shutdown(self, **_: object) -> None:
        """Nothing waits."""


class _NoProgress:
    """In the place of the thread that writes how a run stands for windows to read."""

    def __init__(self, _: object) -> None:
        pass

    def close(self) -> None:
        """Nothing to end."""


class _NoAdapter:
    """In the place of what carries calls over true lines."""

    def __init__(self, **_: object) -> None:
        pass


class _NoHurry:
    """In the place of asyncio, for the limits of a line: here no line is slow."""

    def __init__(self, _: float) -> None:
        pass

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass

    timeout: type[_NoHurry]


_NoHurry.timeout = _NoHurry


async def _in_place(work: Callable[..., Any], *facts: Any) -> Any:
    return work(*facts)


_put = Staging.put


def _put_with_points(self: Staging, name: str, data: bytes, is_durable: bool = True) -> None:
    point(f"keep {name[:8]}")
    _put(self, name, data, is_durable)
    world = World.present
    if world is not None:
        written = world.time_at_actor()
        os.utime(self.path(name), (written, written))
    point("kept")


def _hex(count: int) -> str:
    world = World.present
    assert world is not None
    return world.nonces.randbytes(count).hex()


def _jitter() -> float:
    world = World.present
    assert world is not None
    return world.nonces.random()


def _chosen(letters: str) -> str:
    world = World.present
    assert world is not None
    return world.nonces.choice(letters)


@contextmanager
def simulated() -> Iterator[None]:
    """Inside, the program lives in the present world."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_database, "create_engine", engines.make)
        patch.setattr(store_database, "_engine", store_database._engine.__wrapped__)
        patch.setattr(store_database, "_prepare_connection", _prepared_without_disk)
        patch.setattr(Database, "connect", lambda self: engines.connect(self))
        patch.setattr(Database, "dispose", lambda _: None)
        patch.setattr(syncing, "ThreadPoolExecutor", _AtOnce)
        patch.setattr(syncing, "_ProgressWriter", _NoProgress)
        patch.setattr(syncing, "present_user", lambda: "somebody")
        patch.setattr(Staging, "put", _put_with_points)
        patch.setattr("secrets.token_hex", _hex)
        patch.setattr("secrets.choice", _chosen)
        patch.setattr(patience, "random", _jitter)
        patch.setattr(relay_limits, "asyncio", _NoHurry)
        for adapter in ("HTTPAdapter", "_Breakable"):
            patch.setattr(sessions, adapter, _NoAdapter)
        for room in (relay_app, body_doors):
            patch.setattr(room, "run_in_threadpool", _in_place)
        for room in (upload, relay_bodies, relay_batches):
            patch.setattr(room, "INLINE_BODY_BYTES", INLINE_BYTES)
        for room in (seal, offers, sweeping):
            patch.setattr(room, "TARGET_ROWS", CLAIM_ROWS)
        patch.setattr(seal, "FIRST_LIMIT_WITH_CHILDREN", CLAIM_ROWS // 2)
        patch.setattr(slices, "_FIRST_SLICE", SLICE_RECORDS)
        patch.setattr(slices, "_LARGEST_SLICE", 2 * SLICE_RECORDS)
        # Looking for circles takes a tenth of the time: it is done between chains (`play.played`).
        gc.freeze()
        was_on = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if was_on:
                gc.enable()
            gc.unfreeze()
            engines.let_go()
