"""The plan travels first, changes what syncs, and one that does not fit changes nothing."""

import copy
import json
from typing import Any

import pytest

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.plan_text import parse_plan
from ginesys_sync.core.status import Outcome
from ginesys_sync.store.database import Database, transaction
from ginesys_sync.store.plans import install_plan
from tests.support.chain_floor import HO, S001, STORES, ChainFloor, floor_plan

EXTRA = {"name": "extras", "channel": "catalogue", "owner": "ho", "table": "extra", "key": ["id"]}


def _second(**changes: Any) -> dict[str, Any]:
    """Version 2 of the plan, with an entity `extras` unless told otherwise."""
    plan = copy.deepcopy(floor_plan())
    plan["version"] = 2
    plan["entities"].append(EXTRA | changes)
    return plan


def _install(floor: ChainFloor, plan: dict[str, Any]) -> None:
    database = Database(f"sqlite+pysqlite:///{floor.database(HO)}")
    with database.connect() as connection, transaction(connection):
        install_plan(connection, parse_plan(json.dumps(plan)), is_head_office=True)


def _make(floor: ChainFloor, *sites: str) -> None:
    for site in sites:
        floor.sql(site, "CREATE TABLE extra(id INTEGER PRIMARY KEY, word TEXT)")


def test_a_new_entity_and_what_its_table_already_holds_arrive_in_one_run(
    floor: ChainFloor,
) -> None:
    _make(floor, HO, *STORES)
    floor.sql(HO, "INSERT INTO extra VALUES (1, 'old')")
    _install(floor, _second())
    floor.sql(HO, "INSERT INTO extra VALUES (2, 'new')")
    floor.done(HO)
    floor.done(S001)
    assert floor.rows(S001, "extra") == [(1, "old"), (2, "new")]


def test_a_new_column_reaches_every_store(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.settle(rounds=1)
    for site in (HO, *STORES):
        floor.sql(site, "ALTER TABLE item ADD COLUMN colour TEXT")
    _install(floor, floor_plan() | {"version": 2})
    floor.sql(HO, "UPDATE item SET colour = 'green'")
    floor.settle(rounds=1)
    floor.assert_equal()


def test_batches_sealed_by_the_old_plan_are_still_read_when_the_new_one_came_first(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.done(HO)
    for site in (HO, *STORES):
        floor.sql(site, "ALTER TABLE item ADD COLUMN colour TEXT")
    _install(floor, floor_plan() | {"version": 2})
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])


def test_head_office_reads_bills_of_a_store_that_has_not_heard_of_the_new_plan(
    floor: ChainFloor,
) -> None:
    for site in (HO, *STORES):
        floor.sql(site, "ALTER TABLE bill ADD COLUMN till INTEGER")
    _install(floor, floor_plan() | {"version": 2})
    floor.done(HO)
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL, 3)")
    floor.done(S001)
    floor.done(HO)
    assert floor.rows(HO, "bill") == [("S001", 1, 5, None, None)]
    floor.settle(rounds=2)
    assert floor.rows(HO, "bill") == [("S001", 1, 5, None, 3)]


def test_a_plan_that_names_a_table_a_store_has_not_stops_only_what_it_added(
    floor: ChainFloor,
) -> None:
    _make(floor, HO)
    _install(floor, _second())
    floor.sql(HO, "INSERT INTO extra VALUES (1, 'x')")
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'x')")
    floor.done(HO)
    ended = floor.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert "no table 'extra'" in " ".join(ended.notes)
    assert floor.codes(S001, "notice") == ["N1"]
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL)")
    floor.sync(S001)
    floor.sync(HO)
    assert floor.codes(HO, "bill") == ["S001"]
    _make(floor, S001)
    floor.done(S001)
    assert floor.rows(S001, "extra") == [(1, "x")]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("", "this database has no table 'extra'"),
        ("CREATE TABLE extra(id INTEGER, word TEXT)", "no primary key or unique index over id"),
        ("CREATE TABLE extra(number INTEGER PRIMARY KEY)", "no column 'id'"),
        ("CREATE TABLE extra(id INTEGER PRIMARY KEY, _id TEXT)", "cannot travel"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_before_anything_is_changed(
    floor: ChainFloor, table: str, sentence: str
) -> None:
    if table:
        floor.sql(HO, table)
    before = floor.sql(HO, "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1")
    with pytest.raises(PlanUnfit, match=sentence):
        _install(floor, _second())
    assert floor.sql(HO, "SELECT version FROM sync_plan") == [(1,)]
    after = floor.sql(HO, "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1")
    assert after == before


def test_an_entity_that_is_dropped_is_noted_no_more_and_waits_for_nothing(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a NUMERIC, b)")
    floor.sql(HO, "INSERT INTO odd VALUES ('X', '1.10', 1)")
    floor.done(HO)
    floor.sync(S001)
    plan = floor_plan() | {"version": 2}
    plan["entities"] = [entity for entity in plan["entities"] if entity["name"] != "odds"]
    _install(floor, plan)
    floor.sql(HO, "INSERT INTO odd VALUES ('Y', 1, 1)")
    assert floor.scalar(HO, "SELECT count(*) FROM sync_change WHERE entity = 'odds'") == 0
    floor.sync(HO)
    floor.done(S001)
    assert floor.parked(S001) == []


def test_an_index_leads_from_child_rows_to_their_record_where_the_customer_has_none(
    floor: ChainFloor,
) -> None:
    for site in (HO, *STORES):
        floor.sql(
            site,
            "CREATE TABLE extra(id INTEGER PRIMARY KEY, word TEXT)",
            "CREATE TABLE extra_line(line INTEGER PRIMARY KEY, extra INTEGER)",
        )
    child = {"table": "extra_line", "key": ["line"], "root": ["extra"]}
    _install(floor, _second(children=[child]))
    plan = floor.sql(HO, "EXPLAIN QUERY PLAN SELECT * FROM extra_line WHERE extra = 1")
    assert "sync_link_extra_line" in plan[0][-1]
    floor.sql(HO, "INSERT INTO extra VALUES (1, 'x')", "INSERT INTO extra_line VALUES (7, 1)")
    floor.settle(rounds=1)
    assert floor.rows(S001, "extra_line") == [(7, 1)]


def test_a_database_that_an_older_program_prepared_notes_what_the_newer_one_sends(
    floor: ChainFloor,
) -> None:
    for trigger in floor.sql(HO, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        floor.sql(HO, f'DROP TRIGGER "{trigger[0]}"')
    floor.sql(HO, "UPDATE sync_state SET value = '0001' WHERE name = 'capture_made_by'")
    floor.done(HO)
    floor.sql(HO, "INSERT INTO sync_master_policy VALUES ('colour', 'green')")
    floor.sql(HO, "INSERT INTO sync_site_policy VALUES ('S001', 'colour', 'red')")
    floor.settle(rounds=1)
    for store in STORES:
        assert floor.rows(store, "sync_master_policy") == [("colour", "green")]
        own = [("S001", "colour", "red")] if store == S001 else []
        assert floor.rows(store, "sync_site_policy") == own
