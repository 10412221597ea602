"""A whole chain on a test's floor: a real Web Database, head office and stores with real databases.

Every bug of the sync becomes a short test: edit by plain SQL, sync a site, read by plain SQL. The
plan has one entity of every kind and small tables of its own; `floor_plan` tells which.
"""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from ginesys_sync.core.clock import Clock
from ginesys_sync.core.model import Role
from ginesys_sync.core.status import Outcome
from ginesys_sync.engine.pump import TurnPump
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.relay.main import invite
from ginesys_sync.services import site as site_module
from ginesys_sync.services.setup import NewSite, join_chain
from ginesys_sync.services.syncing import Ask, Ended, sync
from tests.support.forked_relay import ForkedRelay
from tests.support.lossy import LostAnswers, NoLine
from tests.support.once import made_once

HO, S001, S002, S003 = "HO", "S001", "S002", "S003"
STORES = (S001, S002)
Row = tuple[Any, ...]

TABLES = """
CREATE TABLE site(code TEXT PRIMARY KEY NOT NULL, name TEXT, is_open INTEGER NOT NULL DEFAULT 1);
CREATE TABLE site_group_member(group_code TEXT, site_code TEXT, PRIMARY KEY(group_code, site_code));
CREATE TABLE item(code TEXT PRIMARY KEY NOT NULL, name TEXT, barcode TEXT UNIQUE);
CREATE TABLE price(item_code TEXT NOT NULL REFERENCES item(code), starts_on TEXT NOT NULL,
  minor INTEGER NOT NULL CHECK(minor >= 0), PRIMARY KEY(item_code, starts_on));
CREATE TABLE notice(code TEXT PRIMARY KEY NOT NULL, site_code TEXT, words TEXT);
CREATE TABLE promotion(code TEXT PRIMARY KEY NOT NULL, name TEXT);
CREATE TABLE promotion_item(promotion_code TEXT NOT NULL REFERENCES promotion(code),
  item_code TEXT NOT NULL REFERENCES item(code), minor INTEGER,
  PRIMARY KEY(promotion_code, item_code));
CREATE TABLE promotion_site(promotion_code TEXT, site_code TEXT,
  PRIMARY KEY(promotion_code, site_code));
CREATE TABLE policy(code TEXT PRIMARY KEY NOT NULL, value TEXT);
CREATE TABLE policy_group(policy_code TEXT, group_code TEXT, PRIMARY KEY(policy_code, group_code));
CREATE TABLE odd(code PRIMARY KEY, a, b);
CREATE TABLE bill(store TEXT NOT NULL, number INTEGER NOT NULL, total INTEGER, customer TEXT,
  PRIMARY KEY(store, number));
CREATE TABLE bill_line(store TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL,
  item_code TEXT REFERENCES item(code), amount INTEGER, PRIMARY KEY(store, number, line),
  FOREIGN KEY(store, number) REFERENCES bill(store, number));
CREATE TABLE customer(id TEXT PRIMARY KEY NOT NULL, name TEXT, phone TEXT, changed_at TEXT);
"""


def floor_plan() -> dict[str, Any]:
    """The plan of the test tables: one entity for every owner and every audience rule."""
    column = {"rule": "column", "column": "site_code"}
    allocation = {
        "rule": "allocation",
        "table": "promotion_site",
        "record": ["promotion_code"],
        "site": "site_code",
    }
    groups = {
        "rule": "groups",
        "table": "policy_group",
        "record": ["policy_code"],
        "group": "group_code",
    }
    promotion_item = {
        "table": "promotion_item",
        "key": ["promotion_code", "item_code"],
        "root": ["promotion_code"],
    }
    bill_line = {"table": "bill_line", "key": ["store", "number", "line"]}
    return {
        "name": "floor",
        "version": 1,
        "sites": {"table": "site", "code": "code", "name": "name", "is_open": "is_open"},
        "groups": {"table": "site_group_member", "group": "group_code", "site": "site_code"},
        "channels": [
            {"name": name, "title": name.capitalize()}
            for name in ("policy", "catalogue", "pricing", "sales", "customers")
        ],
        "entities": [
            _entity("notices", "policy", "notice", ["code"], audience=column),
            _entity("policies", "policy", "policy", ["code"], audience=groups),
            _entity("items", "catalogue", "item", ["code"]),
            _entity("odds", "catalogue", "odd", ["code"]),
            _entity("prices", "pricing", "price", ["item_code", "starts_on"]),
            _entity(
                "promotions",
                "pricing",
                "promotion",
                ["code"],
                audience=allocation,
                children=[promotion_item],
            ),
            _entity(
                "bills",
                "sales",
                "bill",
                ["store", "number"],
                owner="site",
                site_column="store",
                children=[{**bill_line, "root": ["store", "number"]}],
            ),
            _entity(
                "customers",
                "customers",
                "customer",
                ["id"],
                owner="shared",
                edited_column="changed_at",
            ),
        ],
    }


def _entity(name: str, channel: str, table: str, key: list[str], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "one": name,
        "channel": channel,
        "owner": "ho",
        "table": table,
        "key": key,
    } | more


class ChainFloor:
    """Web Database, head office and stores in one folder. A context manager."""

    patience = Patience(connect_seconds=2.0, read_seconds=10.0, tries=1, pause_seconds=0.001)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.relay = ForkedRelay(root / "relay")
        self.calls: list[tuple[str, str]] = []
        self._patch = pytest.MonkeyPatch()
        self._sessions: Callable[[], requests.Session] = requests.Session

    def __enter__(self) -> ChainFloor:
        self.relay.start()
        self.move_to(self.relay.url)
        self.be_impatient()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()
        self.relay.kill()  # nobody needs it any more

    def be_impatient(self) -> None:
        """Let the runs here give up soon, and note their calls."""
        maker = partial(WebDatabase, patience=self.patience, new_session=lambda: self._session())
        self._patch.setattr(site_module, "WebDatabase", maker)

    def move_to(self, url: str) -> None:
        """The Web Database stands at another address now; copied homes also have other paths."""
        for folder in self.root.iterdir():
            file = folder / "home.json"
            if file.exists():
                settings = json.loads(file.read_text())
                settings |= {"database": self.url(folder.name), "relay": url}
                file.write_text(json.dumps(settings))

    def _session(self) -> requests.Session:
        session = self._sessions()
        session.hooks["response"].append(
            lambda answer, **_: self.calls.append((answer.request.method, answer.request.path_url))
        )
        return session

    # --- the chain ------------------------------------------------------------------------------

    def home(self, site: str) -> Path:
        """A site's home folder."""
        return self.root / site

    def database(self, site: str) -> Path:
        """A site's business database."""
        return self.root / f"{site}.sqlite3"

    def url(self, site: str) -> str:
        """Its address."""
        return f"sqlite+pysqlite:///{self.database(site)}"

    def join(self, site: str, tables: str = TABLES, plan: dict[str, Any] | None = None) -> None:
        """Invite a site, make its tables, let it join the chain."""
        if not self.database(site).exists():
            with closing(sqlite3.connect(self.database(site))) as connection:
                connection.executescript(tables)
        document = self.root / "plan.json"
        document.write_text(json.dumps(plan or floor_plan()))
        role = Role.HO if site == HO else Role.STORE
        code = invite(self.relay.home, site, role.value)
        join_chain(
            NewSite(
                self.home(site), site, role, self.url(site), self.relay.url, code, plan=document
            )
        )

    def sync(
        self,
        site: str,
        *sites: str,
        choose: Callable[[int], int] | None = None,
        clock: Clock | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
        listener: Callable[[Any], None] = lambda _: None,
    ) -> Ended:
        """One run, at head office to `sites` (none named: all). `choose` orders its stages."""
        extra: dict[str, Any] = {}
        if choose is not None:
            extra["make_pump"] = lambda tick: TurnPump(choose)
        self.calls.clear()
        return sync(
            self.home(site),
            Ask(sites or None),
            listener,
            clock=clock,
            is_cancelled=is_cancelled,
            **extra,
        )

    def done(self, site: str, *sites: str, **more: Any) -> Ended:
        """One run that must end well, with nothing that needs attention."""
        ended = self.sync(site, *sites, **more)
        assert ended.outcome is Outcome.DONE, (ended, ended.fault and ended.fault.detail)
        return ended

    def settle(self, *stores: str, rounds: int = 3) -> None:
        """Sync everybody until everything has arrived and been acknowledged."""
        for _ in range(rounds):
            self.sync(HO)
            for store in stores or STORES:
                self.sync(store)
        self.sync(HO)

    def killed_run(self, site: str, point: str, *sites: str) -> bool:
        """A run in a process of its own that is killed at `point`, written
        `module:Class.method:before:3`. Whether it came to that point."""
        process = subprocess.run(
            [sys.executable, "-m", "tests.support.killed_run", self.home(site), point, *sites],
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode in (0, -signal.SIGKILL), process.stderr
        return process.returncode == -signal.SIGKILL

    @contextmanager
    def losing(self, *paths: str, times: int = 1) -> Iterator[None]:
        """Inside, answers of these paths get lost after the Web Database did what was asked."""
        with self._calling_by(lambda: LostAnswers(paths, times)):
            yield

    def out_of_reach(self, site: str, runs: int) -> None:
        """Runs while the site has no line to the Web Database."""
        with self._calling_by(NoLine):
            for _ in range(runs):
                assert self.sync(site).outcome is Outcome.STOPPED

    @contextmanager
    def _calling_by(self, sessions: Callable[[], requests.Session]) -> Iterator[None]:
        self._sessions = sessions
        try:
            yield
        finally:
            self._sessions = requests.Session

    # --- the tables -----------------------------------------------------------------------------

    @contextmanager
    def open(self, site: str) -> Iterator[sqlite3.Connection]:
        """A plain connection to a site's database, as a customer's own program would have one."""
        with closing(sqlite3.connect(self.database(site), isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys=ON")
            yield connection

    def sql(self, site: str, *statements: str) -> list[Row]:
        """Run statements at a SQL prompt; the rows of the last one."""
        found: list[Row] = []
        with self.open(site) as connection:
            for statement in statements:
                found = connection.execute(statement).fetchall()
        return found

    def rows(self, site: str, table: str) -> list[Row]:
        """All rows of a table, sorted."""
        with self.open(site) as connection:
            return rows_of(connection, table)

    def codes(self, site: str, table: str) -> list[Any]:
        """The first column of a table, sorted."""
        return sorted(row[0] for row in self.sql(site, f"SELECT * FROM {table}"))

    def scalar(self, site: str, statement: str) -> Any:
        """The one value that a query gives."""
        return self.sql(site, statement)[0][0]

    def parked(self, site: str) -> list[tuple[str, str, str]]:
        """What needs attention here: (entity, first key part, code)."""
        query = "SELECT entity, CAST(k1 AS TEXT), code FROM sync_parked WHERE code <> 'kept_edit'"
        return sorted(self.sql(site, query))

    def attention(self) -> list[tuple[str, str, str]]:
        """What head office was told of: (site, key, code)."""
        return sorted(self.sql(HO, "SELECT site, key, code FROM sync_attention"))

    def batches(self, site: str, stream: str) -> list[tuple[int, str, int, int]]:
        """A stream's batches in the books: (no, audience, records, gone)."""
        return self.sql(
            site,
            "SELECT b.no, coalesce(a.members, ''), b.records, b.gone FROM sync_batch b "
            "LEFT JOIN sync_audience a ON a.id = b.audience "
            f"WHERE b.stream = '{stream}' ORDER BY b.no",
        )

    def cursor(self, site: str, stream: str) -> int:
        """How far a site has applied a stream."""
        found = self.sql(site, f"SELECT applied_no FROM sync_stream WHERE stream = '{stream}'")
        return int(found[0][0]) if found else 0

    # --- the promise ----------------------------------------------------------------------------

    def assert_equal(self, stores: Iterable[str] = STORES) -> None:
        """After quiet: each store holds what is meant for it, head office what each store owns."""
        with self.open(HO) as there:
            for store in stores:
                with self.open(store) as here:
                    for table, which in meant_for(store).items():
                        assert rows_of(here, table) == rows_of(there, table, which), (store, table)
                    for table in ("bill", "bill_line"):
                        sold = f"store = '{store}'"
                        assert rows_of(there, table, sold) == rows_of(here, table), (store, table)


def rows_of(connection: sqlite3.Connection, table: str, which: str = "true") -> list[Row]:
    """Rows of a table, sorted."""
    return sorted(connection.execute(f"SELECT * FROM {table} WHERE {which}").fetchall(), key=repr)


def meant_for(site: str) -> dict[str, str]:
    """Which rows of head office's tables a store should hold, told without the engine."""
    grouped = (
        "code IN (SELECT policy_code FROM policy_group JOIN site_group_member USING "
        f"(group_code) WHERE site_code = '{site}')"
    )
    allocated = f"(SELECT promotion_code FROM promotion_site WHERE site_code = '{site}')"
    return {
        "item": "true",
        "price": "true",
        "odd": "true",
        "customer": "true",
        "notice": f"site_code = '{site}'",
        "policy": grouped,
        "promotion": f"code IN {allocated}",
        "promotion_item": f"promotion_code IN {allocated}",
    }


def make_template(root: Path) -> Path:
    """A settled chain of head office and two stores in a folder, to be copied."""
    root.mkdir()
    with ChainFloor(root) as floor:
        for site in (HO, *STORES):
            floor.join(site)
        for site in (HO, *STORES, HO):
            floor.done(site)
    return root


@pytest.fixture(scope="session")
def floor_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A settled chain, to be copied."""
    return made_once(tmp_path_factory, "floor-template", make_template)


@pytest.fixture
def floor(floor_template: Path, tmp_path: Path) -> Iterator[ChainFloor]:
    """Head office, S001 and S002: joined, settled, with empty tables."""
    root = tmp_path / "chain"
    shutil.copytree(floor_template, root)
    with ChainFloor(root) as chain:
        yield chain
