"""Images of chosen records as they stand here now, as bodies: for first-load chunks and for both
sides of a conflict.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import bound, equal, listed, padded, parts
from ginesys_sync.store.sealing import RawBody
from ginesys_sync.wire.body import BASE, CHILD_BITS, GONE, ID, body_schema, quoted, root_columns

WANTED = "CREATE TEMP TABLE IF NOT EXISTS sync_wanted(_id INTEGER PRIMARY KEY, k1, k2, k3, k4)"


def fill_body(execute: sqlite3.Cursor, entity: Entity, schema: str) -> tuple[int, int]:
    """Fill the empty body attached as `schema` with the images of the records in `sync_wanted`.
    Returns (records, rows of all tables)."""
    run = execute.execute
    width = parts(len(entity.key))
    base = ", 0" if BASE in root_columns(entity) else ""
    records = rows = run(
        f"INSERT INTO {schema}.{quoted(entity.root.name)} "
        f"SELECT r.{ID}, {listed(entity.root.columns, 't')}{base} FROM temp.sync_wanted r "
        f"CROSS JOIN main.{quoted(entity.root.name)} t ON {equal('t', entity.key, 'r', width)}"
    ).rowcount
    for child in entity.children:
        rows += run(
            f"INSERT INTO {schema}.{quoted(child.name)} "
            f"SELECT (r.{ID} << {CHILD_BITS}) + row_number() OVER "
            f"(PARTITION BY r.{ID} ORDER BY {listed(child.key, 't')}), "
            f"{listed(child.columns, 't')} "
            f"FROM temp.sync_wanted r CROSS JOIN main.{quoted(child.name)} t "
            f"ON {equal('t', child.root, 'r', width)} ORDER BY 1"
        ).rowcount
    return records, rows


def create_body(execute: sqlite3.Cursor, entity: Entity, schema: str) -> None:
    """Make the tables of a body in the database attached as `schema`."""
    for statement in body_schema(entity):
        execute.execute(statement.replace("CREATE TABLE ", f"CREATE TABLE {schema}.", 1))


def image_of(connection: Connection, entity: Entity, key: Key) -> RawBody | None:
    """One record as it stands here, as a body under number 1; None when it is not here. Inside a
    transaction.
    """
    cursor = raw(connection).cursor()
    images = _images(cursor)
    for table in (entity.root.name, *(child.name for child in entity.children), GONE):
        cursor.execute(f"DROP TABLE IF EXISTS {images}.{quoted(table)}")
    create_body(cursor, entity, images)
    cursor.execute(WANTED)
    cursor.execute("DELETE FROM temp.sync_wanted")
    marks, values = bound(padded(key))
    cursor.execute(f"INSERT INTO temp.sync_wanted VALUES (1, {', '.join(marks)})", values)
    records, rows = fill_body(cursor, entity, images)
    data = raw(connection).serialize(name=images)
    for table in (entity.root.name, *(child.name for child in entity.children), GONE):
        cursor.execute(f"DROP TABLE {images}.{quoted(table)}")
    return RawBody(data, records, 0, rows) if records else None


def _images(cursor: sqlite3.Cursor) -> str:
    names = {row[1] for row in cursor.execute("PRAGMA database_list").fetchall()}
    if "images" not in names:
        cursor.execute("ATTACH ':memory:' AS images")
    return "images"
