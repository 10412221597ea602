"""The batch body: a small SQLite database, zstd-compressed.

Per table of the record one table of the same name whose first column `_id` says which record a row
belongs to: the root row of record r has `_id` r, the i-th row of a child table has `_id` r * 2**20
+ i; so a range of records is a range of `_id` in every table, without an index. Records that are
gone stand in `_gone` with their key. Other columns have no declared type, so every value keeps its
exact SQLite type. Bodies of shared entities carry `_base`: the number of the head-office batch that
the record was edited on.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import sha256

import zstandard

from ginesys_sync.core.errors import Damaged
from ginesys_sync.core.plan import Entity, Owner
from ginesys_sync.wire.routes import MAX_BODY_BYTES

GONE = "_gone"
ID = "_id"
BASE = "_base"
CHILD_BITS = 20
"""A record may have up to 2**20 rows in one child table."""
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class PackedBody:
    """A body ready to travel. `sha256` names the packed bytes."""

    data: bytes
    sha256: str
    raw_size: int


def quoted(name: str) -> str:
    """A name as an SQL identifier. Plans admit only plain names; the quotes keep keywords
    harmless.
    """
    return '"' + name.replace('"', '""') + '"'


def root_columns(entity: Entity) -> tuple[str, ...]:
    """The columns of the root table in a body, `_id` excepted."""
    return (*entity.root.columns, BASE) if entity.owner is Owner.SHARED else entity.root.columns


def gone_columns(entity: Entity) -> tuple[str, ...]:
    """The columns of `_gone` in a body, `_id` excepted."""
    return (*entity.key, BASE) if entity.owner is Owner.SHARED else entity.key


def body_schema(entity: Entity) -> tuple[str, ...]:
    """The CREATE TABLE statements of a body of this entity, in order: both ends make the same text
    from the plan.
    """
    tables = [(entity.root.name, root_columns(entity))]
    tables += [(child.name, child.columns) for child in entity.children]
    tables.append((GONE, gone_columns(entity)))
    return tuple(
        f"CREATE TABLE {quoted(name)} ({ID} INTEGER PRIMARY KEY, {', '.join(map(quoted, columns))})"
        for name, columns in tables
    )


def pack(raw: bytes) -> PackedBody:
    """Compress a serialized body and name it."""
    data = zstandard.ZstdCompressor(level=_LEVEL).compress(raw)
    return PackedBody(data, sha256(data).hexdigest(), len(raw))


def unpack(data: bytes, name: str, raw_size: int) -> bytes:
    """The serialized body again: `raw_size` bytes, at most MAX_BODY_BYTES. Raises Damaged when
    hash, size or compression are not what they should be; never takes more memory than the cap.
    """
    if sha256(data).hexdigest() != name:
        raise Damaged(
            "A batch arrived damaged: its checksum differs.", detail=f"sha256 of body {name}"
        )
    if not 0 < raw_size <= MAX_BODY_BYTES:
        raise Damaged(
            "A batch is larger than any batch may be.", detail=f"raw size {raw_size} of body {name}"
        )
    try:
        with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(data) as reader:
            raw = reader.read(raw_size)
            extra = reader.read(1)
    except zstandard.ZstdError as fault:
        raise Damaged(
            "A batch arrived damaged: it cannot be unpacked.", detail=f"body {name}: {fault}"
        ) from fault
    if len(raw) != raw_size or extra:
        raise Damaged(
            "A batch arrived damaged: its size differs.", detail=f"raw size of body {name}"
        )
    return raw


def check_structure(raw: bytes, entity: Entity) -> None:
    """Whether a serialized body from outside is sound and has, byte for byte, the schema that the
    receiver's own plan asks for. Raises Damaged.
    """
    if not raw:
        raise Damaged("A batch arrived empty.")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.deserialize(raw)
        found = [
            row[0]
            for row in connection.execute("SELECT sql FROM sqlite_master ORDER BY rowid LIMIT 100")
        ]
        if found != list(body_schema(entity)):
            raise Damaged(
                f"A batch of {entity.many} has other tables or columns than the plan says.",
                "Both sides must have the same plan: sync once more; if it comes back, ask "
                "head office.",
                detail=f"found {found!r}"[:2000],
            )
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Damaged("A batch arrived damaged inside.", detail=str(verdict)[:500])
    except (sqlite3.Error, UnicodeDecodeError) as fault:  # the latter: SQLite quotes forged text
        raise Damaged("A batch arrived damaged inside.", detail=str(fault)) from fault
    finally:
        connection.close()
