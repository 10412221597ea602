"""Capture: triggers that note which record changed, in the writer's own transaction, whoever the
writer is.

Per table of a captured entity: insert, update and delete note the root's key; an update that moves
a row notes the old root too. A table with further unique indexes also gets BEFORE triggers, because
REPLACE evicts the other row without firing its delete trigger. A row in `sync_hush` silences one
entity while the applier writes it, and only that one.

Triggers are called `sync_capture_ENTITY.TABLE.KIND`: neither an entity nor a kind holds a dot, so
no two of them share a name whatever tables are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity, Plan, captured_by
from ginesys_sync.store.keys import listed, part_list
from ginesys_sync.store.tables import (
    UniqueIndex,
    is_indexed,
    may_be_null,
    unique_indexes,
)
from ginesys_sync.wire.body import quoted

EDITED, SENT_AGAIN, AUDIENCE_ONLY = 2, 1, 0
"""The weight of a noted change, its column `image`: somebody wrote the record; it is to be sent
again as it stands; only whom it goes to may have changed.
"""
CAPTURE_VERSION = "3"
"""Goes up when triggers are made otherwise: installed ones are then replaced by the next run."""
_PREFIX = "sync_capture_"
_INDEX_PREFIX = "sync_link_"


@dataclass(frozen=True, slots=True)
class _Source:
    """A table whose changes are noted: `link` are its columns that hold the root's key."""

    table: str
    link: tuple[str, ...]
    image: int
    nullable: tuple[str, ...]

    @property
    def columns(self) -> str:
        """What is written of a change; `entity` and the key first, the weight if it is not the
        usual one."""
        weight = "" if self.image == EDITED else ", image"
        return f"entity, {part_list(len(self.link))}{weight}"

    def values(self, entity: Entity, row: str) -> str:
        """The same of `row`: NEW, OLD, or another row of the table."""
        weight = "" if self.image == EDITED else f", {self.image}"
        return f"'{entity.name}', {listed(self.link, row)}{weight}"


def has_triggers(connection: Connection, entity: Entity, is_head_office: bool) -> bool:
    """Whether every trigger that capture needs for an entity is in place, word for word."""
    found = {
        row[0]
        for row in connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
        )
    }
    return all(text in found for text in trigger_statements(connection, entity, is_head_office))


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
        if not is_indexed(connection, table, link):
            name = ".".join((_INDEX_PREFIX + table, *link))
            connection.exec_driver_sql(
                f"CREATE INDEX IF NOT EXISTS {quoted(name)} ON {quoted(table)}({listed(link)})"
            )


def note_all(connection: Connection, entity: Entity, image: int = SENT_AGAIN) -> None:
    """Note every record of an entity as changed, with that weight."""
    count = len(entity.key)
    connection.exec_driver_sql(
        f"INSERT INTO sync_change(entity, {part_list(count)}, image) "
        f"SELECT ?, {listed(entity.key)}, ? FROM {quoted(entity.root.name)} "
        f"WHERE {_present(entity.key)} ORDER BY {listed(entity.key)}",
        (entity.name, image),
    )


def _present(columns: tuple[str, ...], row: str = "") -> str:
    dot = f"{row}." if row else ""
    return " AND ".join(f"{dot}{quoted(column)} IS NOT NULL" for column in columns)


def trigger_statements(
    connection: Connection, entity: Entity, is_head_office: bool
) -> Iterator[str]:
    """The CREATE TRIGGER statements of one entity."""
    for source in _sources(connection, entity, is_head_office):
        yield from _after_triggers(entity, source)
        yield from _before_triggers(connection, entity, source)


def _sources(connection: Connection, entity: Entity, is_head_office: bool) -> Iterator[_Source]:
    found = [(table.name, table.root, EDITED) for table in entity.tables]
    rule = entity.audience
    is_part = (rule.table, rule.columns) in [(name, link) for name, link, _ in found]
    if rule.table and is_head_office and not is_part:
        found.append((rule.table, rule.columns, AUDIENCE_ONLY))
    for name, link, image in found:
        # A row without a key cannot be noted, and trying to would refuse its writer.
        yield _Source(name, link, image, may_be_null(connection, name, link))


def _trigger(
    entity: Entity, source: _Source, kind: str, when: str, conditions: Iterable[str], body: str
) -> str:
    kind = kind if source.image == EDITED else f"audience_{kind}"
    name = quoted(f"{_PREFIX}{entity.name}.{source.table}.{kind}")
    loud = f"NOT EXISTS (SELECT 1 FROM sync_hush WHERE entity = '{entity.name}')"
    return (
        f"CREATE TRIGGER {name} {when} ON {quoted(source.table)} FOR EACH ROW WHEN "
        f"{' AND '.join((*conditions, loud))} BEGIN {body} END"
    )


def _after_triggers(entity: Entity, source: _Source) -> Iterator[str]:
    changed = " OR ".join(
        f"OLD.{quoted(column)} IS NOT NEW.{quoted(column)}" for column in source.link
    )
    for kind, when, row, moved in (
        ("insert", "AFTER INSERT", "NEW", ()),
        ("update", "AFTER UPDATE", "NEW", ()),
        ("delete", "AFTER DELETE", "OLD", ()),
        ("move", f"AFTER UPDATE OF {listed(source.link)}", "OLD", (f"({changed})",)),
    ):
        conditions = [f"{row}.{quoted(column)} IS NOT NULL" for column in source.nullable]
        note = f"INSERT INTO sync_change({source.columns}) VALUES ({source.values(entity, row)});"
        yield _trigger(entity, source, kind, when, (*conditions, *moved), note)


def _before_triggers(connection: Connection, entity: Entity, source: _Source) -> Iterator[str]:
    """Notes the rows that REPLACE may be about to evict. Noting one that stays is harmless.

    Needed for every unique index but those that hold the record's own key: there the new row stands
    for the old one.
    """
    evictions = " ".join(
        f"INSERT INTO sync_change({source.columns}) SELECT {source.values(entity, row)} "
        f"FROM {quoted(source.table)} {row} WHERE {condition} AND {_apart(source, row)} AND "
        f"{_present(source.link, row)};"
        for row, condition in (
            _evicted(source, index)
            for index in unique_indexes(connection, source.table)
            if index.columns and not index.tells_apart(source.link)
        )
    )
    if evictions:
        for event in ("INSERT", "UPDATE"):
            kind = f"before_{event.lower()}"
            yield _trigger(entity, source, kind, f"BEFORE {event}", (), evictions)


def _evicted(source: _Source, index: UniqueIndex) -> tuple[str, str]:
    """What to call a row of the table, and when this index lets it make room for the new one.

    The condition of a partial index may name the table, so that a row keeps its table's name there.
    Whether the new row meets that condition, too, is not asked: in a trigger its values lack their
    columns' types, by which `flag = 1` may be true of '1'.
    """
    row = quoted(source.table) if index.where else "t"
    conditions = [
        f"{row}.{quoted(column)} = NEW.{quoted(column)} COLLATE {quoted(collation)}"
        for column, collation in zip(index.columns, index.collations, strict=True)
    ]
    if index.where:
        conditions.append(f"({index.where})")
    return row, " AND ".join(conditions)


def unguarded_indexes(
    connection: Connection, entity: Entity, is_head_office: bool
) -> tuple[tuple[str, str], ...]:
    """Tables of an entity and unique indexes over expressions: what REPLACE evicts by those cannot
    be noted."""
    return tuple(
        (source.table, index.name)
        for source in _sources(connection, entity, is_head_office)
        for index in unique_indexes(connection, source.table)
        if not index.columns
    )


def _apart(source: _Source, row: str) -> str:
    changed = (f"{row}.{quoted(column)} IS NOT NEW.{quoted(column)}" for column in source.link)
    return f"({' OR '.join(changed)})"
