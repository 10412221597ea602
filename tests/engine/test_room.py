"""Unique values that move between rows arrive, whatever kind of unique they are, and nothing that
the batch does not write back is ever touched.
"""

import pytest

from ginesys_sync.core.status import Outcome
from tests.support.chain_floor import HO, S001, ChainFloor

pytestmark = pytest.mark.long

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
TWO = "INSERT INTO odd VALUES ('A', 1, 'x'), ('B', 2, 'y')"
SWAP = "UPDATE odd SET a = 3 - a"


def _table(floor: ChainFloor, *statements: str) -> None:
    """Another table `odd` at S001 than at head office."""
    floor.sql(S001, "DROP TABLE odd", *statements)


def _arrive(floor: ChainFloor, *statements: str) -> None:
    floor.sql(HO, *statements)
    floor.done(HO)
    floor.sync(S001)


def _assert_equal(floor: ChainFloor, columns: str = "code, a, b") -> None:
    everything = f"SELECT {columns} FROM odd ORDER BY 1"
    assert floor.sql(S001, everything) == floor.sql(HO, everything)
    assert floor.parked(S001) == []


def test_a_column_of_the_stores_own_keeps_its_values_when_others_swap(floor: ChainFloor) -> None:
    _table(floor, "CREATE TABLE odd(code PRIMARY KEY, a UNIQUE, b, shelf TEXT UNIQUE)")
    _arrive(floor, f"{NUMBERS.format(50)} INSERT INTO odd SELECT 'I' || i, i, 'x' FROM n")
    floor.sql(S001, "UPDATE odd SET shelf = 'shelf ' || code")
    _arrive(
        floor,
        "UPDATE odd SET b = 'new'",
        "UPDATE odd SET a = NULL WHERE code = 'I40'",
        "UPDATE odd SET a = 40 WHERE code = 'I1'",
    )
    _assert_equal(floor)
    assert floor.sql(S001, "SELECT count(*) FROM odd WHERE shelf = 'shelf ' || code") == [(50,)]


def test_only_the_rows_and_the_columns_that_clash_are_set_aside(floor: ChainFloor) -> None:
    _table(floor, "CREATE TABLE odd(code PRIMARY KEY, a UNIQUE, b UNIQUE)")
    _arrive(floor, "INSERT INTO odd VALUES ('A', 1, 'x'), ('B', 2, 'y'), ('C', 3, 'z')")
    floor.sql(
        S001,
        "CREATE TABLE seen(code, a, b)",
        "CREATE TRIGGER watch AFTER UPDATE ON odd WHEN NEW.a IS NULL OR NEW.b IS NULL "
        "BEGIN INSERT INTO seen VALUES (NEW.code, NEW.a, NEW.b); END",
    )
    _arrive(floor, "UPDATE odd SET a = CASE code WHEN 'A' THEN 2 WHEN 'B' THEN 1 ELSE 9 END")
    _assert_equal(floor)
    assert floor.rows(S001, "seen") == [("A", None, "x"), ("B", None, "y")]


def test_a_value_that_a_record_of_the_store_holds_is_left_to_it(floor: ChainFloor) -> None:
    _table(floor, "CREATE TABLE odd(code PRIMARY KEY, a UNIQUE, b)")
    _arrive(floor, TWO)
    floor.sql(S001, "INSERT INTO odd VALUES ('OWN', 7, 'mine')")
    _arrive(floor, "UPDATE odd SET a = 7 WHERE code = 'A'", "UPDATE odd SET a = 1 WHERE code = 'B'")
    assert floor.parked(S001) == [("odds", "A", "duplicate"), ("odds", "B", "duplicate")]
    assert floor.rows(S001, "odd") == [("A", 1, "x"), ("B", 2, "y"), ("OWN", 7, "mine")]
    floor.sql(S001, "DELETE FROM odd WHERE code = 'OWN'")
    floor.done(S001)
    _assert_equal(floor)


def test_values_that_swap_arrive_beside_one_that_is_truly_taken(floor: ChainFloor) -> None:
    _table(floor, "CREATE TABLE odd(code PRIMARY KEY, a UNIQUE, b)")
    _arrive(floor, f"{NUMBERS.format(60)} INSERT INTO odd SELECT printf('I%02d', i), i, 'x' FROM n")
    floor.sql(S001, "INSERT INTO odd VALUES ('OWN', 777, 'mine')")
    _arrive(
        floor,
        "UPDATE odd SET a = 777 WHERE code = 'I30'",
        "UPDATE odd SET a = CASE code WHEN 'I01' THEN 60 ELSE 1 END WHERE code IN ('I01', 'I60')",
    )
    assert floor.parked(S001) == [("odds", "I30", "duplicate")]
    swapped = "SELECT code, a FROM odd WHERE code IN ('I01', 'I60') ORDER BY 1"
    assert floor.sql(S001, swapped) == [("I01", 60), ("I60", 1)]


@pytest.mark.parametrize(
    ("kind", "index"),
    [
        ("a, b", "odd(a) WHERE b > ''"),
        ("a, b", "odd(a + 0)"),
        ("a NOT NULL, b", "odd(a + 0, length(b))"),
        ("a, b", "odd(coalesce(a, 0))"),
        ("a, b, twice AS (a * 2) STORED UNIQUE", ""),
        ("a NOT NULL CHECK(a > 0), b, twice AS (a * 2) VIRTUAL UNIQUE", ""),
        ("a INTEGER NOT NULL UNIQUE CHECK(a BETWEEN 1 AND 9), b", ""),
        ("a REAL NOT NULL UNIQUE, b", ""),
        ("a, b, own INTEGER DEFAULT 5, UNIQUE(a, own)", ""),
    ],
)
def test_values_swap_whatever_makes_them_unique(floor: ChainFloor, kind: str, index: str) -> None:
    _table(floor, f"CREATE TABLE odd(code PRIMARY KEY, {kind})")
    if index:
        floor.sql(S001, f"CREATE UNIQUE INDEX single ON {index}")
    _arrive(floor, TWO)
    _arrive(floor, SWAP)
    _assert_equal(floor)


def test_values_swap_where_the_type_is_strict(floor: ChainFloor) -> None:
    _table(
        floor,
        "CREATE TABLE odd(code TEXT PRIMARY KEY, a BLOB NOT NULL UNIQUE, b TEXT NOT NULL UNIQUE) "
        "STRICT",
    )
    _arrive(floor, "INSERT INTO odd VALUES ('A', x'01', 'x'), ('B', x'02', 'y')")
    _arrive(
        floor,
        "UPDATE odd SET a = CASE a WHEN x'01' THEN x'02' ELSE x'01' END",
        "UPDATE odd SET b = CASE b WHEN 'x' THEN 'y' ELSE 'x' END",
    )
    _assert_equal(floor)


def test_values_that_swap_in_capitals_only_arrive_where_capitals_do_not_count(
    floor: ChainFloor,
) -> None:
    _table(
        floor,
        "CREATE TABLE odd(code PRIMARY KEY, a, b TEXT)",
        "CREATE UNIQUE INDEX one ON odd(b COLLATE NOCASE)",
    )
    _arrive(floor, TWO)
    _arrive(floor, "UPDATE odd SET b = CASE b WHEN 'x' THEN 'Y' ELSE 'X' END")
    _assert_equal(floor)


def test_rows_made_anew_in_another_order_arrive_where_the_key_is_not_the_row_number(
    floor: ChainFloor,
) -> None:
    _table(floor, "CREATE TABLE odd(code TEXT UNIQUE NOT NULL, a INTEGER PRIMARY KEY, b)")
    _arrive(floor, TWO)
    _arrive(floor, "DELETE FROM odd", "INSERT INTO odd VALUES ('B', 1, 'new'), ('A', 2, 'new')")
    _assert_equal(floor)


def test_values_that_others_refer_to_swap_with_their_rows(floor: ChainFloor) -> None:
    _table(
        floor,
        "CREATE TABLE odd(code PRIMARY KEY, a INTEGER NOT NULL UNIQUE, b)",
        "CREATE TABLE tag(a INTEGER REFERENCES odd(a))",
    )
    _arrive(floor, TWO)
    floor.sql(S001, "INSERT INTO tag VALUES (1)")
    _arrive(floor, SWAP)
    _assert_equal(floor)


def test_a_value_taken_from_under_those_who_refer_to_it_parks_and_stops_nothing(
    floor: ChainFloor,
) -> None:
    _table(
        floor,
        "CREATE TABLE odd(code PRIMARY KEY, a INTEGER NOT NULL UNIQUE, b)",
        "CREATE TABLE tag(a INTEGER REFERENCES odd(a))",
    )
    _arrive(floor, TWO, "INSERT INTO odd VALUES ('C', 3, 'z')")
    floor.sql(S001, "INSERT INTO tag VALUES (1)")
    _arrive(floor, "UPDATE odd SET a = a + 1 WHERE code IN ('B', 'C')", "UPDATE odd SET a = a + 1")
    assert ("odds", "A", "missing_parent") in floor.parked(S001)
    floor.sql(S001, "DELETE FROM tag")
    floor.done(S001)
    _assert_equal(floor)


@pytest.mark.parametrize("second", ["P1", "P2"])
def test_child_rows_that_swap_within_a_record_or_between_two_arrive(
    floor: ChainFloor, second: str
) -> None:
    floor.sql(
        S001,
        "DROP TABLE promotion_item",
        "CREATE TABLE promotion_item(promotion_code TEXT NOT NULL REFERENCES promotion(code), "
        "item_code TEXT NOT NULL, minor INTEGER NOT NULL UNIQUE, "
        "PRIMARY KEY(promotion_code, item_code))",
    )
    _arrive(
        floor,
        "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')",
        "INSERT INTO promotion VALUES ('P1', 'x'), ('P2', 'y')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P2', 'S001')",
        f"INSERT INTO promotion_item VALUES ('P1', 'I1', 1), ('{second}', 'I2', 2)",
    )
    _arrive(floor, "UPDATE promotion_item SET minor = 3 - minor")
    assert floor.rows(S001, "promotion_item") == floor.rows(HO, "promotion_item")
    assert floor.parked(S001) == []


def test_a_value_of_a_child_row_that_goes_is_free_for_another_record(floor: ChainFloor) -> None:
    floor.sql(
        S001,
        "DROP TABLE promotion_item",
        "CREATE TABLE promotion_item(promotion_code TEXT NOT NULL REFERENCES promotion(code), "
        "item_code TEXT NOT NULL, minor INTEGER UNIQUE, PRIMARY KEY(promotion_code, item_code))",
    )
    _arrive(
        floor,
        "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2'), ('I3', 'Salt', '3')",
        "INSERT INTO promotion VALUES ('P1', 'x'), ('P2', 'y'), ('P3', 'z')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P2', 'S001'), ('P3', 'S001')",
        "INSERT INTO promotion_item VALUES ('P1', 'I1', 1), ('P2', 'I2', 2), ('P3', 'I3', 3)",
    )
    floor.sql(S001, "UPDATE promotion_item SET minor = 9 WHERE item_code = 'I2'")
    _arrive(
        floor,
        "DELETE FROM promotion_item WHERE item_code = 'I3'",
        "UPDATE promotion SET name = 'new'",
        "UPDATE promotion_item SET minor = CASE item_code WHEN 'I1' THEN 3 ELSE 1 END",
    )
    assert floor.rows(S001, "promotion_item") == [("P1", "I1", 3), ("P2", "I2", 1)]
    assert floor.parked(S001) == []


def test_records_that_swap_around_one_that_may_not_go_in_arrive(floor: ChainFloor) -> None:
    _table(
        floor,
        "CREATE TABLE grp(code PRIMARY KEY)",
        "CREATE TABLE odd(code PRIMARY KEY, a UNIQUE, b REFERENCES grp(code))",
    )
    _arrive(floor, "INSERT INTO odd VALUES ('A', 1, NULL), ('B', 5, NULL), ('C', 2, NULL)")
    _arrive(floor, SWAP + " WHERE code <> 'B'", "UPDATE odd SET b = 'nowhere' WHERE code = 'B'")
    assert floor.parked(S001) == [("odds", "B", "missing_parent")]
    assert floor.sql(S001, "SELECT code, a FROM odd ORDER BY 1") == [("A", 2), ("B", 5), ("C", 1)]


def test_values_that_all_move_on_by_one_arrive_however_many_there_are(floor: ChainFloor) -> None:
    _table(floor, "CREATE TABLE odd(code PRIMARY KEY, a INTEGER NOT NULL UNIQUE, b)")
    _arrive(floor, f"{NUMBERS.format(1200)} INSERT INTO odd SELECT printf('%05d', i), i, i FROM n")
    _arrive(floor, "UPDATE odd SET a = a % 1200 + 1")
    _assert_equal(floor)


def test_a_key_that_differs_in_capitals_only_parks_and_harms_nobody(floor: ChainFloor) -> None:
    _table(floor, "CREATE TABLE odd(code TEXT COLLATE NOCASE PRIMARY KEY, a, b)")
    _arrive(floor, "INSERT INTO odd VALUES ('abc', 1, 'first'), ('x', 2, 'y')")
    _arrive(floor, "INSERT INTO odd VALUES ('ABC', 9, 'second')", "UPDATE odd SET b = 'z'")
    assert floor.parked(S001) == [("odds", "ABC", "duplicate")]
    reason = floor.scalar(S001, "SELECT reason FROM sync_parked")
    assert reason.startswith("Its key is spelled otherwise than that of abc, which is here")
    assert floor.rows(S001, "odd") == [("abc", 1, "z"), ("x", 2, "z")]
    _arrive(floor, "DELETE FROM odd WHERE code = 'abc'")
    assert floor.sync(S001).outcome is Outcome.DONE
    _assert_equal(floor)


def test_a_tombstone_buries_no_record_whose_key_differs_in_capitals(floor: ChainFloor) -> None:
    _arrive(floor, "INSERT INTO odd VALUES ('abc', 1, 'first')")
    _table(
        floor,
        "CREATE TABLE odd(code TEXT COLLATE NOCASE PRIMARY KEY, a, b)",
        "INSERT INTO odd VALUES ('ABC', 1, 'another')",
    )
    _arrive(floor, "DELETE FROM odd")
    assert floor.rows(S001, "odd") == [("ABC", 1, "another")]
