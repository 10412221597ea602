"""Streams that halt, because the plan says so of their channel: the records that keep their next
batch from going in are lines of what needs attention, without an image. The batch itself is read
again as a whole in every run.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import bound, equal, padded, parts
from ginesys_sync.store.parking import IMAGE, LET_PASS, NewParked, park
from ginesys_sync.wire.body import GONE, ID, quoted

_OF_STREAM = f"stream = ? AND origin = ? AND NOT {IMAGE} AND code <> '{LET_PASS}'"


def note_halted(
    connection: Connection, stream: str, origin: str, records: Iterable[NewParked], at: str
) -> bool:
    """Inside the caller's transaction: these records (without their images) keep a batch of a
    stream from going in, and no others do. Whether that is news.
    """
    found = list(records)
    before = _lines(connection, stream, origin)
    park(connection, found, at)
    keep = [_number(connection, record) for record in found]
    raw(connection).execute(
        f"DELETE FROM sync_parked WHERE {_OF_STREAM} AND id NOT IN ({','.join(map(str, keep))})",
        (stream, origin),
    )
    return _lines(connection, stream, origin) != before


def _lines(connection: Connection, stream: str, origin: str) -> list[tuple[int, str]]:
    rows = raw(connection).execute(
        f"SELECT id, code FROM sync_parked WHERE {_OF_STREAM} ORDER BY id", (stream, origin)
    )
    return rows.fetchall()


def _number(connection: Connection, record: NewParked) -> int:
    marks, key = bound(padded(record.key))
    where = " AND ".join(f"{part} = {mark}" for part, mark in zip(parts(4), marks, strict=True))
    found = raw(connection).execute(
        f"SELECT id FROM sync_parked WHERE entity = ? AND {where} AND origin = ?",
        (record.entity, *key, record.origin),
    )
    return int(found.fetchone()[0])


def forget_halted(connection: Connection, stream: str, origin: str) -> None:
    """Inside the caller's transaction: nothing keeps a stream's next batch from going in."""
    raw(connection).execute(f"DELETE FROM sync_parked WHERE {_OF_STREAM}", (stream, origin))


def let_pass(connection: Connection, number: int, reason: str) -> None:
    """Inside the caller's transaction: the batch that a record keeps out goes in without it."""
    raw(connection).execute(
        "UPDATE sync_parked SET code = ?, reason = ? WHERE id = ?", (LET_PASS, reason, number)
    )


def passed_over(connection: Connection, entity: Entity, origin: str) -> list[int]:
    """Records of the body attached as `body` that a person let pass."""
    width = parts(len(entity.key))
    found: list[int] = []
    for table in (quoted(entity.root.name), GONE):
        rows = raw(connection).execute(
            f"SELECT b.{ID} FROM main.sync_parked p CROSS JOIN body.{table} b "
            f"ON {equal('b', entity.key, 'p', width)} "
            "WHERE p.entity = ? AND p.origin = ? AND p.code = ?",
            (entity.name, origin, LET_PASS),
        )
        found += [number for (number,) in rows]
    return found
