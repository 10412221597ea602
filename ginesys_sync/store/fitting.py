"""Whether a plan fits a database: what it names is there, and changes of it can be noted."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.own_names import NO_NAMES, OwnNames, with_columns
from ginesys_sync.core.plan import Entity, Plan, Rule, Table, check_columns
from ginesys_sync.store.tables import table_columns, unique_sets, why_not_noted


def fitted_plan(
    connection: Connection, plan: Plan, is_head_office: bool, names: OwnNames = NO_NAMES
) -> Plan:
    """The plan with every `columns` list filled in from the tables here. Raises PlanUnfit when
    something it names is missing or cannot be used: said before anything is changed.

    `plan` is under this database's own names, which `names` tells. Where sites, groups and
    allocations come from is head office's alone: a store may lack it.
    """
    if is_head_office:
        _check_sources(connection, plan)
    entities = tuple(_fitted(connection, entity, names) for entity in plan.entities)
    if is_head_office:
        for entity in plan.entities:
            _check_audience(connection, plan, entity)
    return replace(plan, entities=entities)


def _check_sources(connection: Connection, plan: Plan) -> None:
    if plan.sites is not None:
        sites = plan.sites
        wanted = (sites.code, sites.name, *filter(None, [sites.is_open]))
        _require_columns(connection, "The plan's `sites`", sites.table, wanted)
    if plan.groups is not None:
        groups = plan.groups
        _require_columns(
            connection, "The plan's `groups`", groups.table, (groups.group, groups.site)
        )


def _check_audience(connection: Connection, plan: Plan, entity: Entity) -> None:
    rule, what = entity.audience, _named(entity)
    if rule.rule is Rule.GROUPS and plan.groups is None:
        raise PlanUnfit(
            f"{what}: they go to groups of stores, but the plan does not say which store is in "
            "which group.",
            "Add `groups` to the plan: the table that lists the members, and its columns.",
        )
    if rule.rule is Rule.COLUMN:
        _require_columns(connection, what, entity.root.name, (rule.site,))
    elif rule.table:
        _require_columns(connection, what, rule.table, (*rule.columns, rule.site))
        _require_noted(connection, what, rule.table)


def _fitted(connection: Connection, entity: Entity, names: OwnNames) -> Entity:
    tables = tuple(_fitted_table(connection, entity, table) for table in entity.tables)
    named = (entity.site_column, entity.edited_column, entity.label, *entity.watch)
    for column in filter(None, named):
        if column not in tables[0].columns:
            raise PlanUnfit(f"{_named(entity)}: table {tables[0].name!r} has no column {column!r}.")
    return with_columns(entity, names, tables)


def _fitted_table(connection: Connection, entity: Entity, table: Table) -> Table:
    what = _named(entity)
    columns = table.columns or table_columns(connection, table.name)
    _require_columns(connection, what, table.name, (*table.key, *table.root, *columns))
    _require_noted(connection, what, table.name)
    if not any(set(found) == set(table.key) for found in unique_sets(connection, table.name)):
        raise PlanUnfit(
            f"{what}: table {table.name!r} has no primary key or unique index over "
            f"{', '.join(table.key)}.",
            "A record needs a key to be found again: add a unique index over these columns, "
            "or name the right ones.",
        )
    check_columns(columns, table.name)
    return replace(table, columns=tuple(columns))


def _require_columns(
    connection: Connection, what: str, table: str, wanted: tuple[str, ...]
) -> None:
    found = table_columns(connection, table)
    if not found:
        raise PlanUnfit(
            f"{what}: this database has no table {table!r}.",
            "Correct the name in the plan, or create the table, then try again.",
        )
    for column in wanted:
        if column not in found:
            raise PlanUnfit(f"{what}: table {table!r} has no column {column!r}.")


def _require_noted(connection: Connection, what: str, table: str) -> None:
    why = why_not_noted(connection, table)
    if why:
        raise PlanUnfit(
            f"{what}: {table!r} {why}, and changes of one cannot be noted.",
            "Name the table that holds the rows themselves.",
        )


def _named(entity: Entity) -> str:
    return entity.many.capitalize()
