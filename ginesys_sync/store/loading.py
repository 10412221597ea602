"""First load on SQLite: snapshot chunks at head office, and the sweep at the joining site.

A chunk is the images of the next records of one entity in key order, read in one short snapshot of
its own. Only records for *all* sites travel in chunks, so they are built once and shared; what is
for certain sites only reaches a joining site as ordinary batches, because its audience changed.
"""

from __future__ import annotations

from sqlalchemy import Connection

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store.database import Database, database_faults, raw
from ginesys_sync.store.images import WANTED, create_body, fill_body
from ginesys_sync.store.keys import equal, listed, padded, part_list, parts
from ginesys_sync.store.sealing import RawBody
from ginesys_sync.wire.body import quoted


def chunk(
    database: Database, entity: Entity, after: Key | None, limit: int
) -> tuple[RawBody, Key] | None:
    """The next `limit` records after key `after` that were last sent to all, and the last key; None
    at the end."""
    with database_faults(), database.connect() as connection:
        cursor = raw(connection).cursor()
        run = cursor.execute
        run("ATTACH ':memory:' AS body")
        create_body(cursor, entity, "body")
        run(WANTED)
        run("BEGIN")
        found = run(
            "INSERT INTO temp.sync_wanted(k1, k2, k3, k4) "
            "SELECT k1, k2, k3, k4 FROM main.sync_record WHERE entity = ? AND gone = 0 "
            "AND audience = (SELECT id FROM main.sync_audience WHERE name = '*') "
            + ("" if after is None else "AND (k1, k2, k3, k4) > (?, ?, ?, ?) ")
            + "ORDER BY k1, k2, k3, k4 LIMIT ?",
            (entity.name, *(() if after is None else padded(after)), limit),
        ).rowcount
        if not found:
            run("ROLLBACK")
            return None
        records, rows = fill_body(cursor, entity, "body")
        keys = part_list(len(entity.key))
        last = run(f"SELECT {keys} FROM temp.sync_wanted ORDER BY _id DESC LIMIT 1").fetchone()
        run("COMMIT")
        return RawBody(raw(connection).serialize(name="body"), records, 0, rows), tuple(last)


def forget_seen(connection: Connection, entity: Entity) -> None:
    """Begin to keep the keys of a load anew."""
    raw(connection).execute("DELETE FROM main.sync_seen WHERE entity = ?", (entity.name,))


def unswept(connection: Connection, entity: Entity, limit: int) -> list[Key]:
    """Records here that the load did not hold, at most `limit`. Local edits not yet answered are
    spared.
    """
    width = parts(len(entity.key))
    rows = raw(connection).execute(
        f"SELECT {listed(entity.key, 't')} FROM main.{quoted(entity.root.name)} t WHERE NOT EXISTS "
        "(SELECT 1 FROM main.sync_seen s WHERE s.entity = ? AND "
        f"{equal('s', width, 't', entity.key)}) "
        f"AND ({listed(entity.key, 't')}) NOT IN (SELECT {listed(width)} FROM "
        "main.sync_change WHERE entity = ?) "
        "LIMIT ?",
        (entity.name, entity.name, limit),
    )
    return [tuple(row) for row in rows]


def count_records(connection: Connection, entity: Entity) -> int:
    """How many records of an entity are here."""
    found = (
        raw(connection).execute(f"SELECT count(*) FROM main.{quoted(entity.root.name)}").fetchone()
    )
    return int(found[0])


def sweep(connection: Connection, entity: Entity, key: Key) -> None:
    """Delete one record that the load did not hold, children first, inside the caller's
    transaction.
    """
    for table in (*reversed(entity.children), entity.root):
        where = " AND ".join(f"{quoted(column)} = ?" for column in table.root)
        raw(connection).execute(f"DELETE FROM main.{quoted(table.name)} WHERE {where}", key)
