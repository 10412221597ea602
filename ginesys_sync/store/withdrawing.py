"""Head office's books of batches that are taken back before a site has heard of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.core.model import Audience, Key, Role
from ginesys_sync.core.plan import Entity, Rule
from ginesys_sync.store import blocks
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import exact_keys, listed, padded, part_list
from ginesys_sync.store.sites import sites as all_sites
from ginesys_sync.wire.body import GONE, quoted


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A batch of this site's present epoch. `is_withdrawn`: from all."""

    stream: str
    no: int
    epoch: str
    entity: str
    audience: Audience
    sha256: str
    size: int
    raw_size: int
    is_uploaded: bool
    is_withdrawn: bool


def uploaded_batch(connection: Connection, stream: str, no: int) -> Uploaded | None:
    """One own batch; None when there is none of that number."""
    row = (
        raw(connection)
        .execute(
            "SELECT b.epoch, b.entity, a.members, b.sha256, b.size, b.raw_size, b.uploaded_at, "
            "b.withdrawn_at FROM sync_batch b JOIN sync_stream s ON s.stream = b.stream "
            "AND s.epoch = b.epoch JOIN sync_audience a ON a.id = b.audience "
            "WHERE b.stream = ? AND b.no = ? AND b.received_at IS NULL",
            (stream, no),
        )
        .fetchone()
    )
    if row is None:
        return None
    epoch, entity, members, sha256, size, raw_size, uploaded_at, withdrawn_at = row
    audience = Audience.parse(members)
    is_up, is_back = uploaded_at is not None, withdrawn_at is not None
    return Uploaded(stream, no, epoch, entity, audience, sha256, size, raw_size, is_up, is_back)


def records_of(body: bytes, entity: Entity) -> tuple[list[Key], list[Key]]:
    """The keys of the records in a raw body: those with an image, those that are gone."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(body)
        return tuple(  # type: ignore[return-value]
            [
                tuple(row)
                for row in connection.execute(f"SELECT {listed(entity.key)} FROM {quoted(table)}")
            ]
            for table in (entity.root.name, GONE)
        )


def keys_of(
    connection: Connection, batch: Uploaded, entity: Entity, body: bytes | None
) -> tuple[list[Key], list[Key]]:
    """The keys of the records in a batch: those with an image, those that are gone. When its raw
    body is kept nowhere (None), those that the books last saw in it.
    """
    if body is not None:
        return records_of(body, entity)
    found: tuple[list[Key], list[Key]] = ([], [])
    with exact_keys(raw(connection)):
        for *key, gone in raw(connection).execute(
            f"SELECT {part_list(len(entity.key))}, gone FROM sync_record "
            "WHERE entity = ? AND last_no = ?",
            (entity.name, batch.no),
        ):
            found[gone].append(tuple(key))
    return found


def note_unsent(
    connection: Connection,
    batch: Uploaded,
    entity: Entity,
    body: bytes | None,
    sites: frozenset[str] | None,
    who: str,
    at: str,
) -> list[int]:
    """Inside the caller's transaction: what a batch held has not reached `sites` (None: nobody).

    Of what is for all, any later note sends the record to everybody, so only first loads need to
    know, and only of records that no later batch holds. Of what is for certain stores, the books
    say who should have a record, and a note of its audience alone would send nothing to those who
    should; so it is noted here that its next note sends an image, and who has it still because its
    tombstone was withdrawn. Loads look here, too. Returns the rows that are new.
    """
    images, gone = keys_of(connection, batch, entity, body)
    if entity.audience.rule is Rule.ALL:
        newest = [key for key in (*images, *gone) if _last_no(connection, entity, key) == batch.no]
        return blocks.note_unsent(connection, entity.name, [(k, "") for k in newest], who, at)
    members = batch.audience.sites
    if members is None:  # the kind was for all when it was sealed
        members = frozenset(site.code for site in all_sites(connection) if site.role is Role.STORE)
    keeping = ",".join(sorted(members if sites is None else members & sites))
    records = [(key, "") for key in images] + [(key, keeping) for key in gone]
    return blocks.note_unsent(connection, entity.name, records, who, at)


def _last_no(connection: Connection, entity: Entity, key: Key) -> int:
    row = (
        raw(connection)
        .execute(
            "SELECT last_no FROM sync_record WHERE entity = ? AND k1 = ? AND k2 = ? AND k3 = ? "
            "AND k4 = ?",
            (entity.name, *padded(key)),
        )
        .fetchone()
    )
    return int(row[0]) if row else 0


def members(connection: Connection, batch: Uploaded) -> list[str]:
    """The stores that a batch is for."""
    stores = (str(site.code) for site in all_sites(connection) if site.role is Role.STORE)
    return [store for store in stores if batch.audience.holds(store)]


def parts(connection: Connection, batch: Uploaded) -> set[str]:
    """The stores from which a batch was taken back alone."""
    rows = raw(connection).execute(
        "SELECT k2 FROM sync_block WHERE kind = ? AND name = ? AND k1 = ?",
        (blocks.Held.PART.value, batch.stream, batch.no),
    )
    return {site for (site,) in rows}


def processed_by(connection: Connection, batch: Uploaded) -> set[str]:
    """The stores that have acknowledged a batch, and from which it was not taken back before."""
    if batch.is_withdrawn:
        return set()
    rows = raw(connection).execute(
        "SELECT DISTINCT site FROM sync_ack WHERE stream = ? AND to_no >= ? "
        "AND collected_at IS NOT NULL",
        (batch.stream, batch.no),
    )
    readers = {site for (site,) in rows if batch.audience.holds(site)}
    return readers - parts(connection, batch)


def withdrawn_batches(connection: Connection) -> list[tuple[Uploaded, tuple[str, ...] | None]]:
    """What of the own streams, in their present epochs, was taken back, and from which sites alone
    (None: from all)."""
    rows = raw(connection).execute(
        "SELECT stream, no FROM sync_batch WHERE withdrawn_at IS NOT NULL "
        "UNION SELECT name, k1 FROM sync_block WHERE kind = ? ORDER BY 1, 2",
        (blocks.Held.PART.value,),
    )
    found = []
    for stream, no in rows.fetchall():
        batch = uploaded_batch(connection, stream, no)
        if batch is not None:
            sites = None if batch.is_withdrawn else tuple(sorted(parts(connection, batch)))
            found.append((batch, sites))
    return found


def note_heard(
    connection: Connection, batch: Uploaded, heard: Sequence[str], others: Sequence[str], at: str
) -> None:
    """Inside the caller's transaction: the batch is not taken back from those who have heard of it
    after all, from the others it is."""
    raw(connection).execute(
        "UPDATE sync_batch SET withdrawn_at = NULL WHERE stream = ? AND no = ? AND epoch = ?",
        (batch.stream, batch.no, batch.epoch),
    )
    for site in heard:
        blocks.lift(connection, blocks.Held.PART, batch.stream, (batch.no, site))
    if batch.is_withdrawn:
        note_withdrawn(connection, batch, others, "withdrawn from all before", "", at)


def note_withdrawn(
    connection: Connection,
    batch: Uploaded,
    sites: Sequence[str] | None,
    reason: str,
    who: str,
    at: str,
) -> None:
    """Inside the caller's transaction: the batch is taken back from these sites (None: all)."""
    if sites is None:
        raw(connection).execute(
            "UPDATE sync_batch SET withdrawn_at = ? WHERE stream = ? AND no = ? AND epoch = ?",
            (at, batch.stream, batch.no, batch.epoch),
        )
        return
    for site in sites:
        key: Key = (batch.no, site)
        blocks.block(connection, blocks.Held.PART, batch.stream, key, reason, who, at)
