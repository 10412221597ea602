"""Capture by triggers: which record a writer touched, noted in the writer's own transaction."""

import json
import re
import sqlite3

import pytest

from ginesys_sync.core.plan_text import parse_plan
from ginesys_sync.store.database import Database, transaction
from ginesys_sync.store.plans import install_plan
from tests.support.chain_floor import HO, S001, ChainFloor, floor_plan


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


def _stands(floor: ChainFloor, *statements: str) -> None:
    """Put tables in head office's database as a customer might have them, and capture them."""
    floor.sql(HO, *statements)
    plan = floor_plan() | {"version": 2}
    plan["entities"].append(
        {"name": "shelves", "channel": "catalogue", "table": "shelf", "key": ["code"]}
    )
    database = Database(f"sqlite+pysqlite:///{floor.database(HO)}")
    with database.connect() as connection, transaction(connection):
        install_plan(connection, parse_plan(json.dumps(plan)), is_head_office=True)
    database.dispose()
    floor.sql(HO, "DELETE FROM sync_change")


def _shelves_noted(floor: ChainFloor, *statements: str) -> list[object]:
    """Which shelves are noted by these statements at a SQL prompt."""
    floor.sql(HO, "DELETE FROM sync_change", *statements)
    return sorted({row[1] for row in _noted(floor, HO) if row[0] == "shelves"}, key=repr)


SHELF = "CREATE TABLE shelf(code TEXT PRIMARY KEY NOT NULL, name TEXT, act INTEGER)"


def test_replace_notes_what_it_evicts_by_a_partial_index(floor: ChainFloor) -> None:
    _stands(
        floor,
        SHELF,
        "CREATE UNIQUE INDEX u ON shelf(name) -- (where\n WHERE /* only */ shelf.act = '1'",
        "INSERT INTO shelf VALUES ('A', 'left', 1), ('B', 'left', 0), ('C', 'right', 1)",
    )
    replace = "INSERT OR REPLACE INTO shelf VALUES ('D', 'left', 1)"
    assert _shelves_noted(floor, replace) == ["A", "D"]
    assert floor.codes(HO, "shelf") == ["B", "C", "D"]
    assert _shelves_noted(floor, "UPDATE OR REPLACE shelf SET name = 'right' WHERE code = 'D'") == [
        "C",
        "D",
    ]
    assert _shelves_noted(floor, "UPDATE OR REPLACE shelf SET act = 1, name = 'right'") == [
        "B",
        "D",
    ]


@pytest.mark.parametrize(
    "unique",
    [
        "CREATE UNIQUE INDEX u ON shelf(name COLLATE NOCASE)",
        "CREATE UNIQUE INDEX u ON shelf(act, name COLLATE NOCASE)",
        "CREATE UNIQUE INDEX u ON shelf(name COLLATE NOCASE) WHERE act > 0 AND code <> 'where'",
        'CREATE UNIQUE INDEX [where] ON shelf(name COLLATE NOCASE) where "act" IS NOT NULL',
        "CREATE UNIQUE INDEX u ON shelf(name COLLATE NOCASE) WHERE (act) IN (1, 2)",
    ],
)
def test_replace_notes_what_it_evicts_by_an_index_that_does_not_see_capitals(
    floor: ChainFloor, unique: str
) -> None:
    _stands(floor, SHELF, unique, "INSERT INTO shelf VALUES ('A', 'left', 1), ('B', 'right', 1)")
    assert _shelves_noted(floor, "REPLACE INTO shelf VALUES ('C', 'LEFT', 1)") == ["A", "C"]
    assert floor.codes(HO, "shelf") == ["B", "C"]


def test_a_key_that_another_index_sees_without_capitals_is_noted_as_it_stood(
    floor: ChainFloor,
) -> None:
    _stands(
        floor,
        SHELF,
        "CREATE UNIQUE INDEX u ON shelf(code COLLATE NOCASE)",
        "INSERT INTO shelf VALUES ('a', 'left', 1)",
    )
    assert _shelves_noted(floor, "REPLACE INTO shelf VALUES ('A', 'left', 1)") == ["A", "a"]


def test_columns_that_do_not_see_capitals_may_be_told_apart_by_an_index_that_does(
    floor: ChainFloor,
) -> None:
    _stands(
        floor,
        "CREATE TABLE shelf(code TEXT PRIMARY KEY NOT NULL, name TEXT COLLATE NOCASE)",
        "CREATE UNIQUE INDEX u ON shelf(name COLLATE BINARY)",
        "INSERT INTO shelf VALUES ('A', 'left'), ('B', 'LEFT')",
    )
    assert _shelves_noted(floor, "REPLACE INTO shelf VALUES ('C', 'left')") == ["A", "C"]


def test_replace_notes_what_it_evicts_by_a_generated_column(floor: ChainFloor) -> None:
    _stands(
        floor,
        "CREATE TABLE shelf(code TEXT PRIMARY KEY NOT NULL, name TEXT, "
        "low TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL, act INTEGER)",
        "CREATE UNIQUE INDEX u ON shelf(low) WHERE low <> 'x'",
        "INSERT INTO shelf(code, name) VALUES ('A', 'left'), ('B', 'right')",
    )
    assert _shelves_noted(floor, "REPLACE INTO shelf(code, name) VALUES ('C', 'LEFT')") == [
        "A",
        "C",
    ]


def test_what_may_be_evicted_is_looked_up_and_never_searched_for(floor: ChainFloor) -> None:
    _stands(
        floor,
        SHELF,
        "CREATE UNIQUE INDEX by_name ON shelf(name COLLATE NOCASE) WHERE act = 1",
        "CREATE UNIQUE INDEX by_both ON shelf(act, name)",
    )
    text = floor.scalar(
        HO, "SELECT sql FROM sqlite_master WHERE name = 'sync_capture_shelves.shelf.before_insert'"
    )
    asked = re.findall(r"SELECT 'shelves'.*?;", text.partition(" BEGIN ")[2])
    found = []
    for query in asked:
        plan = floor.sql(HO, "EXPLAIN QUERY PLAN " + re.sub(r'NEW\."\w+"', "'x'", query))
        found += [row[-1] for row in plan]
    assert len(found) == len(asked) == 2
    assert {line.split(" (")[0] for line in found} == {
        "SEARCH t USING INDEX by_both",
        "SEARCH shelf USING INDEX by_name",
    }


def test_triggers_of_an_older_program_are_replaced_by_the_next_run(floor: ChainFloor) -> None:
    count = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
    before = floor.scalar(HO, count)
    floor.sql(
        HO,
        'DROP TRIGGER "sync_capture_items.item.insert"',
        "CREATE TRIGGER sync_capture_items_item_insert AFTER INSERT ON item BEGIN "
        "INSERT INTO sync_change(entity, k1) VALUES ('items', NEW.code); END",
        "UPDATE sync_state SET value = '0002' WHERE name = 'capture_made_by'",
    )
    floor.done(HO)
    assert floor.scalar(HO, count) == before
    floor.sql(HO, "DELETE FROM sync_change", "INSERT INTO item VALUES ('I1', 'Tea', NULL)")
    assert _noted(floor, HO) == [("items", "I1", "", 2)]
