"""What a sync would send, looked at before it is sealed: counts, sizes, and values that fall.

Everything is read in the one snapshot of a `SealReader` and decided by its own claims, so that the
preview and the sync cannot disagree; nothing is written but its in-memory databases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ginesys_sync.core.plan import Entity, Plan, Rule
from ginesys_sync.store.database import Database, database_faults, raw
from ginesys_sync.store.glance import TARGET
from ginesys_sync.store.keys import equal, listed, parts
from ginesys_sync.store.meant import is_here
from ginesys_sync.store.sealing import Claim, SealReader
from ginesys_sync.wire.body import lay_in, pack, quoted
from ginesys_sync.wire.own_names import in_own_names

_SLICE = 200_000
_SAMPLE = 500
_MOST_BODIES = 200
_EXAMPLES = 5
Staged = Callable[[str, int], bytes | None]
"""The raw body of an own batch by SHA-256 and raw size; None when it is no longer kept."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A watched value that falls by more than half: the record's key parts, then and now."""

    key: tuple[object, ...]
    column: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Look:
    """What would go of one entity. `gone` of the `records` go as tombstones. `falls` counts watched
    values that fall by more than half, `unknown` those whose last sent value is no longer kept.
    """

    records: int = 0
    gone: int = 0
    sites: frozenset[str] | None = frozenset()
    size: int = 0
    falls: int = 0
    unknown: int = 0
    examples: tuple[Fall, ...] = ()

    def plus(self, other: Look) -> Look:
        """Both together."""
        is_all = self.sites is None or other.sites is None
        return Look(
            self.records + other.records,
            self.gone + other.gone,
            None if is_all else (self.sites or frozenset()) | (other.sites or frozenset()),
            self.size + other.size,
            self.falls + other.falls,
            self.unknown + other.unknown,
            (*self.examples, *other.examples)[:_EXAMPLES],
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed of an entity before and some of the asked sites may not read yet."""

    stream: str
    records: int
    gone: int
    size: int


class PreviewReader(SealReader):
    """A reader that counts instead of sealing. `sites`: those a sync would release to, None: all.
    `close` ends the snapshot."""

    def __init__(
        self, database: Database, plan: Plan, site: str, sites: frozenset[str] | None
    ) -> None:
        super().__init__(database, plan, site)
        self._sites = sites
        with database_faults():
            self._run("CREATE INDEX claim.record_key ON record(k1, k2, k3, k4)")
            self._run("ATTACH ':memory:' AS sent")

    def look(self, entity: Entity, stream: str, staged: Staged) -> Look:
        """What would go of one entity to the sites."""
        found, sample = Look(), self._bytes_a_record(entity)
        for chosen in (None, *self.chosen(entity.name)):
            after = 0
            while claim := self.claim(entity, after, _SLICE, chosen):
                after = claim.last_id
                with database_faults():
                    found = found.plus(self._look_at(claim, stream, staged, sample))
        return found

    def _bytes_a_record(self, entity: Entity) -> float:
        """How large a record is in a packed body, found by making one of the first few."""
        claim = self.claim(entity, 0, _SAMPLE)
        bodies = [self.body(claim, target) for target in claim.targets] if claim else []
        count = sum(body.records + body.gone for body in bodies)
        return sum(len(pack(body.data).data) for body in bodies) / count if count else 100.0

    def _look_at(self, claim: Claim, stream: str, staged: Staged, sample: float) -> Look:
        entity = claim.entity
        places = self._places(claim)
        if places is None:
            self._run(f"UPDATE claim.record AS r SET here = {is_here(entity)}")
            mine, gone_of, sites = "true", "r.here = 0", self._sites
        elif not places:
            return Look()
        else:
            numbers = ", ".join(map(str, places))
            mine = f"r._id IN (SELECT _id FROM claim.target WHERE place IN ({numbers}))"
            lost = [place for place, members in places.items() if members]
            gone_of = " OR ".join(
                f"(r._id IN (SELECT _id FROM claim.target WHERE place = {place}) AND (r.here = 0 "
                f"OR instr(',' || r.new || ',', ',{min(places[place])},') = 0))"
                for place in lost
            )
            sites = frozenset[str]().union(*places.values())
        records, gone = self._run(
            f"SELECT count(*), coalesce(sum({gone_of}), 0) FROM claim.record r WHERE {mine}"
        ).fetchone()
        falls = [self._falls(claim, column, mine, stream, staged) for column in entity.watch]
        found = Look(records, gone, sites, int(records * sample))
        for each in falls:
            found = found.plus(each)
        return found

    def _places(self, claim: Claim) -> dict[int, frozenset[str]] | None:
        """The claim's batches that some asked site gets: place → those sites. None: all records."""
        found: dict[int, frozenset[str]] = {}
        for target in claim.targets:
            if target.place is None:
                return None
            members = frozenset[str](target.audience.sites or ())
            meant = members if self._sites is None else members & self._sites
            if meant:
                found[target.place] = meant
        return found

    # --- values that fall -------------------------------------------------------------------------

    def _falls(self, claim: Claim, column: str, mine: str, stream: str, staged: Staged) -> Look:
        """Against the value that was last sent, as long as its batch is kept; a record that was
        never sent, against the one before it in key order that shares all key columns but the last.
        """
        entity = claim.entity
        wide = equal("s", parts(4), "r", parts(4))
        rows = self._run(
            f"SELECT s.last_no, count(*) FROM claim.record r JOIN main.sync_record s ON "
            f"s.entity = ? AND {wide} WHERE r.here AND s.last_no > 0 AND {mine} "
            "GROUP BY s.last_no ORDER BY 2 DESC, 1 DESC",
            (entity.name,),
        ).fetchall()
        found = self._falls_of_new(entity, column, mine)
        for place, (no, count) in enumerate(rows):
            known = self._falls_of_sent(entity, column, mine, stream, no, staged)
            if place >= _MOST_BODIES or known is None:
                found = found.plus(Look(unknown=count))
            else:
                found = found.plus(known).plus(Look(unknown=count - known.records))
        return Look(falls=found.falls, unknown=found.unknown, examples=found.examples)

    def _falls_of_sent(
        self, entity: Entity, column: str, mine: str, stream: str, no: int, staged: Staged
    ) -> Look | None:
        """`records`: how many of the claim's records batch `no` tells the last value of. None when
        its body is not to be had."""
        row = self._run(
            "SELECT b.sha256, b.raw_size FROM main.sync_batch b JOIN main.sync_stream s ON "
            "s.stream = b.stream AND s.epoch = b.epoch WHERE b.stream = ? AND b.no = ? "
            "AND b.entity = ? AND b.withdrawn_at IS NULL",
            (stream, no, entity.name),
        ).fetchone()
        body = staged(row[0], row[1]) if row else None
        if body is None:
            return None
        lay_in(raw(self.connection), in_own_names(body, entity), "sent")
        root, width = quoted(entity.root.name), parts(len(entity.key))
        joined = (
            f"FROM sent.{root} b CROSS JOIN claim.record r ON {equal('r', width, 'b', entity.key)} "
            f"JOIN main.sync_record s ON s.entity = '{entity.name}' AND s.last_no = {no} "
            f"AND {equal('s', parts(4), 'r', parts(4))} JOIN main.{root} t "
            f"ON {equal('t', entity.key, 'b', entity.key)} WHERE {mine}"
        )
        try:
            return self._counted(entity, column, f"b.{quoted(column)}", joined)
        except sqlite3.OperationalError:  # sealed by a plan that had no such column
            return None

    def _falls_of_new(self, entity: Entity, column: str, mine: str) -> Look:
        if len(entity.key) < 2:
            return Look()
        root, width = quoted(entity.root.name), parts(len(entity.key))
        same = equal("p", entity.key[:-1], "t", entity.key[:-1])
        last = quoted(entity.key[-1])
        before = (
            f"(SELECT p.{quoted(column)} FROM main.{root} p WHERE {same} AND p.{last} < t.{last} "
            f"ORDER BY p.{last} DESC LIMIT 1)"
        )
        joined = (
            f"FROM claim.record r JOIN main.{root} t ON {equal('t', entity.key, 'r', width)} "
            f"WHERE {mine} AND NOT EXISTS (SELECT 1 FROM main.sync_record s WHERE "
            f"s.entity = '{entity.name}' AND s.last_no > 0 "
            f"AND {equal('s', parts(4), 'r', parts(4))})"
        )
        return self._counted(entity, column, before, joined)

    def _counted(self, entity: Entity, column: str, before: str, joined: str) -> Look:
        now = f"CAST(t.{quoted(column)} AS REAL)"
        pairs = (
            f"SELECT {listed(entity.key, 't')}, CAST({before} AS REAL) AS sync_before, "
            f"{now} AS sync_now {joined}"
        )
        fallen = "sync_before > 0 AND sync_now < sync_before / 2"
        count, falls = self._run(
            f"SELECT count(*), coalesce(sum({fallen}), 0) FROM ({pairs})"
        ).fetchone()
        rows: list[tuple[Any, ...]] = []
        if falls:
            rows = self._run(f"SELECT * FROM ({pairs}) WHERE {fallen} LIMIT {_EXAMPLES}").fetchall()
        examples = tuple(Fall(tuple(row[:-2]), column, row[-2], row[-1]) for row in rows)
        return Look(records=count, falls=falls, examples=examples)

    # --- what else a sync would do ----------------------------------------------------------------

    def standing(self, entity: Entity) -> int:
        """How many records of an entity the asked sites have now, as far as the books say."""
        with database_faults():
            if entity.audience.rule is Rule.ALL:
                root = quoted(entity.root.name)
                return int(self._run(f"SELECT count(*) FROM main.{root}").fetchone()[0])
            where, values = self._of_sites("t.site")
            found = self._run(
                f"WITH {TARGET} SELECT count(*) FROM main.sync_record s WHERE s.entity = :entity "
                "AND s.gone = 0 AND s.audience IN (SELECT t.audience FROM target t "
                f"WHERE {where})",
                {"entity": entity.name, **values},
            )
            return int(found.fetchone()[0])

    def sealed(self) -> dict[str, Sealed]:
        """Batches sealed before that some asked site may not read yet, by entity."""
        where, values = self._of_sites("t.site")
        with database_faults():
            rows = self._run(
                f"WITH {TARGET} SELECT b.entity, b.stream, sum(b.records), sum(b.gone), "
                "sum(b.size) FROM main.sync_batch b WHERE b.received_at IS NULL "
                "AND b.withdrawn_at IS NULL AND EXISTS (SELECT 1 FROM target t "
                f"WHERE t.audience = b.audience AND {where} AND b.no > coalesce((SELECT "
                "max(r.to_no) FROM main.sync_release r WHERE r.stream = b.stream "
                "AND r.site IN (t.site, '*')), 0)) GROUP BY b.entity, b.stream",
                values,
            ).fetchall()
        return {entity: Sealed(*facts) for entity, *facts in rows}

    def blocked_channels(self) -> frozenset[str]:
        """The lanes whose release stands still."""
        with database_faults():
            rows = self._run("SELECT name FROM main.sync_block WHERE kind = 'channel'").fetchall()
        return frozenset(name for (name,) in rows)

    def _of_sites(self, column: str) -> tuple[str, dict[str, str]]:
        if self._sites is None:
            return "true", {}
        names = {f"site{number}": site for number, site in enumerate(sorted(self._sites))}
        return f"{column} IN ({', '.join(f':{name}' for name in names)})", names
