"""Records' keys in SQL: the untyped columns k1 … k4 against a table's own key columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ginesys_sync.core.model import Key
from ginesys_sync.core.text import exact, is_plain, stored
from ginesys_sync.store.schema import KEY_PARTS
from ginesys_sync.wire.body import quoted


def parts(count: int) -> tuple[str, ...]:
    """The names of the first `count` key columns: k1, k2 …"""
    return KEY_PARTS[:count]


def part_list(count: int, alias: str = "") -> str:
    """`k1, k2` or `r.k1, r.k2`."""
    return listed(parts(count), alias)


def listed(columns: Iterable[str], alias: str = "") -> str:
    """`"a", "b"` or `t."a", t."b"`."""
    dot = f"{alias}." if alias else ""
    return ", ".join(dot + quoted(column) for column in columns)


def equal(left: str, left_columns: Sequence[str], right: str, right_columns: Sequence[str]) -> str:
    """`t."store" = r."k1" AND …`"""
    pairs = zip(left_columns, right_columns, strict=True)
    return " AND ".join(f"{left}.{quoted(a)} = {right}.{quoted(b)}" for a, b in pairs)


def padded(key: Key) -> tuple[str | int | bytes, ...]:
    """A key as the four values that stand in k1 … k4."""
    return (*key, *("",) * (len(KEY_PARTS) - len(key)))


def bound(key: Key) -> tuple[list[str], list[str | int | bytes]]:
    """SQL for each part of a key, with one `?` in it, and what to bind there: text that is no
    UTF-8 cannot be bound as text (see `core.text`).
    """
    marks: list[str] = []
    values: list[str | int | bytes] = []
    for part in key:
        is_odd = isinstance(part, str) and not is_plain(part)
        marks.append("CAST(? AS TEXT)" if is_odd else "?")
        values.append(stored(str(part)) if is_odd else part)
    return marks, values


@contextmanager
def exact_keys(connection: sqlite3.Connection) -> Iterator[None]:
    """Inside, a connection reads keys so that `bound` gives them back byte for byte."""
    before = connection.text_factory
    connection.text_factory = exact
    try:
        yield
    finally:
        connection.text_factory = before


def key_of(values: Sequence[str | int | bytes], count: int) -> Key:
    """The key from k1 … k4."""
    return tuple(values[:count])
