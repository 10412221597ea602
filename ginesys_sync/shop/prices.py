"""Prices: the one in force on a day, new ones, changed ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from sqlalchemy import insert, select, update
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ScalarSelect

from ginesys_sync.core.clock import iso
from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.schema import item, item_price
from ginesys_sync.shop.writing import Database, reading, writing


@dataclass(frozen=True, slots=True)
class PriceInForce:
    """An active item and what it costs on a given day, in minor units, since `effective_from`."""

    item_code: str
    name: str
    effective_from: str
    price_minor: int


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A price that was changed, before and after, in minor units."""

    item_code: str
    effective_from: str
    old_minor: int
    new_minor: int


def start_of_price(item_code: ColumnElement[str], on: date) -> ScalarSelect[str]:
    """SQL: since when the price of an item is in force on `on`; NULL when it has none yet."""
    price = item_price.alias()
    return (
        select(price.c.effective_from)
        .where(price.c.item_code == item_code, price.c.effective_from <= on.isoformat())
        .order_by(price.c.effective_from.desc())
        .limit(1)
        .scalar_subquery()
    )


def prices_in_force(database: Database, on: date) -> list[PriceInForce]:
    """Every active item that has a price on `on`, by code."""
    found = (
        select(item.c.code, item.c.name, item_price.c.effective_from, item_price.c.price_minor)
        .select_from(item.join(item_price, item_price.c.item_code == item.c.code))
        .where(
            item.c.is_active == 1, item_price.c.effective_from == start_of_price(item.c.code, on)
        )
        .order_by(item.c.code)
    )
    with reading(database) as connection:
        return [PriceInForce(*row) for row in connection.execute(found)]


def change_prices(
    database: Database, count: int, *, on: date, at: datetime, rng: Random
) -> tuple[PriceChange, ...]:
    """Change `count` random prices in force on `on` by up to 15 %, each to another value.

    Fewer when there are fewer; returns old and new, by item. One transaction.
    """
    offered = prices_in_force(database, on)  # read before the lock: a till may be selling here
    picked = rng.sample(offered, min(count, len(offered)))
    changes = []
    with writing(database) as connection:
        for price in sorted(picked, key=lambda p: p.item_code):
            its_row = (item_price.c.item_code == price.item_code) & (
                item_price.c.effective_from == price.effective_from
            )
            old = connection.scalar(select(item_price.c.price_minor).where(its_row))
            if old is None:
                continue
            new = old * rng.randint(85, 115) // 100
            if new == old:
                new += 100
            changes.append(PriceChange(price.item_code, price.effective_from, old, new))
            connection.execute(
                update(item_price).where(its_row).values(price_minor=new, changed_at=iso(at))
            )
    return tuple(changes)


def set_price(
    database: Database, item_code: str, effective_from: date, price_minor: int, *, at: datetime
) -> None:
    """Add a price from a day on, or correct the one that begins on that day.

    Raises NotPossible when there is no such item.
    """
    day = effective_from.isoformat()
    with writing(database) as connection:
        if not connection.execute(select(item.c.code).where(item.c.code == item_code)).first():
            raise NotPossible(f"There is no item {item_code!r}.", "Check the item's code.")
        values = {"price_minor": price_minor, "changed_at": iso(at)}
        corrected = connection.execute(
            update(item_price)
            .where(item_price.c.item_code == item_code, item_price.c.effective_from == day)
            .values(values)
        )
        if not corrected.rowcount:
            connection.execute(
                insert(item_price).values(item_code=item_code, effective_from=day, **values)
            )
