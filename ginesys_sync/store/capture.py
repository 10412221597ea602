"""Capture: triggers that note which record changed, in the writer's own transaction, whoever the
writer is.

Per table of a captured entity: insert, update and delete note the root's key; an update that moves
a row notes the old root too. A table with further UNIQUE constraints also gets BEFORE triggers,
because REPLACE evicts the other row without firing its delete trigger. A row in `sync_hush`
silences one entity while the applier writes it, and only that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.plan import Entity, Plan, Rule, Table, captured_by, check_columns
from ginesys_sync.store.keys import equal, listed, part_list, parts
from ginesys_sync.wire.body import quoted

EDITED, SENT_AGAIN, AUDIENCE_ONLY = 2, 1, 0
"""The weight of a noted change, its column `image`: somebody wrote the record; it is to be sent
again as it stands; only whom it goes to may have changed.
"""
_PREFIX = "sync_capture_"
_INDEX_PREFIX = "sync_link_"


@dataclass(frozen=True, slots=True)
class _Source:
    """A table whose changes are noted: `link` are its columns that hold the root's key."""

    table: str
    link: tuple[str, ...]
    image: int
    nullable: tuple[str, ...]


def fitted_plan(connection: Connection, plan: Plan) -> Plan:
    """The plan with every `columns` list filled in from the tables here. Raises PlanUnfit when a
    table, a key or a column is missing: said before anything is changed.
    """
    return replace(plan, entities=tuple(_fitted(connection, entity) for entity in plan.entities))


def _fitted(connection: Connection, entity: Entity) -> Entity:
    tables = tuple(_fitted_table(connection, entity, table) for table in entity.tables)
    rule = entity.audience
    if rule.table:
        _require_columns(connection, entity, rule.table, (*rule.columns, rule.site))
    elif rule.rule is Rule.COLUMN:
        _require_columns(connection, entity, entity.root.name, (rule.site,))
    named = (entity.site_column, entity.edited_column, entity.label, *entity.watch)
    for column in filter(None, named):
        if column not in tables[0].columns:
            raise PlanUnfit(
                f"{entity.many.capitalize()}: table {tables[0].name!r} has no column {column!r}."
            )
    return replace(entity, root=tables[0], children=tables[1:])


def _fitted_table(connection: Connection, entity: Entity, table: Table) -> Table:
    columns = table.columns or table_columns(connection, table.name)
    _require_columns(connection, entity, table.name, (*table.key, *table.root, *columns))
    if not _is_unique(connection, table):
        raise PlanUnfit(
            f"{entity.many.capitalize()}: table {table.name!r} has no primary key or unique "
            "index over "
            f"{', '.join(table.key)}.",
            "A record needs a key to be found again: add a unique index over these columns, "
            "or name the right ones.",
        )
    check_columns(columns, table.name)
    return replace(table, columns=tuple(columns))


def _require_columns(
    connection: Connection, entity: Entity, table: str, wanted: tuple[str, ...]
) -> None:
    found = table_columns(connection, table)
    if not found:
        raise PlanUnfit(
            f"{entity.many.capitalize()}: this database has no table {table!r}.",
            "Correct the name in the plan, or create the table, then try again.",
        )
    for column in wanted:
        if column not in found:
            raise PlanUnfit(
                f"{entity.many.capitalize()}: table {table!r} has no column {column!r}."
            )


def table_columns(connection: Connection, table: str) -> tuple[str, ...]:
    """The stored columns of a table in their order; empty when there is no such table. Generated
    ones do not travel.
    """
    rows = connection.exec_driver_sql(
        "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,)
    )
    return tuple(row[0] for row in rows)


def has_tables(connection: Connection, plan: Plan) -> bool:
    """Whether any table of the plan is here already."""
    return any(
        table_columns(connection, table.name) for entity in plan.entities for table in entity.tables
    )


def has_triggers(connection: Connection, entity: Entity, is_head_office: bool) -> bool:
    """Whether every trigger that capture needs for an entity is in place, word for word."""
    found = {
        row[0]
        for row in connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
        )
    }
    return all(text in found for text in trigger_statements(connection, entity, is_head_office))


def is_indexed(connection: Connection, table: str, columns: tuple[str, ...]) -> bool:
    """Whether an index of the table begins with these columns, in whatever order."""
    rows = connection.exec_driver_sql(
        "SELECT i.name, c.name FROM pragma_index_list(?) i, pragma_index_info(i.name) c "
        "WHERE i.partial = 0 ORDER BY i.name, c.seqno",
        (table,),
    )
    indexes: dict[str, list[str]] = {}
    for name, column in rows:
        indexes.setdefault(name, []).append(column)
    primary = connection.exec_driver_sql(
        "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)
    )
    lists = [*indexes.values(), [row[0] for row in primary]]
    return any(set(one[: len(columns)]) == set(columns) for one in lists)


def unique_sets(connection: Connection, table: str) -> tuple[tuple[str, ...], ...]:
    """The column sets over which a table is unique, its primary key first."""
    primary = connection.exec_driver_sql(
        "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)
    )
    found = [tuple(row[0] for row in primary)]
    indexes = connection.exec_driver_sql(
        'SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0 AND '
        "origin <> 'pk'",
        (table,),
    )
    for (index,) in indexes.all():
        columns = connection.exec_driver_sql(
            "SELECT name FROM pragma_index_info(?) ORDER BY seqno", (index,)
        )
        found.append(tuple(row[0] for row in columns))
    return tuple(columns for columns in found if columns and None not in columns)


def _is_unique(connection: Connection, table: Table) -> bool:
    return any(set(columns) == set(table.key) for columns in unique_sets(connection, table.name))


def install_capture(
    connection: Connection, plan: Plan, is_head_office: bool, note_existing: frozenset[str]
) -> None:
    """Inside the caller's transaction: drop our old triggers, make those the plan asks for and the
    indexes it needs, and note every record of the entities named in `note_existing`, so that what
    the tables already hold goes the normal way.
    """
    for (name,) in connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE ? ESCAPE '!'",
        (_PREFIX.replace("_", "!_") + "%",),
    ).all():
        connection.exec_driver_sql(f"DROP TRIGGER {quoted(name)}")
    for entity in plan.in_order():
        _index_links(connection, entity, is_head_office)
        if not captured_by(entity, is_head_office):
            continue
        for statement in trigger_statements(connection, entity, is_head_office):
            connection.exec_driver_sql(statement)
        if entity.name in note_existing:
            note_all(connection, entity)


def _index_links(connection: Connection, entity: Entity, is_head_office: bool) -> None:
    """Have an index over the columns that lead from a table to its record, where there is none: a
    record's child rows and sites are looked for at every seal and every apply.
    """
    links = [(child.name, child.root) for child in entity.children]
    if entity.audience.table and is_head_office:
        links.append((entity.audience.table, entity.audience.columns))
    for table, link in links:
        if not _is_led_by(connection, table, link):
            connection.exec_driver_sql(
                f"CREATE INDEX IF NOT EXISTS {quoted(_INDEX_PREFIX + table)} "
                f"ON {quoted(table)}({listed(link)})"
            )


def _is_led_by(connection: Connection, table: str, link: tuple[str, ...]) -> bool:
    """Whether some whole index of the table begins with these columns, in whatever order."""
    rows = connection.exec_driver_sql(
        "SELECT l.name, i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i "
        "WHERE l.partial = 0 ORDER BY l.seq, i.seqno",
        (table,),
    )
    indexes: dict[str, list[str]] = {}
    for index, column in rows:
        indexes.setdefault(index, []).append(column)
    return any(set(columns[: len(link)]) == set(link) for columns in indexes.values())


def note_all(connection: Connection, entity: Entity, image: int = SENT_AGAIN) -> None:
    """Note every record of an entity as changed, with that weight."""
    count = len(entity.key)
    connection.exec_driver_sql(
        f"INSERT INTO sync_change(entity, {part_list(count)}, image) "
        f"SELECT ?, {listed(entity.key)}, ? FROM {quoted(entity.root.name)} "
        f"WHERE {_present(entity.key)} ORDER BY {listed(entity.key)}",
        (entity.name, image),
    )


def note_members(connection: Connection, entity: Entity, site: str) -> None:
    """Note every record that was ever sent to a set of sites holding `site`: it goes to that site
    anew.
    """
    count = len(entity.key)
    connection.exec_driver_sql(
        f"INSERT INTO sync_change(entity, {part_list(count)}, image) SELECT entity, "
        f"{part_list(count)}, {SENT_AGAIN} "
        "FROM sync_record WHERE entity = ? AND gone = 0 "
        "AND audience IN (SELECT audience FROM sync_audience_site WHERE site = ?)",
        (entity.name, site),
    )


def _present(columns: tuple[str, ...]) -> str:
    return " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)


def trigger_statements(
    connection: Connection, entity: Entity, is_head_office: bool
) -> Iterator[str]:
    """The CREATE TRIGGER statements of one entity."""
    sources = [(table.name, table.root, EDITED) for table in entity.tables]
    if entity.audience.table and entity.audience.rule is not Rule.ALL and is_head_office:
        sources.append((entity.audience.table, entity.audience.columns, AUDIENCE_ONLY))
    for name, link, image in sources:
        source = _Source(name, link, image, _nullable(connection, name, link))
        yield from _after_triggers(entity, source)
        yield from _before_triggers(connection, entity, source)


def _nullable(connection: Connection, table: str, link: tuple[str, ...]) -> tuple[str, ...]:
    """Key columns that may hold NULL here: such a row has no key, and noting it would refuse the
    writer.
    """
    sure = connection.exec_driver_sql(
        'SELECT name FROM pragma_table_info(?) WHERE "notnull" = 1 OR (pk = 1 AND '
        "upper(type) = 'INTEGER')",
        (table,),
    )
    certain = {row[0] for row in sure}
    return tuple(column for column in link if column not in certain)


def _trigger(
    entity: Entity, source: _Source, kind: str, when: str, row: str, moved: str = ""
) -> str:
    name = quoted(f"{_PREFIX}{entity.name}_{source.table}_{kind}")
    conditions = [f"{row}.{quoted(column)} IS NOT NULL" for column in source.nullable]
    if moved:
        conditions.append(moved)
    conditions.append(f"NOT EXISTS (SELECT 1 FROM sync_hush WHERE entity = '{entity.name}')")
    columns = ["entity", *parts(len(source.link))]
    values = [f"'{entity.name}'", *(f"{row}.{quoted(column)}" for column in source.link)]
    if source.image != EDITED:
        columns.append("image")
        values.append(str(source.image))
    return (
        f"CREATE TRIGGER {name} {when} ON {quoted(source.table)} FOR EACH ROW WHEN "
        f"{' AND '.join(conditions)} "
        f"BEGIN INSERT INTO sync_change({', '.join(columns)}) VALUES ({', '.join(values)}); END"
    )


def _after_triggers(entity: Entity, source: _Source) -> Iterator[str]:
    yield _trigger(entity, source, "insert", "AFTER INSERT", "NEW")
    yield _trigger(entity, source, "update", "AFTER UPDATE", "NEW")
    yield _trigger(entity, source, "delete", "AFTER DELETE", "OLD")
    changed = " OR ".join(
        f"OLD.{quoted(column)} IS NOT NEW.{quoted(column)}" for column in source.link
    )
    yield _trigger(
        entity, source, "move", f"AFTER UPDATE OF {listed(source.link)}", "OLD", f"({changed})"
    )


def _before_triggers(connection: Connection, entity: Entity, source: _Source) -> Iterator[str]:
    """Notes the rows that REPLACE may be about to evict. Noting one that stays is harmless.

    Needed for every unique set but the one that holds the record's own key alone: there the new row
    stands for it.
    """
    others = [
        columns
        for columns in unique_sets(connection, source.table)
        if not set(columns) >= set(source.link) or not set(source.link)
    ]
    if not others:
        return
    count = len(source.link)
    target = f"entity, {part_list(count)}" + ("" if source.image == EDITED else ", image")
    tail = "" if source.image == EDITED else f", {source.image}"
    evicted = " OR ".join(f"({equal('t', columns, 'NEW', columns)})" for columns in others)
    for event in ("INSERT", "UPDATE"):
        yield (
            "CREATE TRIGGER "
            f"{quoted(f'{_PREFIX}{entity.name}_{source.table}_before_{event.lower()}')} "
            f"BEFORE {event} ON {quoted(source.table)} FOR EACH ROW "
            f"WHEN NOT EXISTS (SELECT 1 FROM sync_hush WHERE entity = '{entity.name}') "
            f"BEGIN INSERT INTO sync_change({target}) SELECT '{entity.name}', "
            f"{listed(source.link, 't')}{tail} "
            f"FROM {quoted(source.table)} t WHERE ({evicted}) AND {_apart(source.link)} AND "
            f"{_known(source)}; END"
        )


def _apart(link: tuple[str, ...]) -> str:
    return (
        "("
        + " OR ".join(f"t.{quoted(column)} IS NOT NEW.{quoted(column)}" for column in link)
        + ")"
    )


def _known(source: _Source) -> str:
    return " AND ".join(f"t.{quoted(column)} IS NOT NULL" for column in source.link)
