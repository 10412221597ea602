"""Copies of a site or of the Web Database, made while it works on and put back later."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.prove.simulation.chain import Chain

RELAY = "relay"


def back_up(chain: Chain, whose: str) -> Path:
    """The database as a backup program copies it, and the home's files."""
    aside = chain.root / f"copy of {whose}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    database, home = _places(chain, whose)
    with (
        closing(sqlite3.connect(database)) as source,
        closing(sqlite3.connect(aside / database.name)) as target,
    ):
        source.backup(target)
    _files(home, aside / "home")
    chain.world.tell(f"copied {whose}")
    return aside


def put_back(chain: Chain, whose: str) -> None:
    """The last copy in the place of what is there. No run may be on."""
    aside = chain.root / f"copy of {whose}"
    database, home = _places(chain, whose)
    if whose != RELAY:
        chain.let_go(whose)
    for end in ("", "-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    shutil.rmtree(home) if whose != RELAY else shutil.rmtree(home / "bodies")
    _files(aside / "home", home)
    shutil.copyfile(aside / database.name, database)
    if whose == RELAY:
        chain.restart_relay()
    chain.restored.add(whose)
    chain.world.tell(f"put back {whose}")


def has_copy(chain: Chain, whose: str) -> bool:
    """Whether there is one."""
    return (chain.root / f"copy of {whose}").exists()


def _places(chain: Chain, whose: str) -> tuple[Path, Path]:
    if whose == RELAY:
        return chain.relay_home / "relay.sqlite3", chain.relay_home
    return chain.database(whose), chain.home(whose)


def _files(source: Path, target: Path) -> None:
    """Everything but databases and locks, times kept."""
    skip = shutil.ignore_patterns("*.sqlite3*", "*.lock")
    shutil.copytree(source, target, ignore=skip, dirs_exist_ok=True)
