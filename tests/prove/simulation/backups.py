"""Copies of a site or of the Web Database, made while it works on and put back later."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.prove.simulation.chain import HO, S003, SITES, Chain

RELAY = "relay"
_COPIED = ((), (), *((site,) for site in SITES), (RELAY,), (HO, "S001"), ("S001", "S002"))
"""Whose copies one seed makes. Not a site's and the Web Database's: what was sent in between stands
only where it was processed then."""


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
    chain.copied.add(whose)
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
    return whose in chain.copied


@dataclass(slots=True)
class Copies:
    """When a seed makes copies and puts them back: by the number of runs that were started."""

    made_at: dict[str, int] = field(default_factory=dict)
    back_at: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def by_chance(cls, dice: Random) -> Copies:
        """Each is put back once, or later once more."""
        copies = cls()
        for whose in dice.choice(_COPIED):
            copies.made_at[whose] = dice.randint(5, 25)
            for _ in range(dice.choice((1, 1, 2))):
                copies.back_at.append((dice.randint(26, 55), whose))
        copies.back_at.sort()
        return copies

    def make(self, chain: Chain, started: int) -> None:
        """Make those that it is time for."""
        for whose, at in self.made_at.items():
            if started < at:
                continue
            # Whoever joined after the Web Database's copy was made has to join again.
            is_early = whose == RELAY and S003 not in chain.joined
            is_there = whose in (*chain.joined, RELAY)
            # One made in the middle of a run, and put back twice, passes for the site itself.
            is_busy = whose in chain.runs and [who for _, who in self.back_at].count(whose) > 1
            if is_there and not is_early and not is_busy and not has_copy(chain, whose):
                back_up(chain, whose)

    def due(self, chain: Chain, started: int) -> list[str]:
        """Whose copy is to be put back now: asked once."""
        due = [whose for at, whose in self.back_at if at <= started]
        self.back_at = [each for each in self.back_at if each[0] > started]
        return [whose for whose in due if has_copy(chain, whose)]


def _places(chain: Chain, whose: str) -> tuple[Path, Path]:
    if whose == RELAY:
        return chain.relay_home / "relay.sqlite3", chain.relay_home
    return chain.database(whose), chain.home(whose)


def _files(source: Path, target: Path) -> None:
    """Everything but databases and locks, times kept."""
    skip = shutil.ignore_patterns("*.sqlite3*", "*.lock")
    shutil.copytree(source, target, ignore=skip, dirs_exist_ok=True)
