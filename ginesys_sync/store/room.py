"""Making room for unique values that move between rows of one body: a barcode that goes from one
item to another clashes with the row that still has it, which is about to be written as well.

The values that are in the way are set aside on exactly those rows, inside the transaction that then
writes the rows with what the body says. So only columns of the plan are touched, and never a row
that the body does not write back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity, Table
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import equal, listed
from ginesys_sync.store.tables import UniqueIndex, unique_indexes
from ginesys_sync.wire.body import CHILD_BITS, ID, quoted


class Room:
    """Sets unique values aside, for the body attached to one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._run = raw(connection).execute

    def stuck(
        self, entity: Entity, span: Span, left_out: Collection[int], clashes: Collection[str]
    ) -> dict[int, str]:
        """Records of a span for which there is no room, because a row that is not about to be
        written has a value that they bring, and those that need the room of such a record: id →
        which of the unique sets `clashes` it is about. Not all of those are found that a partial
        or a calculated index keeps out.
        """
        found: dict[int, str] = {}
        behind: dict[int, list[tuple[int, str]]] = {}
        roots = _Written(entity, entity.root, span, left_out)
        for table, one in self._clashing(entity, clashes):
            if one.where or not _is_told(table, one):
                continue
            clash = one.complaint(table.name)
            written = _Written(entity, table, span, left_out)
            rows = self._run(
                f"SELECT b.{ID} >> {written.shift}, r.{ID} FROM {written.rows('b')} "
                f"CROSS JOIN main.{quoted(table.name)} t ON {_wants(one, 't')} "
                f"AND NOT ({equal('t', table.key, 'b', table.key)}) "
                f"LEFT JOIN {roots.rows('r')} ON {equal('+t', table.root, 'r', entity.key)}"
            )
            for number, holder in rows:
                if holder is None:
                    found[number] = clash
                else:
                    behind.setdefault(holder, []).append((number, clash))
        ends = list(found)
        while ends:
            for number, clash in behind.pop(ends.pop(), ()):
                if number not in found:
                    found[number] = clash
                    ends.append(number)
        return found

    def make(
        self, entity: Entity, span: Span, left_out: Collection[int], clashes: Collection[str]
    ) -> None:
        """Set aside what is in the way in the unique sets that the database complained of
        (`UniqueIndex.complaint`), for the records of a span but those that are left out. Raises
        sqlite3.Error. Inside the transaction that then writes these records.

        What stands aside fits no check and refers to nothing: neither is asked until the rows are
        written again, foreign keys not before the commit.
        """
        self._run("PRAGMA defer_foreign_keys=ON")
        self._run("PRAGMA ignore_check_constraints=ON")
        try:
            for table, one in self._clashing(entity, clashes):
                self._clear(table, one, _Written(entity, table, span, left_out))
        finally:
            self._run("PRAGMA ignore_check_constraints=OFF")

    def _clashing(
        self, entity: Entity, clashes: Collection[str]
    ) -> Iterator[tuple[Table, UniqueIndex]]:
        for table in entity.tables:
            for one in unique_indexes(self._connection, table.name):
                if one.complaint(table.name) in clashes:
                    yield table, one

    def _clear(self, table: Table, one: UniqueIndex, written: _Written) -> None:
        movable = [column for column in one.columns if column in table.plain_columns]
        if not _is_told(table, one):
            self._clear_changed(table, movable, written)
        elif movable:
            self._clear_wanted(table, one, movable, written)

    def _clear_wanted(
        self, table: Table, one: UniqueIndex, movable: list[str], written: _Written
    ) -> None:
        """One column of the rows whose values another row of the body wants."""
        kinds = self._kinds(table)
        column = min(movable, key=lambda name: kinds[name][1])
        self._run(
            f"UPDATE main.{quoted(table.name)} SET {quoted(column)} = {_aside(*kinds[column])} "
            f"WHERE ({listed(table.key)}) IN (SELECT {listed(table.key, 't')} "
            f"FROM {written.rows('own')} CROSS JOIN main.{quoted(table.name)} t "
            f"ON {equal('t', table.key, 'own', table.key)} JOIN {written.rows('b')} "
            f"ON {_wants(one, '+t')} AND NOT ({equal('t', table.key, 'b', table.key)}))"
        )

    def _clear_changed(self, table: Table, movable: list[str], written: _Written) -> None:
        """Where the body does not say all of the unique value itself (an expression, a generated
        column): on the rows that the body changes, a column of it, or else each that is changed,
        because it may come from any of them.
        """
        if not table.plain_columns:
            return
        kinds = self._kinds(table)
        changed = {c: f"t.{quoted(c)} IS NOT b.{quoted(c)}" for c in table.plain_columns}
        sets = [f"{quoted(c)} = {_aside(kinds[c][0], True)}" for c in movable[:1]] or [
            f"{quoted(c)} = CASE WHEN {differs} THEN {_aside(kinds[c][0], True)} "
            f"ELSE t.{quoted(c)} END"
            for c, differs in changed.items()
        ]
        self._run(
            f"UPDATE main.{quoted(table.name)} AS t SET {', '.join(sets)} FROM {written.rows('b')} "
            f"WHERE {equal('t', table.key, 'b', table.key)} AND ({' OR '.join(changed.values())})"
        )

    def _kinds(self, table: Table) -> dict[str, tuple[str, bool]]:
        """Per column its declared type, and whether it must be filled."""
        rows = self._run(
            'SELECT name, upper(type), "notnull" OR pk FROM pragma_table_xinfo(?)', (table.name,)
        )
        return {name: (kind, bool(is_filled)) for name, kind, is_filled in rows}


class _Written:
    """The rows of one table in the body that are about to be written."""

    def __init__(self, entity: Entity, table: Table, span: Span, left_out: Collection[int]) -> None:
        is_root = table is entity.root
        first, last = (span.first, span.last) if is_root else span.child_bounds()
        self.shift = 0 if is_root else CHILD_BITS
        but = f" AND {ID} >> {self.shift} NOT IN ({','.join(map(str, left_out))})"
        self._query = (
            f"SELECT * FROM body.{quoted(table.name)} WHERE {ID} BETWEEN {first} AND {last}"
            f"{but if left_out else ''}"
        )

    def rows(self, alias: str) -> str:
        """SQL: these rows as a table."""
        return f"({self._query}) AS {alias}"


def _is_told(table: Table, one: UniqueIndex) -> bool:
    """Whether the body says all of the unique value."""
    return bool(one.columns) and all(column in table.columns for column in one.columns)


def _wants(one: UniqueIndex, holder: str) -> str:
    """SQL: row `b` of the body has the values that row `holder` has. A `+` before it takes its
    columns' affinity away, so that SQLite looks `b` up instead of comparing all with all.
    """
    return " AND ".join(
        f"{holder}.{quoted(column)} = b.{quoted(column)} COLLATE {quoted(collation)}"
        for column, collation in zip(one.columns, one.collations, strict=True)
    )


def _aside(kind: str, is_filled: bool) -> str:
    """SQL for a value that no other row has, of a type that the column takes: a number, because
    whatever an index may calculate from it is most likely unique as well.
    """
    if not is_filled:
        return "NULL"
    number = "-1 - abs(random() >> 12)"
    return f"CAST({number} AS BLOB)" if "BLOB" in kind else number
