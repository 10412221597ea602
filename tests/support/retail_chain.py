"""A small chain with the built-in tables: a real Web Database, head office, S001 and S002 in homes.

What tests of the front door and the journeys stand on. Everything is done as a person would: verbs
of the command line, windows, and a plain sqlite3 connection as a customer's own program has one.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.cli.main import main
from ginesys_sync.core.model import Role
from ginesys_sync.relay.main import invite
from ginesys_sync.services.setup import NewSite, join_chain
from ginesys_sync.services.worker import PID_FILE, is_service_running, stop_service
from ginesys_sync.shop.chain import Chain, fill_head_office, fill_store
from ginesys_sync.store.database import Database
from tests.support.forked_relay import ForkedRelay
from tests.support.once import made_once

HO, S001, S002, S003 = "HO", "S001", "S002", "S003"
CLOSING = "Sync process completed, flushing buffer."
SMALL = Chain(today=date(2026, 11, 2), items=40, stores=2, customers=8)
BILLS = 3
NOWHERE = "http://127.0.0.1:9"
"""An address where nothing answers."""
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What one verb printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard output, line by line."""
        return self.out.splitlines()

    @property
    def last(self) -> str:
        """The last line of standard output."""
        return self.lines[-1] if self.lines else ""


def run_verb(*words: object) -> Said:
    """One call of the front door inside this process."""
    out, err = StringIO(), StringIO()
    on_term = signal.getsignal(signal.SIGTERM)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            logging.captureWarnings(False)
            signal.signal(signal.SIGTERM, on_term)
    return Said(code, out.getvalue(), err.getvalue())


def wait_until(is_so: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Look again and again until something is so. Fails with `what` after so many seconds."""
    ends_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_at, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


class RetailChain:
    """The chain in one folder. A context manager: the Web Database runs inside it."""

    def __init__(self, root: Path, *, is_online: bool = True) -> None:
        self.root = root
        self.relay = ForkedRelay(root / "webdb")
        self._is_online = is_online
        self._children: list[subprocess.Popen[str]] = []

    def __enter__(self) -> RetailChain:
        if self._is_online:
            self.relay.start()
        for site in self.sites():
            folder = self.home(site)
            self.set_home(site, database=self.url(site), relay=self.relay.url or NOWHERE)
            (folder / PID_FILE).unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.communicate()
        for site in self.sites():
            stop_service(self.home(site))
        self.relay.kill()  # nobody needs it any more

    # --- homes ----------------------------------------------------------------------------------

    def sites(self) -> list[str]:
        """The sites that have a home here."""
        return sorted(path.parent.name for path in self.root.glob("*/home.json"))

    def home(self, site: str) -> Path:
        """A site's home folder."""
        return self.root / site

    def database(self, site: str) -> Path:
        """A site's business database."""
        return self.root / f"{site}.sqlite3"

    def url(self, site: str) -> str:
        """Its address."""
        return f"sqlite+pysqlite:///{self.database(site)}"

    def set_home(self, site: str, **settings: object) -> None:
        """Write settings of a home by hand."""
        file = self.home(site) / "home.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | settings))

    def invite(self, site: str) -> str:
        """An enrolment code."""
        return invite(self.relay.home, site, "ho" if site == HO else "store")

    def join(self, site: str, bills: int = 0) -> None:
        """Have a site join with the built-in tables, and made-up rows in them."""
        role = Role.HO if site == HO else Role.STORE
        new = NewSite(
            self.home(site),
            site,
            role,
            self.url(site),
            self.relay.url,
            self.invite(site),
            demo=True,
        )
        join_chain(new)
        database = Database(self.url(site))
        try:
            if site == HO:
                fill_head_office(database.engine, SMALL)
            elif bills:
                fill_store(database.engine, SMALL, site, bills)
        finally:
            database.dispose()

    # --- verbs ----------------------------------------------------------------------------------

    def sync(self, site: str, *words: str) -> Said:
        """`ginesys-sync sync` at a site."""
        return run_verb("sync", "--home", self.home(site), *words)

    def done(self, site: str, *words: str) -> Said:
        """A sync that must end well."""
        said = self.sync(site, *words)
        assert (said.code, said.last) == (0, CLOSING), said
        return said

    def settle(self, *stores: str, rounds: int = 2) -> None:
        """Sync everybody until everything has arrived and been acknowledged."""
        for _ in range(rounds):
            self.done(HO)
            for store in stores or (S001, S002):
                self.done(store)
        self.done(HO)

    def status(self, site: str, what: str, *words: str) -> list[dict[str, Any]]:
        """`ginesys-sync status --json` of one list."""
        said = run_verb("status", "--home", self.home(site), f"--{what}", "--json", *words)
        assert said.code == 0, said
        rows: list[dict[str, Any]] = json.loads(said.out)
        return rows

    def child(self, *words: object, environment: dict[str, str] | None = None) -> Popen:
        """A verb as a process of its own, ended with the chain if it has not ended by itself."""
        child = subprocess.Popen(
            [sys.executable, "-m", "ginesys_sync", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
        )
        self._children.append(child)
        return child

    # --- the service ----------------------------------------------------------------------------

    def service_pid(self, site: str) -> int:
        """The process id of a site's service; 0 while none runs."""
        try:
            pid = int((self.home(site) / PID_FILE).read_text())
        except (OSError, ValueError):
            return 0
        return pid if is_service_running(self.home(site)) else 0

    def kill_service(self, site: str) -> None:
        """End a site's service as a power cut would."""
        pid = self.service_pid(site)
        assert pid, f"{site} has no service to kill"
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_service_running(self.home(site)), "the service's end")

    # --- the tables -----------------------------------------------------------------------------

    def sql(self, site: str, *statements: str) -> list[Row]:
        """Run statements at a SQL prompt; the rows of the last one."""
        found: list[Row] = []
        with closing(sqlite3.connect(self.database(site), isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA busy_timeout=20000")
            for statement in statements:
                found = connection.execute(statement).fetchall()
        return found

    def scalar(self, site: str, statement: str) -> Any:
        """The one value that a query gives."""
        return self.sql(site, statement)[0][0]

    def rows(self, site: str, table: str) -> list[Row]:
        """All rows of a table, sorted."""
        return sorted(self.sql(site, f"SELECT * FROM {table}"), key=repr)

    def dump(self, site: str) -> list[str]:
        """A whole database as text, to see that nothing in it has changed."""
        with closing(sqlite3.connect(self.database(site))) as connection:
            return list(connection.iterdump())


Popen = subprocess.Popen[str]


def make_template(root: Path) -> Path:
    """Head office and two stores, joined, filled, nothing sent yet."""
    root.mkdir()
    with RetailChain(root) as chain:
        chain.join(HO)
        for store in (S001, S002):
            chain.join(store, BILLS)
    return root


@pytest.fixture(scope="session")
def retail_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled chain that has never synced, to be copied."""
    return made_once(tmp_path_factory, "retail-template", make_template)


@pytest.fixture(scope="session")
def settled_template(retail_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same chain when everybody has synced until nothing was left to say."""

    def make(root: Path) -> None:
        shutil.copytree(retail_template, root)
        with RetailChain(root) as chain:
            chain.settle()

    return made_once(tmp_path_factory, "settled-template", make)


@pytest.fixture
def chain(retail_template: Path, tmp_path: Path) -> Iterator[RetailChain]:
    """Head office, S001 and S002: joined and filled, nothing sent yet."""
    root = tmp_path / "chain"
    shutil.copytree(retail_template, root)
    with RetailChain(root) as running:
        yield running


@pytest.fixture
def settled(settled_template: Path, tmp_path: Path) -> Iterator[RetailChain]:
    """Head office, S001 and S002: everything sent, processed and acknowledged."""
    root = tmp_path / "chain"
    shutil.copytree(settled_template, root)
    with RetailChain(root) as running:
        yield running


@pytest.fixture
def offline(settled_template: Path, tmp_path: Path) -> Iterator[RetailChain]:
    """The settled chain while the Web Database is down."""
    root = tmp_path / "chain"
    shutil.copytree(settled_template, root)
    with RetailChain(root, is_online=False) as running:
        yield running
