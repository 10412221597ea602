"""First load on SQLite: snapshot chunks at head office, and the sweep at the joining site.

A chunk is the images of the next records of one entity in key order, read in one short snapshot of
its own. Those of records for *all* sites are built once and shared; of what is for certain sites,
each joining site has its own.

At the joining site a row of `sync_load` in its own name keeps, for each stream, the chunks it took:
they have no number of the stream, so no batch in the books tells of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from ginesys_sync.core.model import HEAD_OFFICE, Key, Stream
from ginesys_sync.core.plan import Entity, Plan
from ginesys_sync.store import blocks
from ginesys_sync.store.capture import EDITED
from ginesys_sync.store.database import Database, database_faults, raw
from ginesys_sync.store.images import WANTED, create_body, fill_body
from ginesys_sync.store.keys import bound, equal, exact_keys, padded, part_list, parts
from ginesys_sync.store.meant import is_here, is_meant
from ginesys_sync.store.sealing import RawBody
from ginesys_sync.wire.own_names import as_it_travels

TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class TakenChunk:
    """One chunk of a first load that is in this database. `no` is how far the load brings the
    stream, `whole` the records of this entity in all of the load, `at` when this chunk was in.
    """

    entity: str
    sha256: str
    size: int
    raw_size: int
    records: int
    whole: int
    no: int
    epoch: str
    made_at: str
    run: int
    at: str


@dataclass(frozen=True, slots=True)
class Found:
    """The next chunk. `last` is the key it ends with, `left` are the records that are not in it
    although the books say that its sites have them: they keep them until they hear of them.
    `leaves_kind`: those are more than are named, or not to be named to this site.
    """

    raw: RawBody
    last: Key
    left: tuple[Key, ...]
    leaves_kind: bool


class ChunkReader:
    """Reads chunks of one entity: of what is for all, or of what is for `site` among others.

    A chunk holds what the books say its sites have, as it stands here; but not what is blocked and
    was edited since, what was withdrawn from all, what is deleted here or is for others now: of
    that the sites hear when it is sealed, which a person may hold up. What is for certain sites and
    was withdrawn from some is in their loads: nothing tells from whom it was not.
    """

    def __init__(self, database: Database, plan: Plan, entity: Entity, site: str | None) -> None:
        self._database = database
        self._entity = entity
        self._site = site
        self._is_meant = "" if site is None else is_meant(plan, entity)
        self._values = {
            "entity": entity.name,
            "edited": EDITED,
            "site": site,
            "stream": str(Stream(HEAD_OFFICE, entity.channel)),
        }

    def read(self, after: Key | None, limit: int, most_left: int) -> Found | None:
        """The next `limit` records after key `after`; None at the end. At most `most_left` are
        named as left out."""
        with database_faults(), self._database.connect() as connection:
            cursor = raw(connection).cursor()
            cursor.execute("ATTACH ':memory:' AS body")
            create_body(cursor, self._entity, "body")
            cursor.execute(WANTED)
            cursor.execute("BEGIN")
            try:
                return self._read(connection, cursor, after, limit, most_left)
            finally:
                cursor.execute("ROLLBACK")

    def _read(
        self,
        connection: Connection,
        cursor: sqlite3.Cursor,
        after: Key | None,
        limit: int,
        most_left: int,
    ) -> Found | None:
        last = self._want(connection, cursor, after, limit)
        if last is None:
            return None
        does_hold = blocks.holds_back(connection, self._entity.name)
        left: list[tuple[Any, ...]] = []
        for condition in self._reasons(does_hold):
            left += self._leave(connection, cursor, condition, most_left)
        records, rows = fill_body(cursor, self._entity, "body")
        (wanted,) = cursor.execute("SELECT count(*) FROM temp.sync_wanted").fetchone()
        if records < wanted:
            left += self._leave(connection, cursor, f"NOT {is_here(self._entity)}", most_left)
        data = as_it_travels(raw(connection).serialize(name="body"), self._entity)
        is_too_much = len(left) > most_left or (self._site and any(row[0] for row in left))
        keys = () if is_too_much else tuple(row[1:] for row in left)
        return Found(RawBody(data, records, 0, rows), last, keys, bool(is_too_much))

    def _want(
        self, connection: Connection, cursor: sqlite3.Cursor, after: Key | None, limit: int
    ) -> Key | None:
        """What the books say the sites have; the last key of it."""
        marks, values = bound(() if after is None else padded(after))
        cursor.execute(
            "INSERT INTO temp.sync_wanted(k1, k2, k3, k4) "
            "SELECT k1, k2, k3, k4 FROM main.sync_record WHERE entity = ? AND gone = 0 "
            "AND audience IN (SELECT id FROM main.sync_audience WHERE name = '*' "
            "UNION ALL SELECT audience FROM main.sync_audience_site WHERE site = ?) "
            + ("" if after is None else f"AND (k1, k2, k3, k4) > ({', '.join(marks)}) ")
            + "ORDER BY k1, k2, k3, k4 LIMIT ?",
            (self._entity.name, self._site, *values, limit),
        )
        keys = part_list(len(self._entity.key))
        with exact_keys(raw(connection)):
            last = cursor.execute(
                f"SELECT {keys} FROM temp.sync_wanted ORDER BY _id DESC LIMIT 1"
            ).fetchone()
        return tuple(last) if last else None

    def _reasons(self, does_hold: bool) -> Iterator[str]:
        """SQL: why a wanted record `r` is left out, one after the other."""
        if self._site is not None:
            # Of what is not noted to be looked at, the books are right.
            noted = f"SELECT {part_list(4)} FROM main.sync_change WHERE entity = :entity"
            yield f"({part_list(4, 'r')}) IN ({noted}) AND NOT {self._is_meant}"
        if does_hold:
            yield blocks.EDITED_BEHIND
        if does_hold and self._site is None:
            yield blocks.UNSENT_TO_ALL

    def _leave(
        self, connection: Connection, cursor: sqlite3.Cursor, condition: str, most_left: int
    ) -> list[tuple[Any, ...]]:
        """Want no longer what meets a condition. Rows: whether it was sent to all; its key."""
        keys = part_list(len(self._entity.key), "r")
        same = equal("s", parts(4), "r", parts(4))
        to_all = (
            "(SELECT s.audience = (SELECT id FROM main.sync_audience WHERE name = '*') "
            f"FROM main.sync_record s WHERE s.entity = :entity AND {same})"
        )
        with exact_keys(raw(connection)):
            found = cursor.execute(
                f"SELECT {to_all}, {keys} FROM temp.sync_wanted r WHERE {condition} LIMIT :most",
                self._values | {"most": most_left + 1},
            ).fetchall()
        if found:
            cursor.execute(f"DELETE FROM temp.sync_wanted AS r WHERE {condition}", self._values)
        return found


def unsettled_keys(connection: Connection, entity: Entity, limit: int) -> list[Key]:
    """Keys of records that no chunk of what is for all holds although sites may have them, at most
    `limit`: they were for certain sites when they were sent last, or came from their author and
    are not answered yet."""
    with exact_keys(raw(connection)):
        rows = raw(connection).execute(
            f"SELECT {part_list(len(entity.key))} FROM main.sync_record WHERE entity = ? "
            "AND gone = 0 AND audience NOT IN (SELECT id FROM main.sync_audience WHERE name = '*') "
            "LIMIT ?",
            (entity.name, limit),
        )
        return [tuple(row) for row in rows]


def note_taken(connection: Connection, site: str, stream: str, chunk: TakenChunk) -> None:
    """List a chunk as taken, inside the transaction that holds its last records."""
    document = json.dumps(asdict(chunk))
    raw(connection).execute(
        "INSERT INTO sync_load(site, stream, no, state, chunks, at) "
        "VALUES (?, ?, ?, ?, json_array(json(?)), ?) ON CONFLICT(site, stream) DO UPDATE SET "
        "no = excluded.no, chunks = json_insert(chunks, '$[#]', json(?)), at = excluded.at",
        (site, stream, chunk.no, TAKEN, document, chunk.at, document),
    )


def taken_chunks(
    connection: Connection, site: str, run: int, stream: str, entity: str
) -> tuple[TakenChunk, ...]:
    """The chunks of one entity that a run took, in their order."""
    rows = raw(connection).execute(
        "SELECT c.value FROM sync_load l, json_each(l.chunks) c WHERE l.site = ? AND l.stream = ? "
        "AND json_extract(c.value, '$.run') = ? AND json_extract(c.value, '$.entity') = ? "
        "ORDER BY c.key",
        (site, stream, run, entity),
    )
    return tuple(TakenChunk(**json.loads(document)) for (document,) in rows)


def takes_load(connection: Connection, site: str, run: int) -> bool:
    """Whether this run has taken a chunk of a first load."""
    found = raw(connection).execute(
        "SELECT 1 FROM sync_load l, json_each(l.chunks) c WHERE l.site = ? "
        "AND json_extract(c.value, '$.run') = ? LIMIT 1",
        (site, run),
    )
    return found.fetchone() is not None
