"""The customer's own rules: foreign keys that nothing can check, triggers that cannot work."""

import pytest

from tests.support.chain_floor import HO, S001, ChainFloor

pytestmark = pytest.mark.long

ITEMS = "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')"


def _arrive(floor: ChainFloor, *statements: str) -> None:
    floor.sql(HO, *statements)
    floor.done(HO)
    floor.sync(S001)


def _edit(floor: ChainFloor, *statements: str) -> None:
    """As a program does that leaves foreign keys off, as SQLite does by itself."""
    with floor.open(S001) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    "link",
    [
        "a REFERENCES grp, b",
        "a REFERENCES grp(name), b",
        "a REFERENCES nowhere(code), b",
        "a REFERENCES nowhere, b",
        "a, b, FOREIGN KEY(a, b) REFERENCES item",
        "a REFERENCES looks(code), b",
    ],
)
def test_a_foreign_key_that_nothing_can_check_stops_nothing(floor: ChainFloor, link: str) -> None:
    _edit(
        floor,
        "DROP TABLE odd",
        "CREATE TABLE grp(code, name)",
        "CREATE VIEW looks AS SELECT 1 AS code",
        f"CREATE TABLE odd(code PRIMARY KEY, {link})",
    )
    _arrive(floor, "INSERT INTO odd VALUES ('A', 'gone', 1), ('B', NULL, 2)", ITEMS)
    assert floor.parked(S001) == []
    assert floor.rows(S001, "odd") == floor.rows(HO, "odd")
    _arrive(floor, "DELETE FROM odd WHERE code = 'A'", "UPDATE odd SET a = 'x'")
    assert floor.rows(S001, "odd") == [("B", "x", 2)]
    floor.assert_equal([S001])


def test_a_foreign_key_to_the_record_that_nothing_can_check_stops_nothing(
    floor: ChainFloor,
) -> None:
    _edit(floor, "CREATE TABLE shelf(code PRIMARY KEY, item_name REFERENCES item(name))")
    _arrive(floor, ITEMS)
    _arrive(floor, "DELETE FROM item WHERE code = 'I1'", "UPDATE item SET name = 'Cream'")
    floor.assert_equal([S001])


def test_other_records_are_checked_as_ever_beside_one_that_cannot_be(floor: ChainFloor) -> None:
    _edit(floor, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a REFERENCES nowhere, b)")
    _arrive(floor, ITEMS, "INSERT INTO odd VALUES ('A', 'x', 1)")
    floor.sql(
        S001,
        "INSERT INTO bill VALUES ('S001', 1, 5, NULL)",
        "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I1', 5)",
    )
    _arrive(floor, "UPDATE odd SET b = 2", "DELETE FROM item")
    assert floor.parked(S001) == [("items", "I1", "still_in_use")]
    assert floor.rows(S001, "odd") == [("A", "x", 2)]


def test_a_foreign_key_that_is_checked_at_the_commit_parks_what_is_still_in_use(
    floor: ChainFloor,
) -> None:
    _arrive(floor, ITEMS)
    floor.sql(
        S001,
        "CREATE TABLE shelf(code PRIMARY KEY, item_code REFERENCES item(code) "
        "DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO shelf VALUES (1, 'I1')",
    )
    _arrive(floor, "DELETE FROM item")
    assert floor.parked(S001) == [("items", "I1", "still_in_use")]
    assert floor.codes(S001, "item") == ["I1"]
    floor.sql(S001, "DELETE FROM shelf")
    floor.done(S001)
    assert floor.codes(S001, "item") == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("SELECT till_beeps(NEW.name)", "no such function: till_beeps"),
        ("INSERT INTO no_log VALUES (1)", "no such table: main.no_log"),
        ("UPDATE item SET colour = 1", "no such column: colour"),
    ],
)
def test_a_trigger_that_cannot_work_parks_its_records_and_the_rest_goes_on(
    floor: ChainFloor, body: str, words: str
) -> None:
    floor.sql(S001, f"CREATE TRIGGER beep AFTER INSERT ON item BEGIN {body}; END")
    _arrive(floor, ITEMS, "INSERT INTO customer VALUES ('C1', 'Ann', '1', '2026-01-01')")
    assert floor.parked(S001) == [("items", "I1", "refused"), ("items", "I2", "refused")]
    reason = floor.scalar(S001, "SELECT reason FROM sync_parked")
    assert reason.startswith(f"A rule of this database cannot work here: {words}.")
    assert floor.codes(S001, "customer") == ["C1"]
    floor.sql(S001, "DROP TRIGGER beep")
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_trigger_that_fails_for_one_record_parks_that_one_alone(floor: ChainFloor) -> None:
    floor.sql(
        S001,
        "CREATE TRIGGER parse AFTER INSERT ON item BEGIN SELECT json_extract(NEW.name, '$.x'); END",
    )
    names = ", ".join(f"('I{n}', '{{}}', {n})" for n in range(40))
    _arrive(floor, f"INSERT INTO item VALUES {names}, ('X', 'no json', 'x')")
    assert floor.parked(S001) == [("items", "X", "refused")]
    assert len(floor.codes(S001, "item")) == 40


def test_a_trigger_that_cannot_work_keeps_tombstones_waiting(floor: ChainFloor) -> None:
    _arrive(floor, ITEMS)
    floor.sql(S001, "CREATE TRIGGER beep AFTER DELETE ON item BEGIN SELECT till_beeps(1); END")
    _arrive(floor, "DELETE FROM item", "INSERT INTO odd VALUES ('A', 1, 2)")
    assert [code for _, _, code in floor.parked(S001)] == ["refused", "refused"]
    assert floor.codes(S001, "odd") == ["A"]
    floor.sql(S001, "DROP TRIGGER beep")
    floor.done(S001)
    assert floor.codes(S001, "item") == []


def test_a_table_that_is_gone_still_stops_its_stream(floor: ChainFloor) -> None:
    floor.sql(S001, "DROP TABLE odd")
    _arrive(floor, "INSERT INTO odd VALUES ('A', 1, 2)", ITEMS)
    assert floor.parked(S001) == []
    ended = floor.sync(S001)
    assert any("not as the plan says" in note for note in ended.notes), ended
