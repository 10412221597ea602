"""Pages of a list, by key.

Paging by key instead of by offset costs the same on the last page as on the first, and neither
skips nor repeats a row when rows come and go between two pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, tuple_

from ginesys_sync.shop.writing import Database, reading

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
After = tuple[str, ...]
"""The key of the last row of a page: what the next page comes after."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item_co]):
    """One page of a list. `total` counts all rows that match; `next_after` is None on the last."""

    rows: tuple[Item_co, ...]
    total: int
    next_after: After | None


def containing(search: str, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """SQL: `search` is part of one of the columns, capitals or not (ASCII). Blank finds all."""
    words = search.strip()
    if not words:
        return []
    return [or_(*(column.icontains(words, autoescape=True) for column in columns))]


def page_of(
    database: Database,
    found: Select[Any],
    order: Sequence[ColumnElement[Any]],
    make: Callable[..., Item],
    *,
    limit: int,
    after: After,
    at_key: Callable[[Item], After],
) -> Page[Item]:
    """At most `limit` rows of `found` after `after`, ascending by the unique key `order`."""
    rest = found
    if after:
        rest = rest.where(tuple_(*order) > tuple_(*(literal(part) for part in after)))
    with reading(database) as connection:
        total = connection.execute(
            select(func.count()).select_from(found.order_by(None).subquery())
        ).scalar_one()
        rows = connection.execute(rest.order_by(*order).limit(limit + 1)).all()
    made = tuple(make(*tuple(row)) for row in rows[:limit])
    more = len(rows) > limit and bool(made)
    return Page(made, total, at_key(made[-1]) if more else None)
