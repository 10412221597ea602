"""What every door of the Web Database works with: home, database, clock, and the caller."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.model import Role
from ginesys_sync.relay.database import ORGANISATION, Database, open_database

DATABASE_FILE = "relay.sqlite3"
KEEP_DAYS = 7
"""How long what every site has processed is kept, for one that is brought back from a backup."""
NO_END = 2**53
"""Beyond every number: what nobody needs any more reaches up to here."""


@dataclass(frozen=True, slots=True)
class Relay:
    """One Web Database. `relay_id` is its identity for life."""

    home: Path
    database: Database
    relay_id: str
    clock: Clock
    organisation: str = ORGANISATION
    keep: timedelta = timedelta(days=KEEP_DAYS)

    def now(self) -> str:
        """The present moment as text."""
        return iso(self.clock.now())

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


@dataclass(frozen=True, slots=True)
class Caller:
    """The site whose key came with the call. `epoch` is what its own streams are numbered in."""

    organisation: str
    site: str
    role: Role
    epoch: str
    epoch_no: int

    @property
    def is_ho(self) -> bool:
        """Whether head office is calling."""
        return self.role is Role.HO


def open_relay(home: Path, clock: Clock | None = None, keep_days: int = KEEP_DAYS) -> Relay:
    """Open the Web Database of a home; the first time, it is made. Raises KnownError."""
    database = open_database(home / DATABASE_FILE)
    make_folder(home / "bodies")
    with database.reading() as reader:
        row = reader.execute(
            "SELECT relay_id FROM organisations WHERE organisation = ?", (ORGANISATION,)
        ).fetchone()
    keep = timedelta(days=keep_days)
    return Relay(home, database, str(row["relay_id"]), clock or SystemClock(), keep=keep)


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there; durable either way: whoever made it may have been killed
    before it was."""
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def fsync_folder(folder: Path) -> None:
    """Make durable what was renamed or made in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def site_row(connection: sqlite3.Connection, organisation: str, site: str) -> sqlite3.Row | None:
    """A site's row, if the Web Database knows it."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM sites WHERE organisation = ? AND site = ?", (organisation, site)
    ).fetchone()
    return row
