"""One site put together: its home, its database, its plan, its identity. The composition root of
everything else here."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ginesys_sync import __version__
from ginesys_sync.core.errors import DatabaseUnusable, HomeUnusable
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import Plan, with_own_entities
from ginesys_sync.core.settings import Home, open_home
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.store.database import Connection, Database, read_state, require_current
from ginesys_sync.store.identity import EPOCH, INCARNATION, SITE
from ginesys_sync.store.plans import present_plan

PROGRAM = f"ginesys-sync {__version__}"


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site ready to work: settings, database, present plan (with the sync's own entities)."""

    home: Home
    database: Database
    plan: Plan
    epoch: str
    incarnation: str

    @property
    def code(self) -> str:
        """The site's code."""
        return self.home.settings.site

    @property
    def is_head_office(self) -> bool:
        """Whether this is head office."""
        return self.code == HEAD_OFFICE

    def web(self) -> WebDatabase:
        """A client of the Web Database with this site's key."""
        settings = self.home.settings
        return WebDatabase(
            settings.relay, settings.site, self.home.key(), verify=settings.certificates or True
        )


@contextmanager
def opened_site(folder: Path) -> Iterator[OpenSite]:
    """Open a home and its database. Raises KnownError when either is not what it should be."""
    home = open_home(folder)
    database = Database(home.settings.database)
    try:
        require_current(database)
        with database.connect() as connection:
            plan = with_own_entities(present_plan(connection))
            epoch, incarnation = _identity(connection, home)
        yield OpenSite(home, database, plan, epoch, incarnation)
    finally:
        database.dispose()


def _identity(connection: Connection, home: Home) -> tuple[str, str]:
    site = read_state(connection, SITE)
    if site != home.settings.site:
        raise HomeUnusable(
            f"This home is {home.settings.site}'s, but its database is {site or 'nobody'}'s.",
            "Give the home folder that belongs to this database.",
        )
    epoch, incarnation = read_state(connection, EPOCH), read_state(connection, INCARNATION)
    if not epoch or not incarnation:
        raise DatabaseUnusable(
            "This database has lost the sync's own identity.",
            "Run `ginesys-sync init` for it again.",
        )
    return epoch, incarnation


def new_nonce() -> str:
    """64 random bits as 16 hex digits."""
    return secrets.token_hex(8)
