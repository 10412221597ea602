"""One bad record stops only itself, is listed, and comes back by itself when it can."""

from datetime import datetime, timedelta

import pytest

from ginesys_sync.core.clock import SystemClock, from_iso
from ginesys_sync.core.plan import Entity
from ginesys_sync.core.status import Outcome
from ginesys_sync.engine.slices import Slices
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from tests.support.chain_floor import HO, S001, ChainFloor

REASON = "SELECT reason FROM sync_parked"


def _arrive(floor: ChainFloor, *statements: str) -> None:
    """Make something at head office and let S001 receive it."""
    floor.sql(HO, *statements)
    floor.sync(HO)
    floor.sync(S001)


def _without_fk(floor: ChainFloor, site: str, *statements: str) -> None:
    with floor.open(site) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for statement in statements:
            connection.execute(statement)


def test_a_missing_parent_parks_its_child_and_the_parent_brings_it_back(
    floor: ChainFloor,
) -> None:
    _without_fk(floor, HO, "INSERT INTO price VALUES ('I1', '2026-01-01', 5)")
    _arrive(floor, "INSERT INTO item VALUES ('I2', 'Milk', '2')")
    assert floor.parked(S001) == [("prices", "I1", "missing_parent")]
    assert floor.scalar(S001, REASON) == "It refers to item I1, which is not here."
    assert floor.codes(S001, "item") == ["I2"]
    floor.done(HO)
    assert floor.attention() == [("S001", "I1 / 2026-01-01", "missing_parent")]
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    assert floor.parked(S001) == []
    floor.done(HO)
    assert floor.attention() == []
    floor.assert_equal([S001])


def test_a_run_that_leaves_something_parked_says_so(floor: ChainFloor) -> None:
    _without_fk(floor, HO, "INSERT INTO price VALUES ('I1', '2026-01-01', 5)")
    floor.done(HO)
    assert floor.sync(S001).outcome is Outcome.ATTENTION


def test_a_duplicate_of_a_local_value_parks_and_heals_when_the_other_one_goes(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, "INSERT INTO item VALUES ('LOCAL', 'mine', '111')")
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '111'), ('I2', 'Milk', '222')")
    assert floor.parked(S001) == [("items", "I1", "duplicate")]
    assert "item.barcode" in floor.scalar(S001, REASON)
    assert floor.codes(S001, "item") == ["I2", "LOCAL"]
    floor.sql(S001, "DELETE FROM item WHERE code = 'LOCAL'")
    floor.done(S001)
    assert floor.parked(S001) == []
    floor.assert_equal([S001])


def test_unique_values_that_swap_within_a_batch_arrive(floor: ChainFloor) -> None:
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')")
    _arrive(
        floor,
        "UPDATE item SET barcode = NULL WHERE code = 'I1'",
        "UPDATE item SET barcode = '1' WHERE code = 'I2'",
        "UPDATE item SET barcode = '2' WHERE code = 'I1'",
    )
    assert floor.parked(S001) == []
    floor.assert_equal([S001])


@pytest.mark.parametrize("kind", ["TEXT NOT NULL", "INTEGER NOT NULL", "TEXT"])
def test_unique_values_that_swap_arrive_also_where_they_may_not_be_empty(
    floor: ChainFloor, kind: str
) -> None:
    table = f"CREATE TABLE odd(code PRIMARY KEY, a {kind} UNIQUE, b)"
    floor.sql(S001, "DROP TABLE odd", table)
    first, second = ("1", "2") if "INT" in kind else ("'1'", "'2'")
    _arrive(floor, f"INSERT INTO odd VALUES ('A', {first}, 0), ('B', {second}, 0)")
    _arrive(floor, f"UPDATE odd SET a = CASE a WHEN {first} THEN {second} ELSE {first} END")
    assert floor.parked(S001) == []
    floor.assert_equal([S001])


def test_unique_values_that_swap_across_two_batches_arrive(floor: ChainFloor) -> None:
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')")
    floor.sql(
        HO,
        "UPDATE item SET barcode = 'aside' WHERE code = 'I2'",
        "UPDATE item SET barcode = '2' WHERE code = 'I1'",
    )
    floor.done(HO)
    first = floor.scalar(HO, "SELECT max(no) FROM sync_batch WHERE stream = 'HO/catalogue'")
    floor.sql(HO, "UPDATE item SET barcode = '1' WHERE code = 'I2'")
    floor.done(HO)
    assert floor.batches(HO, "HO/catalogue")[-1][0] == first + 1
    floor.done(S001)
    floor.assert_equal([S001])


@pytest.mark.parametrize(
    ("table", "values", "code"),
    [
        ("odd(code PRIMARY KEY, a CHECK(a < 100), b)", "('X', 500, 1)", "value_refused"),
        ("odd(code PRIMARY KEY, a NOT NULL, b)", "('X', NULL, 1)", "empty_value"),
        ("odd(code TEXT PRIMARY KEY, a INTEGER, b TEXT) STRICT", "('X', 'abc', 1)", "wrong_type"),
        ("odd(code PRIMARY KEY, a NUMERIC, b)", "('X', '1.10', 1)", "changed"),
        ("odd(code PRIMARY KEY, a INTEGER, b)", "('X', '007', 1)", "changed"),
        ("odd(code PRIMARY KEY, a, b TEXT)", "('X', 1, 1)", "changed"),
    ],
)
def test_what_a_table_refuses_or_changes_parks_alone(
    floor: ChainFloor, table: str, values: str, code: str
) -> None:
    floor.sql(S001, "DROP TABLE odd", f"CREATE TABLE {table}")
    good = ", ".join(f"('G{n}', {n}, 'b')" for n in range(40))
    _arrive(floor, f"INSERT INTO odd VALUES {good}, {values}")
    assert floor.parked(S001) == [("odds", "X", code)]
    assert [c for c in floor.codes(S001, "odd") if c != "X"] == sorted(f"G{n}" for n in range(40))
    first = floor.sql(S001, "SELECT id, first_at FROM sync_parked")
    floor.sync(S001)
    assert floor.sql(S001, "SELECT id, first_at FROM sync_parked") == first
    assert floor.scalar(S001, "SELECT tries FROM sync_parked") >= 3
    floor.sql(S001, "ALTER TABLE odd RENAME TO old", "CREATE TABLE odd(code PRIMARY KEY, a, b)")
    floor.sql(S001, "INSERT INTO odd SELECT * FROM old WHERE code <> 'X'")
    floor.done(S001)
    floor.assert_equal([S001])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("SELECT RAISE(ABORT, 'not on Sundays')", "refused"),
        ("SELECT RAISE(ROLLBACK, 'not on Sundays')", "refused"),
        ("SELECT RAISE(IGNORE)", "changed"),
    ],
)
def test_a_trigger_that_raises_parks_the_record_it_is_about(
    floor: ChainFloor, body: str, code: str
) -> None:
    floor.sql(
        S001,
        f"CREATE TRIGGER picky BEFORE INSERT ON item WHEN NEW.code = 'I2' BEGIN {body}; END",
    )
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'a', '1'), ('I2', 'b', '2'), ('I3', 'c', '3')")
    assert floor.parked(S001) == [("items", "I2", code)]
    assert floor.codes(S001, "item") == ["I1", "I3"]
    floor.sql(S001, "DROP TRIGGER picky")
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_trigger_that_changes_a_value_parks_the_record(floor: ChainFloor) -> None:
    for event in ("INSERT", "UPDATE"):
        floor.sql(
            S001,
            f"CREATE TRIGGER shout_{event} AFTER {event} ON item "
            "WHEN NEW.code = 'I1' AND NEW.name <> upper(NEW.name) BEGIN "
            "UPDATE item SET name = upper(name) WHERE code = NEW.code; END",
        )
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')")
    assert floor.parked(S001) == [("items", "I1", "changed")]
    floor.done(HO)
    assert floor.attention() == [("S001", "I1", "changed")]


def test_a_tombstone_of_something_still_in_use_waits_and_the_rest_goes_on(
    floor: ChainFloor,
) -> None:
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')")
    floor.sql(
        S001,
        "INSERT INTO bill VALUES ('S001', 1, 5, NULL)",
        "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I1', 5)",
    )
    _arrive(floor, "DELETE FROM item")
    assert floor.parked(S001) == [("items", "I1", "still_in_use")]
    assert floor.codes(S001, "item") == ["I1"]
    floor.sql(S001, "DELETE FROM bill_line", "DELETE FROM bill")
    floor.done(S001)
    assert (floor.parked(S001), floor.codes(S001, "item")) == ([], [])


def test_dependants_wait_with_what_they_depend_on_and_come_back_with_it(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, "INSERT INTO item VALUES ('LOCAL', 'mine', '111')")
    _arrive(
        floor,
        "INSERT INTO item VALUES ('I1', 'Tea', '111')",
        "INSERT INTO price VALUES ('I1', '2026-01-01', 5)",
        "INSERT INTO promotion VALUES ('P1', 'x')",
        "INSERT INTO promotion_item VALUES ('P1', 'I1', 4)",
        "INSERT INTO promotion_site VALUES ('P1', 'S001')",
    )
    assert floor.parked(S001) == [
        ("items", "I1", "duplicate"),
        ("prices", "I1", "missing_parent"),
        ("promotions", "P1", "missing_parent"),
    ]
    floor.sql(S001, "UPDATE item SET barcode = NULL")
    floor.done(S001)
    assert floor.parked(S001) == []
    floor.sql(S001, "DELETE FROM item WHERE code = 'LOCAL'")
    floor.assert_equal([S001])


def test_a_later_image_takes_the_place_of_a_parked_one(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO item VALUES ('LOCAL', 'mine', '111')")
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '111')")
    _arrive(floor, "UPDATE item SET barcode = '222', name = 'Green tea'")
    assert floor.parked(S001) == []
    floor.sql(S001, "DELETE FROM item WHERE code = 'LOCAL'")
    floor.done(S001)
    assert floor.rows(S001, "item") == [("I1", "Green tea", "222")]


def test_a_tombstone_takes_the_place_of_a_parked_image(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO item VALUES ('LOCAL', 'mine', '111')")
    _arrive(floor, "INSERT INTO item VALUES ('I1', 'Tea', '111')")
    _arrive(floor, "DELETE FROM item")
    floor.sql(S001, "DELETE FROM item WHERE code = 'LOCAL'")
    floor.done(S001)
    assert (floor.parked(S001), floor.codes(S001, "item")) == ([], [])


def test_a_whole_batch_without_its_parents_parks_and_comes_back(floor: ChainFloor) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
    _without_fk(floor, HO, f"{numbers} INSERT INTO price SELECT 'I' || i, '2026-01-01', i FROM n")
    _arrive(floor)
    assert len(floor.parked(S001)) == 1500
    kept = floor.scalar(S001, "SELECT sum(length(body)) FROM sync_parked")
    assert kept < 1500 * 4_000
    _arrive(floor, f"{numbers} INSERT INTO item SELECT 'I' || i, 'x', NULL FROM n")
    assert floor.parked(S001) == []
    floor.assert_equal([S001])
    floor.done(HO)
    assert floor.attention() == []


def test_a_record_too_large_to_travel_is_listed_where_it_is_and_heals_when_it_is_smaller(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ginesys_sync.engine.seal.MAX_BODY_BYTES", 60_000)
    floor.sql(HO, "INSERT INTO odd VALUES ('BIG', zeroblob(100000), 1)")
    floor.sql(HO, *(f"INSERT INTO odd VALUES ('S{n}', zeroblob(9000), 1)" for n in range(20)))
    assert floor.sync(HO).outcome is Outcome.ATTENTION
    assert floor.parked(HO) == [("odds", "BIG", "too_large")]
    floor.done(S001)
    assert len(floor.codes(S001, "odd")) == 20
    assert floor.sync(HO).outcome is Outcome.ATTENTION
    floor.sql(HO, "UPDATE odd SET a = 'small' WHERE code = 'BIG'")
    floor.done(HO)
    assert floor.parked(HO) == []
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_run_killed_while_it_tries_parked_records_again_forgets_none(floor: ChainFloor) -> None:
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a NUMERIC, b)")
    _arrive(floor, "INSERT INTO odd VALUES ('X', '1.10', 1)")
    point = "ginesys_sync.store.applying:BodyApplier.differing:before:1"
    assert floor.killed_run(S001, point)
    assert floor.parked(S001) == [("odds", "X", "changed")]


def test_one_bad_record_of_ten_thousand_is_found_in_log_n_tries(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a CHECK(a <> 7777), b)")
    floor.sql(
        HO,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
        "INSERT INTO odd SELECT 'O' || i, i, 1 FROM n",
    )
    floor.done(HO)
    tries: list[int] = []
    upsert = BodyApplier.upsert

    def counted(self: BodyApplier, entity: Entity, span: Span) -> int:
        if entity.name == "odds":
            tries.append(span.last - span.first + 1)
        return upsert(self, entity, span)

    monkeypatch.setattr(BodyApplier, "upsert", counted)
    monkeypatch.setattr(Slices, "of", lambda self, _, span: iter([span] if span else []))
    floor.sync(S001)
    assert floor.parked(S001) == [("odds", "O7777", "value_refused")]
    assert floor.scalar(S001, "SELECT count(*) FROM odd") == 9999
    # Twice the halvings of the body, and the one that tries the parked record again.
    assert len(tries) <= 2 * 14 + 2
    assert sum(tries) < 4 * 10_000


class _LaterClock(SystemClock):
    """An hour later than it is."""

    def now(self) -> datetime:
        return super().now() + timedelta(hours=1)


def test_a_parked_record_tells_its_missing_parent_and_its_first_and_last_try(
    floor: ChainFloor,
) -> None:
    _without_fk(floor, HO, "INSERT INTO price VALUES ('I1', '2026-01-01', 5)")
    floor.done(HO)
    floor.sync(S001)
    floor.sync(S001, clock=_LaterClock())
    ((missing, first, last, tries),) = floor.sql(
        S001, "SELECT missing, first_at, last_at, tries FROM sync_parked"
    )
    assert (missing, tries) == ("item I1", 3)
    assert from_iso(last) - from_iso(first) >= timedelta(hours=1)
