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
MAX_RECORD = 1 << 20
"""The highest number of a record. Stretch after stretch is read: with wild numbers, for ever."""
_LEVEL = 1
_WINDOW_BYTES = 1 << 23
"""What unpacking may keep at hand beside the body: every usual level asks for less."""
_ENCODING, _UTF_8 = slice(56, 60), bytes((0, 0, 0, 1))
"""Where an image says how its text is encoded. By itself SQLite takes odd numbers for UTF-8, but
does not attach such an image."""
_TOLD = 500
"""Of what a forged body makes SQLite say: it may quote as much as it likes."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a manifest says is in a body: records with an image, records gone, rows of all
    tables."""

    records: int
    gone: int
    rows: int


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
        unpacking = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES)
        # Across frames, so that what follows the first one is noticed.
        with unpacking.stream_reader(data, read_across_frames=True) as reader:
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


def check_structure(raw: bytes, entity: Entity, said: Counts | None = None) -> None:
    """Whether a serialized body from outside is sound, has, byte for byte, the schema that the
    receiver's own plan asks for, and holds as much as `said`. Raises Damaged.
    """
    if not raw:
        raise Damaged("A batch arrived empty.")
    if raw[_ENCODING] != _UTF_8:
        raise _unsound(f"its text is encoded by {raw[_ENCODING]!r}")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.deserialize(raw)
        _check_schema(connection, entity)
        _check_soundness(connection)
        _check_numbers(connection, entity)
        if said is not None:
            _check_counts(connection, entity, said)
    except (sqlite3.Error, UnicodeDecodeError) as fault:  # the latter: SQLite quotes forged text
        raise _unsound(str(fault)) from fault
    except MemoryError as fault:  # what a forged page number makes SQLite ask for
        raise _unsound("reading it asks for more memory than there is") from fault
    finally:
        connection.close()


def lay_in(connection: sqlite3.Connection, raw: bytes, name: str) -> None:
    """Make a serialized body what an attached database holds. Outside a transaction.

    SQLite alone would go on with what it compiled for the body before, when both happen to have
    the same schema cookie, and read each table where the other body has one of its own. A flag
    that is set has it compile everything anew (`OP_Expire` in its pragma.c).
    """
    connection.deserialize(raw, name=name)
    connection.execute("PRAGMA cell_size_check=ON")


def _unsound(detail: str) -> Damaged:
    return Damaged("A batch arrived damaged inside.", detail=detail[:_TOLD])


def _check_schema(connection: sqlite3.Connection, entity: Entity) -> None:
    expected = body_schema(entity)
    longest = max(map(len, expected)) + 1
    found = [
        text
        for (text,) in connection.execute(
            "SELECT substr(sql, 1, ?) FROM sqlite_master ORDER BY rowid LIMIT ?",
            (longest, len(expected) + 1),
        )
    ]
    if found != list(expected):
        raise Damaged(
            f"A batch of {entity.many} has other tables or columns than the plan says.",
            "Both sides must have the same plan: sync once more; if it comes back, ask "
            "head office.",
            detail=f"found {found!r}"[:2000],
        )


def _check_soundness(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise _unsound(str(verdict))


def _check_numbers(connection: sqlite3.Connection, entity: Entity) -> None:
    """Records are numbered from 1 on, each once, and have a key; every child row is of one that is
    there.
    """
    root = quoted(entity.root.name)
    no_key = " OR ".join(f"{quoted(column)} IS NULL" for column in entity.key)
    for table in (root, GONE):
        if _is_any(connection, f"SELECT 1 FROM {table} WHERE {no_key}"):
            raise _unsound(f"a record in {table} has no key")
        lowest, highest = connection.execute(
            f"SELECT (SELECT min({ID}) FROM {table}), (SELECT max({ID}) FROM {table})"
        ).fetchone()
        if lowest is not None and not 1 <= lowest <= highest <= MAX_RECORD:
            raise _unsound(f"records {lowest} to {highest} in {table}")
    if _is_any(connection, f"SELECT 1 FROM {GONE} JOIN {root} USING ({ID})"):
        raise _unsound("a record is there and gone at once")
    for child in entity.children:
        if _is_any(
            connection,
            f"SELECT 1 FROM {quoted(child.name)} c LEFT JOIN {root} r "
            f"ON r.{ID} = c.{ID} >> {CHILD_BITS} WHERE r.{ID} IS NULL",
        ):
            raise _unsound(f"rows of {child.name} belong to no record")


def _is_any(connection: sqlite3.Connection, query: str) -> bool:
    return connection.execute(f"{query} LIMIT 1").fetchone() is not None


def _check_counts(connection: sqlite3.Connection, entity: Entity, said: Counts) -> None:
    names = [table.name for table in entity.tables]
    images, *others = (
        connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
        for name in (*names, GONE)
    )
    found = Counts(images, others[-1], images + sum(others))
    if found != said:
        raise Damaged(
            f"A batch of {entity.many} holds another number of records than was said.",
            detail=f"{said} was said, {found} found",
        )
