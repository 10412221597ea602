"""Whole runs of head office and a store in bad weather: then fair weather, and all is equal."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from ginesys_sync.core.status import Outcome
from ginesys_sync.engine.webdb import Patience
from tests.prove.report import Line, Work
from tests.support.chain_floor import HO, S001, S002, ChainFloor, make_template
from tests.support.weather import Storm, Weather

CALLS_OF_A_RUN = 9
"""So many calls of the runs lose their answer in turn."""
_LONGEST_SECONDS = 60.0
_numbers = itertools.count(1)


def runs(work: Work, storms: Mapping[str, Storm], patience: Patience) -> Line:
    """Edit at both ends, sync both in each weather; then in fair weather until all is quiet."""
    later = {
        f"the line dies at call {call + 1}": Storm(loses_answers=True, from_call=call)
        for call in range(CALLS_OF_A_RUN)
    }
    plan = list({**storms, **later}.items())
    mine = [one for place, one in enumerate(plan) if work.is_mine(place)]
    begun, broken = time.monotonic(), []
    floor = open_floor(work.folder / "runs")
    floor.patience = patience
    with floor, Weather(floor.relay.url) as weather:
        floor.move_to(weather.url)
        for name, storm in mine:
            why = one_run(floor, weather, storm)
            if why:
                broken.append(f"in {name!r}: {why}")
    seconds = time.monotonic() - begun
    return Line("weather", "runs × weathers", len(mine), len(mine), tuple(broken), seconds)


def open_floor(folder: Path) -> ChainFloor:
    """A settled chain of head office and two stores of its own, not yet entered."""
    folder.mkdir(parents=True)
    shutil.copytree(make_template(folder / "template"), folder / "chain")
    return ChainFloor(folder / "chain")


def edit(floor: ChainFloor) -> None:
    """Something changes at head office and at a store, large and small, new and old."""
    number = next(_numbers)
    floor.sql(
        HO,
        f"INSERT INTO item VALUES ('I{number}', 'Tea', '{number}')",
        f"INSERT INTO odd VALUES ('B{number}', randomblob(150000), 1)",
        f"INSERT INTO notice VALUES ('N{number}', 'S001', 'x')",
        f"UPDATE item SET name = 'Tea of {number}' WHERE code = 'I{max(1, number - 1)}'",
        f"DELETE FROM odd WHERE code = 'B{number - 2}'",
    )
    floor.sql(
        S001,
        f"INSERT INTO bill VALUES ('S001', {number}, 100, NULL)",
        f"INSERT INTO bill_line VALUES ('S001', {number}, 1, NULL, 100)",
        f"INSERT INTO customer VALUES ('C{number}', 'Asha', NULL, '2026-11-0{number % 9 + 1}')",
    )


def one_run(floor: ChainFloor, weather: Weather, storm: Storm) -> str:
    """What is wrong with runs in this weather, and in the fair one after it; empty: nothing."""
    edit(floor)
    weather.set(storm)
    for site in (HO, S001):
        begun = time.monotonic()
        ended = floor.sync(site)
        if ended.fault is not None and ended.fault.code == "bug":
            return f"{site} met a mistake of the program: {ended.fault.detail}"
        if time.monotonic() - begun > _LONGEST_SECONDS:
            return f"the run of {site} took {time.monotonic() - begun:.0f} s"
    weather.set()
    return quiet(floor)


def quiet(floor: ChainFloor) -> str:
    """Sync everybody until nothing is left; what is then not as it should be."""
    ended = None
    for site in (*(HO, S001, S002) * 3, HO):
        ended = floor.sync(site)
        if ended.fault is not None:
            return f"{site} in fair weather: {ended.closing} ({ended.fault.detail[:200]})"
    if ended is None or ended.outcome is not Outcome.DONE:
        return f"it does not come to rest: {ended}"
    for site in (HO, S001, S002):
        if parked := floor.parked(site):
            return f"{site} has parked {parked}"
    try:
        floor.assert_equal()
    except AssertionError as fault:
        return f"not equal: {str(fault)[:300]}"
    return ""
