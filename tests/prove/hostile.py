"""Hostile files at both doors: what is sent to a Web Database, and what a lying one hands out.

Each is refused with a reason in words; nothing crashes, nothing changes in the business tables, no
cursor moves over it, and neither memory nor time is without bounds.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.syncing import Ended
from ginesys_sync.wire.body import unpack
from tests.prove.hostile_bodies import OF_PACKING, Forge, Forged, Honest, forgeries
from tests.prove.hostile_calls import calls
from tests.prove.report import Line, Work
from tests.prove.weather import unfit_words
from tests.prove.weather_runs import open_floor
from tests.support.chain_floor import HO, S001, ChainFloor

MOST_MEGABYTES = 260
"""What reading one body may take beside the interpreter: it is 64 MB at most, packed and raw, and
SQLite works on a copy of it."""
MOST_SECONDS = 10.0
_BILLS = (
    "INSERT INTO bill VALUES ('S001', 1, 100, 'Asha'), ('S001', 2, 250, NULL), ('S001', 3, 9, 'x')",
    "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I1', 60), ('S001', 1, 2, 'I2', 40), "
    "('S001', 2, 1, 'I1', 250)",
)
_GONE = "INSERT INTO bill VALUES ('S001', 4, 1, NULL), ('S001', 5, 1, NULL)"
_TABLES = ("bill", "bill_line", "item", "customer")


def prove(work: Work) -> Iterator[Line]:
    """All of it: a fixed amount of work."""
    mine = [one for place, one in enumerate(forgeries()) if work.is_mine(place)]
    yield handed_out(work.folder / "handed", mine)
    yield calls(work)
    if work.is_mine(0):
        yield measured(work.folder)


def handed_out(folder: Path, mine: list[tuple[str, Forge, bool]]) -> Line:
    """Bodies that a lying Web Database hands out to head office in place of a store's."""
    begun, broken = time.monotonic(), []
    with open_floor(folder) as floor:
        lie = Lie(floor)
        for name, forge, is_whole in mine:
            why = lie.told(forge, is_whole)
            if why:
                broken.append(f"{name}: {why}")
    what = "forged bodies handed out to a site"
    seconds = time.monotonic() - begun
    return Line("hostile", what, len(mine), len(mine), tuple(broken), seconds)


class Lie:
    """A chain in which S001's latest bills are on their way, and what is handed out for them."""

    def __init__(self, floor: ChainFloor) -> None:
        self._floor = floor
        floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Salt', '2')")
        floor.done(HO)
        floor.done(S001)
        floor.sql(S001, _GONE)
        floor.done(S001)
        floor.done(HO)
        floor.sql(S001, *_BILLS, "DELETE FROM bill WHERE number > 3")
        floor.done(S001)
        self._cursor = floor.cursor(HO, "S001/sales")
        self._before = self._tables()
        self._honest = self._now_served()
        self._copy = floor.database(HO).read_bytes()

    def told(self, forge: Forge, is_whole: bool) -> str:
        """What is wrong with how head office takes this; empty when nothing is. In the end head
        office is as it was, and the honest body goes in."""
        forged = forge(self._honest)
        self._serve(forged)
        begun = time.monotonic()
        ended = self._floor.sync(HO)
        seconds = time.monotonic() - begun
        why = f"it took {seconds:.0f} s" if seconds > MOST_SECONDS else ""
        is_same = self._is_same(forged)
        why = why or self._judged(ended, is_whole and not is_same)
        self._serve(self._as_sent())
        if self._floor.cursor(HO, "S001/sales") == self._cursor:
            ended = self._floor.sync(HO)
            if not why and ended.outcome is not Outcome.DONE:
                why = f"the honest body is not taken after it: {ended}"
            if not why:
                self._floor.assert_equal([S001])
        self._go_back()
        return why

    def _is_same(self, forged: Forged) -> bool:
        """Whether it is the honest image after all."""
        try:
            raw = unpack(forged.data, forged.sha256, forged.raw_size)
        except Exception:
            return False
        return raw == self._honest.raw

    def _judged(self, ended: Ended, is_whole: bool) -> str:
        if ended.fault is not None:
            words = unfit_words(ended.fault)
            return words or f"the whole run stopped: {ended.fault} ({ended.fault.detail})"
        if not is_whole:
            return self._damage()
        if ended.outcome is not Outcome.ATTENTION or not ended.notes:
            return f"nothing was said: {ended.outcome}, {self._floor.parked(HO)}"
        if self._tables() != self._before:
            return "the business tables changed"
        if self._floor.cursor(HO, "S001/sales") != self._cursor:
            return "the cursor moved over it"
        return ""

    def _damage(self) -> str:
        """Whether records of others changed. What is taken of a forgery is this store's alone."""
        for table in ("item", "customer"):
            if self._floor.rows(HO, table) != self._before[table]:
                return f"{table} changed"
        for table in ("bill", "bill_line"):
            others = [row for row in self._floor.rows(HO, table) if row[0] != "S001"]
            if others != [row for row in self._before[table] if row[0] != "S001"]:
                return f"another site's rows of {table} changed"
        return ""

    def _tables(self) -> dict[str, list[tuple[object, ...]]]:
        return {table: self._floor.rows(HO, table) for table in _TABLES}

    def _go_back(self) -> None:
        """Head office as it was before it was lied to; the Web Database has not heard of it."""
        path = self._floor.database(HO)
        for more in ("-wal", "-shm"):
            path.with_name(path.name + more).unlink(missing_ok=True)
        path.write_bytes(self._copy)

    # --- the disk of the Web Database -------------------------------------------------------------

    def _books(self) -> sqlite3.Connection:
        path = self._floor.relay.home / "relay.sqlite3"
        return sqlite3.connect(path, timeout=20, isolation_level=None)

    _LATEST = (
        "FROM batches b WHERE (organisation, stream, no) = (SELECT organisation, stream, max(no) "
        "FROM batches JOIN streams USING (organisation, stream) "
        "WHERE origin = 'S001' AND channel = 'sales')"
    )

    def _now_served(self) -> Honest:
        with closing(self._books()) as books:
            facts = books.execute(
                f'SELECT sha256, raw_size, records, gone, "rows" {self._LATEST}'
            ).fetchone()
            (data,) = books.execute(
                "SELECT data FROM bodies WHERE sha256 = ?", (facts[0],)
            ).fetchone()
        self._sent = Forged(data, *facts[1:], name=facts[0])
        return Honest(unpack(data, facts[0], facts[1]), *facts[2:])

    def _as_sent(self) -> Forged:
        return self._sent

    def _serve(self, forged: Forged) -> None:
        """Put this where the honest body was, and what is said of it."""
        with closing(self._books()) as books:
            books.execute(
                "INSERT INTO bodies (organisation, sha256, size, site, added_at, is_named, data) "
                "VALUES ('default', ?, ?, 'S001', '', 1, ?) ON CONFLICT DO UPDATE SET "
                "data = excluded.data, size = excluded.size",
                (forged.sha256, len(forged.data), forged.data),
            )
            latest = self._LATEST.partition("WHERE ")[2]
            books.execute(
                "UPDATE batches SET sha256 = ?, size = ?, raw_size = ?, records = ?, gone = ?, "
                f'"rows" = ?, purged = 0 WHERE {latest}',
                (
                    forged.sha256,
                    len(forged.data),
                    forged.raw_size,
                    forged.records,
                    forged.gone,
                    forged.rows,
                ),
            )


def measured(folder: Path) -> Line:
    """What reading the worst of them costs, in a process of its own each."""
    begun, broken = time.monotonic(), []
    with open_floor(folder / "measured") as floor:
        honest = Lie(floor)._honest
    cases = {name: OF_PACKING[name](honest) for name in OF_PACKING}
    for name, forged in cases.items():
        path = folder / "forged"
        path.write_bytes(forged.data)
        told = subprocess.run(
            [sys.executable, "-c", _READER, path, forged.sha256, str(forged.raw_size)],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode:
            broken.append(f"{name}: exit {told.returncode}: {told.stderr[-300:]}")
            continue
        found = json.loads(told.stdout)
        if found["megabytes"] > MOST_MEGABYTES or found["seconds"] > MOST_SECONDS:
            broken.append(f"{name}: {found}")
    seconds = time.monotonic() - begun
    what = "memory and time of reading a forged body"
    return Line("hostile", what, len(cases), len(cases), tuple(broken), seconds)


_READER = """
import json, resource, sys, time
from pathlib import Path
from ginesys_sync.core.errors import Damaged
from ginesys_sync.core.plan import Entity, Owner, Table
from ginesys_sync.wire.body import check_structure, unpack
key = ("store", "number")
line = Table("bill_line", (*key, "line"), key, (*key, "line", "item_code", "amount"))
root = Table("bill", key, key, (*key, "total", "customer"))
entity = Entity("bills", "bill", "bills", "sales", Owner.SITE, root, (line,), site_column="store")
data = Path(sys.argv[1]).read_bytes()
most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, begun = most(), time.monotonic()
try:
    check_structure(unpack(data, sys.argv[2], int(sys.argv[3])), entity)
except Damaged as fault:
    pass
print(json.dumps({"megabytes": most() - before, "seconds": time.monotonic() - begun}))
"""
