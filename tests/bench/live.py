"""`live`: how soon a commit at head office is applied at an online store, and what waiting costs.

Relay, and the services of head office and of one store in live mode, as real processes. A price is
changed by plain SQL, once at a time, at moments that keep no step with anything; the time runs from
that commit until a reader of the store's database sees it. Then nothing changes for a while, and
the two services' processor time and calls to the Web Database are counted.
"""

from __future__ import annotations

import math
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from ginesys_sync.core.schedule import Schedule, ScheduleType
from ginesys_sync.core.settings import open_home, write_settings
from ginesys_sync.services.planner import LIVE_STATE
from ginesys_sync.services.schedules import set_schedule
from ginesys_sync.services.syncing import Ask, sync
from tests.bench.report import Measure, note, rounded
from tests.bench.rig import ChainFolder, Child, child, cpu_seconds_of, make_chain
from tests.bench.rows import connected
from tests.support.weather import Weather

COMMITS, LIMIT_SECONDS = 100, 1.5
IDLE_SECONDS, IDLE_CORE_PERCENT, IDLE_CALLS = 90, 1.0, 1.0
SITES = ("HO", "S001")
_SERVICE = ("-m", "ginesys_sync", "service", "--home")


def run(quick: bool) -> list[Measure]:
    """Seconds from commit to applied, and the cost of an idle service."""
    commits, idle = (3, 2) if quick else (COMMITS, IDLE_SECONDS)
    with tempfile.TemporaryDirectory(prefix="bench-live-") as name, ExitStack() as stack:
        chain = _live_chain(Path(name) / "chain")
        stack.enter_context(chain.relay())
        taps = {code: stack.enter_context(_tapped(chain, code)) for code in SITES}
        services = {
            code: stack.enter_context(child(*_SERVICE, str(chain.home(code)))) for code in SITES
        }
        for code in SITES:
            _until_live(chain, code)
        note(f"live: {commits} commits at head office, one at a time")
        seconds = _commits(chain, commits)
        note(f"live: {idle} s in which nothing happens")
        core, calls = _idle(services, taps, idle)
    return [*_soon(seconds, not quick), *_cost(core, calls, idle, not quick)]


def _live_chain(folder: Path) -> ChainFolder:
    chain = make_chain(folder, ("S001",))
    live = Schedule(ScheduleType.ON_STARTUP, live=True)
    chain.change_items(10)
    set_schedule(chain.home("HO"), "HO", live)
    set_schedule(chain.home("HO"), "*", live)
    with chain.relay():
        for code in ("HO", "S001", "HO"):
            assert sync(chain.home(code), Ask()).fault is None
    return chain


@contextmanager
def _tapped(chain: ChainFolder, code: str) -> Iterator[Weather]:
    """The site's line to the relay, with its calls counted."""
    home = open_home(chain.home(code))
    with Weather(home.settings.relay) as tap:
        write_settings(home.folder, replace(home.settings, relay=tap.url))
        yield tap


def _until_live(chain: ChainFolder, code: str) -> None:
    asked = f"SELECT 1 FROM sync_state WHERE name = '{LIVE_STATE}' AND value LIKE 'on %'"
    _until(chain, code, asked, 1, 60)


def _until(chain: ChainFolder, code: str, asked: str, wanted: object, most: float) -> float:
    """Look again and again until the database answers so; the seconds it took."""
    began = time.monotonic()
    with closing(connected(chain.database(code))) as connection:
        while True:
            found = connection.execute(asked).fetchone()
            if found and found[0] == wanted:
                return time.monotonic() - began
            if time.monotonic() - began > most:
                raise RuntimeError(f"{code} did not get there in {most} s: {asked}")
            time.sleep(0.005)


def _commits(chain: ChainFolder, commits: int) -> list[float]:
    chance = random.Random(1)
    seconds = []
    with closing(connected(chain.database("HO"))) as office:
        (code,) = office.execute("SELECT code FROM item ORDER BY code LIMIT 1").fetchone()
        for number in range(commits):
            time.sleep(0.5 + chance.random())
            office.execute("BEGIN IMMEDIATE")
            office.execute("UPDATE item SET name = ? WHERE code = ?", (f"Live {number}", code))
            office.execute("COMMIT")
            asked = f"SELECT name FROM item WHERE code = '{code}'"
            seconds.append(_until(chain, "S001", asked, f"Live {number}", 60))
    return seconds


def _idle(
    services: dict[str, Child], taps: dict[str, Weather], seconds: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Per site: percent of a core, and calls in 30 seconds, while nothing happens."""
    time.sleep(3)  # what the last commit still causes
    cpu = {code: cpu_seconds_of(service) for code, service in services.items()}
    calls = {code: tap.calls for code, tap in taps.items()}
    time.sleep(seconds)
    core = {code: cpu_seconds_of(services[code]) - cpu[code] for code in cpu}
    made = {code: taps[code].calls - calls[code] for code in calls}
    return (
        {code: used / seconds * 100 for code, used in core.items()},
        {code: count * 30 / seconds for code, count in made.items()},
    )


def p95(seconds: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(seconds)[math.ceil(len(seconds) * 0.95) - 1]


def _soon(seconds: list[float], is_judged: bool) -> list[Measure]:
    raw = {
        "commits": len(seconds),
        "median": round(median(seconds), 3),
        "worst": round(max(seconds), 3),
        "seconds": rounded(seconds),
    }
    words = "commit at head office to applied at the store, p95"
    return [Measure("live", words, p95(seconds), LIMIT_SECONDS, "s", is_judged, raw)]


def _cost(
    core: dict[str, float], calls: dict[str, float], idle: float, is_judged: bool
) -> list[Measure]:
    found = []
    for code, where in (("HO", "head office"), ("S001", "store")):
        raw = {"idle_seconds": idle}
        found += [
            Measure(
                "live", f"idle {where}: of a core", core[code], IDLE_CORE_PERCENT, "%",
                is_judged, raw,
            ),
            Measure(
                "live", f"idle {where}: calls in 30 s", calls[code], IDLE_CALLS, "calls",
                is_judged, raw,
            ),
        ]  # fmt: skip
    return found
