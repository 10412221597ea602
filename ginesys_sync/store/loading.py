"""First load on SQLite: snapshot chunks at head office, and the sweep at the joining site.

A chunk is the images of the next records of one entity in key order, read in one short snapshot of
its own. Those of records for *all* sites are built once and shared; of what is for certain sites,
each joining site has its own.

At the joining site a row of `sync_load` in its own name keeps, for each stream, the chunks it took:
they have no number of the stream, so no batch in the books tells of them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store import blocks
from ginesys_sync.store.database import Database, database_faults, raw
from ginesys_sync.store.images import WANTED, create_body, fill_body
from ginesys_sync.store.keys import bound, exact_keys, padded, part_list
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


_HELD = (
    "CREATE TEMP TABLE IF NOT EXISTS sync_held(k1, k2, k3, k4, PRIMARY KEY(k1, k2, k3, k4)) "
    "WITHOUT ROWID"
)


def chunk(
    database: Database, entity: Entity, site: str | None, after: Key | None, limit: int
) -> tuple[RawBody, Key] | None:
    """The next `limit` records after key `after` that were last sent to all, or to `site` among
    others, and the last key; None at the end. What a person holds back and is otherwise at the
    sites is left out.
    """
    marks, values = bound(() if after is None else padded(after))
    with database_faults(), database.connect() as connection:
        cursor = raw(connection).cursor()
        run = cursor.execute
        run("ATTACH ':memory:' AS body")
        create_body(cursor, entity, "body")
        run(WANTED)
        run(_HELD)
        run("BEGIN")
        does_hold = blocks.holds_back(connection, entity.name)
        if does_hold:
            run(f"INSERT INTO temp.sync_held {blocks.HELD_BACK}", {"entity": entity.name})
        found = run(
            "INSERT INTO temp.sync_wanted(k1, k2, k3, k4) "
            "SELECT k1, k2, k3, k4 FROM main.sync_record WHERE entity = ? AND gone = 0 "
            "AND audience IN (SELECT id FROM main.sync_audience WHERE name = '*' "
            "UNION ALL SELECT audience FROM main.sync_audience_site WHERE site = ?) "
            + ("" if after is None else f"AND (k1, k2, k3, k4) > ({', '.join(marks)}) ")
            + ("AND (k1, k2, k3, k4) NOT IN (SELECT * FROM temp.sync_held) " if does_hold else "")
            + "ORDER BY k1, k2, k3, k4 LIMIT ?",
            (entity.name, site, *values, limit),
        ).rowcount
        if not found:
            run("ROLLBACK")
            return None
        records, rows = fill_body(cursor, entity, "body")
        keys = part_list(len(entity.key))
        with exact_keys(raw(connection)):
            last = run(f"SELECT {keys} FROM temp.sync_wanted ORDER BY _id DESC LIMIT 1").fetchone()
        run("COMMIT")
        data = as_it_travels(raw(connection).serialize(name="body"), entity)
        return RawBody(data, records, 0, rows), tuple(last)


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
