"""The batch body: exact, bounded, and refused when it is not what it should be."""

import json
import sqlite3
import tracemalloc
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from ginesys_sync.core.errors import Damaged
from ginesys_sync.core.plan import Entity, Owner, Table
from ginesys_sync.core.plan_text import parse_plan
from ginesys_sync.wire.body import (
    CHILD_BITS,
    GONE,
    MAX_RECORD,
    Counts,
    body_schema,
    check_structure,
    pack,
    unpack,
)
from ginesys_sync.wire.excerpt import excerpts, has_schema, joined, labels
from ginesys_sync.wire.routes import MAX_BODY_BYTES
from tests.support.chain_floor import floor_plan

LINE = Table("line", ("number", "line"), ("number",), ("number", "line", "what"))
BILL = Entity(
    "bills",
    "bill",
    "bills",
    "sales",
    Owner.SITE,
    Table("bill", ("number",), ("number",), ("number", "total")),
    (LINE,),
    site_column="number",
    label="number",
)


def _body(*statements: str, entity: Entity = BILL) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in (*body_schema(entity), *statements):
            connection.execute(statement)
        return connection.serialize()


def _two_bills_and_a_tombstone() -> bytes:
    return _body(
        "INSERT INTO bill VALUES (1, 'A', 10), (2, 'B', x'00ff')",
        f"INSERT INTO line VALUES ({1 << CHILD_BITS} + 1, 'A', 1, 'tea'),"
        f" ({2 << CHILD_BITS} + 1, 'B', 1, NULL), ({2 << CHILD_BITS} + 2, 'B', 2, 1.5)",
        f"INSERT INTO {GONE} VALUES (3, 'C')",
    )


def test_what_is_packed_is_unpacked_exactly() -> None:
    raw = _two_bills_and_a_tombstone()
    packed = pack(raw)
    assert packed.sha256 == sha256(packed.data).hexdigest()
    assert unpack(packed.data, packed.sha256, packed.raw_size) == raw
    check_structure(raw, BILL)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_flipped_bit_in_transit_is_noticed(at: int, bit: int) -> None:
    packed = pack(_two_bills_and_a_tombstone())
    data = bytearray(packed.data)
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(Damaged, match="checksum"):
        unpack(bytes(data), packed.sha256, packed.raw_size)


@given(at=st.integers(0, 100_000), byte=st.integers(0, 255))
@example(at=3879, byte=128)  # no UTF-8 in the schema: SQLite's own complaint cannot be read
def test_a_body_forged_with_a_right_checksum_is_sound_or_refused(at: int, byte: int) -> None:
    raw = bytearray(_two_bills_and_a_tombstone())
    raw[at % len(raw)] = byte
    try:
        check_structure(bytes(raw), BILL)
    except Damaged:
        return
    assert [n for n, _, _ in excerpts(bytes(raw), BILL, [])] == []


@pytest.mark.parametrize("size", [0, 5, MAX_BODY_BYTES + 1])
def test_a_size_that_was_not_said_is_refused(size: int) -> None:
    packed = pack(_two_bills_and_a_tombstone())
    with pytest.raises(Damaged, match=r"size differs|larger than any"):
        unpack(packed.data, packed.sha256, size)


def test_a_bomb_is_refused_without_being_unpacked() -> None:
    data = zstandard.ZstdCompressor(level=1).compress(bytes(300_000_000))
    with pytest.raises(Damaged, match="size differs"):
        unpack(data, sha256(data).hexdigest(), 1000)


def test_bytes_that_are_not_compressed_are_refused() -> None:
    with pytest.raises(Damaged, match="cannot be unpacked"):
        unpack(b"nothing", sha256(b"nothing").hexdigest(), 7)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more(x)",
        "CREATE VIEW view AS SELECT * FROM bill",
        "CREATE TRIGGER t AFTER INSERT ON bill BEGIN DELETE FROM line; END",
        "CREATE INDEX i ON bill(total)",
        "ALTER TABLE bill ADD COLUMN extra",
        "DROP TABLE line",
        "ALTER TABLE line RENAME TO other",
    ],
)
def test_a_body_with_another_schema_is_refused(statement: str) -> None:
    with pytest.raises(Damaged, match="other tables or columns"):
        check_structure(_body(statement), BILL)


@pytest.mark.parametrize("raw", [b"", b"x" * 5000, b"SQLite format 3\x00" + bytes(84)])
def test_bytes_that_are_no_database_are_refused(raw: bytes) -> None:
    with pytest.raises(Damaged):
        check_structure(raw, BILL)


@pytest.mark.parametrize(
    "more",
    [
        zstandard.ZstdCompressor().compress(b"more"),
        b"more",
    ],
)
def test_what_follows_the_body_in_its_bytes_is_noticed(more: bytes) -> None:
    packed = pack(_two_bills_and_a_tombstone())
    data = packed.data + more
    with pytest.raises(Damaged):
        unpack(data, sha256(data).hexdigest(), packed.raw_size)


def test_a_body_that_wants_much_memory_to_be_unpacked_is_refused() -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=26)
    whole = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    data = whole.compress(bytes(9)) + whole.flush()
    with pytest.raises(Damaged, match="cannot be unpacked"):
        unpack(data, sha256(data).hexdigest(), 9)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bill SET _id = 0 WHERE _id = 1",
        f"UPDATE bill SET _id = {MAX_RECORD + 1} WHERE _id = 1",
        f"UPDATE {GONE} SET _id = {2**63 - 1}",
        f"UPDATE {GONE} SET _id = 2",
        "UPDATE line SET _id = -1 WHERE number = 'A'",
        f"INSERT INTO line VALUES ({9 << CHILD_BITS}, 'A', 3, NULL)",
        "DELETE FROM bill WHERE _id = 2",
        "UPDATE bill SET number = NULL WHERE _id = 2",
        f"UPDATE {GONE} SET number = NULL",
    ],
)
def test_a_body_whose_numbers_lead_nowhere_is_refused(statement: str) -> None:
    raw = _changed(_two_bills_and_a_tombstone(), statement)
    with pytest.raises(Damaged, match="damaged inside"):
        check_structure(raw, BILL)


def _changed(raw: bytes, *statements: str) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(raw)
        for statement in statements:
            connection.execute(statement)
        return connection.serialize()


def test_a_body_that_holds_more_or_less_than_was_said_is_refused() -> None:
    raw = _two_bills_and_a_tombstone()
    check_structure(raw, BILL, Counts(2, 1, 6))
    for wrong in (Counts(3, 1, 6), Counts(2, 0, 6), Counts(2, 1, 5)):
        with pytest.raises(Damaged, match="another number of records"):
            check_structure(raw, BILL, wrong)


def test_a_body_in_another_encoding_is_refused() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA encoding='UTF-16'")
        for statement in body_schema(BILL):
            connection.execute(statement)
        raw = connection.serialize()
    with pytest.raises(Damaged, match="damaged inside"):
        check_structure(raw, BILL)


@pytest.mark.parametrize("said", [0, 2, 4, 9])
def test_a_body_that_says_another_encoding_than_it_has_is_refused(said: int) -> None:
    raw = bytearray(_two_bills_and_a_tombstone())
    raw[56:60] = said.to_bytes(4, "big")
    with pytest.raises(Damaged, match="damaged inside"):
        check_structure(bytes(raw), BILL)


def test_a_forged_schema_of_many_megabytes_is_not_repeated_in_the_complaint() -> None:
    raw = _body(f"CREATE TABLE more(x CHECK(x <> '{'x' * 5_000_000}'))")
    tracemalloc.start()
    try:
        with pytest.raises(Damaged) as fault:
            check_structure(raw, BILL)
        assert len(fault.value.detail) <= 2_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_single_records_are_taken_out_and_put_together_again() -> None:
    raw = _two_bills_and_a_tombstone()
    found = list(excerpts(raw, BILL, [1, 2, 3]))
    assert [(number, key) for number, key, _ in found] == [(1, ("A",)), (2, ("B",)), (3, ("C",))]
    assert all(has_schema(body, BILL) and len(body) < 6_000 for _, _, body in found)
    again = joined(BILL, [body for _, _, body in reversed(found)])
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(again)
        assert connection.execute(f"SELECT * FROM {GONE}").fetchall() == [(1, "C")]
        assert connection.execute("SELECT * FROM bill").fetchall() == [
            (2, "B", b"\x00\xff"),
            (3, "A", 10),
        ]
        lines = connection.execute(f"SELECT _id >> {CHILD_BITS}, number, line, what FROM line")
        assert lines.fetchall() == [(2, "B", 1, None), (2, "B", 2, 1.5), (3, "A", 1, "tea")]


def test_nothing_of_one_record_travels_in_the_excerpt_of_another() -> None:
    raw = _body("INSERT INTO bill VALUES (1, 'A', 'secret words'), (2, 'B', 'x')")
    (_, _, first), (_, _, second) = excerpts(raw, BILL, [1, 2])
    assert b"secret words" in first
    assert b"secret words" not in second


def test_a_single_record_body_of_an_older_plan_is_told_apart() -> None:
    ((_, _, body),) = excerpts(_two_bills_and_a_tombstone(), BILL, [1])
    wider = Table("bill", ("number",), ("number",), ("number", "total", "till"))
    newer = Entity("bills", "bill", "bills", "sales", Owner.SITE, wider, (LINE,))
    assert not has_schema(body, newer)


def test_the_records_of_a_body_are_listed_page_by_page() -> None:
    raw = _two_bills_and_a_tombstone()
    assert labels(raw, BILL, 0, 2) == [(1, ("A",), "A", False), (2, ("B",), "B", False)]
    assert labels(raw, BILL, 2, 2) == [(3, ("C",), "", True)]


def test_bodies_of_shared_records_carry_the_number_they_were_edited_on() -> None:
    shared = Entity("c", "c", "c", "x", Owner.SHARED, Table("c", ("id",), ("id",), ("id", "n")))
    assert body_schema(shared) == (
        'CREATE TABLE "c" (_id INTEGER PRIMARY KEY, "id", "n", "_base")',
        'CREATE TABLE "_gone" (_id INTEGER PRIMARY KEY, "id", "_base")',
    )


def test_an_image_that_makes_sqlite_ask_for_too_much_memory_is_damaged() -> None:
    """Found by the fuzzer."""
    raw = (Path(__file__).parent / "asks_for_too_much.sqlite3").read_bytes()
    plan = parse_plan(json.dumps(floor_plan()))
    with pytest.raises(Damaged):
        check_structure(raw, plan.entity("items"))
