"""Sealing on SQLite, the reading half: changes, whom they are for, and their images, all in one
snapshot.

The reader holds the run's snapshot and two attached in-memory databases: `claim` (which changes,
which records, for whom) and `body` (one batch body at a time). The claim goes to the writer
(`store.claiming`) as a serialized image, so that neither side makes a Python object per row.

What a person holds back (`store.blocks`) is not claimed; what a person sends again to chosen sites
is claimed apart, after the other changes of its entity. Where nobody intervened, neither is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ginesys_sync.core.model import HEAD_OFFICE, Audience
from ginesys_sync.core.plan import Entity, Owner, Plan, Rule
from ginesys_sync.store import blocks
from ginesys_sync.store.blocks import Held
from ginesys_sync.store.capture import SENT_AGAIN
from ginesys_sync.store.database import Database, database_faults, raw
from ginesys_sync.store.keys import equal, listed, part_list, parts
from ginesys_sync.store.meant import is_here, members_sql
from ginesys_sync.store.routing import FIRST_CHOSEN, audiences_of, chosen_audiences
from ginesys_sync.wire.body import BASE, CHILD_BITS, GONE, ID, body_schema, quoted
from ginesys_sync.wire.own_names import as_it_travels

_CLAIM_SCHEMA = (
    "CREATE TABLE claim.change(id INTEGER PRIMARY KEY, k1, k2, k3, k4, image)",
    "CREATE TABLE claim.record(_id INTEGER PRIMARY KEY, k1 DEFAULT '', k2 DEFAULT '', k3 "
    "DEFAULT '', k4 DEFAULT '', "
    "image, here, old, new)",
    "CREATE TABLE claim.target(place INTEGER, _id INTEGER, PRIMARY KEY(place, _id)) WITHOUT ROWID",
)


_COUNTED_CHANGES = 200_000
_Decide = Callable[[str, str, bool, bool], tuple[tuple[Audience, bool], ...]]


@dataclass(frozen=True, slots=True)
class Target:
    """One batch of a claim: its audience, and the `place` under which the claim lists its records
    (None: all).
    """

    audience: Audience
    place: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Changes taken together. `last_id` is where reading goes on; it never says what to delete.
    `is_chosen`: sent again to chosen sites, which says nothing about where else the records are.
    `ends_unsent`: some of the records were withdrawn before, and are sent by this.
    """

    entity: Entity
    changes: int
    last_id: int
    targets: tuple[Target, ...]
    is_chosen: bool = False
    ends_unsent: bool = False


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body not yet packed. Counts: records with an image, records gone, rows of all tables."""

    data: bytes
    records: int
    gone: int
    rows: int


class SealReader:
    """Reads changes and images in one snapshot. Belongs to one thread at a time; `close` ends the
    snapshot.
    """

    def __init__(self, database: Database, plan: Plan, site: str) -> None:
        self.connection = database.connect()
        self._run = raw(self.connection).execute
        self._serialize = raw(self.connection).serialize
        self._plan = plan
        self._is_head_office = site == HEAD_OFFICE
        self._counts: dict[str, tuple[int, int]] | None = None
        with database_faults():
            # It reads forward, each page about once; and the size bounds what sorting may take.
            self._run("PRAGMA main.cache_size=-1000")
            self._run("ATTACH ':memory:' AS claim")
            self._run("ATTACH ':memory:' AS body")
            self._run("PRAGMA body.auto_vacuum=INCREMENTAL")
            self._run("PRAGMA body.secure_delete=ON")
            self._run("PRAGMA body.journal_mode=OFF")
            for statement in _CLAIM_SCHEMA:
                self._run(statement)
            self._run("BEGIN")
            self._run("SELECT 1 FROM main.sync_state LIMIT 1").fetchall()
            held = blocks.held_names(self.connection)
        does_hold = self._is_head_office and (held[Held.ENTITY] or held[Held.RECORD])
        self.free = (blocks.FREE if does_hold else "") + self._awaited(site)
        self._unsent = held[Held.UNSENT] if self._is_head_office else frozenset[str]()

    def _awaited(self, site: str) -> str:
        """SQL: no version of the record that this site itself sent, and has lost, waits to be put
        back: what was written under its key since is not sent over it.
        """
        waits = "FROM main.sync_parked p WHERE p.origin ="
        if not self._run(f"SELECT 1 {waits} ? LIMIT 1", (site,)).fetchone():
            return ""
        of_record = f"p.entity = c.entity AND {equal('p', parts(4), 'c', parts(4))}"
        return f" AND NOT EXISTS (SELECT 1 {waits} '{site}' AND {of_record})"

    def close(self) -> None:
        """End the snapshot."""
        self.connection.close()

    def keep_back(self, entity: Entity, is_gone_alone: bool) -> None:
        """Claim no more changes of an entity, or (`is_gone_alone`) of those that are gone."""
        here = f" OR {is_here(entity, 'c')}" if is_gone_alone else ""
        self.free += f" AND (c.entity <> '{entity.name}'{here})"

    def waiting(self) -> dict[str, int]:
        """Changes that wait and may go, per entity: one pass over the change log."""
        return {entity: count for entity, (count, _) in self._waiting().items()}

    def _waiting(self) -> dict[str, tuple[int, int]]:
        """Per entity: how many changes may go, and the greatest weight among them. Asked once: the
        snapshot stays as it is."""
        if self._counts is None:
            with database_faults():
                rows = self._run(
                    "SELECT c.entity, count(*), max(c.image) FROM main.sync_change c "
                    f"WHERE true{self.free} GROUP BY c.entity"
                )
                self._counts = {entity: (count, most) for entity, count, most in rows}
        return self._counts

    def chosen(self, entity: str) -> tuple[int, ...]:
        """The sets of sites that records of an entity are sent again to, as `claim` takes them."""
        if self._waiting().get(entity, (0, 0))[1] < FIRST_CHOSEN:
            return ()
        with database_faults():
            rows = self._run(
                "SELECT DISTINCT image FROM main.sync_change WHERE entity = ? AND image >= ? "
                "ORDER BY image",
                (entity, FIRST_CHOSEN),
            )
            return tuple(image - FIRST_CHOSEN for (image,) in rows)

    def records_waiting(self) -> dict[str, int]:
        """Records that wait, per entity. Of a very long log, its changes: counting its records
        would take longer than sending them."""
        changes = self.waiting()
        if sum(changes.values()) > _COUNTED_CHANGES:
            return changes
        with database_faults():
            return dict(
                self._run(
                    "SELECT entity, count(*) FROM (SELECT DISTINCT entity, k1, k2, k3, k4 "
                    f"FROM main.sync_change c WHERE true{self.free}) GROUP BY entity"
                ).fetchall()
            )

    def claim(
        self, entity: Entity, after_id: int, limit: int, chosen: int | None = None
    ) -> Claim | None:
        """The next changes of an entity after `after_id`, at most `limit`; None when there are
        none. `chosen`: of those that go again to that set of sites alone.
        """
        keys = part_list(len(entity.key))
        with database_faults():
            for table in ("change", "record", "target"):
                self._run(f"DELETE FROM claim.{table}")
            taken = self._run(
                f"INSERT INTO claim.change(id, {keys}, image) SELECT c.id, {keys}, c.image FROM "
                "main.sync_change c "
                f"WHERE c.entity = ? AND c.id > ?{self._only(entity, chosen)}{self.free} "
                "ORDER BY c.id LIMIT ?",
                (entity.name, after_id, limit),
            ).rowcount
            if not taken:
                return None
            last_id = self._run("SELECT max(id) FROM claim.change").fetchone()[0]
            self._run(
                f"INSERT INTO claim.record({keys}, image) SELECT {keys}, max(image) FROM "
                f"claim.change GROUP BY {keys}"
            )
            if chosen is not None:
                targets = self._chosen_targets(entity, chosen)
                return Claim(entity, taken, last_id, targets, is_chosen=True)
            ends_unsent = entity.name in self._unsent and self._send_unsent(entity)
            targets = self._targets(entity)
            return Claim(entity, taken, last_id, targets, ends_unsent=ends_unsent)

    def _only(self, entity: Entity, chosen: int | None) -> str:
        """SQL: the changes that were noted for one set of chosen sites, or (None) for nobody."""
        if chosen is not None:
            return f" AND c.image = {FIRST_CHOSEN + chosen}"
        return f" AND c.image < {FIRST_CHOSEN}" if self.chosen(entity.name) else ""

    def _send_unsent(self, entity: Entity) -> bool:
        """Records of the claim that were withdrawn go as images, whatever the change was: the books
        say who should have them, not who has. Whether there are any."""
        return (
            self._run(
                f"UPDATE claim.record AS r SET image = max(image, {SENT_AGAIN}) WHERE EXISTS ("
                "SELECT 1 FROM main.sync_block b WHERE b.kind = 'unsent' AND b.name = ? "
                f"AND {equal('b', parts(4), 'r', parts(4))})",
                (entity.name,),
            ).rowcount
            > 0
        )

    def image(self) -> bytes:
        """The present claim, serialized for the writer: taken after its bodies."""
        return self._serialize(name="claim")

    def _targets(self, entity: Entity) -> tuple[Target, ...]:
        if not self._is_head_office:
            return (Target(Audience.of([HEAD_OFFICE]), None),)
        if entity.audience.rule is Rule.ALL:
            return (Target(Audience.all(), None),)
        self._find_audiences(entity)
        return self._routed(audiences_of)

    def _chosen_targets(self, entity: Entity, chosen: int) -> tuple[Target, ...]:
        (members,) = self._run(
            "SELECT members FROM main.sync_audience WHERE id = ?", (chosen,)
        ).fetchone()
        sites = Audience.parse(members)
        if entity.audience.rule is Rule.ALL:
            self._run(
                f"UPDATE claim.record AS r SET here = {is_here(entity)}, old = ?, new = ?",
                (members, members),
            )
        else:
            self._find_audiences(entity)
        return self._routed(lambda old, new, here, _: chosen_audiences(old, new, here, sites))

    def _find_audiences(self, entity: Entity) -> None:
        """Note for each record whether it is here, whom it is for, and who was sent it."""
        self._run(
            f"UPDATE claim.record AS r SET here = {is_here(entity)}, "
            f"new = coalesce({members_sql(self._plan, entity)}, ''), "
            "old = coalesce((SELECT a.members FROM main.sync_record s JOIN main.sync_audience "
            "a ON a.id = s.audience "
            f"WHERE s.entity = ? AND s.gone = 0 AND {equal('s', parts(4), 'r', parts(4))}), '')",
            (entity.name,),
        )
        if entity.name in self._unsent:
            # A tombstone that was withdrawn: those who should have lost the record have it still.
            self._run(
                "UPDATE claim.record AS r SET old = trim(r.old || ',' || b.reason, ',') "
                "FROM main.sync_block b WHERE b.kind = 'unsent' AND b.name = ? AND b.reason <> '' "
                f"AND {equal('b', parts(4), 'r', parts(4))}",
                (entity.name,),
            )

    def _routed(self, decide: _Decide) -> tuple[Target, ...]:
        """Decide per kind of change who gets an image and who a tombstone, and list the records of
        each audience.
        """
        places: dict[Audience, int] = {}
        kinds = self._run(
            "SELECT DISTINCT old, new, here, image FROM claim.record ORDER BY 1, 2, 3, 4"
        ).fetchall()
        for old, new, here, image in kinds:
            for audience, _ in decide(old, new, bool(here), bool(image)):
                place = places.setdefault(audience, len(places))
                self._run(
                    "INSERT OR IGNORE INTO claim.target SELECT ?, _id FROM claim.record "
                    "WHERE old = ? AND new = ? AND here = ? AND image = ?",
                    (place, old, new, here, image),
                )
        all_first = sorted(places.items(), key=lambda item: (item[0].sites is not None, item[1]))
        return tuple(Target(audience, place) for audience, place in all_first)

    def body(self, claim: Claim, target: Target) -> RawBody:
        """The body of one target: images of the records that are there and still meant, tombstones
        of the others.
        """
        entity = claim.entity
        with database_faults():
            self._fresh_body(entity)
            records = rows = self._copy_roots(entity, target)
            for child in entity.children:
                rows += self._run(
                    f"INSERT INTO body.{quoted(child.name)} SELECT (r.{ID} << {CHILD_BITS}) + "
                    "row_number() OVER "
                    f"(PARTITION BY r.{ID} ORDER BY {listed(child.key, 't')}), "
                    f"{listed(child.columns, 't')} "
                    f"FROM {_records(target)} CROSS JOIN main.{quoted(child.name)} t "
                    f"ON {equal('t', child.root, 'r', parts(len(entity.key)))} "
                    f"WHERE r.{ID} IN (SELECT {ID} FROM body.{quoted(entity.root.name)}) ORDER BY 1"
                ).rowcount
            gone = self._copy_gone(entity, target) if self._meant(target) > records else 0
            self._let_go_of_free_pages()
            data = as_it_travels(self._serialize(name="body"), entity)
            return RawBody(data, records, gone, rows + gone)

    def _fresh_body(self, entity: Entity) -> None:
        for (name,) in self._run(
            "SELECT name FROM body.sqlite_master WHERE type = 'table'"
        ).fetchall():
            self._run(f"DROP TABLE body.{quoted(name)}")
        for statement in body_schema(entity):
            self._run(statement.replace("CREATE TABLE ", "CREATE TABLE body.", 1))

    def _let_go_of_free_pages(self) -> None:
        """What a larger body left behind must not travel. One call of the pragma frees one page."""
        free = self._run("PRAGMA body.freelist_count").fetchone()[0]
        for _ in range(free):
            self._run("PRAGMA body.incremental_vacuum")

    def _copy_roots(self, entity: Entity, target: Target) -> int:
        base = f", {self._base(entity)}" if entity.owner is Owner.SHARED else ""
        return self._run(
            f"INSERT INTO body.{quoted(entity.root.name)} SELECT r.{ID}, "
            f"{listed(entity.root.columns, 't')}{base} "
            f"FROM {_records(target)} CROSS JOIN main.{quoted(entity.root.name)} t "
            f"ON {equal('t', entity.key, 'r', parts(len(entity.key)))}"
            + ("" if target.place is None else f" WHERE {_is_member('r.new', target)}")
        ).rowcount

    def _copy_gone(self, entity: Entity, target: Target) -> int:
        base = f", {self._base(entity)}" if entity.owner is Owner.SHARED else ""
        if target.place is None:
            self._run(
                f"UPDATE claim.record SET here = {ID} IN (SELECT {ID} FROM "
                f"body.{quoted(entity.root.name)})"
            )
        return self._run(
            f"INSERT INTO body.{GONE} SELECT r.{ID}, {part_list(len(entity.key), 'r')}{base} "
            f"FROM {_records(target)} "
            f"WHERE r.{ID} NOT IN (SELECT {ID} FROM body.{quoted(entity.root.name)})"
        ).rowcount

    def _base(self, entity: Entity) -> str:
        return (
            "coalesce((SELECT s.base_no FROM main.sync_record s "
            f"WHERE s.entity = '{entity.name}' AND {equal('s', parts(4), 'r', parts(4))}), 0) "
            f"AS {BASE}"
        )

    def _meant(self, target: Target) -> int:
        found = self._run(f"SELECT count(*) FROM {_records(target)}").fetchone()[0]
        return int(found)


def _records(target: Target) -> str:
    """The records of a target, as `r`."""
    if target.place is None:
        return "claim.record r"
    return (
        f"claim.target x CROSS JOIN claim.record r ON x.place = {target.place} AND r.{ID} = x.{ID}"
    )


def _is_member(members: str, target: Target) -> str:
    """Whether the record's present audience (a canonical list) holds the target's sites: its
    records are either for all of them or for none, so asking for one is enough.
    """
    sites = target.audience.sites
    if not sites:
        return "0"
    return f"instr(',' || {members} || ',', ',{min(sites)},') > 0"
