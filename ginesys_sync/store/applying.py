"""Applying on SQLite: one body against the business tables, in short transactions of whole records.

`BodyApplier` holds one connection with the body attached as `body`. Its methods do one thing each
inside the caller's transaction and return what they found as ranges or lists of record ids (`_id`
in the body); `engine.apply` decides what to cut, try again and park. Never REPLACE: an upsert names
the key, and key columns are never set.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity, Table
from ginesys_sync.store.body_books import BodyBooks
from ginesys_sync.store.body_span import Span, within
from ginesys_sync.store.database import database_faults, raw
from ginesys_sync.store.keys import equal, listed
from ginesys_sync.store.tables import unique_sets
from ginesys_sync.wire.body import CHILD_BITS, GONE, ID, quoted


@dataclass(frozen=True, slots=True)
class ParentLink:
    """A foreign key of one of the record's tables to a table outside the record."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


class ConstraintBroken(Exception):
    """The business database refused some record of a span. `code` and `reason` say why; not yet
    which.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class BodyApplier:
    """One connection that applies bodies. `attach` before a transaction; the rest inside one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._raw = raw(connection)
        self._run = self._raw.execute
        self._links: dict[str, tuple[ParentLink, ...]] = {}
        self._uniques: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.books = BodyBooks(connection)
        with database_faults():
            self._run("ATTACH ':memory:' AS body")
            self._run("PRAGMA main.cache_size=-16000")
            # The log is folded in by `fold_log`, in a pause, and not by the commit that fills it.
            self._run("PRAGMA wal_autocheckpoint=0")
            self._run("PRAGMA trusted_schema=OFF")
            self._run("PRAGMA cell_size_check=ON")

    def attach(self, data: bytes) -> None:
        """Make a serialized body, already checked by `wire.body.check_structure`, the one
        at hand.
        """
        with database_faults():
            self._raw.deserialize(data, name="body")

    def fold_log(self) -> None:
        """Copy what the log holds into the database file, as far as readers let it. Outside a
        transaction: it keeps no writer waiting, so that no till pays for what was applied.
        """
        with database_faults():
            self._run("PRAGMA main.wal_checkpoint(PASSIVE)").fetchall()

    def span(self, entity: Entity) -> Span | None:
        """The ids of the records that have an image; None when there are none."""
        return self._bounds(entity.root.name)

    def gone_span(self) -> Span | None:
        """The ids of the records that are gone; None when there are none."""
        return self._bounds(GONE)

    def counts(self, entity: Entity) -> tuple[int, int]:
        """How many records the body holds, and how many rows of all tables."""
        names = [table.name for table in entity.tables]
        roots, *children = (
            self._run(f"SELECT count(*) FROM body.{quoted(name)}").fetchone()[0]
            for name in (*names, GONE)
        )
        return roots + children[-1], roots + sum(children)

    def _bounds(self, table: str) -> Span | None:
        # Two lookups; asked for both at once, SQLite reads the whole table.
        first, last = self._run(
            f"SELECT (SELECT min({ID}) FROM body.{quoted(table)}), "
            f"(SELECT max({ID}) FROM body.{quoted(table)})"
        ).fetchone()
        return None if first is None else Span(first, last)

    def hush(self, entity: Entity) -> None:
        """No capture of this entity for the rest of the transaction; `unhush` ends it before the
        commit.
        """
        self._run("INSERT OR IGNORE INTO main.sync_hush(entity) VALUES (?)", (entity.name,))

    def unhush(self, entity: Entity) -> None:
        """Capture again."""
        self._run("DELETE FROM main.sync_hush WHERE entity = ?", (entity.name,))

    # --- what must not be applied -----------------------------------------------------------------

    def keyless(self, entity: Entity, span: Span) -> list[int]:
        """Records without a key, or twice in the body, or child rows that are not of
        their record.
        """
        nulls = " OR ".join(f"r.{quoted(column)} IS NULL" for column in entity.key)
        found = self._ids(
            f"SELECT r.{ID} FROM body.{quoted(entity.root.name)} r WHERE {within('r', span)} "
            f"AND ({nulls})"
        )
        for child in entity.children:
            low, high = span.child_bounds()
            found += self._ids(
                f"SELECT c.{ID} >> {CHILD_BITS} FROM body.{quoted(child.name)} c LEFT JOIN "
                f"body.{quoted(entity.root.name)} r "
                f"ON r.{ID} = c.{ID} >> {CHILD_BITS} AND {equal('r', entity.key, 'c', child.root)} "
                f"WHERE c.{ID} BETWEEN {low} AND {high} AND r.{ID} IS NULL"
            )
        return sorted(set(found))

    def not_of(self, entity: Entity, span: Span, origin: str) -> list[int]:
        """Records that say, or that already stand here as, another site's. For entities the sites
        own.
        """
        column = quoted(entity.site_column)
        root = quoted(entity.root.name)
        return self._ids(
            f"SELECT r.{ID} FROM body.{root} r LEFT JOIN main.{root} t ON "
            f"{equal('t', entity.key, 'r', entity.key)} "
            f"WHERE {within('r', span)} AND (+r.{column} IS NOT ? OR "
            f"(t.{quoted(entity.key[0])} IS NOT NULL "
            f"AND +t.{column} IS NOT ?))",
            (origin, origin),
        )

    def gone_not_of(self, entity: Entity, span: Span, origin: str) -> list[int]:
        """Tombstones of records that stand here as another site's."""
        return self._ids(
            f"SELECT g.{ID} FROM body.{GONE} g JOIN main.{quoted(entity.root.name)} t "
            f"ON {equal('t', entity.key, 'g', entity.key)} "
            f"WHERE {within('g', span)} AND +t.{quoted(entity.site_column)} IS NOT ?",
            (origin,),
        )

    def orphans(self, entity: Entity, span: Span) -> dict[int, str]:
        """Records whose parent is neither here nor in the body: id → the missing parent
        in words.
        """
        found: dict[int, str] = {}
        for link in self._parent_links(entity):
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
            absent = self._absent("main", link)
            if inside:
                absent += " AND " + self._absent("body", link)
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

    def _absent(self, schema: str, link: ParentLink) -> str:
        match = equal("p", link.parent_columns, "c", link.columns)
        return f"NOT EXISTS (SELECT 1 FROM {schema}.{quoted(link.parent)} p WHERE {match})"

    def _parent_links(self, entity: Entity) -> tuple[ParentLink, ...]:
        if entity.name not in self._links:
            self._links[entity.name] = tuple(
                link for table in entity.tables for link in self._links_of(entity, table)
            )
        return self._links[entity.name]

    def _links_of(self, entity: Entity, table: Table) -> list[ParentLink]:
        rows = self._run(
            'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq',
            (table.name,),
        ).fetchall()
        grouped: dict[int, list[tuple[str, str, str | None]]] = {}
        for number, parent, column, target in rows:
            grouped.setdefault(number, []).append((parent, column, target))
        links = []
        for members in grouped.values():
            parent = members[0][0]
            columns = tuple(column for _, column, _ in members)
            targets = tuple(target for _, _, target in members if target is not None)
            if not targets:
                targets = unique_sets(self.connection, parent)[0]
            is_own_root = (
                parent.lower() == entity.root.name.lower()
                and columns == table.root
                and table != entity.root
            )
            if not is_own_root and all(column in table.columns for column in columns):
                links.append(ParentLink(table.name, columns, parent, targets))
        return links

    # --- writing ----------------------------------------------------------------------------------

    def upsert(self, entity: Entity, span: Span) -> int:
        """Write the images of a span: children the image lacks are deleted deepest first, the rest
        is inserted or updated by key. Returns the rows written. Raises ConstraintBroken.
        """
        try:
            for child in reversed(entity.children):
                self._delete_lacking(entity, child, span)
            rows = self._upsert_table(entity.root, within("b", span))
            for child in entity.children:
                low, high = span.child_bounds()
                rows += self._upsert_table(child, f"b.{ID} BETWEEN {low} AND {high}")
        except sqlite3.DatabaseError as fault:
            raise _refusal(fault) from fault
        return rows

    def _upsert_table(self, table: Table, where: str) -> int:
        sets = ", ".join(f"{quoted(c)} = excluded.{quoted(c)}" for c in table.plain_columns)
        action = f"UPDATE SET {sets}" if sets else "NOTHING"
        return self._run(
            f"INSERT INTO main.{quoted(table.name)}({listed(table.columns)}) SELECT "
            f"{listed(table.columns, 'b')} "
            f"FROM body.{quoted(table.name)} b WHERE {where} ON CONFLICT({listed(table.key)}) "
            f"DO {action}"
        ).rowcount

    def _delete_lacking(self, entity: Entity, child: Table, span: Span) -> None:
        low_of_record = f"(r.{ID} << {CHILD_BITS})"
        keys = listed(child.key)
        self._run(
            f"DELETE FROM main.{quoted(child.name)} WHERE ({keys}) IN (SELECT "
            f"{listed(child.key, 't')} "
            f"FROM body.{quoted(entity.root.name)} r CROSS JOIN main.{quoted(child.name)} t "
            f"ON {equal('t', child.root, 'r', entity.key)} WHERE {within('r', span)} AND NOT "
            "EXISTS "
            f"(SELECT 1 FROM body.{quoted(child.name)} b WHERE b.{ID} BETWEEN {low_of_record} "
            f"AND {low_of_record} + {(1 << CHILD_BITS) - 1} AND "
            f"{equal('b', child.key, 't', child.key)}))"
        )

    def vacate(self, entity: Entity, span: Span) -> None:
        """Make room for unique values that swap between records: set them aside on the rows that
        are about to be written. Inside the transaction that then upserts.
        """
        root = quoted(entity.root.name)
        for column in self._swappable(entity):
            value = self._aside(entity.root.name, column)
            try:
                self._run(
                    f"UPDATE main.{root} AS t SET {quoted(column)} = {value} WHERE EXISTS "
                    f"(SELECT 1 FROM body.{root} r WHERE {within('r', span)} "
                    f"AND {equal('t', entity.key, 'r', entity.key)})"
                )
            except sqlite3.DatabaseError as fault:
                raise _refusal(fault) from fault

    def _swappable(self, entity: Entity) -> list[str]:
        """Of each set of columns that must be unique, one that is no part of the key."""
        sets = self._unique_columns(entity)
        free = ([column for column in columns if column not in entity.key] for columns in sets)
        return [columns[0] for columns in free if columns]

    def _aside(self, table: str, column: str) -> str:
        """SQL for a value that no other row has."""
        kind, is_filled = self._run(
            'SELECT upper(type), "notnull" FROM pragma_table_info(?) WHERE name = ?',
            (table, column),
        ).fetchone()
        if not is_filled:
            return "NULL"
        return "-abs(random() >> 1)" if "INT" in kind else "'~' || hex(randomblob(12))"

    def _unique_columns(self, entity: Entity) -> tuple[tuple[str, ...], ...]:
        if entity.name not in self._uniques:
            found = unique_sets(self.connection, entity.root.name)
            self._uniques[entity.name] = tuple(
                columns for columns in found if set(columns) != set(entity.key)
            )
        return self._uniques[entity.name]

    def bury(self, entity: Entity, span: Span) -> int:
        """Delete the records of a span of tombstones, children first. Returns how many roots went.
        Raises ConstraintBroken with code `still_in_use` when something refers to one."""
        try:
            for child in reversed(entity.children):
                self._run(
                    f"DELETE FROM main.{quoted(child.name)} WHERE ({listed(child.root)}) IN "
                    f"(SELECT {listed(entity.key, 'g')} FROM body.{GONE} g WHERE "
                    f"{within('g', span)})"
                )
            return self._run(
                f"DELETE FROM main.{quoted(entity.root.name)} WHERE ({listed(entity.key)}) IN "
                f"(SELECT {listed(entity.key, 'g')} FROM body.{GONE} g WHERE {within('g', span)})"
            ).rowcount
        except sqlite3.DatabaseError as fault:
            broken = _refusal(fault)
            if isinstance(broken, ConstraintBroken) and broken.code == "missing_parent":
                broken = ConstraintBroken("still_in_use", "Other records here still refer to it.")
            raise broken from fault

    def differing(self, entity: Entity, span: Span) -> list[int]:
        """Records that the tables do not hold exactly as the body does: a column's type or a
        trigger changed them.
        """
        found: list[int] = []
        for table in entity.tables:
            of_root = table is entity.root
            bounds = (
                within("b", span)
                if of_root
                else "b.{} BETWEEN {} AND {}".format(ID, *span.child_bounds())
            )
            differs = " OR ".join(f"+b.{quoted(c)} IS NOT +t.{quoted(c)}" for c in table.columns)
            found += self._ids(
                f"SELECT b.{ID} >> {0 if of_root else CHILD_BITS} FROM body.{quoted(table.name)} b "
                f"LEFT JOIN main.{quoted(table.name)} t ON {equal('t', table.key, 'b', table.key)} "
                f"WHERE {bounds} AND ({differs})"
            )
        return sorted(set(found))

    def _ids(self, statement: str, values: Sequence[object] = ()) -> list[int]:
        with database_faults():
            return [row[0] for row in self._run(statement, tuple(values)).fetchall()]


_WORDS = (
    (
        "unique constraint failed",
        "duplicate",
        "Another record here already has the same unique value ({detail}).",
    ),
    ("foreign key constraint failed", "missing_parent", "A record it refers to is not here."),
    (
        "not null constraint failed",
        "empty_value",
        "A value is missing that must be there ({detail}).",
    ),
    (
        "check constraint failed",
        "value_refused",
        "A value is outside what this database allows ({detail}).",
    ),
    ("datatype mismatch", "wrong_type", "A value has another type than this database holds."),
    ("cannot store", "wrong_type", "A value has another type than this database holds ({whole})."),
)


def _refusal(fault: sqlite3.DatabaseError) -> Exception:
    """A refusal of some record as ConstraintBroken; a fault of the database itself as the border
    translates it.
    """
    words = str(fault)
    lower = words.lower()
    for sign, code, sentence in _WORDS:
        if sign in lower:
            return ConstraintBroken(
                code, sentence.format(detail=words.partition(": ")[2] or "-", whole=words)
            )
    if isinstance(fault, sqlite3.IntegrityError):
        return ConstraintBroken("refused", f"A rule of this database refused it: {words}.")
    from ginesys_sync.store.database import translated

    return translated(fault)
