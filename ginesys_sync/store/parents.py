"""Foreign keys from a record to other records: which parents are missing, and which keys nothing
can check.

SQLite keeps foreign keys as text until it is told to check them, and most programs never tell it.
So a customer's schema may name a table that is not there, or columns that are not unique. With
checking on, such a database refuses every write; and what it cannot check, the sync does not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity, Table
from ginesys_sync.store.body_span import Span, within
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import equal
from ginesys_sync.store.tables import primary_key, unique_indexes
from ginesys_sync.wire.body import CHILD_BITS, ID, quoted


@dataclass(frozen=True, slots=True)
class ParentLink:
    """A foreign key of one of the record's tables to a table outside the record."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


class Parents:
    """The foreign keys of the entities that one connection applies."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._run = raw(connection).execute
        self._links: dict[str, tuple[ParentLink, ...]] = {}
        self._is_checked: dict[str, bool] = {}

    def check_as_possible(self, entity: Entity, statements: Iterable[str]) -> None:
        """Have the database check foreign keys in the transactions that follow, unless it cannot
        even prepare these statements because of them. Outside a transaction.
        """
        if entity.name not in self._is_checked:
            several = tuple(statements)
            with_checks = self._complaints(several, True)
            self._is_checked[entity.name] = not with_checks or (
                with_checks == self._complaints(several, False)
            )
        self._switch(self._is_checked[entity.name])

    def _complaints(self, statements: Iterable[str], does_check: bool) -> list[str]:
        self._switch(does_check)
        found = []
        for statement in statements:
            try:
                self._run(f"EXPLAIN {statement}").fetchall()
            except sqlite3.OperationalError as fault:
                found.append(str(fault))
        return found

    def _switch(self, does_check: bool) -> None:
        self._run(f"PRAGMA foreign_keys={'ON' if does_check else 'OFF'}")

    def missing(self, entity: Entity, span: Span) -> dict[int, str]:
        """Records whose parent is neither here nor in the body: id → the missing parent
        in words.
        """
        found: dict[int, str] = {}
        for link in self._links_of(entity):
            inside = {table.name.lower(): table.name for table in entity.tables}.get(
                link.parent.lower()
            )
            of_root = link.table == entity.root.name
            bounds = (
                within("c", span)
                if of_root
                else "c.{} BETWEEN {} AND {}".format(ID, *span.child_bounds())
            )
            filled = " AND ".join(f"c.{quoted(column)} IS NOT NULL" for column in link.columns)
            absent = _absent("main", link)
            if inside:
                absent += " AND " + _absent("body", link)
            words = " || ' / ' || ".join(f"c.{quoted(column)}" for column in link.columns)
            rows = self._run(
                f"SELECT c.{ID} >> {0 if of_root else CHILD_BITS}, ? || ' ' || {words} FROM "
                f"body.{quoted(link.table)} c "
                f"WHERE {bounds} AND {filled} AND {absent}",
                (link.parent,),
            ).fetchall()
            for number, parent in rows:
                found.setdefault(number, parent)
        return found

    def _links_of(self, entity: Entity) -> tuple[ParentLink, ...]:
        if entity.name not in self._links:
            self._links[entity.name] = tuple(
                link for table in entity.tables for link in self._links_from(entity, table)
            )
        return self._links[entity.name]

    def _links_from(self, entity: Entity, table: Table) -> Iterator[ParentLink]:
        rows = self._run(
            'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq',
            (table.name,),
        ).fetchall()
        grouped: dict[int, list[tuple[str, str, str | None]]] = {}
        for number, parent, column, target in rows:
            grouped.setdefault(number, []).append((parent, column, target))
        for members in grouped.values():
            parent = members[0][0]
            columns = tuple(column for _, column, _ in members)
            targets = self._targets(parent, [target for *_, target in members])
            is_own_root = (
                parent.lower() == entity.root.name.lower()
                and columns == table.root
                and table != entity.root
            )
            is_planned = all(column in table.columns for column in columns)
            if not is_own_root and is_planned and len(targets) == len(columns):
                yield ParentLink(table.name, columns, parent, targets)

    def _targets(self, parent: str, named: list[str | None]) -> tuple[str, ...]:
        """The parent's columns that a foreign key refers to; none when nothing makes them one
        record's.
        """
        targets = tuple(column for column in named if column is not None)
        if not targets:
            return primary_key(self._connection, parent)
        indexes = unique_indexes(self._connection, parent)
        return targets if any(index.is_over(targets) for index in indexes) else ()


def _absent(schema: str, link: ParentLink) -> str:
    match = equal("p", link.parent_columns, "c", link.columns)
    return f"NOT EXISTS (SELECT 1 FROM {schema}.{quoted(link.parent)} p WHERE {match})"
