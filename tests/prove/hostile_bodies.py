"""Bodies malformed on purpose: what a forger could put where an honest body was.

A forgery is made from the honest body, which holds five records with an image, the last two gone:
it says what is served, and what the manifest says of it.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import zstandard

from ginesys_sync.wire.body import CHILD_BITS, pack

TRUNCATIONS = 24
FLIPS = 40


@dataclass(frozen=True, slots=True)
class Honest:
    """The body that was sent, and its counts as its manifest says them."""

    raw: bytes
    records: int
    gone: int
    rows: int


@dataclass(frozen=True, slots=True)
class Forged:
    """What is handed out. `name` None: as the bytes really hash."""

    data: bytes
    raw_size: int
    records: int
    gone: int
    rows: int
    name: str | None = None

    @property
    def sha256(self) -> str:
        """The name in the manifest."""
        return self.name or sha256(self.data).hexdigest()


Forge = Callable[[Honest], Forged]


def _image(honest: Honest, raw: bytes) -> Forged:
    packed = pack(raw)
    return Forged(packed.data, packed.raw_size, honest.records, honest.gone, honest.rows)


def _packed(honest: Honest, data: bytes, raw_size: int | None = None) -> Forged:
    size = len(honest.raw) if raw_size is None else raw_size
    return Forged(data, size, honest.records, honest.gone, honest.rows)


def with_sql(*statements: str) -> Forge:
    """The honest body after these statements."""

    def forge(honest: Honest) -> Forged:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.deserialize(honest.raw)
            connection.execute("PRAGMA writable_schema=ON")
            for statement in statements:
                connection.execute(statement)
            return _image(honest, connection.serialize())

    return forge


def rebuilt(*pragmas: str, rows: bool = True) -> Forge:
    """The honest body in a database that was begun with these pragmas."""

    def forge(honest: Honest) -> Forged:
        with (
            closing(sqlite3.connect(":memory:", isolation_level=None)) as source,
            closing(sqlite3.connect(":memory:", isolation_level=None)) as target,
        ):
            source.deserialize(honest.raw)
            for pragma in pragmas:
                target.execute(pragma)
            tables = source.execute("SELECT name, sql FROM sqlite_master ORDER BY rowid").fetchall()
            for name, sql in tables:
                target.execute(sql)
                for row in source.execute(f'SELECT * FROM "{name}"') if rows else ():
                    target.execute(f'INSERT INTO "{name}" VALUES ({",".join("?" * len(row))})', row)
            return _image(honest, target.serialize())

    return forge


def with_bytes(at: int, new: bytes) -> Forge:
    """The honest image with these bytes in place of its own (`at` below 0: from its end)."""

    def forge(honest: Honest) -> Forged:
        raw, start = bytearray(honest.raw), at % len(honest.raw)
        raw[start : start + len(new)] = new
        return _image(honest, bytes(raw))

    return forge


def _said(**changes: int) -> Forge:
    """The honest body under a manifest that says something else of it."""

    def forge(honest: Honest) -> Forged:
        packed = pack(honest.raw)
        facts = {"records": honest.records, "gone": honest.gone, "rows": honest.rows}
        facts |= {"raw_size": packed.raw_size} | changes
        return Forged(packed.data, **facts)

    return forge


def _level(honest: Honest, **parameters: int) -> bytes:
    params = zstandard.ZstdCompressionParameters(**parameters)
    packing = zstandard.ZstdCompressor(compression_params=params).compressobj()
    return packing.compress(honest.raw) + packing.flush()


def _with_dictionary(honest: Honest) -> Forged:
    words = zstandard.ZstdCompressionDict(honest.raw[:4096], zstandard.DICT_TYPE_RAWCONTENT)
    return _packed(honest, zstandard.ZstdCompressor(dict_data=words).compress(honest.raw))


def _without_size(honest: Honest, cut: int = 0) -> Forged:
    data = zstandard.ZstdCompressor(write_content_size=False).compress(honest.raw)
    return _packed(honest, data[: len(data) - cut])


def _bomb(honest: Honest, raw_size: int, megabytes: int) -> Forged:
    packing = zstandard.ZstdCompressor(level=1).compressobj()
    data = bytearray()
    for _ in range(megabytes):
        data += packing.compress(bytes(1_000_000))
    return _packed(honest, bytes(data + packing.flush()), raw_size)


def _frames(honest: Honest, *more: bytes) -> Forged:
    return _packed(honest, b"".join([pack(honest.raw).data, *more]))


def _cut_image(honest: Honest, share: float) -> Forged:
    raw = honest.raw[: max(1, int(len(honest.raw) * share))]
    return _image(honest, raw)


def _cut_bytes(honest: Honest, share: float) -> Forged:
    data = pack(honest.raw).data
    return _packed(honest, data[: max(1, int(len(data) * share))])


def _flipped(honest: Honest, seed: int) -> Forged:
    """Some bits of the image are others, and the checksum is right."""
    chance, raw = random.Random(seed), bytearray(honest.raw)
    for _ in range(chance.choice((1, 1, 2, 8))):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return _image(honest, bytes(raw))


def _flipped_in_transit(honest: Honest, seed: int) -> Forged:
    chance, packed = random.Random(seed), pack(honest.raw)
    data = bytearray(packed.data)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    facts = (packed.raw_size, honest.records, honest.gone, honest.rows)
    return Forged(bytes(data), *facts, packed.sha256)


def _schema(*sql: str, rows: tuple[str, ...] = ()) -> Forge:
    """A body of other tables."""

    def forge(honest: Honest) -> Forged:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            for statement in (*sql, *rows):
                connection.execute(statement)
            return _image(honest, connection.serialize())

    return forge


_MASTER = "UPDATE sqlite_master SET"
_HUGE = 2**63 - 1

OF_SCHEMA: dict[str, Forge] = {
    "a view": with_sql("CREATE VIEW v AS SELECT * FROM bill"),
    "a view in place of a table": with_sql(
        "DROP TABLE bill_line",
        "CREATE VIEW bill_line AS SELECT 1 AS _id, 2 AS store, 3 AS number, 4 AS line",
    ),
    "a trigger": with_sql("CREATE TRIGGER t AFTER INSERT ON bill BEGIN DELETE FROM bill_line; END"),
    "an index": with_sql("CREATE INDEX i ON bill(total)"),
    "an index over an expression": with_sql("CREATE INDEX i ON bill(abs(total))"),
    "another table": with_sql("CREATE TABLE more(x)"),
    "another column": with_sql("ALTER TABLE bill ADD COLUMN more"),
    "a column less": with_sql("ALTER TABLE bill DROP COLUMN customer"),
    "a generated column": with_sql("ALTER TABLE bill ADD COLUMN g AS (total * 2)"),
    "a virtual table": with_sql("CREATE VIRTUAL TABLE f USING fts5(x)"),
    "a virtual table in place of one": with_sql(
        f"{_MASTER} sql = 'CREATE VIRTUAL TABLE bill USING fts5(x)', rootpage = 0 "
        "WHERE name = 'bill'"
    ),
    "statistics": with_sql("ANALYZE"),
    "an autoincrement": with_sql("CREATE TABLE a(x INTEGER PRIMARY KEY AUTOINCREMENT)"),
    "no rowids": with_sql(
        f"{_MASTER} sql = sql || ' WITHOUT ROWID' WHERE name = 'bill'", "PRAGMA schema_version=99"
    ),
    "tables in another order": _schema(
        "CREATE TABLE _gone(_id INTEGER PRIMARY KEY, store, number)",
        "CREATE TABLE bill(_id INTEGER PRIMARY KEY, store, number, total, customer)",
    ),
    "no tables": _schema("PRAGMA user_version=1"),
    "two tables on one page": with_sql(
        f"{_MASTER} rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'bill') "
        "WHERE name = 'bill_line'"
    ),
    "a table on no page": with_sql(f"{_MASTER} rootpage = 0 WHERE name = 'bill_line'"),
    "a table beyond the end": with_sql(f"{_MASTER} rootpage = 4000000 WHERE name = 'bill_line'"),
    "a table under another's name": with_sql(f"{_MASTER} name = 'x' WHERE name = 'bill'"),
    "a table that says it is an index": with_sql(f"{_MASTER} type = 'index' WHERE name = 'bill'"),
    "a schema of megabytes": with_sql(f"CREATE TABLE m(x CHECK(x <> '{'y' * 3_000_000}'))"),
    "a schema that is no SQL": with_sql(f"{_MASTER} sql = 'nonsense' WHERE name = 'bill'"),
    "a schema that is no text": with_sql(f"{_MASTER} sql = x'ff00ff' WHERE name = 'bill'"),
}

OF_ROWS: dict[str, Forge] = {
    "a record too many": with_sql("INSERT INTO bill VALUES (900, 'S001', 900, 1, NULL)"),
    "a record too few": with_sql(
        "DELETE FROM bill WHERE _id = 1", f"DELETE FROM bill_line WHERE _id >> {CHILD_BITS} = 1"
    ),
    "no key": with_sql("UPDATE bill SET number = NULL WHERE _id = 1"),
    "gone without a key": with_sql("UPDATE _gone SET store = NULL"),
    "record 0": with_sql(
        "UPDATE bill SET _id = 0 WHERE _id = 1",
        f"DELETE FROM bill_line WHERE _id >> {CHILD_BITS} = 1",
    ),
    "the highest record": with_sql(f"UPDATE _gone SET _id = {_HUGE} WHERE _id = 4"),
    "the lowest record": with_sql(f"UPDATE _gone SET _id = {-_HUGE} WHERE _id = 4"),
    "records far apart": with_sql(f"UPDATE _gone SET _id = {2**40} WHERE _id = 5"),
    "there and gone": with_sql("UPDATE _gone SET _id = 2 WHERE _id = 4"),
    "rows of no record": with_sql(f"UPDATE bill_line SET _id = {77 << CHILD_BITS} WHERE line = 2"),
    "rows of a gone record": with_sql(
        f"UPDATE bill_line SET _id = {(4 << CHILD_BITS) + 1} WHERE _id = {(1 << CHILD_BITS) + 2}"
    ),
    "rows beyond every number": with_sql(f"UPDATE bill_line SET _id = {_HUGE} WHERE line = 2"),
    "rows below every number": with_sql("UPDATE bill_line SET _id = -5 WHERE _id = 1048577"),
}
"""Refused whole: no honest program numbers like that."""

OF_RECORDS: dict[str, Forge] = {
    "rows of another record": with_sql("UPDATE bill_line SET number = 2 WHERE number = 1"),
    "another site's record": with_sql(
        "UPDATE bill SET store = 'S002' WHERE _id = 1",
        f"UPDATE bill_line SET store = 'S002' WHERE _id >> {CHILD_BITS} = 1",
    ),
    "text for a number": with_sql("UPDATE bill_line SET item_code = x'00ff' WHERE _id = 1048577"),
    "no UTF-8": with_sql("UPDATE bill_line SET item_code = CAST(x'ff' AS TEXT) WHERE line = 1"),
    "a number beyond exactness": with_sql("UPDATE bill SET total = 1e308 WHERE _id = 1"),
    "infinity": with_sql("UPDATE bill SET total = 9e999 WHERE _id = 1"),
    "the same record twice": with_sql("UPDATE bill SET number = 3 WHERE _id = 2"),
    "gone, and there under another number": with_sql("UPDATE _gone SET number = 3 WHERE _id = 4"),
    "the same row twice": with_sql("UPDATE bill_line SET line = 1 WHERE number = 1"),
}
"""The one record, or those like it, are set aside with a reason; the others are taken."""

OF_IMAGE: dict[str, Forge] = {
    "UTF-16": rebuilt("PRAGMA encoding='UTF-16le'"),
    "a log ahead": with_bytes(18, b"\x02\x02"),
    "a format to come": with_bytes(18, b"\x09\x09"),
    "another magic": with_bytes(0, b"SQLite format 4\0"),
    "pages of one byte": with_bytes(16, b"\x00\x01"),
    "pages of three": with_bytes(16, b"\x00\x03"),
    "pages of another size": with_bytes(16, b"\x02\x00"),
    "reserved bytes": with_bytes(20, b"\xff"),
    "a size that is not its": with_bytes(28, b"\x7f\xff\xff\xff"),
    "free pages that are not": with_bytes(32, b"\x00\x00\x00\x02\x00\x00\x00\x05"),
    "a schema format to come": with_bytes(44, b"\x00\x00\x00\x63"),
    "an encoding to come": with_bytes(56, b"\x00\x00\x00\x09"),
    "an encoding of zero": with_bytes(56, b"\x00\x00\x00\x04"),
    "vacuum roots": with_bytes(52, b"\x00\x00\x00\x02"),
    "a wild root": with_bytes(100, b"\x0d\xff\xff\xff\xff\xff\xff\xff"),
    "a last page of noise": with_bytes(-4096, random.Random(1).randbytes(4096)),
    "all noise": with_bytes(100, random.Random(2).randbytes(8000)),
    "no image at all": lambda honest: _image(honest, b"x" * 5_000),
    "nothing": lambda honest: _packed(honest, pack(b"").data, 1),
    "one byte": lambda honest: _image(honest, b"S"),
    "tiny pages, no rows": rebuilt("PRAGMA page_size=512", rows=False),
    "huge pages, no rows": rebuilt("PRAGMA page_size=65536", rows=False),
}

OF_PACKING: dict[str, Forge] = {
    "not packed": lambda honest: _packed(honest, honest.raw),
    "packed twice": lambda honest: _packed(honest, pack(pack(honest.raw).data).data),
    "two frames": lambda honest: _frames(honest, pack(b"more").data),
    "itself twice": lambda honest: _frames(honest, pack(honest.raw).data),
    "more behind it": lambda honest: _frames(honest, b"more"),
    "with a dictionary": _with_dictionary,
    "a wide window": lambda honest: _packed(honest, _level(honest, window_log=27)),
    "no size, cut": partial(_without_size, cut=3),
    "a bomb that says little": partial(_bomb, raw_size=10_000, megabytes=500),
    "a bomb that says much": partial(_bomb, raw_size=64_000_000, megabytes=500),
    "a bomb of empty pages": partial(_bomb, raw_size=64_000_000, megabytes=64),
    "a frame without an end": lambda honest: _packed(honest, b"\x28\xb5\x2f\xfd\x04\x00"),
}

OF_MANIFEST: dict[str, Forge] = {
    "more records said": _said(records=6),
    "fewer records said": _said(records=0),
    "enormously many said": _said(records=2**53),
    "more gone said": _said(gone=5),
    "none gone said": _said(gone=0),
    "more rows said": _said(rows=2**53),
    "fewer rows said": _said(rows=0),
    "a smaller size said": _said(raw_size=100),
    "a larger size said": _said(raw_size=64_000_000),
}


def forgeries() -> Iterator[tuple[str, Forge, bool]]:
    """All of them: name, how it is made, and whether it is refused whole (else the guilty record
    alone is set aside)."""
    for kind in (OF_SCHEMA, OF_ROWS, OF_IMAGE, OF_PACKING, OF_MANIFEST):
        yield from ((name, forge, True) for name, forge in kind.items())
    yield from ((name, forge, False) for name, forge in OF_RECORDS.items())
    for number in range(1, TRUNCATIONS):
        share = number / TRUNCATIONS
        yield f"an image cut at {share:.0%}", partial(_cut_image, share=share), True
        yield f"bytes cut at {share:.0%}", partial(_cut_bytes, share=share), True
    for seed in range(FLIPS):
        yield f"bits flipped in transit, {seed}", partial(_flipped_in_transit, seed=seed), True
        yield f"bits flipped, {seed}", partial(_flipped, seed=seed), False
