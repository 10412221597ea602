"""Putting own mail that was read back into the books of a database that was brought back from an
older copy: as if it had been sealed and sent here.

`note_read_back` works on the connection of a `store.applying.BodyApplier`, whose body is the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ginesys_sync.core.model import Audience, Key
from ginesys_sync.core.plan import Entity, Rule
from ginesys_sync.store.body_span import Span, within
from ginesys_sync.store.capture import EDITED, SENT_AGAIN
from ginesys_sync.store.claiming import audience_id
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import equal, listed, part_list, parts
from ginesys_sync.store.ledger import Batch
from ginesys_sync.wire.body import CHILD_BITS, GONE, ID, quoted


def body_at(connection: Connection, stream: str, epoch: str, no: int) -> str | None:
    """The body of an own batch, by its SHA-256; None when there is no such batch."""
    found = raw(connection).execute(
        "SELECT sha256 FROM sync_batch WHERE stream = ? AND epoch = ? AND no = ?",
        (stream, epoch, no),
    )
    row = found.fetchone()
    return None if row is None else str(row[0])


def first_of(connection: Connection, stream: str, epoch: str) -> int:
    """The number of the first own batch in an epoch; 0 when there is none."""
    found = raw(connection).execute(
        "SELECT min(no) FROM sync_batch WHERE stream = ? AND epoch = ?", (stream, epoch)
    )
    return int(found.fetchone()[0] or 0)


def unseal_from(
    connection: Connection, stream: str, epoch: str, no: int, entities: Sequence[Entity]
) -> None:
    """Inside the caller's transaction: own batches from `no` on carry numbers that the Web Database
    knows as other batches, and never came there. They are forgotten, and what was in them is noted
    to be sent once more.
    """
    execute, keys = raw(connection).execute, part_list(4)
    for entity in entities:
        execute(
            f"INSERT INTO sync_change(entity, {keys}, image) SELECT entity, {keys}, {EDITED} "
            "FROM sync_record WHERE entity = ? AND last_no >= ?",
            (entity.name, no),
        )
        if entity.audience.rule is not Rule.ALL:
            # Who had been sent them before is not known any more: a tombstone goes to all others.
            execute(
                "UPDATE sync_record SET audience = ?, gone = 0 WHERE entity = ? AND last_no >= ?",
                (audience_id(connection, Audience.all()), entity.name, no),
            )
    execute(
        "DELETE FROM sync_batch WHERE stream = ? AND epoch = ? AND no >= ?", (stream, epoch, no)
    )
    execute(
        "UPDATE sync_stream SET head_no = min(head_no, ?), uploaded_no = min(uploaded_no, ?) "
        "WHERE stream = ? AND epoch = ?",
        (no - 1, no - 1, stream, epoch),
    )


def note_read_back(connection: Connection, entity: Entity, batch: Batch, uploaded_at: str) -> None:
    """Inside the transaction that applies it: an own batch stands in the books as when it was sent,
    and so does what it says of each record.
    """
    note_number(connection, batch, uploaded_at)
    audience = Audience.parse(batch.members)
    for is_gone in (False, True):
        _note_records(connection, entity, batch.no, audience, is_gone)
        if audience.sites is None:
            _end_unsent(connection, entity, is_gone)


def note_number(connection: Connection, batch: Batch, uploaded_at: str) -> None:
    """Inside the caller's transaction: an own batch of that number was sent."""
    audience = Audience.parse(batch.members)
    raw(connection).execute(
        "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, records, "
        "gone, rows, sha256, size, raw_size, sealed_at, uploaded_at) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(stream, epoch, no) DO NOTHING",
        (
            batch.stream,
            batch.no,
            batch.epoch,
            batch.run,
            batch.entity,
            audience_id(connection, audience),
            batch.plan_version,
            batch.records,
            batch.gone,
            batch.rows,
            batch.sha256,
            batch.size,
            batch.raw_size,
            batch.sealed_at,
            uploaded_at,
        ),
    )
    raw(connection).execute(
        "UPDATE sync_stream SET head_no = max(head_no, ?), uploaded_no = max(uploaded_no, ?) "
        "WHERE stream = ? AND epoch = ?",
        (batch.no, batch.no, batch.stream, batch.epoch),
    )


def _note_records(
    connection: Connection, entity: Entity, no: int, audience: Audience, is_gone: bool
) -> None:
    """Where each record of the body was last sent, by what was known of it before."""
    table = GONE if is_gone else quoted(entity.root.name)
    rest = "".join(f" AND s.{part} = ''" for part in parts(4)[len(entity.key) :])
    groups: dict[tuple[str, int], list[int]] = {}
    for number, members, was_gone in (
        raw(connection)
        .execute(
            f"SELECT b.{ID}, coalesce(a.members, ''), coalesce(s.gone, 1) FROM body.{table} b "
            "LEFT JOIN main.sync_record s ON s.entity = ? AND "
            f"{equal('s', parts(len(entity.key)), 'b', entity.key)}{rest} "
            "LEFT JOIN main.sync_audience a ON a.id = s.audience",
            (entity.name,),
        )
        .fetchall()
    ):
        groups.setdefault((members, was_gone), []).append(number)
    keys = part_list(len(entity.key))
    for (members, was_gone), numbers in groups.items():
        before = Audience.of(()) if was_gone else Audience.parse(members)
        after = _without(before, audience) if is_gone else _with(before, audience)
        # A tombstone that leaves nobody keeps saying for whom it was, as the one that seals does.
        shown = audience if after.is_nobody else after
        raw(connection).execute(
            f"INSERT INTO main.sync_record(entity, {keys}, audience, last_no, gone) "
            f"SELECT ?, {listed(entity.key, 'b')}, ?, ?, ? FROM body.{table} b "
            f"WHERE b.{ID} IN ({','.join(map(str, numbers))}) "
            "ON CONFLICT(entity, k1, k2, k3, k4) DO UPDATE SET audience = excluded.audience, "
            "last_no = max(last_no, excluded.last_no), gone = excluded.gone",
            (entity.name, audience_id(connection, shown), no, int(after.is_nobody)),
        )


def _end_unsent(connection: Connection, entity: Entity, is_gone: bool) -> None:
    """What was withdrawn of these records went out anew: to all."""
    table = GONE if is_gone else quoted(entity.root.name)
    raw(connection).execute(
        "DELETE FROM main.sync_block WHERE kind = 'unsent' AND name = ? "
        f"AND ({part_list(len(entity.key))}) IN (SELECT {listed(entity.key)} FROM body.{table})",
        (entity.name,),
    )


def _with(before: Audience, audience: Audience) -> Audience:
    if before.sites is None or audience.sites is None:
        return Audience.all()
    return Audience(before.sites | audience.sites)


def _without(before: Audience, audience: Audience) -> Audience:
    if audience.sites is None:
        return Audience.of(())
    return before if before.sites is None else Audience(before.sites - audience.sites)


def with_more_rows(connection: Connection, entity: Entity, span: Span) -> set[int]:
    """Records of the body attached that have child rows here which the body lacks."""
    found: set[int] = set()
    for child in entity.children:
        low = f"(r.{ID} << {CHILD_BITS})"
        rows = raw(connection).execute(
            f"SELECT DISTINCT r.{ID} FROM body.{quoted(entity.root.name)} r "
            f"CROSS JOIN main.{quoted(child.name)} t ON {equal('t', child.root, 'r', entity.key)} "
            f"WHERE {within('r', span)} AND NOT EXISTS (SELECT 1 FROM body.{quoted(child.name)} b "
            f"WHERE b.{ID} BETWEEN {low} AND {low} + {(1 << CHILD_BITS) - 1} "
            f"AND {equal('b', child.key, 't', child.key)})"
        )
        found.update(number for (number,) in rows)
    return found


def drop_notes(connection: Connection, entity: Entity, number: int) -> None:
    """Inside the caller's transaction: what is noted of a record of the body attached is not sent:
    the chain has it.
    """
    raw(connection).execute(
        f"DELETE FROM main.sync_change WHERE entity = ? AND ({part_list(len(entity.key))}) IN "
        f"(SELECT {listed(entity.key, 'b')} FROM body.{quoted(entity.root.name)} b "
        f"WHERE b.{ID} = ?)",
        (entity.name, number),
    )


def note_partly_sent(connection: Connection, entity: Entity) -> None:
    """Inside the caller's transaction: a record that is for all and stands here, and that the chain
    has at some sites or at none, is sent again: it was for certain sites by an earlier plan, and
    that this was changed was noted before the chain's word on the record was read back.
    """
    width, keys = len(entity.key), part_list(4)
    rest = "".join(f" AND s.{part} = ''" for part in parts(4)[width:])
    raw(connection).execute(
        f"INSERT INTO sync_change(entity, {keys}, image) SELECT s.entity, {part_list(4, 's')}, "
        f"{SENT_AGAIN} FROM sync_record s JOIN sync_audience a ON a.id = s.audience "
        f"WHERE s.entity = ? AND (s.gone = 1 OR a.name <> '*') AND EXISTS (SELECT 1 FROM "
        f"{quoted(entity.root.name)} t WHERE {equal('t', entity.key, 's', parts(width))}){rest}",
        (entity.name,),
    )


def note_slice(connection: Connection, entity: Entity, after: Key | None, limit: int) -> Key | None:
    """Inside the caller's transaction: note the next `limit` records that stand here after the key
    `after`, to be sent as they are. The last key, or None when that was the end.
    """
    keys, root = listed(entity.key), quoted(entity.root.name)
    marks = ", ".join("?" * len(entity.key))
    filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in entity.key)
    beyond = "" if after is None else f" AND ({keys}) > ({marks})"
    rows = (
        raw(connection)
        .execute(
            f"SELECT {keys} FROM {root} WHERE {filled}{beyond} ORDER BY {keys} LIMIT ?",
            (*(after or ()), limit),
        )
        .fetchall()
    )
    raw(connection).executemany(
        f"INSERT INTO sync_change(entity, {part_list(len(entity.key))}, image) "
        f"VALUES (?, {marks}, {SENT_AGAIN})",
        [(entity.name, *row) for row in rows],
    )
    return tuple(rows[-1]) if len(rows) == limit else None
