"""What a site's own database calls the plan's tables and columns: a local map beside the plan.

The map is a JSON document that names only what is called otherwise:

    {"tables": {"bill": {"table": "rechnung",
                         "columns": {"number": "nr", "store": null}}}}

`null` says that this database has no such column, because every row here is this site's: it travels
filled with the site's code. So tables with local numbers only get keys that are unique in the whole
chain. A site with a map works under its own names throughout, keys included; bodies are turned
from one into the other where they come in and go out (`wire.own_names`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.plan import Entity, Owner, Plan, Rule, Table, is_foreign_name

MAX_MAP_BYTES = 1_000_000
_ADVICE = "Correct the map of names, then try again."


@dataclass(frozen=True, slots=True)
class OwnTable:
    """One table here: its name (empty: as in the plan), and its columns by the plan's names; None:
    there is no such column."""

    table: str = ""
    columns: Mapping[str, str | None] = field(default_factory=dict)


OwnNames = Mapping[str, OwnTable]
"""By the plan's names of the tables."""
NO_NAMES: OwnNames = {}


def parse_names(text: str) -> OwnNames:
    """Read a map. Raises PlanUnfit with a sentence naming the first thing that is wrong."""
    if len(text.encode(errors="replace")) > MAX_MAP_BYTES:
        raise PlanUnfit("The map of names is larger than 1 MB.", _ADVICE)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise PlanUnfit(f"The map of names is not readable as JSON: {fault}.", _ADVICE) from fault
    tables = _object(document, "the map of names", {"tables"}).get("tables", {})
    found = _object(tables, "`tables`")
    return {name: _table(name, raw) for name, raw in found.items()}


def _table(name: str, raw: Any) -> OwnTable:
    where = f"table {name!r:.120}"
    given = _object(raw, where, {"table", "columns"})
    columns = _object(given.get("columns", {}), f"the columns of {where}")
    return OwnTable(
        _name(given["table"], where) if "table" in given else "",
        {key: None if own is None else _name(own, where) for key, own in columns.items()},
    )


def _object(raw: Any, where: str, allowed: Iterable[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise PlanUnfit(f"{where.capitalize()} must be a JSON object.", _ADVICE)
    for word in raw:
        if allowed is not None and word not in allowed:
            raise PlanUnfit(f"{where.capitalize()} has an unknown entry {word!r:.120}.", _ADVICE)
    return raw


def _name(raw: Any, where: str) -> str:
    if not isinstance(raw, str) or not is_foreign_name(raw):
        raise PlanUnfit(f"In {where}, {raw!r:.120} cannot be a name here.", _ADVICE)
    return raw


def names_document(names: OwnNames) -> str:
    """The map as the text `parse_names` reads."""
    tables: dict[str, dict[str, Any]] = {}
    for name, own in names.items():
        tables[name] = {"table": own.table} if own.table else {}
        if own.columns:
            tables[name]["columns"] = dict(own.columns)
    return json.dumps({"tables": tables}, indent=1, sort_keys=True, ensure_ascii=False)


def check_names(plan: Plan, names: OwnNames, site: str) -> None:
    """Whether a map a person gives fits the plan. A plan that comes later may know less: what it
    does not name is passed over then. Raises PlanUnfit.
    """
    tables = {table.name: table for entity in plan.entities for table in entity.tables}
    for name, own in names.items():
        if name not in tables:
            raise PlanUnfit(f"The map names the table {name!r}, which the plan has not.", _ADVICE)
        columns = tables[name].columns
        for column in own.columns:
            if columns and column not in columns:
                raise PlanUnfit(
                    f"The map names the column {column!r} of {name!r}, which the plan has not.",
                    _ADVICE,
                )
    under_own_names(plan, names, site)


def under_own_names(plan: Plan, names: OwnNames, site: str) -> Plan:
    """The plan as this database has it: what the map names is called so, and each entity that
    differs keeps how it travels. Raises PlanUnfit when two tables or columns would be one.
    """
    if not names:
        return plan
    entities = tuple(_own_entity(entity, names, site) for entity in plan.entities)
    _require_distinct((t.name for e in entities for t in e.tables), "tables")
    return replace(plan, entities=entities)


def _own_entity(entity: Entity, names: OwnNames, site: str) -> Entity:
    if not any(table.name in names for table in entity.tables):
        return entity
    root = names.get(entity.root.name, OwnTable())

    def own(column: str) -> str:
        return root.columns.get(column, column) or ""

    tables = [_own_table(entity, table, names, site) for table in entity.tables]
    rule = entity.audience
    if rule.rule is Rule.COLUMN:
        rule = replace(rule, site=own(rule.site))
    label = own(entity.label)
    return replace(
        entity,
        root=tables[0],
        children=tuple(tables[1:]),
        audience=rule,
        site_column=own(entity.site_column),
        edited_column=own(entity.edited_column),
        label=label or tables[0].key[-1],
        watch=tuple(filter(None, map(own, entity.watch))),
        travels=entity,
    )


def _own_table(entity: Entity, table: Table, names: OwnNames, site: str) -> Table:
    named = names.get(table.name, OwnTable())
    lacking = tuple(column for column, own in named.columns.items() if own is None)
    if lacking and entity.owner is not Owner.SITE:
        raise PlanUnfit(
            f"{entity.many.capitalize()}: {table.name!r} cannot do without {lacking[0]!r}: only "
            "what belongs to a site can be filled with the site's code.",
            _ADVICE,
        )

    def own(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(named.columns.get(c) or c for c in columns if c not in lacking)

    key = own(table.key)
    if not key:
        raise PlanUnfit(f"{table.name!r} has no key left under the map of names.", _ADVICE)
    columns = own(table.columns)
    _require_distinct(columns or key, f"columns of {table.name!r}")
    return Table(
        named.table or table.name,
        key,
        own(table.root),
        columns,
        tuple((column, site) for column in lacking),
    )


def _require_distinct(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise PlanUnfit(f"By the map of names, two {what} are both called {name!r}.", _ADVICE)
        seen.add(name.lower())


def with_columns(entity: Entity, names: OwnNames, tables: tuple[Table, ...]) -> Entity:
    """An entity whose column lists have been read from the tables here: how it travels gets them
    too, under the chain's names, what is given first.
    """
    filled = replace(entity, root=tables[0], children=tables[1:])
    if entity.travels is None:
        return filled
    before = entity.travels
    travelling = tuple(
        replace(chain, columns=chain.columns or _chain_columns(own, names.get(chain.name)))
        for chain, own in zip(before.tables, tables, strict=True)
    )
    travels = replace(before, root=travelling[0], children=travelling[1:])
    return replace(filled, travels=travels)


def _chain_columns(own: Table, named: OwnTable | None) -> tuple[str, ...]:
    columns = named.columns if named is not None else {}
    back = {name: column for column, name in columns.items() if name is not None}
    given = tuple(column for column, _ in own.given)
    return given + tuple(back.get(column, column) for column in own.columns)


def pairs(own: Table, chain: Table) -> tuple[tuple[str, str | None], ...]:
    """The chain's columns of a table in their order, each with what it is called here; None: it is
    given."""
    given = {column for column, _ in own.given}
    names = iter(own.columns)
    return tuple((column, None if column in given else next(names)) for column in chain.columns)
