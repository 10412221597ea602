"""Noting records anew in the change log because a person wants them sent again, a slice at a time.

A note of weight SENT_AGAIN goes to everybody the record is for. One for chosen sites carries their
set's number in its weight (`routing.FIRST_CHOSEN`) and leaves the books of who has what alone.
"""

from __future__ import annotations

from sqlalchemy import Connection

from ginesys_sync.core.model import Audience, Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store.capture import SENT_AGAIN
from ginesys_sync.store.claiming import audience_id
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import bound, equal, exact_keys, padded, part_list, parts
from ginesys_sync.store.routing import FIRST_CHOSEN

_UNSENT = (
    "EXISTS (SELECT 1 FROM sync_block b WHERE b.kind = 'unsent' AND b.name = sync_record.entity "
    f"AND {equal('b', parts(4), 'sync_record', parts(4))})"
)
"""SQL: what was last sealed of the record was withdrawn: that may have been its tombstone."""


def weight_for(connection: Connection, chosen: Audience) -> int:
    """Inside the caller's transaction: the weight of a note for these sites."""
    if chosen.sites is None:
        return SENT_AGAIN
    return FIRST_CHOSEN + audience_id(connection, chosen)


def note_record(connection: Connection, entity: Entity, key: Key, weight: int) -> None:
    """Inside the caller's transaction: send one record again."""
    raw(connection).execute(
        f"INSERT INTO sync_change(entity, {part_list(4)}, image) VALUES (?,?,?,?,?,?)",
        (entity.name, *padded(key), weight),
    )


def first_since(connection: Connection, stream: str, moment: str) -> int | None:
    """The number of the first batch of an own stream sealed at that moment (ISO) or later; None
    when nothing was."""
    found = raw(connection).execute(
        "SELECT min(b.no) FROM sync_batch b JOIN sync_stream s ON s.stream = b.stream "
        "AND s.epoch = b.epoch WHERE b.stream = ? AND b.received_at IS NULL AND b.sealed_at >= ?",
        (stream, moment),
    )
    (no,) = found.fetchone()
    return None if no is None else int(no)


def note_slice(
    connection: Connection,
    entity: Entity,
    weight: int,
    after: Key | None,
    since_no: int | None,
    limit: int,
) -> tuple[int, Key | None]:
    """Inside the caller's transaction: send again the next `limit` records of an entity, in key
    order after `after`, that were ever sent; with `since_no` those last sent by that batch or a
    later one, with the ones that are gone. How many, and the last key (None: that was the end).
    """
    keys, run = part_list(4), raw(connection).execute
    marks, values = bound(() if after is None else padded(after))
    count = run(
        f"INSERT INTO sync_change(entity, {keys}, image) SELECT entity, {keys}, ? "
        "FROM sync_record WHERE entity = ? AND last_no > 0 "
        + (f"AND (gone = 0 OR {_UNSENT}) " if since_no is None else "AND last_no >= ? ")
        + ("" if after is None else f"AND ({keys}) > ({', '.join(marks)}) ")
        + f"ORDER BY {keys} LIMIT ?",
        (
            weight,
            entity.name,
            *(() if since_no is None else (since_no,)),
            *values,
            limit,
        ),
    ).rowcount
    if count < limit:
        return count, None
    width = part_list(len(entity.key))
    with exact_keys(raw(connection)):
        last = run(f"SELECT {width} FROM sync_change ORDER BY id DESC LIMIT 1").fetchone()
    return count, tuple(last)
