"""Records' keys in SQL: the untyped columns k1 … k4 against a table's own key columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ginesys_sync.core.model import Key
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


def key_of(values: Sequence[str | int | bytes], count: int) -> Key:
    """The key from k1 … k4."""
    return tuple(values[:count])
