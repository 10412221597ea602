"""The first loads that head office owes, and how far each is built: a run that is killed goes on
after the last chunk that is noted here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ginesys_sync.core.model import Key
from ginesys_sync.store import schema
from ginesys_sync.store.database import raw

DUE, OFFERED = "due", "offered"


@dataclass(frozen=True, slots=True)
class BuiltChunk:
    """One chunk that is built and at the Web Database (without records: there is no body). `last`
    is the key it ends with. `left` are the records that were left out of it although the books say
    that its sites have them; `leaves_kind`: more than are named.
    """

    entity: str
    sha256: str
    size: int
    raw_size: int
    records: int
    rows: int
    plan_version: int
    last: Key
    left: tuple[Key, ...] = ()
    leaves_kind: bool = False


@dataclass(frozen=True, slots=True)
class DueLoad:
    """A first load that head office owes: `no` is the stream's head from before its first chunk."""

    site: str
    stream: str
    no: int
    state: str
    chunks: tuple[BuiltChunk, ...]


def owe_load(connection: Connection, site: str, streams: Sequence[str], at: str) -> None:
    """Owe a site a first load of these own streams, up to their heads as they are now."""
    for stream in streams:
        raw(connection).execute(
            "INSERT INTO sync_load(site, stream, no, state, at) "
            "SELECT ?, stream, head_no, ?, ? FROM sync_stream WHERE stream = ? "
            "ON CONFLICT(site, stream) DO UPDATE SET no = excluded.no, state = excluded.state, "
            "chunks = '[]', at = excluded.at",
            (site, DUE, at, stream),
        )


def due_loads(connection: Connection) -> tuple[DueLoad, ...]:
    """The first loads that are owed or offered."""
    rows = connection.execute(
        select(schema.load).order_by(schema.load.c.stream, schema.load.c.site)
    )
    return tuple(
        DueLoad(row.site, row.stream, row.no, row.state, _chunks(row.chunks)) for row in rows
    )


def write_chunks(
    connection: Connection, sites: Iterable[str], stream: str, chunks: Sequence[BuiltChunk]
) -> None:
    """These sites' load of a stream is built so far."""
    document = json.dumps([_document(chunk) for chunk in chunks])
    raw(connection).executemany(
        "UPDATE sync_load SET chunks = ? WHERE site = ? AND stream = ?",
        [(document, site, stream) for site in sites],
    )


def mark_offered(connection: Connection, site: str, stream: str, no: int, at: str) -> None:
    """The site has been offered its load up to `no`; how it was built is forgotten."""
    raw(connection).execute(
        "UPDATE sync_load SET state = ?, no = ?, chunks = '[]', at = ? "
        "WHERE site = ? AND stream = ?",
        (OFFERED, no, at, site, stream),
    )


def end_load(connection: Connection, site: str, stream: str) -> None:
    """The site has acknowledged its first load, or does not want it any more."""
    raw(connection).execute("DELETE FROM sync_load WHERE site = ? AND stream = ?", (site, stream))


def forget_loads(connection: Connection) -> None:
    """Inside the caller's transaction: which loads are owed is not known any more; the Web Database
    says which are still wanted.
    """
    connection.execute(schema.load.delete())


def _document(chunk: BuiltChunk) -> list[Any]:
    return [
        chunk.entity,
        chunk.sha256,
        chunk.size,
        chunk.raw_size,
        chunk.records,
        chunk.rows,
        chunk.plan_version,
        _written(chunk.last),
        [_written(key) for key in chunk.left],
        chunk.leaves_kind,
    ]


def _written(key: Key) -> list[Any]:
    return [{"hex": part.hex()} if isinstance(part, bytes) else part for part in key]


def _read(key: list[Any]) -> Key:
    return tuple(bytes.fromhex(part["hex"]) if isinstance(part, dict) else part for part in key)


def _chunks(text: str) -> tuple[BuiltChunk, ...]:
    return tuple(_chunk(*facts) for facts in json.loads(text))


def _chunk(
    entity: str,
    sha256: str,
    size: int,
    raw_size: int,
    records: int,
    rows: int,
    plan_version: int,
    last: list[Any],
    left: Sequence[list[Any]] = (),
    leaves_kind: bool = False,
) -> BuiltChunk:
    return BuiltChunk(
        entity,
        sha256,
        size,
        raw_size,
        records,
        rows,
        plan_version,
        _read(last),
        tuple(map(_read, left)),
        leaves_kind,
    )
