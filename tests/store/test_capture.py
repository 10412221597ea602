"""Capture by triggers: which record a writer touched, noted in the writer's own transaction."""

import sqlite3

import pytest

from tests.support.chain_floor import HO, S001, ChainFloor


def _noted(floor: ChainFloor, site: str) -> list[tuple[object, ...]]:
    return floor.sql(site, "SELECT entity, k1, k2, image FROM sync_change ORDER BY id")


def test_each_site_notes_what_it_owns_or_shares_and_nothing_else(floor: ChainFloor) -> None:
    for site in (HO, S001):
        floor.sql(
            site,
            "INSERT INTO item VALUES ('I1', 'Tea', NULL)",
            "INSERT INTO bill VALUES ('S001', 1, 5, NULL)",
            "INSERT INTO customer VALUES ('C1', 'Ann', '', '')",
        )
    assert _noted(floor, HO) == [("items", "I1", "", 2), ("customers", "C1", "", 2)]
    assert _noted(floor, S001) == [("bills", "S001", 1, 2), ("customers", "C1", "", 2)]


def test_a_change_that_is_rolled_back_is_not_noted(floor: ChainFloor) -> None:
    with floor.open(HO) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO item VALUES ('I1', 'Tea', NULL)")
        connection.execute("ROLLBACK")
    assert _noted(floor, HO) == []


def test_a_child_row_notes_its_record_and_an_allocation_only_its_audience(
    floor: ChainFloor,
) -> None:
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'Tea', NULL)",
        "INSERT INTO promotion VALUES ('P1', 'x')",
        "INSERT INTO promotion_item VALUES ('P1', 'I1', 5)",
        "INSERT INTO promotion_site VALUES ('P1', 'S001')",
    )
    assert _noted(floor, HO)[1:] == [
        ("promotions", "P1", "", 2),
        ("promotions", "P1", "", 2),
        ("promotions", "P1", "", 0),
    ]


def test_a_row_that_moves_notes_the_old_record_and_the_new_one(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL), ('S001', 2, 5, NULL)")
    floor.sql(S001, "INSERT INTO bill_line VALUES ('S001', 1, 1, NULL, 5)")
    floor.sql(S001, "DELETE FROM sync_change", "UPDATE bill_line SET number = 2")
    assert sorted(row[2] for row in _noted(floor, S001)) == [1, 2]


def test_a_number_that_comes_again_is_another_change(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', NULL)")
    floor.done(HO)
    floor.sql(HO, "UPDATE item SET name = 'Green tea'")
    floor.settle(rounds=1)
    floor.assert_equal()


def test_hush_silences_its_own_entity_and_no_other(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO sync_hush VALUES ('items')",
        "INSERT INTO item VALUES ('I1', 'Tea', NULL)",
        "INSERT INTO notice VALUES ('N1', 'S001', 'x')",
        "DELETE FROM sync_hush",
        "UPDATE item SET name = 'Green tea'",
    )
    assert [row[0] for row in _noted(floor, HO)] == ["notices", "items"]


def test_a_writers_own_constraint_still_refuses_it(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    with pytest.raises(sqlite3.IntegrityError, match=r"item\.barcode"):
        floor.sql(HO, "INSERT INTO item VALUES ('I2', 'Milk', '1')")
    assert len(_noted(floor, HO)) == 1


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
def test_replace_notes_the_record_it_evicts(floor: ChainFloor, verb: str) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')", "DELETE FROM sync_change")
    floor.sql(HO, f"{verb} INTO item VALUES ('I2', 'Milk', '1')")
    assert {row[1] for row in _noted(floor, HO)} == {"I1", "I2"}
