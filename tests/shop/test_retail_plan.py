"""The plan that ships for the retail tables fits them, column by column."""

from __future__ import annotations

from pathlib import Path

import pytest

from ginesys_sync.core.plan import Entity, Owner, Plan, Rule
from ginesys_sync.core.plan_text import parse_plan
from ginesys_sync.shop.schema import ALLOCATION_TABLES, LOCAL_TABLES, metadata

PLAN_FILE = Path(__file__).parents[2] / "resources" / "plans" / "retail.json"


def the_plan() -> Plan:
    return parse_plan(PLAN_FILE.read_text(encoding="utf-8"))


def planned_tables() -> set[str]:
    return {table.name for entity in the_plan().entities for table in entity.tables}


def test_the_lanes_stand_in_the_order_of_the_design() -> None:
    lanes = [channel.name for channel in the_plan().channels]
    assert lanes == ["policy", "users", "catalogue", "pricing", "stock", "sales", "customers"]


def test_every_shop_table_travels_or_is_listed_as_staying() -> None:
    staying = set(ALLOCATION_TABLES) | set(LOCAL_TABLES)
    assert planned_tables() | staying == set(metadata.tables)
    assert not planned_tables() & staying


def test_the_allocation_tables_are_exactly_those_the_audience_rules_read() -> None:
    rules = [entity.audience for entity in the_plan().entities]
    assert {rule.table for rule in rules if rule.rule is Rule.ALLOCATION} == set(ALLOCATION_TABLES)


@pytest.mark.parametrize("entity", the_plan().entities, ids=lambda entity: entity.name)
def test_an_entity_names_the_columns_and_keys_its_tables_have(entity: Entity) -> None:
    for table in entity.tables:
        real = metadata.tables[table.name]
        assert table.columns == tuple(column.name for column in real.columns)
        assert table.key == tuple(column.name for column in real.primary_key)
    for child in entity.children:
        links = {
            tuple(element.parent.name for element in constraint.elements)
            for constraint in metadata.tables[child.name].foreign_key_constraints
            if constraint.referred_table.name == entity.root.name
        }
        assert child.root in links
    rule = entity.audience
    if rule.rule is Rule.COLUMN:
        assert rule.site in entity.root.columns
    if rule.rule is Rule.ALLOCATION:
        assert {*rule.columns, rule.site} <= set(metadata.tables[rule.table].columns.keys())


def test_what_a_foreign_key_needs_comes_earlier_in_the_plan() -> None:
    place = {table.name: n for n, e in enumerate(the_plan().in_order()) for table in e.tables}
    for name, n in place.items():
        for constraint in metadata.tables[name].foreign_key_constraints:
            assert place[constraint.referred_table.name] <= n, name


def test_what_a_site_or_everybody_writes_refers_to_no_master() -> None:
    for entity in the_plan().entities:
        if entity.owner is not Owner.HO:
            own = {table.name for table in entity.tables}
            for table in own:
                refers = {
                    c.referred_table.name for c in metadata.tables[table].foreign_key_constraints
                }
                assert refers <= own


def test_the_sources_of_sites_and_groups_are_real() -> None:
    plan = the_plan()
    assert plan.sites is not None
    assert plan.groups is not None
    sites, groups = metadata.tables[plan.sites.table], metadata.tables[plan.groups.table]
    assert {plan.sites.code, plan.sites.name, plan.sites.is_open} <= set(sites.columns.keys())
    assert {plan.groups.group, plan.groups.site} <= set(groups.columns.keys())


def test_customers_are_shared_and_decided_by_their_last_edit() -> None:
    customers = the_plan().entity("customers")
    assert customers.owner is Owner.SHARED
    assert customers.edited_column == "changed_at"
    assert customers.count_words(1) == "1 customer"
