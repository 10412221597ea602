"""Clocks that are a day wrong, or jump: every sync is as if they were right, but for a warning."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.alert_settings import Limits
from ginesys_sync.services.standing import is_skewed
from tests.prove.report import Line, Work
from tests.prove.weather_runs import edit, open_floor, quiet
from tests.support.chain_floor import HO, S001, S002, ChainFloor

DAY = 86_400.0


class WrongClock:
    """A clock whose hands are elsewhere: each reading takes the next of `offsets` (seconds)."""

    def __init__(self, offsets: Iterator[float]) -> None:
        self._offsets = offsets

    def now(self) -> datetime:
        """The wrong moment."""
        return datetime.now(UTC) + timedelta(seconds=next(self._offsets))

    def monotonic(self) -> float:
        """This one no hand turns."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)


CLOCKS: dict[str, Callable[[], Iterator[float]]] = {
    "right": lambda: itertools.repeat(0.0),
    "a day fast": lambda: itertools.repeat(DAY),
    "a day slow": lambda: itertools.repeat(-DAY),
    "ten years slow": lambda: itertools.repeat(-3_650 * DAY),
    "back and forth": lambda: itertools.cycle((DAY, -DAY)),
    "backwards": lambda: itertools.count(DAY, -600.0),
    "running away": lambda: itertools.count(0.0, 3_600.0),
}


def clocks(work: Work) -> Line:
    """A chain at work, one site after the other with each of the clocks."""
    plan = [(site, name) for site in (HO, S001) for name in CLOCKS]
    mine = [one for place, one in enumerate(plan) if work.is_mine(place)]
    begun, broken = time.monotonic(), []
    with open_floor(work.folder / "clocks") as floor:
        for site, name in mine:
            why = one_clock(floor, site, CLOCKS[name]())
            if why:
                broken.append(f"{site} {name}: {why}")
    seconds = time.monotonic() - begun
    return Line("weather", "runs × wrong clocks", len(mine), len(mine), tuple(broken), seconds)


def one_clock(floor: ChainFloor, wrong: str, offsets: Iterator[float]) -> str:
    """What is wrong with two rounds of syncs while one site has this clock; empty: nothing."""
    clock = WrongClock(offsets)
    for _ in range(2):
        edit(floor)
        for site in (HO, S001, S002, HO):
            ended = floor.sync(site, clock=clock if site == wrong else None)
            if ended.outcome is not Outcome.DONE:
                return f"{site} ended as {ended}"
    at_open = clock_ahead(floor, wrong)
    why = quiet(floor)
    first = next(offsets)
    is_steady = first == next(offsets)
    if not why and is_steady and abs(at_open - first) > 5:
        why = f"its clock was noted as {at_open:.0f} s ahead"
    if not why and is_steady and is_skewed(int(at_open), Limits()) is not (first != 0.0):
        why = "nobody is warned of its clock" if first else "its clock is warned of"
    return why


def clock_ahead(floor: ChainFloor, site: str) -> int:
    """What the Web Database last noted of a site's clock, in seconds."""
    with closing(sqlite3.connect(floor.relay.home / "relay.sqlite3")) as connection:
        query = "SELECT clock_ahead_seconds FROM sites WHERE site = ?"
        return int(connection.execute(query, (site,)).fetchone()[0])
