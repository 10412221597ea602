"""What the customer's own tables are like: their columns, and what keeps their rows apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.store.database import raw
from ginesys_sync.wire.body import quoted

_EXACT = "BINARY"


@dataclass(frozen=True, slots=True)
class UniqueIndex:
    """What no two rows of a table may share: its columns, each compared by its collation, among the
    rows for which `where` (SQL; empty: all rows) holds. `columns` is empty when it is over an
    expression. `is_declared`: part of the table's own definition, so that it compares as the
    columns do.
    """

    name: str
    columns: tuple[str, ...]
    collations: tuple[str, ...]
    where: str = ""
    is_declared: bool = False

    def tells_apart(self, columns: tuple[str, ...]) -> bool:
        """Whether it keeps apart only rows that are equal in `columns`."""
        exact = {
            column
            for column, collation in zip(self.columns, self.collations, strict=True)
            if self.is_declared or collation == _EXACT
        }
        return bool(columns) and exact >= set(columns)

    def is_over(self, columns: Iterable[str]) -> bool:
        """Whether it makes these columns, in whatever order, unique in the whole table."""
        own = {column.lower() for column in self.columns}
        return not self.where and own == {column.lower() for column in columns}

    @property
    def is_exact(self) -> bool:
        """Whether it compares byte by byte."""
        return all(collation.upper() == _EXACT for collation in self.collations)

    def complaint(self, table: str) -> str:
        """How SQLite calls it when it refuses a row of its table, in small letters."""
        named = ", ".join(f"{table}.{column}" for column in self.columns)
        return (named or f"index '{self.name}'").lower()


def table_columns(connection: Connection, table: str) -> tuple[str, ...]:
    """The stored columns of a table in their order; empty when there is no such table. Generated
    ones do not travel.
    """
    rows = raw(connection).execute(
        "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,)
    )
    return tuple(row[0] for row in rows)


def why_not_noted(connection: Connection, table: str) -> str:
    """Why no trigger can note changes of what has this name, in words that follow it: `is a view`;
    empty when it is an ordinary table, or there is none.
    """
    found = (
        raw(connection)
        .execute(
            "SELECT type, sql FROM sqlite_master WHERE type IN ('table', 'view') AND "
            "name = ? COLLATE NOCASE",
            (table,),
        )
        .fetchone()
    )
    if found is None:
        return ""
    if found[0] == "view":
        return "is a view"
    return "is a virtual table" if found[1].upper().startswith("CREATE VIRTUAL") else ""


def may_be_null(connection: Connection, table: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the columns that may hold NULL here."""
    sure = raw(connection).execute(
        'SELECT name FROM pragma_table_info(?) WHERE "notnull" = 1 OR (pk = 1 AND '
        "upper(type) = 'INTEGER')",
        (table,),
    )
    certain = {row[0] for row in sure}
    return tuple(column for column in columns if column not in certain)


def count_null(connection: Connection, table: str, columns: tuple[str, ...]) -> int:
    """How many rows hold NULL in one of the columns. Reads the table only where they may."""
    nullable = may_be_null(connection, table, columns)
    if not nullable:
        return 0
    empty = " OR ".join(f"{quoted(column)} IS NULL" for column in nullable)
    found = raw(connection).execute(f"SELECT count(*) FROM {quoted(table)} WHERE {empty}")
    return int(found.fetchone()[0])


def is_indexed(connection: Connection, table: str, columns: tuple[str, ...]) -> bool:
    """Whether an index of the table begins with these columns, in whatever order."""
    rows = raw(connection).execute(
        "SELECT i.name, c.name FROM pragma_index_list(?) i, pragma_index_info(i.name) c "
        "WHERE i.partial = 0 ORDER BY i.name, c.seqno",
        (table,),
    )
    indexes: dict[str, list[str]] = {}
    for name, column in rows:
        indexes.setdefault(name, []).append(column)
    lists = [*indexes.values(), list(primary_key(connection, table))]
    return any(set(one[: len(columns)]) == set(columns) for one in lists)


def unique_sets(connection: Connection, table: str) -> tuple[tuple[str, ...], ...]:
    """The column sets over which a whole table is unique, its primary key first."""
    return tuple(
        index.columns
        for index in unique_indexes(connection, table)
        if index.columns and not index.where
    )


def unique_indexes(connection: Connection, table: str) -> tuple[UniqueIndex, ...]:
    """Everything that keeps rows of a table apart, its primary key first."""
    rows = (
        raw(connection)
        .execute(
            "SELECT l.name, l.origin, s.sql FROM pragma_index_list(?) l "
            "LEFT JOIN sqlite_master s ON s.type = 'index' AND s.name = l.name "
            "WHERE l.\"unique\" = 1 ORDER BY l.origin <> 'pk', l.seq",
            (table,),
        )
        .fetchall()
    )
    found = [_unique_index(connection, *row) for row in rows]
    if not any(origin == "pk" for _, origin, _ in rows):
        key = primary_key(connection, table)  # an INTEGER PRIMARY KEY has no index of its own
        if key:
            found.insert(0, UniqueIndex("", key, (_EXACT,) * len(key), is_declared=True))
    return tuple(found)


def _unique_index(connection: Connection, name: str, origin: str, sql: str | None) -> UniqueIndex:
    pairs = (
        raw(connection)
        .execute(
            "SELECT name, coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno", (name,)
        )
        .fetchall()
    )
    is_over_columns = all(column is not None for column, _ in pairs)
    return UniqueIndex(
        name,
        tuple(column for column, _ in pairs) if is_over_columns else (),
        tuple(collation for _, collation in pairs) if is_over_columns else (),
        condition_of(sql or ""),
        origin != "c",
    )


def primary_key(connection: Connection, table: str) -> tuple[str, ...]:
    """The columns of a table's primary key; empty when it has none."""
    rows = raw(connection).execute(
        "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)
    )
    return tuple(row[0] for row in rows)


_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | '(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\]
    | \w+ | \s+ | .
    """,
    re.VERBOSE | re.DOTALL,
)


def condition_of(sql: str) -> str:
    """The condition of a partial index, from its CREATE INDEX; empty when it has none."""
    depth = 0
    found: list[str] | None = None
    for token in _TOKEN.finditer(sql):
        text = token.group()
        if found is not None:
            found.append(" " if token.group("comment") else text)
        elif depth == 0 and text.upper() == "WHERE":
            found = []
        else:
            depth += (text == "(") - (text == ")")
    return "".join(found or []).strip()
