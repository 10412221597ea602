"""What a run changed in this database, for notices: the first records of each kind, column by
column with the value before and after. Only small bodies are looked at, so that a till pays nothing
for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store.body_span import Span, within
from ginesys_sync.store.database import database_faults, raw
from ginesys_sync.store.keys import equal, key_of, listed, part_list
from ginesys_sync.wire.body import GONE, quoted

MOST_RECORDS = 500
"""Records of one kind in one run whose changes are noted; larger bodies are only counted."""
NEW, DELETED = "+", "-"
"""What stands in place of a column for a record that was not here, and for one that went."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One changed value of a record: `column` is `+` for a new record and `-` for a deleted one,
    which have no values."""

    id: int
    entity: str
    key: Key
    column: str
    old: object
    new: object


def note_images(connection: Connection, entity: Entity, span: Span, run: int) -> None:
    """Before an upsert, inside its transaction: what these images will change here."""
    table, keys = quoted(entity.root.name), listed(entity.key, "b")
    same = equal("b", entity.key, "t", entity.key)
    chosen = f"FROM body.{table} b"
    heads = [
        f"SELECT {keys}, '{NEW}', NULL, NULL {chosen} WHERE {within('b', span)} "
        f"AND NOT EXISTS (SELECT 1 FROM main.{table} t WHERE {same})"
    ]
    for column in entity.root.plain_columns:
        name, word = quoted(column), column.replace("'", "''")
        heads.append(
            f"SELECT {keys}, '{word}', t.{name}, b.{name} {chosen} JOIN main.{table} t ON {same} "
            f"WHERE {within('b', span)} AND t.{name} IS NOT b.{name}"
        )
    _insert(connection, entity, " UNION ALL ".join(heads), run)


def note_gone(connection: Connection, entity: Entity, span: Span, run: int) -> None:
    """Before tombstones are done, inside their transaction: which of these records are here."""
    table, keys = quoted(entity.root.name), listed(entity.key, "b")
    _insert(
        connection,
        entity,
        f"SELECT {keys}, '{DELETED}', NULL, NULL FROM body.{GONE} b JOIN main.{table} t "
        f"ON {equal('b', entity.key, 't', entity.key)} WHERE {within('b', span)}",
        run,
    )


def _insert(connection: Connection, entity: Entity, select: str, run: int) -> None:
    keys = part_list(len(entity.key))
    raw(connection).execute(
        f'INSERT INTO main.sync_arrival(run, entity, {keys}, "column", old, new) '
        f"SELECT ?, ?, * FROM ({select})",
        (run, entity.name),
    )


def arrivals(
    connection: Connection, widths: dict[str, int], run: int, after: int, limit: int
) -> tuple[Arrival, ...]:
    """What a run changed, in the order it was noted, numbered above `after`. `widths`: how many
    columns the key of each entity has."""
    with database_faults():
        rows = raw(connection).execute(
            'SELECT id, entity, k1, k2, k3, k4, "column", old, new FROM sync_arrival '
            "WHERE run = ? AND id > ? ORDER BY id LIMIT ?",
            (run, after, limit),
        )
        return tuple(
            Arrival(number, entity, key_of(keys, widths.get(entity, 1)), column, old, new)
            for number, entity, *keys, column, old, new in rows
        )


def count_arrivals(connection: Connection, run: int) -> dict[str, tuple[int, int]]:
    """Per entity: records that were new here, and records that went."""
    with database_faults():
        rows = raw(connection).execute(
            f"SELECT entity, sum(\"column\" = '{NEW}'), sum(\"column\" = '{DELETED}') "
            "FROM sync_arrival WHERE run = ? GROUP BY entity",
            (run,),
        )
        return {entity: (new, gone) for entity, new, gone in rows}


def forget_arrivals(connection: Connection, before_run: int) -> int:
    """Inside the caller's transaction: let go of what runs before this one changed."""
    return raw(connection).execute("DELETE FROM sync_arrival WHERE run < ?", (before_run,)).rowcount
