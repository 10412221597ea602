"""Applying on SQLite: one body against the business tables, in short transactions of whole records.

`BodyApplier` holds one connection with the body attached as `body`. Its methods do one thing each
inside the caller's transaction and return what they found as ranges or lists of record ids (`_id`
in the body); `engine.apply` decides what to cut, try again and park. Never REPLACE: an upsert names
the key, and key columns are never set.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity, Table
from ginesys_sync.store.body_books import BodyBooks
from ginesys_sync.store.body_span import Span, within
from ginesys_sync.store.database import database_faults, raw
from ginesys_sync.store.keys import equal, listed
from ginesys_sync.store.parents import Parents
from ginesys_sync.store.refusals import broken_rule, refusal
from ginesys_sync.store.room import Room
from ginesys_sync.store.tables import unique_indexes
from ginesys_sync.wire.body import CHILD_BITS, GONE, ID, lay_in, quoted


class BodyApplier:
    """One connection that applies bodies. `attach` before a transaction; the rest inside one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._raw = raw(connection)
        self._run = self._raw.execute
        self._loose: dict[str, bool] = {}
        self.room = Room(connection)
        self.books = BodyBooks(connection)
        self.parents = Parents(connection)
        with database_faults():
            self._run("ATTACH ':memory:' AS body")
            self._run("PRAGMA main.cache_size=-16000")
            # The log is folded in by `fold_log`, in a pause, and not by the commit that fills it.
            self._run("PRAGMA wal_autocheckpoint=0")

    def attach(self, data: bytes, entity: Entity) -> None:
        """Make a serialized body of an entity, already checked by `wire.body.check_structure`, the
        one at hand.
        """
        with database_faults():
            lay_in(self._raw, data, "body")
            self.parents.check_as_possible(entity, _writes(entity))

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

    def numbers(self, table: str, span: Span) -> list[int]:
        """The ids of a span that a table of records in the body has: the root's, or `_gone`."""
        return self._ids(f"SELECT b.{ID} FROM body.{quoted(table)} b WHERE {within('b', span)}")

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

    def defer_foreign_keys(self, is_deferred: bool = True) -> None:
        """Whether foreign keys wait for the commit, for the rest of the transaction."""
        self._run(f"PRAGMA defer_foreign_keys={'ON' if is_deferred else 'OFF'}")

    # --- what must not be applied -----------------------------------------------------------------

    def keyless(self, entity: Entity, span: Span) -> list[int]:
        """Records without a key, or with child rows that are not theirs."""
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
        if not entity.site_column:
            return []  # by its map of names, whatever this database holds is its own
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
        if not entity.site_column:
            return []
        return self._ids(
            f"SELECT g.{ID} FROM body.{GONE} g JOIN main.{quoted(entity.root.name)} t "
            f"ON {equal('t', entity.key, 'g', entity.key)} "
            f"WHERE {within('g', span)} AND +t.{quoted(entity.site_column)} IS NOT ?",
            (origin,),
        )

    def alike(self, entity: Entity, span: Span) -> dict[int, str]:
        """Records whose key stands here spelled otherwise, in a table whose key ignores capitals:
        id → the one here in words. They are two records, and the table holds one.
        """
        if not self._is_loose(entity):
            return {}
        words = " || ' / ' || ".join(f"t.{quoted(column)}" for column in entity.key)
        root = quoted(entity.root.name)
        with database_faults():
            rows = self._run(
                f"SELECT b.{ID}, {words} FROM body.{root} b CROSS JOIN main.{root} t "
                f"ON {equal('t', entity.key, 'b', entity.key)} "
                f"WHERE {within('b', span)} AND NOT ({self._exactly(entity, 't', 'b')})"
            ).fetchall()
        return dict(rows)

    def _is_loose(self, entity: Entity) -> bool:
        """Whether the table's own comparison of keys is another than byte by byte."""
        if entity.name not in self._loose:
            self._loose[entity.name] = any(
                index.is_over(entity.key) and not index.is_exact
                for index in unique_indexes(self.connection, entity.root.name)
            )
        return self._loose[entity.name]

    @staticmethod
    def _exactly(entity: Entity, left: str, right: str) -> str:
        pairs = (f"{left}.{quoted(c)} = {right}.{quoted(c)} COLLATE BINARY" for c in entity.key)
        return " AND ".join(pairs)

    # --- writing ----------------------------------------------------------------------------------

    def upsert(self, entity: Entity, span: Span) -> int:
        """Write the images of a span: children the image lacks are deleted deepest first, the rest
        is inserted or updated by key. Returns the rows written. Raises ConstraintBroken.
        """
        self.drop_lacking(entity, span)
        rows = self._upsert_table(entity, entity.root, within("b", span))
        for child in entity.children:
            low, high = span.child_bounds()
            rows += self._upsert_table(entity, child, f"b.{ID} BETWEEN {low} AND {high}")
        return rows

    def _upsert_table(self, entity: Entity, table: Table, where: str) -> int:
        source = (
            f"SELECT {listed(table.columns, 'b')} FROM body.{quoted(table.name)} b WHERE {where}"
        )
        return self._write(entity, _upsert(table, source))

    def _delete_lacking(self, entity: Entity, child: Table, span: Span) -> None:
        low_of_record = f"(r.{ID} << {CHILD_BITS})"
        keys = listed(child.key)
        self._write(
            entity,
            f"DELETE FROM main.{quoted(child.name)} WHERE ({keys}) IN (SELECT "
            f"{listed(child.key, 't')} "
            f"FROM body.{quoted(entity.root.name)} r CROSS JOIN main.{quoted(child.name)} t "
            f"ON {equal('t', child.root, 'r', entity.key)} WHERE {within('r', span)} AND NOT "
            "EXISTS "
            f"(SELECT 1 FROM body.{quoted(child.name)} b WHERE b.{ID} BETWEEN {low_of_record} "
            f"AND {low_of_record} + {(1 << CHILD_BITS) - 1} AND "
            f"{equal('b', child.key, 't', child.key)}))",
        )

    def drop_lacking(self, entity: Entity, span: Span) -> None:
        """Delete the child rows that the images of a span lack, deepest first."""
        for child in reversed(entity.children):
            self._delete_lacking(entity, child, span)

    def make_room(
        self, entity: Entity, span: Span, left_out: Collection[int], clashes: Collection[str]
    ) -> None:
        """Make room for unique values that move between the rows of a span (see `store.room`).
        Raises ConstraintBroken.
        """
        try:
            self.room.make(entity, span, left_out, clashes)
        except sqlite3.DatabaseError as fault:
            raise self._refused(entity, fault) from fault

    def bury(self, entity: Entity, span: Span) -> int:
        """Delete the records of a span of tombstones, children first. Returns how many roots went.
        Raises ConstraintBroken."""
        for child in reversed(entity.children):
            self._write(entity, self._burial(entity, child, span))
        return self._write(entity, self._burial(entity, entity.root, span))

    def _burial(self, entity: Entity, table: Table, span: Span) -> str:
        keys = f"SELECT {listed(entity.key, 'g')} FROM body.{GONE} g WHERE {within('g', span)}"
        found = f"({listed(table.root)}) IN ({keys})"
        if self._is_loose(entity):
            exact = ", ".join(f"{quoted(column)} COLLATE BINARY" for column in table.root)
            found += f" AND ({exact}) IN ({keys})"
        return f"DELETE FROM main.{quoted(table.name)} WHERE {found}"

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

    def _write(self, entity: Entity, statement: str) -> int:
        """Carry out a statement that writes an entity; how many rows it wrote."""
        try:
            return self._run(statement).rowcount
        except sqlite3.DatabaseError as fault:
            raise self._refused(entity, fault, statement) from fault

    def _refused(
        self, entity: Entity, fault: sqlite3.DatabaseError, statement: str = ""
    ) -> Exception:
        """Why a statement failed: as long as the tables are as the plan says, what SQLite cannot
        carry out was not asked by us, but by a rule of the customer's own.
        """
        is_error = getattr(fault, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_ERROR
        if is_error and "syntax error" not in str(fault) and self._fits(entity):
            return broken_rule(fault, bool(statement) and not self._can_prepare(statement))
        return refusal(fault)

    def _fits(self, entity: Entity) -> bool:
        """Whether the tables still have the plan's columns and keys."""
        return all(
            self._can_prepare(f"SELECT {listed(table.columns, 't')} FROM main.{name} t")
            and any(
                index.is_over(table.key) for index in unique_indexes(self.connection, table.name)
            )
            for table in entity.tables
            for name in (quoted(table.name),)
        )

    def _can_prepare(self, statement: str) -> bool:
        try:
            self._run(f"EXPLAIN {statement}").fetchall()
        except sqlite3.DatabaseError:
            return False
        return True


def _upsert(table: Table, source: str) -> str:
    sets = ", ".join(f"{quoted(c)} = excluded.{quoted(c)}" for c in table.plain_columns)
    action = f"UPDATE SET {sets}" if sets else "NOTHING"
    return (
        f"INSERT INTO main.{quoted(table.name)}({listed(table.columns)}) {source} "
        f"ON CONFLICT({listed(table.key)}) DO {action}"
    )


def _writes(entity: Entity) -> Iterator[str]:
    """What is done to an entity's tables, statement by statement, to see whether it can be."""
    for table in entity.tables:
        yield f"DELETE FROM main.{quoted(table.name)}"
        yield _upsert(table, f"VALUES ({', '.join(['NULL'] * len(table.columns))})")
