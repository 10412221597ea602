"""Channels that the plan makes atomic, or lets halt: all of a batch goes in, or nothing of it."""

import json
import sqlite3

import pytest

from ginesys_sync.cli.main import main
from ginesys_sync.core.status import Outcome
from ginesys_sync.services import blocking
from ginesys_sync.services.attending import discard
from ginesys_sync.services.plans import change_plan
from tests.support.chain_floor import HO, S001, S002, ChainFloor, Row, floor_plan

TEA = "INSERT INTO item VALUES ('I1', 'Tea', '1')"
MANY = 400
NUMBERS = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})"


def _plan(floor: ChainFloor, version: int, **more: object) -> None:
    """Have the channel *Pricing* work so, everywhere."""
    plan = floor_plan() | {"version": version}
    for channel in plan["channels"]:
        if channel["name"] in ("pricing", "catalogue"):
            channel |= more
    path = floor.root / "next.json"
    path.write_text(json.dumps(plan))
    change_plan(floor.home(HO), path)
    for site in (HO, S001, S002):
        floor.sync(site)


def _unchecked(floor: ChainFloor, site: str, *statements: str) -> None:
    with floor.open(site) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for statement in statements:
            connection.execute(statement)


def _prices(floor: ChainFloor, site: str) -> list[Row]:
    return floor.rows(site, "price")


def _lines(floor: ChainFloor, site: str) -> dict[str, str]:
    return dict(floor.sql(site, "SELECT k1, code FROM sync_parked"))


def _reason(floor: ChainFloor, key: str) -> str:
    return str(floor.scalar(S001, f"SELECT reason FROM sync_parked WHERE k1 = '{key}'"))


# --- atomic ---------------------------------------------------------------------------------------


def test_an_atomic_batch_parks_whole_and_comes_back_whole(floor: ChainFloor) -> None:
    _plan(floor, 2, atomic=True)
    _unchecked(
        floor,
        HO,
        TEA,
        "INSERT INTO price VALUES ('I1', '2026-01-01', 5), ('I2', '2026-01-01', 6)",
    )
    floor.done(HO)
    ended = floor.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert _prices(floor, S001) == []
    assert _lines(floor, S001) == {"I1": "waits_whole", "I2": "missing_parent"}
    assert _reason(floor, "I1") == (
        "It goes in together with prices I2 / 2026-01-01, which cannot: "
        "It refers to item I2, which is not here."
    )
    floor.done(HO)
    assert [(site, code) for site, _, code in floor.attention()] == [
        ("S001", "waits_whole"),
        ("S001", "missing_parent"),
    ]
    floor.sql(HO, "INSERT INTO item VALUES ('I2', 'Milk', '2')")
    floor.done(HO)
    floor.done(S001)
    assert len(_prices(floor, S001)) == 2
    floor.done(HO)
    assert floor.attention() == []
    floor.assert_equal([S001])


def test_a_later_image_of_the_guilty_one_lets_the_others_in(floor: ChainFloor) -> None:
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a CHECK(a < 100), b)")
    _plan(floor, 2, atomic=True)
    floor.sql(HO, "INSERT INTO odd VALUES ('A', 1, 1), ('B', 500, 1), ('C', 3, 1)")
    floor.done(HO)
    floor.sync(S001)
    assert floor.codes(S001, "odd") == []
    assert _lines(floor, S001)["B"] == "value_refused"
    floor.sql(HO, "UPDATE odd SET a = 5 WHERE code = 'B'")
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])


def test_unique_values_that_swap_and_move_within_an_atomic_batch_arrive(floor: ChainFloor) -> None:
    _plan(floor, 2, atomic=True)
    floor.sql(HO, TEA, "INSERT INTO item VALUES ('I2', 'Milk', '2'), ('I3', 'Oil', '3')")
    floor.done(HO)
    floor.done(S001)
    floor.sql(
        HO,
        "UPDATE item SET barcode = 'x' WHERE code = 'I1'",
        "UPDATE item SET barcode = '1' WHERE code = 'I2'",
        "UPDATE item SET barcode = '2' WHERE code = 'I1'",
        "DELETE FROM item WHERE code = 'I3'",
        "INSERT INTO item VALUES ('I4', 'Salt', '3')",
    )
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])


def test_two_atomic_batches_that_each_need_the_other_arrive_together(floor: ChainFloor) -> None:
    _plan(floor, 2, atomic=True)
    floor.sql(HO, TEA, "INSERT INTO item VALUES ('I2', 'Milk', '2')")
    floor.done(HO)
    floor.done(S001)
    blocking.block_record(floor.home(HO), "items", "I2", "so that it goes in a batch of its own")
    floor.sql(
        HO,
        "UPDATE item SET barcode = 'x' WHERE code = 'I2'",
        "UPDATE item SET barcode = '2' WHERE code = 'I1'",
        "UPDATE item SET barcode = '1' WHERE code = 'I2'",
    )
    floor.done(HO)
    blocking.unblock_record(floor.home(HO), "items", "I2")
    floor.done(HO)
    assert len(floor.batches(HO, "HO/catalogue")) == 3
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_value_that_a_column_changes_keeps_its_whole_batch_out(floor: ChainFloor) -> None:
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a NUMERIC, b)")
    _plan(floor, 2, atomic=True)
    floor.sql(HO, "INSERT INTO odd VALUES ('A', 1, 1), ('B', '1.10', 1)")
    floor.done(HO)
    floor.sync(S001)
    assert floor.codes(S001, "odd") == []
    assert _lines(floor, S001) == {"A": "waits_whole", "B": "changed"}


def test_the_guilty_ones_are_named_among_many_that_swap(floor: ChainFloor) -> None:
    floor.sql(
        S001,
        "DROP TABLE odd",
        "CREATE TABLE odd(code PRIMARY KEY, a UNIQUE, b CHECK(b < 100))",
    )
    _plan(floor, 2, atomic=True)
    floor.sql(HO, f"{NUMBERS} INSERT INTO odd SELECT 'O' || i, i, 1 FROM n")
    floor.done(HO)
    floor.done(S001)
    floor.sql(HO, f"UPDATE odd SET a = {MANY + 1} - a, b = CASE WHEN a IN (7, 9) THEN 200 END")
    floor.done(HO)
    floor.sync(S001)
    lines = _lines(floor, S001)
    assert len(lines) == MANY
    assert {key for key, code in lines.items() if code != "waits_whole"} == {"O7", "O9"}
    assert floor.scalar(S001, "SELECT a FROM odd WHERE code = 'O1'") == 1
    floor.sql(HO, "UPDATE odd SET b = 3")
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_tombstone_still_in_use_keeps_its_whole_batch_waiting(floor: ChainFloor) -> None:
    floor.sql(HO, TEA, "INSERT INTO item VALUES ('I2', 'Milk', '2')")
    _plan(floor, 2, atomic=True)
    floor.sql(
        S001,
        "CREATE TABLE shelf(item TEXT REFERENCES item(code))",
        "INSERT INTO shelf VALUES ('I1')",
    )
    floor.sql(HO, "DELETE FROM item WHERE code = 'I1'", "UPDATE item SET name = 'Cream'")
    floor.done(HO)
    floor.sync(S001)
    assert _lines(floor, S001) == {"I1": "still_in_use", "I2": "waits_whole"}
    assert floor.rows(S001, "item") == [("I1", "Tea", "1"), ("I2", "Milk", "2")]
    floor.sql(S001, "DELETE FROM shelf")
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_first_load_of_an_atomic_channel_leaves_out_only_the_guilty_one(
    floor: ChainFloor,
) -> None:
    _plan(floor, 2, atomic=True)
    _unchecked(floor, HO, TEA, "INSERT INTO price VALUES ('I1', 'a', 5), ('I2', 'a', 6)")
    floor.sync(HO)
    floor.join("S003")
    for site in (HO, "S003", HO, "S003"):
        floor.sync(site)
    assert _prices(floor, "S003") == [("I1", "a", 5)]
    assert floor.parked("S003") == [("prices", "I2", "missing_parent")]


# --- halt -----------------------------------------------------------------------------------------


def _halted(floor: ChainFloor) -> None:
    """A batch with a price that S001 cannot take, and one more behind it."""
    _plan(floor, 2, on_fault="halt")
    floor.sql(HO, TEA)
    _unchecked(floor, HO, "INSERT INTO price VALUES ('I1', 'a', 5), ('I2', 'a', 6)")
    floor.done(HO)
    floor.sql(HO, "INSERT INTO price VALUES ('I1', 'b', 7)", "INSERT INTO odd VALUES ('X', 1, 1)")
    floor.done(HO)


def test_a_channel_halts_before_the_batch_and_the_others_go_on(floor: ChainFloor) -> None:
    _halted(floor)
    before = floor.cursor(S001, "HO/pricing")
    ended = floor.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert floor.cursor(S001, "HO/pricing") == before
    assert _prices(floor, S001) == []
    assert floor.codes(S001, "odd") == ["X"]
    (said,) = ended.notes
    assert "Pricing from HO could not be taken further: Batch 1 stands still" in said
    assert "I2 / a: It refers to item I2, which is not here." in said
    assert "Nothing is lost" in said
    floor.done(HO)
    ((site, key, code),) = floor.attention()
    assert (site, key, code) == ("S001", "I2 / a", "missing_parent")
    reason = floor.scalar(HO, "SELECT reason FROM sync_attention")
    assert reason.endswith("Pricing from HO stand still until it can go in.")


def test_a_halted_channel_is_tried_in_every_run_and_says_it_once_to_head_office(
    floor: ChainFloor,
) -> None:
    _halted(floor)
    floor.sync(S001)
    said = floor.scalar(S001, "SELECT count(*) FROM sync_ack WHERE stream = 'HO/pricing'")
    assert floor.sync(S001).notes
    assert floor.scalar(S001, "SELECT tries FROM sync_parked") == 2
    assert said == floor.scalar(S001, "SELECT count(*) FROM sync_ack WHERE stream = 'HO/pricing'")
    floor.sql(HO, "INSERT INTO item VALUES ('I2', 'Milk', '2')")
    floor.done(HO)
    floor.done(S001)
    assert floor.parked(S001) == []
    floor.done(HO)
    assert floor.attention() == []
    floor.assert_equal([S001])


def test_the_store_lets_a_record_pass_and_the_rest_of_the_batch_goes_in(floor: ChainFloor) -> None:
    _halted(floor)
    floor.sync(S001)
    said = discard(floor.home(S001), "prices", "I2 / a", reason="not our range")
    assert said.sentence == "The prices I2 / a is let pass here."
    floor.done(S001)
    assert _prices(floor, S001) == [("I1", "a", 5), ("I1", "b", 7)]
    assert floor.scalar(S001, "SELECT count(*) FROM sync_parked") == 0
    floor.done(HO)
    assert floor.attention() == []


def test_head_office_ends_a_halt_with_a_plan_that_parks(floor: ChainFloor) -> None:
    _halted(floor)
    floor.sync(S001)
    _plan(floor, 3)
    assert floor.parked(S001) == [("prices", "I2", "missing_parent")]
    assert len(_prices(floor, S001)) == 2


def test_what_a_halted_channel_swaps_within_a_batch_arrives(floor: ChainFloor) -> None:
    _plan(floor, 2, on_fault="halt")
    floor.sql(HO, TEA, "INSERT INTO item VALUES ('I2', 'Milk', '2')")
    floor.done(HO)
    floor.done(S001)
    floor.sql(
        HO,
        "UPDATE item SET barcode = 'x' WHERE code = 'I1'",
        "UPDATE item SET barcode = '1' WHERE code = 'I2'",
        "UPDATE item SET barcode = '2' WHERE code = 'I1'",
    )
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_first_load_of_a_halting_channel_ends_when_all_of_it_can_go_in(
    floor: ChainFloor,
) -> None:
    _plan(floor, 2, on_fault="halt")
    _unchecked(floor, HO, TEA, "INSERT INTO price VALUES ('I1', 'a', 5), ('I2', 'a', 6)")
    floor.sync(HO)
    floor.join("S003")
    for site in (HO, "S003", HO, "S003"):
        ended = floor.sync(site)
    assert any("Pricing from HO could not be taken further" in note for note in ended.notes)
    assert floor.cursor("S003", "HO/pricing") == 0
    floor.sql(HO, "INSERT INTO item VALUES ('I2', 'Milk', '2')")
    floor.sync(HO)
    floor.sync("S003")
    floor.done("S003")
    floor.assert_equal(["S003"])


def test_a_bill_that_cannot_go_in_halts_its_own_store_alone(floor: ChainFloor) -> None:
    plan = floor_plan() | {"version": 2}
    plan["channels"][3] |= {"on_fault": "halt"}
    path = floor.root / "next.json"
    path.write_text(json.dumps(plan))
    assert main(["plan", "install", "--home", str(floor.home(HO)), str(path)]) == 0
    floor.settle(rounds=1)
    for store in (S001, S002):
        _unchecked(floor, store, f"INSERT INTO bill VALUES ('{store}', 1, 5, NULL)")
    _unchecked(floor, S001, "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I9', 5)")
    floor.done(S001)
    floor.done(S002)
    ended = floor.sync(HO)
    assert floor.codes(HO, "bill") == ["S002"]
    assert any(note.startswith("Sales from S001") for note in ended.notes)
    floor.sync(S001)
    assert [row[0] for row in floor.sql(S001, "SELECT site FROM sync_attention")] == ["HO"]


# --- how it is bounded ----------------------------------------------------------------------------


def test_batches_of_a_whole_channel_are_sealed_small_enough_for_one_transaction(
    floor: ChainFloor,
) -> None:
    _plan(floor, 2, atomic=True)
    floor.sql(
        HO,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500) "
        "INSERT INTO odd SELECT 'O' || i, i, 1 FROM n",
    )
    floor.done(HO)
    assert [records for _, _, records, _ in floor.batches(HO, "HO/catalogue")] == [2000, 2000, 500]


@pytest.mark.parametrize("more", [{"atomic": True}, {"on_fault": "halt"}])
def test_a_killed_run_leaves_nothing_half_of_a_whole_batch(
    floor: ChainFloor, more: dict[str, object]
) -> None:
    _plan(floor, 2, **more)
    floor.sql(HO, f"{NUMBERS} INSERT INTO odd SELECT 'O' || i, i, 1 FROM n")
    floor.done(HO)
    assert floor.killed_run(S001, "ginesys_sync.engine.bodies:BodyWork.move_cursor:before:1")
    with sqlite3.connect(floor.database(S001)) as connection:
        assert connection.execute("SELECT count(*) FROM odd").fetchone()[0] in (0, MANY)
    floor.done(S001)
    floor.assert_equal([S001])
