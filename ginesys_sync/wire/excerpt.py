"""Taking single records out of a body, and putting single records together into one.

A parked record is kept as a body of its own, so that it is tried again by the same code that
applied it first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.core.text import exact, readable
from ginesys_sync.wire.body import BASE, CHILD_BITS, GONE, ID, body_schema, lay_in, quoted


@contextmanager
def _empty_body(entity: Entity) -> Iterator[sqlite3.Connection]:
    """A body without rows, of small pages because it is to hold one record, and `source` beside."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = exact
    try:
        connection.execute("PRAGMA page_size=512")
        connection.execute("PRAGMA secure_delete=ON")
        for statement in body_schema(entity):
            connection.execute(statement)
        connection.execute("ATTACH ':memory:' AS source")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        yield connection
    finally:
        connection.close()


def excerpts(
    raw: bytes, entity: Entity, numbers: Sequence[int]
) -> Iterator[tuple[int, Key, bytes]]:
    """Per record number: its key and a body that holds it alone, under number 1."""
    if not numbers:
        return
    with _empty_body(entity) as connection:
        connection.deserialize(raw, name="source")
        for number in numbers:
            connection.execute("BEGIN")
            _copy(connection, entity, number, 1)
            connection.execute("COMMIT")
            yield number, _key(connection, entity), connection.serialize()
            for table in (*(table.name for table in entity.tables), GONE):
                connection.execute(f"DELETE FROM main.{quoted(table)}")
            connection.execute("VACUUM main")


def joined(entity: Entity, bodies: Iterable[bytes]) -> bytes:
    """One body of single-record bodies, numbered 1, 2, 3 … in their order."""
    with _empty_body(entity) as connection:
        for place, body in enumerate(bodies, start=1):
            lay_in(connection, body, "source")
            _copy(connection, entity, 1, place)
        return connection.serialize()


def has_schema(body: bytes, entity: Entity) -> bool:
    """Whether a single-record body still is one of this entity: a later plan may have
    changed it.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(body)
        found = connection.execute("SELECT sql FROM sqlite_master ORDER BY rowid").fetchall()
    return [row[0] for row in found] == list(body_schema(entity))


@dataclass(frozen=True, slots=True)
class Content:
    """What a single-record body says: per table its rows, column by column, as SQLite values. No
    rows at all: the record is gone.
    """

    rows: dict[str, list[dict[str, object]]]

    @property
    def is_gone(self) -> bool:
        """Whether it says that there is no such record."""
        return not any(self.rows.values())


def content_of(raw: bytes) -> Content:
    """What a single-record body says, whatever plan it was made by."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.text_factory = exact
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.deserialize(raw)
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> ? ORDER BY rowid",
            (GONE,),
        ).fetchall()
        rows = {}
        for (name,) in names:
            found = connection.execute(f"SELECT * FROM {quoted(name)} ORDER BY {ID}")
            columns = [column[0] for column in found.description]
            rows[name] = [
                {c: v for c, v in zip(columns, row, strict=True) if c not in (ID, BASE)}
                for row in found
            ]
        return Content(rows)


def labels(raw: bytes, entity: Entity, after: int, limit: int) -> list[tuple[int, Key, str, bool]]:
    """Records of a body after number `after`: number, key, what a person calls it, whether it is
    gone.
    """
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = exact
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.deserialize(raw)
        keys = ", ".join(map(quoted, entity.key))
        label = _label_column(entity)
        rows = connection.execute(
            f"SELECT {ID}, 0, {quoted(label)}, {keys} FROM {quoted(entity.root.name)} WHERE "
            f"{ID} > ? "
            f"UNION ALL SELECT {ID}, 1, '', {keys} FROM {GONE} WHERE {ID} > ? ORDER BY 1 LIMIT ?",
            (after, after, limit),
        ).fetchall()
    finally:
        connection.close()
    return [
        (row[0], tuple(row[3:]), "" if row[2] is None else readable(str(row[2])), bool(row[1]))
        for row in rows
    ]


def _label_column(entity: Entity) -> str:
    return "name" if "name" in entity.root.columns else entity.label


def _copy(connection: sqlite3.Connection, entity: Entity, number: int, place: int) -> None:
    low, high = number << CHILD_BITS, ((number + 1) << CHILD_BITS) - 1
    shift = (place - number) << CHILD_BITS
    root = quoted(entity.root.name)
    for table in (root, GONE):
        columns = _columns(connection, table)
        connection.execute(
            f"INSERT INTO main.{table} SELECT ?, {columns} FROM source.{table} WHERE {ID} = ?",
            (place, number),
        )
    for child in entity.children:
        name = quoted(child.name)
        connection.execute(
            f"INSERT INTO main.{name} SELECT {ID} + ?, {_columns(connection, name)} FROM "
            f"source.{name} "
            f"WHERE {ID} BETWEEN ? AND ?",
            (shift, low, high),
        )


def _columns(connection: sqlite3.Connection, table: str) -> str:
    rows = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    return ", ".join(quoted(row[1]) for row in rows if row[1] != ID)


def _key(connection: sqlite3.Connection, entity: Entity) -> Key:
    columns = ", ".join(map(quoted, entity.key))
    for table in (quoted(entity.root.name), GONE):
        row = connection.execute(f"SELECT {columns} FROM main.{table}").fetchone()
        if row is not None:
            return tuple(row)
    raise LookupError(f"no record in the excerpt of {entity.name}")
