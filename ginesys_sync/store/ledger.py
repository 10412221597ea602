"""The books of the exchange at one site: streams, batches, releases, acknowledgements.

Functions take the caller's connection; those that write are called inside its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from ginesys_sync.core.model import Role, SiteState
from ginesys_sync.store import schema
from ginesys_sync.store.database import database_faults, raw

ALL_SITES = "*"


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far one stream is here. Own streams have head and uploaded; others' have applied."""

    stream: str
    epoch: str
    head_no: int
    uploaded_no: int
    applied_no: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch in the books. `members` is the canonical list of its audience."""

    stream: str
    no: int
    epoch: str
    run: int
    entity: str
    members: str
    plan_version: int
    records: int
    gone: int
    rows: int
    sha256: str
    size: int
    raw_size: int
    sealed_at: str


@dataclass(frozen=True, slots=True)
class OwnAck:
    """An acknowledgement this site made and the Web Database does not have yet."""

    id: int
    stream: str
    epoch: str
    kind: str
    from_no: int
    to_no: int
    run: int
    applied_at: str
    said: int


_STATES = "SELECT stream, epoch, head_no, uploaded_no, applied_no FROM sync_stream"


def streams(connection: Connection) -> dict[str, StreamState]:
    """All streams known here, by name."""
    return {row[0]: StreamState(*row) for row in raw(connection).execute(_STATES)}


def stream_state(connection: Connection, stream: str) -> StreamState | None:
    """One stream; None when it is not known here."""
    row = raw(connection).execute(f"{_STATES} WHERE stream = ?", (stream,)).fetchone()
    return None if row is None else StreamState(*row)


def ensure_stream(connection: Connection, stream: str, epoch: str) -> None:
    """Begin a stream in the books if it is new. An incoming stream in another epoch starts again
    from nothing.
    """
    raw(connection).execute(
        "INSERT INTO sync_stream(stream, epoch) VALUES (?, ?) ON CONFLICT(stream) DO UPDATE SET "
        "epoch = excluded.epoch, head_no = 0, uploaded_no = 0, applied_no = 0 WHERE epoch <> "
        "excluded.epoch",
        (stream, epoch),
    )


def begin_own(connection: Connection, stream: str, epoch: str) -> None:
    """Begin an own stream in the books if it is new. In another epoch its numbers go on, so that
    none ever comes twice.
    """
    raw(connection).execute(
        "INSERT INTO sync_stream(stream, epoch) VALUES (?, ?) ON CONFLICT(stream) DO UPDATE SET "
        "epoch = excluded.epoch, uploaded_no = head_no WHERE epoch <> excluded.epoch",
        (stream, epoch),
    )


def batches_after(
    connection: Connection, stream: str, epoch: str, no: int, limit: int
) -> tuple[Batch, ...]:
    """Own batches numbered after `no`, in number order."""
    table, audience = schema.batch, schema.audience
    rows = connection.execute(
        select(table, audience.c.members)
        .join(audience, audience.c.id == table.c.audience)
        .where(table.c.stream == stream, table.c.epoch == epoch, table.c.no > no)
        .order_by(table.c.no)
        .limit(limit)
    )
    return tuple(_batch(row) for row in rows)


def batch_at(connection: Connection, stream: str, no: int) -> Batch | None:
    """One batch, newest epoch first."""
    table, audience = schema.batch, schema.audience
    row = connection.execute(
        select(table, audience.c.members)
        .join(audience, audience.c.id == table.c.audience, isouter=True)
        .where(table.c.stream == stream, table.c.no == no)
        .order_by(table.c.id.desc())
    ).first()
    return None if row is None else _batch(row)


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        row.stream,
        row.no,
        row.epoch,
        row.run,
        row.entity,
        row.members or "",
        row.plan_version,
        row.records,
        row.gone,
        row.rows,
        row.sha256,
        row.size,
        row.raw_size,
        row.sealed_at,
    )


def note_uploaded(connection: Connection, stream: str, epoch: str, to_no: int, at: str) -> None:
    """The Web Database has this own stream up to `to_no` on its disk."""
    raw(connection).execute(
        "UPDATE sync_batch SET uploaded_at = ? "
        "WHERE stream = ? AND epoch = ? AND no <= ? AND uploaded_at IS NULL",
        (at, stream, epoch, to_no),
    )
    raw(connection).execute(
        "UPDATE sync_stream SET uploaded_no = ? WHERE stream = ? AND uploaded_no < ?",
        (to_no, stream, to_no),
    )


def released(connection: Connection, stream: str, site: str) -> int:
    """How far `site` (or `*` for all) may read a stream, by releases in its own name."""
    found = (
        raw(connection)
        .execute(
            "SELECT max(to_no) FROM sync_release WHERE stream = ? AND site = ?", (stream, site)
        )
        .fetchone()
    )
    return int(found[0] or 0)


def note_release(
    connection: Connection, stream: str, sites: Sequence[str], to_no: int, run: int, at: str
) -> None:
    """The Web Database has let these sites (`*`: all) read up to `to_no`."""
    for site in sites:
        before = released(connection, stream, site)
        if to_no > before:
            raw(connection).execute(
                "INSERT INTO sync_release(stream, site, from_no, to_no, run, at) VALUES "
                "(?,?,?,?,?,?)",
                (stream, site, before, to_no, run, at),
            )


def note_received(connection: Connection, batches: Iterable[Batch], run: int, at: str) -> None:
    """List fetched batches of another site, before they are applied. The same again changes
    nothing.
    """
    raw(connection).executemany(
        "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, "
        "records, gone, rows, sha256, "
        "size, raw_size, sealed_at, received_at) VALUES (?,?,?,?,?,0,?,?,?,?,?,?,?,?,?) "
        "ON CONFLICT(stream, epoch, no) DO NOTHING",
        [
            (
                b.stream,
                b.no,
                b.epoch,
                run,
                b.entity,
                b.plan_version,
                b.records,
                b.gone,
                b.rows,
                b.sha256,
                b.size,
                b.raw_size,
                b.sealed_at,
                at,
            )
            for b in batches
        ],
    )


def move_cursor(
    connection: Connection,
    stream: str,
    epoch: str,
    to_no: int,
    site: str,
    run: int,
    at: str,
    kind: str = "data",
) -> None:
    """Applied up to `to_no`: the cursor, and the acknowledgement that goes out for it, in the
    caller's transaction, which also holds the rows. One acknowledgement a run and stream grows with
    the cursor. A load puts the cursor where it brought the stream, whatever it was before, and is
    always acknowledged: a site that joins again may have been there already.
    """
    execute = raw(connection).execute
    before = execute("SELECT applied_no FROM sync_stream WHERE stream = ?", (stream,)).fetchone()[0]
    if kind == "load":
        before = min(before, to_no)
    elif to_no <= before:
        return
    execute(
        "UPDATE sync_stream SET applied_no = ? WHERE stream = ? AND epoch = ?",
        (to_no, stream, epoch),
    )
    grown = execute(
        "UPDATE sync_ack SET to_no = ?, applied_at = ?, delivered_at = NULL "
        "WHERE stream = ? AND site = ? AND run = ? AND kind = ? AND epoch = ?",
        (to_no, at, stream, site, run, kind, epoch),
    ).rowcount
    if not grown:
        execute(
            "INSERT INTO sync_ack(stream, site, epoch, kind, from_no, to_no, run, applied_at) "
            "VALUES (?,?,?,?,?,?,?,?)",
            (stream, site, epoch, kind, before, to_no, run, at),
        )


def acknowledge_again(connection: Connection, stream: str, site: str, run: int, at: str) -> None:
    """What is parked of a stream has changed: say so with an acknowledgement that moves nothing
    else. The Web Database may have the one of this run already: it is told that this is a later
    word.
    """
    row = (
        raw(connection)
        .execute("SELECT epoch, applied_no FROM sync_stream WHERE stream = ?", (stream,))
        .fetchone()
    )
    if row is None:
        return
    grown = (
        raw(connection)
        .execute(
            "UPDATE sync_ack SET delivered_at = NULL, said = said + 1 "
            "WHERE stream = ? AND site = ? AND run = ? AND epoch = ? AND to_no = ?",
            (stream, site, run, *row),
        )
        .rowcount
    )
    if not grown:
        raw(connection).execute(
            "INSERT INTO sync_ack(stream, site, epoch, from_no, to_no, run, applied_at) "
            "VALUES (?,?,?,?,?,?,?)",
            (stream, site, row[0], row[1], row[1], run, at),
        )


def undelivered_acks(connection: Connection, site: str) -> tuple[OwnAck, ...]:
    """Acknowledgements of this site that the Web Database does not have yet, oldest first."""
    rows = raw(connection).execute(
        "SELECT id, stream, epoch, kind, from_no, to_no, run, applied_at, said FROM sync_ack "
        "WHERE site = ? AND delivered_at IS NULL ORDER BY id",
        (site,),
    )
    return tuple(OwnAck(*row) for row in rows)


def note_delivered(connection: Connection, acks: Iterable[tuple[int, int]], at: str) -> None:
    """The Web Database has these acknowledgements: (row, number of records parked that it was
    told).
    """
    raw(connection).executemany(
        "UPDATE sync_ack SET delivered_at = ?, parked_total = ? WHERE id = ?",
        [(at, parked_total, number) for number, parked_total in acks],
    )


def note_collected(
    connection: Connection,
    stream: str,
    site: str,
    epoch: str,
    kind: str,
    from_no: int,
    to_no: int,
    run: int,
    peer_run: int,
    applied_at: str,
    parked_total: int,
    at: str,
) -> None:
    """Another site has acknowledged one of our streams. The same again changes nothing."""
    execute = raw(connection).execute
    known = execute(
        "SELECT id FROM sync_ack WHERE stream = ? AND site = ? AND epoch = ? AND kind = ? AND "
        "to_no = ? AND peer_run = ?",
        (stream, site, epoch, kind, to_no, peer_run),
    ).fetchone()
    if known:
        execute("UPDATE sync_ack SET parked_total = ? WHERE id = ?", (parked_total, known[0]))
        return
    execute(
        "INSERT INTO sync_ack(stream, site, epoch, kind, from_no, to_no, run, peer_run, "
        "applied_at, parked_total, "
        "collected_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (stream, site, epoch, kind, from_no, to_no, run, peer_run, applied_at, parked_total, at),
    )


def acknowledged(connection: Connection, stream: str, site: str) -> int:
    """How far `site` has acknowledged a stream of ours."""
    found = (
        raw(connection)
        .execute("SELECT max(to_no) FROM sync_ack WHERE stream = ? AND site = ?", (stream, site))
        .fetchone()
    )
    return int(found[0] or 0)


def acknowledged_by_all(connection: Connection, stream: str) -> int:
    """How far every store in the chain, blocked ones too, has acknowledged a stream of ours: one
    statement, one look into the index a store.
    """
    with database_faults():
        found = raw(connection).execute(
            "SELECT min(coalesce((SELECT max(a.to_no) FROM sync_ack a "
            "WHERE a.stream = ? AND a.site = s.code), 0)) "
            "FROM sync_site s WHERE s.role = ? AND s.state IN (?, ?)",
            (stream, Role.STORE.value, SiteState.ACTIVE.value, SiteState.BLOCKED.value),
        )
        return int(found.fetchone()[0] or 0)


def staged_bodies(connection: Connection, origin: str) -> dict[str, tuple[str, int]]:
    """Bodies of own batches, by SHA-256: the (stream, number) of the last batch that names each."""
    rows = raw(connection).execute(
        "SELECT sha256, stream, max(no) FROM sync_batch WHERE stream LIKE ? "
        "GROUP BY sha256, stream",
        (f"{origin}/%",),
    )
    return {row[0]: (row[1], int(row[2])) for row in rows}
