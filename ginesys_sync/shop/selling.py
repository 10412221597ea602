"""What a till writes: bills, returns, the settlement of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from ginesys_sync.core.clock import iso
from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.money import MILLI, line_amount
from ginesys_sync.shop.numbering import next_number
from ginesys_sync.shop.prices import prices_in_force
from ginesys_sync.shop.schema import bill, bill_line, bill_payment, day_settlement
from ginesys_sync.shop.writing import Database, insert_rows, writing

SALE = "sale"
RETURN = "return"
CASH = "CASH"


@dataclass(frozen=True, slots=True)
class Sold:
    """One line of a bill: thousandths of the unit, price of one unit in minor units."""

    item_code: str
    description: str
    quantity_milli: int
    price_minor: int

    @property
    def amount_minor(self) -> int:
        """What the line costs."""
        return line_amount(self.quantity_milli, self.price_minor)


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment of a bill, in minor units; negative when money goes back."""

    mode_code: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as it was stored."""

    store: str
    number: str
    total_minor: int


def make_bill(
    database: Database,
    store: str,
    lines: Sequence[Sold],
    *,
    at: datetime,
    cashier: str,
    customer_id: str | None = None,
    payments: Sequence[Paid] = (),
    kind: str = SALE,
) -> Bill:
    """Store a bill under the store's next number (`S001-000001`).

    Without payments it is paid in cash. The business day is the date of `at` as given: pass the
    shop's local time. Raises NotPossible when there is no line or the payments are not the total.
    """
    if not lines:
        raise NotPossible("A bill needs at least one line.", "Add an item, then try again.")
    total = sum(line.amount_minor for line in lines)
    payments = payments or (Paid(CASH, total),)
    if sum(paid.amount_minor for paid in payments) != total:
        raise NotPossible(
            "The payments are not what the bill comes to.", "Correct the payments, then try again."
        )
    with writing(database) as connection:
        number = next_number(connection, bill, f"{store}-", store)
        head = (store, number, kind, at.date().isoformat(), iso(at), cashier, customer_id, total)
        insert_rows(connection, bill, [head])
        insert_rows(
            connection,
            bill_line,
            [_line_row(store, number, n, line) for n, line in enumerate(lines, start=1)],
        )
        insert_rows(
            connection,
            bill_payment,
            [(store, number, n, p.mode_code, p.amount_minor) for n, p in enumerate(payments, 1)],
        )
    return Bill(store, number, total)


def make_return(database: Database, store: str, number: str, *, at: datetime, cashier: str) -> Bill:
    """Take a whole bill back: a new bill of kind `return` with every quantity and payment negated.

    Raises NotPossible when the store has no such sale.
    """
    with writing(database) as connection:
        original = connection.execute(
            select(bill).where(bill.c.store == store, bill.c.number == number, bill.c.kind == SALE)
        ).one_or_none()
        if original is None:
            raise NotPossible(
                f"{store} has no sale {number} to take back.", "Check the number of the bill."
            )
        return make_bill(
            connection,
            store,
            _lines_of(connection, store, number, sign=-1),
            at=at,
            cashier=cashier,
            customer_id=original.customer_id,
            payments=_payments_of(connection, store, number, sign=-1),
            kind=RETURN,
        )


def make_bills(
    database: Database, store: str, count: int, *, at: datetime, cashier: str, rng: Random
) -> tuple[Bill, ...]:
    """Sell 1 to 5 random items `count` times, at the prices in force, each bill for itself.

    Raises NotPossible when the store has no item with a price yet.
    """
    offered = prices_in_force(database, at.date())
    if not offered:
        raise NotPossible(
            f"{store} has no items with a price yet.", "Sync this store first, then make bills."
        )
    made = []
    for _ in range(count):
        picked = rng.sample(offered, min(len(offered), rng.randint(1, 5)))
        lines = [
            Sold(p.item_code, p.name, rng.randint(1, 3) * MILLI, p.price_minor) for p in picked
        ]
        made.append(make_bill(database, store, lines, at=at, cashier=cashier))
    return tuple(made)


def settle_day(
    database: Database,
    store: str,
    business_day: str,
    *,
    counted_minor: int,
    at: datetime,
    closed_by: str,
) -> None:
    """Close a business day: how many bills, their total, the cash there should be and was counted.

    Raises NotPossible when the day is settled already.
    """
    with writing(database) as connection:
        its_key = (day_settlement.c.store == store, day_settlement.c.business_day == business_day)
        if connection.execute(select(day_settlement.c.store).where(*its_key)).first():
            raise NotPossible(
                f"{business_day} is settled already at {store}.", "There is nothing left to do."
            )
        its_bills = (bill.c.store == store, bill.c.business_day == business_day)
        bills, total = connection.execute(
            select(func.count(), func.coalesce(func.sum(bill.c.total_minor), 0)).where(*its_bills)
        ).one()
        same = (bill.c.store == bill_payment.c.store) & (bill.c.number == bill_payment.c.number)
        cash = connection.execute(
            select(func.coalesce(func.sum(bill_payment.c.amount_minor), 0))
            .select_from(bill.join(bill_payment, same))
            .where(*its_bills, bill_payment.c.mode_code == CASH)
        ).scalar_one()
        connection.execute(
            insert(day_settlement).values(
                store=store,
                business_day=business_day,
                bills=bills,
                total_minor=int(total),
                cash_minor=int(cash),
                counted_minor=counted_minor,
                closed_at=iso(at),
                closed_by=closed_by,
            )
        )


def _line_row(store: str, number: str, n: int, line: Sold) -> tuple[str | int, ...]:
    what = (line.item_code, line.description, line.quantity_milli, line.price_minor)
    return (store, number, n, *what, line.amount_minor)


def _lines_of(connection: Connection, store: str, number: str, sign: int) -> list[Sold]:
    rows = connection.execute(
        select(bill_line)
        .where(bill_line.c.store == store, bill_line.c.number == number)
        .order_by(bill_line.c.line)
    )
    return [Sold(r.item_code, r.description, sign * r.quantity_milli, r.price_minor) for r in rows]


def _payments_of(connection: Connection, store: str, number: str, sign: int) -> list[Paid]:
    rows = connection.execute(
        select(bill_payment)
        .where(bill_payment.c.store == store, bill_payment.c.number == number)
        .order_by(bill_payment.c.payment_no)
    )
    return [Paid(r.mode_code, sign * r.amount_minor) for r in rows]
