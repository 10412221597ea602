"""Bills to look at, at head office and at the store that made them, and their sums."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from ginesys_sync.shop.list_rows import BillLineRow, BillPaymentRow, BillRow
from ginesys_sync.shop.money import sql_line_amount
from ginesys_sync.shop.paging import After, Page, containing, page_of
from ginesys_sync.shop.schema import bill, bill_line, bill_payment
from ginesys_sync.shop.writing import Database, reading


@dataclass(frozen=True, slots=True)
class SalesFigures:
    """What a store sold: bills, lines, and the sum of quantity × price in minor units.

    Computed from quantities and prices, not from stored totals; each line is rounded as a till
    does, which changes nothing for whole quantities.
    """

    store: str
    bills: int
    lines: int
    value_minor: int


def bills(
    database: Database, store: str = "", search: str = "", limit: int = 100, after: After = ()
) -> Page[BillRow]:
    """Bills by store and number, those of one store or all. Searches number, customer and cashier.

    The next page comes after (store, number).
    """
    b = bill.c
    same = (bill_line.c.store == b.store) & (bill_line.c.number == b.number)
    lines = select(func.count()).select_from(bill_line).where(same).scalar_subquery()
    found = select(*bill.columns, lines).where(
        *containing(search, b.number, b.customer_id, b.cashier)
    )
    if store:
        found = found.where(b.store == store)
    return page_of(
        database,
        found,
        [b.store, b.number],
        BillRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.store, made.number),
    )


def bill_lines(database: Database, store: str, number: str) -> tuple[BillLineRow, ...]:
    """The lines of one bill, in their order; empty when there is no such bill."""
    found = select(*list(bill_line.columns)[2:])
    found = found.where(bill_line.c.store == store, bill_line.c.number == number)
    with reading(database) as connection:
        rows = connection.execute(found.order_by(bill_line.c.line))
        return tuple(BillLineRow(*row) for row in rows)


def bill_payments(database: Database, store: str, number: str) -> tuple[BillPaymentRow, ...]:
    """The payments of one bill, in their order."""
    found = select(*list(bill_payment.columns)[2:])
    found = found.where(bill_payment.c.store == store, bill_payment.c.number == number)
    with reading(database) as connection:
        rows = connection.execute(found.order_by(bill_payment.c.payment_no))
        return tuple(BillPaymentRow(*row) for row in rows)


def sales_figures(database: Database) -> tuple[SalesFigures, ...]:
    """The figures of every store that has bills in this database, by store."""
    line = bill_line.c
    value = func.sum(sql_line_amount(line.quantity_milli, line.price_minor))
    with reading(database) as connection:
        counts = connection.execute(
            select(bill.c.store, func.count()).group_by(bill.c.store).order_by(bill.c.store)
        ).all()
        sums = {
            store: (lines, int(total))
            for store, lines, total in connection.execute(
                select(line.store, func.count(), value).group_by(line.store)
            )
        }
    return tuple(SalesFigures(store, count, *sums.get(store, (0, 0))) for store, count in counts)
