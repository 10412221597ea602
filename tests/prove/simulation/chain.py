"""The simulated chain: head office, three stores and the Web Database in one folder, their homes
and databases copied from a template, their runs as actors.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.core.errors import ProgramFault
from ginesys_sync.core.model import Role
from ginesys_sync.core.status import Outcome
from ginesys_sync.engine.pump import TurnPump
from ginesys_sync.engine.webdb import Patience
from ginesys_sync.relay import access
from ginesys_sync.relay.app import make_app
from ginesys_sync.relay.desk import Relay, open_relay
from ginesys_sync.services import setup as setup_module
from ginesys_sync.services import site as site_module
from ginesys_sync.services.setup import NewSite, join_chain
from ginesys_sync.services.syncing import Ask, Ended, sync
from ginesys_sync.store.database import Database, climb, transaction
from tests.prove.simulation.line import Line, SimulatedSession, Weather
from tests.prove.simulation.mail import MailWatch, WatchedWebDatabase
from tests.prove.simulation.parts import SimulatedBooks, engines, simulated
from tests.prove.simulation.world import Actor, Broken, SiteClock, World
from tests.support.chain_floor import HO, S001, S002, S003, TABLES, Row, floor_plan

SITES = (HO, S001, S002, S003)
STORES = (S001, S002, S003)
_URL = "http://127.0.0.1:9"
_PATIENCE = Patience(connect_seconds=2.0, read_seconds=60.0, tries=1, pause_seconds=0.001)


class Chain:
    """One chain in a folder. A context manager: at its end no run is left."""

    def __init__(self, root: Path, world: World, joined: Sequence[str]) -> None:
        self.root = root
        self.world = World.present = world
        self.joined = list(joined)
        self.runs: dict[str, Actor] = {}
        self.ended: list[tuple[str, Ended]] = []
        self.clocks = {site: SiteClock(world, site) for site in SITES}
        self.weather: dict[str, Weather] = {}
        self.copied: set[str] = set()
        self.restored: set[str] = set()
        self._plain: dict[str, sqlite3.Connection] = {}
        self._relay = self._opened_relay()
        self.watch = MailWatch(
            name for (name,) in self.relay_sql("SELECT sha256 FROM batches WHERE audience = '*'")
        )
        self._app: Any = make_app(self._relay)

    # --- the Web Database -----------------------------------------------------------------------

    @property
    def relay_home(self) -> Path:
        """The Web Database's home."""
        return self.root / "relay"

    def _opened_relay(self) -> Relay:
        clock = SiteClock(self.world, "")
        opened = open_relay(self.relay_home, clock)
        opened.close()
        books = SimulatedBooks(self.relay_home / "relay.sqlite3")
        return Relay(self.relay_home, books, opened.relay_id, clock)

    def relay_sql(self, statement: str) -> list[Row]:
        """One look into the Web Database's own tables."""
        with closing(sqlite3.connect(self.relay_home / "relay.sqlite3")) as connection:
            return connection.execute(statement).fetchall()

    def restart_relay(self) -> None:
        """It fell, or stands on other files now."""
        self._relay.close()
        self._relay = self._opened_relay()
        self._app = make_app(self._relay)

    def client(self, url: str, site: str = "", key: str = "", **more: Any) -> WatchedWebDatabase:
        """A site's client of the Web Database, over the simulated line."""
        line = Line(
            self.world,
            site,
            lambda: self._app,
            self.restart_relay,
            self.watch.read_body,
            self.weather.get(site) or Weather(),
        )
        return WatchedWebDatabase(
            url,
            site,
            key,
            patience=_PATIENCE,
            clock=self.clocks.get(site, self.clocks[HO]),
            new_session=lambda: SimulatedSession(line),
            watch=self.watch,
            page=self.world.dice.choice((3, 200)) if self.world.seed else 200,
            verify=more.get("verify", True),
        )

    # --- sites ----------------------------------------------------------------------------------

    def home(self, site: str) -> Path:
        """A site's home folder."""
        return self.root / site

    def database(self, site: str) -> Path:
        """A site's business database."""
        return self.root / f"{site}.sqlite3"

    def url(self, site: str) -> str:
        """Its address."""
        return f"sqlite+pysqlite:///{self.database(site)}"

    def join(self, site: str) -> None:
        """Invite a site and let it join."""
        role = Role.HO if site == HO else Role.STORE
        code = access.invite(self._relay, site, role.value, "")
        document = self.root / "plan.json"
        join_chain(NewSite(self.home(site), site, role, self.url(site), _URL, code, plan=document))
        if site not in self.joined:
            self.joined.append(site)

    def plain(self, site: str) -> sqlite3.Connection:
        """A connection as a customer's own program has one."""
        if site not in self._plain:
            connection = sqlite3.connect(
                self.database(site), timeout=0.05, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA foreign_keys=ON")
            self._plain[site] = connection
        return self._plain[site]

    def sql(self, site: str, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """One statement at a SQL prompt."""
        return self.plain(site).execute(statement, values).fetchall()

    def let_go(self, site: str) -> None:
        """Close every connection to a site's database."""
        if site in self._plain:
            self._plain.pop(site).close()
        engines.let_go(self.database(site))

    # --- runs -----------------------------------------------------------------------------------

    def start(
        self,
        site: str,
        sites: Sequence[str] | None = None,
        *,
        dies_at: int = 0,
        cancels_at: int = 0,
        weather: Weather | None = None,
    ) -> Actor:
        """Begin a run; it moves when it is moved."""
        self.weather[site] = weather or Weather()
        self.world.tell(f"start {site} {sites} {dies_at} {cancels_at}")
        asked = [cancels_at]

        def is_cancelled() -> bool:
            asked[0] -= 1
            return asked[0] == 0

        def choose(count: int) -> int:
            self.world.point("step")
            return self.world.dice.randrange(count) if count > 1 else 0

        def act() -> None:
            ended = sync(
                self.home(site),
                Ask(tuple(sites) if sites is not None else None),
                clock=self.clocks[site],
                is_cancelled=is_cancelled,
                make_pump=lambda _: TurnPump(choose),
            )
            self.world.tell(f"end {ended.outcome.value} {ended.notes}")
            self.ended.append((site, ended))

        self.runs[site] = Actor(self.world, site, act, dies_at)
        return self.runs[site]

    def move(self, site: str, points: int) -> None:
        """Let a run go on for so many points. Raises what only a mistake of the program raises."""
        actor = self.runs[site]
        actor.move(points)
        if actor.is_over:
            del self.runs[site]
            if actor.fault is not None and not actor.is_dead:
                raise actor.fault
            if mistakes.found and not actor.is_dead:
                raise Broken(f"a mistake of the program at {site}: {mistakes.found}")
            mistakes.found.clear()
            if self.ended and self.ended[-1][0] == site:
                fault = self.ended[-1][1].fault
                if isinstance(fault, ProgramFault) and not actor.is_dead:
                    raise Broken(f"a mistake of the program at {site}: {fault.detail}")

    def finish(self) -> None:
        """Let every run come to its end, in an order of chance."""
        while self.runs:
            self.move(self.world.dice.choice(sorted(self.runs)), self.world.dice.randint(1, 40))

    def sync(self, site: str, sites: Sequence[str] | None = None) -> Ended:
        """One whole run by itself."""
        self.start(site, sites)
        while site in self.runs:
            self.move(site, 1_000_000)
        return self.ended[-1][1]

    def close(self) -> None:
        """End what is left of runs and connections."""
        for actor in self.runs.values():
            actor.is_dead = True
            while not actor.is_over:
                actor.move(1)
        self.runs.clear()
        for site in list(self._plain):
            self._plain.pop(site).close()
        engines.let_go()
        self._relay.close()


class _Mistakes(logging.Handler):
    """Catches what the program and the Web Database log as mistakes of their own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep its words with the traceback."""
        self.found.append(logging.Formatter().format(record))


mistakes = _Mistakes()


@contextmanager
def standing(chain: Chain) -> Iterator[Chain]:
    """Inside, the program lives in this chain's world."""
    log = logging.getLogger("ginesys_sync")
    World.present = chain.world
    mistakes.found.clear()
    with pytest.MonkeyPatch.context() as patch:
        for module in (site_module, setup_module):
            patch.setattr(module, "WebDatabase", chain.client)
        patch.setattr(log, "propagate", False)
        log.addHandler(mistakes)
        try:
            yield chain
        finally:
            chain.close()
            log.removeHandler(mistakes)
            World.present = None


def make_template(root: Path) -> Path:
    """A settled chain of head office and two stores, and a third store's tables, to be copied."""
    root.mkdir()
    (root / "relay").mkdir()
    (root / "plan.json").write_text(json.dumps(first_plan()))
    world = World(0)
    for site in SITES:
        with closing(sqlite3.connect(root / f"{site}.sqlite3")) as connection:
            connection.executescript(TABLES)
    with simulated(), standing(Chain(root, world, ())) as chain:
        for site in (HO, S001, S002):
            chain.join(site)
        for site in (HO, S001, S002, HO, S001, S002):
            ended = chain.sync(site)
            assert ended.outcome is Outcome.DONE, ended
        late = Database(chain.url(S003))
        with late.connect() as connection, transaction(connection):
            climb(connection)
    for path in root.glob("*.sqlite3"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return root


def first_plan() -> dict[str, Any]:
    """The plan that every seed begins with."""
    return floor_plan()


def copy_template(template: Path, root: Path) -> None:
    """A fresh chain."""
    shutil.copytree(template, root, copy_function=shutil.copyfile)
    for site in SITES:
        file = root / site / "home.json"
        if file.exists():
            settings = json.loads(file.read_text())
            settings["database"] = f"sqlite+pysqlite:///{root / f'{site}.sqlite3'}"
            file.write_text(json.dumps(settings))
