"""The effects of a process on the world, counted by wrappers over its drivers: and its end at one.

An effect is what somebody else could see after a kill: a commit (or a statement outside a
transaction) of any database connection, an HTTP call, a file or folder made, written, synced,
renamed or removed. Nothing of the program's own code is touched: `watch` stands in for `sqlite3`,
`os`, `open` and the adapter of requests, in a process that exists for this alone.

Effects are numbered from 1. `Effects(tell, at=n, is_after=…)` ends the process by SIGKILL right
before or right after effect n. Each is told as `n what` before it happens.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import signal
import sqlite3
import sqlite3.dbapi2
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

_HASH = re.compile(r"\b[0-9a-f]{8,64}\b")
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "VACUUM", "REINDEX")
_SCHEMA = re.compile(
    r"\s*(?:(?:INSERT|REPLACE)(?:\s+OR\s+\w+)?\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM|"
    r"(?:CREATE|DROP|ALTER)\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|VIEW|TRIGGER)"
    r'(?:\s+IF\s+(?:NOT\s+)?EXISTS)?)\s+"?(\w+)"?\s*\.',
    re.IGNORECASE,
)
"""The schema that a statement names for what it changes."""


class Effects:
    """Counts. `tell` gets a line for each effect; `at` 0: nothing is killed."""

    def __init__(self, tell: Callable[[str], None], at: int = 0, is_after: bool = False) -> None:
        self._tell = tell
        self._at = at
        self._is_after = is_after
        self._count = 0
        self._lock = threading.Lock()
        self.here = threading.local()

    @contextmanager
    def effect(self, what: str) -> Iterator[None]:
        """Around one effect."""
        with self._lock:
            self._count += 1
            number = self._count
            self._tell(f"{number} {_HASH.sub('#', what)}")
            if number == self._at and not self._is_after:
                os.kill(os.getpid(), signal.SIGKILL)
        with self.known():
            try:
                yield
            finally:
                if number == self._at:
                    os.kill(os.getpid(), signal.SIGKILL)

    def unwatched(self, what: str) -> None:
        """Something happened that no wrapper saw."""
        self._tell(f"! passed by: {what}")

    @contextmanager
    def known(self) -> Iterator[None]:
        """Inside, what this thread does to files is accounted for."""
        before = getattr(self.here, "is_known", False)
        self.here.is_known = True
        try:
            yield
        finally:
            self.here.is_known = before


def watch(effects: Effects, root: Path, is_checked: bool = False) -> None:
    """Wrap the drivers of this process for good. Only files under `root` count. With `is_checked`,
    what passes the wrappers by is told as `! …`: then the count would be too low."""
    files = _Files(effects, str(root))
    _watch_files(effects, files)
    _watch_databases(effects, files)
    _watch_calls(effects)
    if is_checked:
        sys.addaudithook(_Check(effects, files).heed)


# --- files ----------------------------------------------------------------------------------------


class _Files:
    def __init__(self, effects: Effects, root: str) -> None:
        self._effects = effects
        self._root = root + os.sep

    def named(self, path: Any) -> str:
        """A file's name below the root; empty when it is elsewhere. `path` may be a descriptor."""
        if isinstance(path, int):
            try:
                path = Path(f"/proc/self/fd/{path}").readlink()
            except OSError:
                return ""
        text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        return text.removeprefix(self._root) if text.startswith(self._root) else ""


def _watch_files(effects: Effects, files: _Files) -> None:
    def wrapped(name: str, does_change: Callable[..., bool] = lambda *_, **__: True) -> None:
        real = getattr(os, name)

        @wraps(real)
        def watched(path: Any, *args: Any, **more: Any) -> Any:
            target = files.named(path)
            if not target:
                return real(path, *args, **more)
            counts = does_change(path, *args, **more)
            with effects.effect(f"{name} {target}") if counts else effects.known():
                return real(path, *args, **more)

        setattr(os, name, watched)

    for name in ("replace", "rename", "truncate", "ftruncate", "write", "pwrite"):
        wrapped(name)
    for name in ("fsync", "fdatasync"):
        wrapped(name)
    for name in ("unlink", "remove", "rmdir"):
        wrapped(name, lambda path, *_, **__: os.path.lexists(path))
    wrapped("mkdir", lambda path, *_, **__: not os.path.lexists(path))
    wrapped("open", _makes_or_empties)
    real_open = builtins.open

    @wraps(real_open)
    def watched_open(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if set(mode) & set("wxa+") and files.named(file):
            return _opened(effects, files.named(file), file, mode, *args, **more)
        return real_open(file, mode, *args, **more)

    builtins.open = io.open = watched_open  # type: ignore[assignment]


def _makes_or_empties(path: Any, flags: int = 0, *_: Any, **__: Any) -> bool:
    return bool(flags & os.O_TRUNC) or bool(flags & os.O_CREAT and not Path(path).exists())


class _WatchedFile(io.FileIO):
    effects: Effects
    what: str

    def write(self, data: Any) -> int:
        with self.effects.effect(f"write {self.what}"):
            return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        with self.effects.effect(f"truncate {self.what}"):
            return super().truncate(size)


def _opened(
    effects: Effects,
    what: str,
    file: Any,
    mode: str,
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    """What `open` gives for a file to be written, over a raw file that counts."""
    plain = mode.replace("b", "").replace("t", "")
    makes = not isinstance(file, int) and ("w" in mode or "x" in mode or not Path(file).exists())
    with effects.effect(f"create {what}") if makes else effects.known():
        raw = _WatchedFile(file, plain, closefd, opener)
    raw.effects, raw.what = effects, what
    if buffering == 0:
        return raw
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)


# --- databases ------------------------------------------------------------------------------------


def _watch_databases(effects: Effects, files: _Files) -> None:
    real = sqlite3.connect

    @wraps(real)
    def connect(database: Any, *args: Any, **more: Any) -> sqlite3.Connection:
        name = "" if database == ":memory:" else files.named(database)
        if not name:
            return real(database, *args, **more)
        with effects.known():
            connection = real(database, *args, factory=_WatchedConnection, **more)
        assert isinstance(connection, _WatchedConnection)
        connection.effects, connection.what = effects, name
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]


class _WatchedCursor(sqlite3.Cursor):
    def execute(self, sql: str, *args: Any) -> Any:
        return _done(self.connection, sql, partial(super().execute, sql, *args))

    def executemany(self, sql: str, *args: Any) -> Any:
        return _done(self.connection, sql, partial(super().executemany, sql, *args))

    def executescript(self, sql: str) -> Any:
        return _done(self.connection, "VACUUM", partial(super().executescript, sql))


class _WatchedConnection(sqlite3.Connection):
    """`holds`: the transaction under way has written, or may (it began IMMEDIATE)."""

    effects: Effects
    what: str
    holds = False

    def cursor(self, factory: Any = _WatchedCursor) -> Any:
        return super().cursor(factory)

    def execute(self, sql: str, *args: Any) -> Any:
        return self.cursor().execute(sql, *args)

    def executemany(self, sql: str, *args: Any) -> Any:
        return self.cursor().executemany(sql, *args)

    def executescript(self, sql: str) -> Any:
        return self.cursor().executescript(sql)

    def commit(self) -> None:
        _commit(self, super().commit)

    def rollback(self) -> None:
        self.holds = False
        super().rollback()

    def backup(self, target: Any, **more: Any) -> None:
        with self.effects.effect(f"backup to {getattr(target, 'what', '')}"):
            super().backup(target, **more)

    def __exit__(self, kind: Any, fault: Any, trace: Any) -> Any:
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False


def _commit(connection: _WatchedConnection, act: Callable[[], Any]) -> Any:
    if not (connection.in_transaction and connection.holds):
        return act()
    connection.holds = False
    with connection.effects.effect(f"commit {connection.what}"):
        return act()


def _done(connection: Any, sql: str, act: Callable[[], Any]) -> Any:
    """One statement: is it a commit, or does it write by itself?"""
    words = sql.split(None, 2)
    word = words[0].upper().rstrip(";") if words else ""
    if word in ("COMMIT", "END"):
        return _commit(connection, act)
    if word == "ROLLBACK" and len(words) == 1:
        connection.holds = False
        return act()
    if word == "BEGIN":
        connection.holds = len(words) > 1 and words[1].upper().startswith(("IMMEDIATE", "EXCL"))
        return act()
    if not _writes(connection, word, sql):
        return act()
    begins = connection.isolation_level is not None and word != "VACUUM"
    if connection.in_transaction or begins:
        connection.holds = True
        return act()
    with connection.effects.effect(f"{' '.join(words[:2])} in {connection.what}"):
        return act()


def _writes(connection: Any, word: str, sql: str) -> bool:
    """Whether a statement changes the file: not what is attached in memory, or temporary."""
    upper = sql.upper()
    if word == "PRAGMA":
        if "WAL_CHECKPOINT" in upper:
            return True
        return "PRAGMA JOURNAL_MODE=" in upper and _mode(connection) not in sql.lower()
    if word == "WITH":
        word = next((w for w in ("INSERT", "UPDATE", "DELETE") if f"{w} " in upper), "")
    if word not in _WRITES or upper.startswith(("CREATE TEMP", "CREATE TEMPORARY")):
        return False
    found = _SCHEMA.match(sql)
    if found is None:
        return True
    rows = sqlite3.Cursor(connection).execute("PRAGMA database_list").fetchall()
    return found[1] not in {row[1] for row in rows if not row[2]} | {"temp"}


def _mode(connection: Any) -> str:
    return str(sqlite3.Cursor(connection).execute("PRAGMA journal_mode").fetchone()[0]).lower()


# --- calls ----------------------------------------------------------------------------------------


def _watch_calls(effects: Effects) -> None:
    real = HTTPAdapter.send

    @wraps(real)
    def send(self: HTTPAdapter, request: PreparedRequest, **more: Any) -> Response:
        with effects.effect(f"{request.method} {request.path_url}"):
            return real(self, request, **more)

    HTTPAdapter.send = send  # type: ignore[assignment, method-assign]


# --- what passes by -------------------------------------------------------------------------------


class _Check:
    """Python's own audit events, which no wrapper can keep quiet."""

    def __init__(self, effects: Effects, files: _Files) -> None:
        self._effects = effects
        self._files = files

    def heed(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _AUDITED or getattr(self._effects.here, "is_known", False):
            return
        if event == "open" and not _opens_to_write(args):
            return
        if event == "sqlite3.connect" and args[0] == ":memory:":
            return
        with self._effects.known():
            name = self._files.named(args[0])
            if name:
                self._effects.unwatched(f"{event} {name}")


_AUDITED = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.link",
    "os.symlink",
    "sqlite3.connect",
}


def _opens_to_write(args: tuple[Any, ...]) -> bool:
    path, _, flags = args
    return not isinstance(path, int) and bool(flags & (os.O_CREAT | os.O_TRUNC | os.O_WRONLY))
