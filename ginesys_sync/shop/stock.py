"""Goods on their way: what head office issues to a store, what the store receives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ginesys_sync.core.clock import iso
from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.numbering import next_number
from ginesys_sync.shop.schema import (
    goods_issue,
    goods_issue_line,
    goods_receipt,
    goods_receipt_line,
)
from ginesys_sync.shop.writing import Database, insert_rows, writing


@dataclass(frozen=True, slots=True)
class Goods:
    """So many thousandths of an item's unit; `cost_minor` is the cost of one unit."""

    item_code: str
    quantity_milli: int
    cost_minor: int = 0


def issue_goods(
    database: Database, site_code: str, goods: Sequence[Goods], *, at: datetime, remarks: str = ""
) -> str:
    """Head office sends goods to a store; returns the number, `GI-000001`.

    Raises NotPossible without goods; an unknown site or item is refused by the database.
    """
    _need_some(goods)
    with writing(database) as connection:
        number = next_number(connection, goods_issue, "GI-")
        head = (number, site_code, at.date().isoformat(), remarks, iso(at))
        insert_rows(connection, goods_issue, [head])
        insert_rows(
            connection,
            goods_issue_line,
            [
                (number, n, g.item_code, g.quantity_milli, g.cost_minor)
                for n, g in enumerate(goods, start=1)
            ],
        )
    return number


def receive_goods(
    database: Database,
    store: str,
    goods: Sequence[Goods] = (),
    *,
    at: datetime,
    received_by: str,
    issue_number: str | None = None,
    remarks: str = "",
) -> str:
    """The store takes goods in; returns the number, `S001-G000001`.

    Without `goods`, everything on the goods issue `issue_number` is received.
    Raises NotPossible when that leaves nothing to receive.
    """
    with writing(database) as connection:
        if not goods and issue_number is not None:
            issued = select(goods_issue_line.c.item_code, goods_issue_line.c.quantity_milli)
            goods = [
                Goods(*row)
                for row in connection.execute(
                    issued.where(goods_issue_line.c.number == issue_number).order_by(
                        goods_issue_line.c.line
                    )
                )
            ]
        _need_some(goods)
        number = next_number(connection, goods_receipt, f"{store}-G", store)
        head = (store, number, iso(at), issue_number, received_by, remarks)
        insert_rows(connection, goods_receipt, [head])
        insert_rows(
            connection,
            goods_receipt_line,
            [
                (store, number, n, g.item_code, g.quantity_milli)
                for n, g in enumerate(goods, start=1)
            ],
        )
    return number


def _need_some(goods: Sequence[Goods]) -> None:
    if not goods:
        raise NotPossible("There are no goods on this document.", "Add a line, then try again.")
