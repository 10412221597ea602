"""Past bills of a store of a made-up chain."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random

from sqlalchemy import Table

from ginesys_sync.core.clock import iso
from ginesys_sync.shop import schema
from ginesys_sync.shop.chain_items import Chain, Product, Row
from ginesys_sync.shop.money import MILLI, line_amount
from ginesys_sync.shop.selling import CASH, SALE

BILLS_A_DAY = 40
OPENS = time(4, 30)
"""Ten in the morning in India, in UTC."""


def past_bills(
    chain: Chain, goods: tuple[Product, ...], store: str, bills: int
) -> list[tuple[Table, list[Row]]]:
    """`bills` bills of 1 to 8 lines, forty a day, the last of them yesterday evening."""
    rng = chain.rng(f"bills/{store}")
    heads: list[Row] = []
    lines: list[Row] = []
    payments: list[Row] = []
    for n in range(1, bills + 1):
        number = f"{store}-{n:06d}"
        its_lines = _lines(rng, goods, store, number)
        total = sum(line[-1] for line in its_lines)
        at = _moment(chain, rng, bills - n)
        customer = chain.customer_id(rng.randint(1, max(1, chain.customers)))
        known = customer if chain.customers and rng.random() < 0.4 else None
        cashier = f"{store}-C{rng.randint(1, 2)}"
        heads.append((store, number, SALE, at.date().isoformat(), iso(at), cashier, known, total))
        lines += its_lines
        payments += _payments(rng, store, number, total)
    return [(schema.bill, heads), (schema.bill_line, lines), (schema.bill_payment, payments)]


def _moment(chain: Chain, rng: Random, before_last: int) -> datetime:
    """When the bill was made that so many bills followed: later numbers at later times."""
    days, later_that_day = divmod(before_last, BILLS_A_DAY)
    slot = BILLS_A_DAY - 1 - later_that_day
    opened = datetime.combine(chain.today - timedelta(days=days + 1), OPENS, UTC)
    return opened + timedelta(minutes=slot * 18, seconds=rng.randrange(18 * 60))


def _lines(rng: Random, goods: tuple[Product, ...], store: str, number: str) -> list[Row]:
    lines: list[Row] = []
    for n, p in enumerate(rng.sample(goods, min(len(goods), rng.randint(1, 8))), start=1):
        if p.unit == "kg":
            quantity = rng.randint(50, 3_000)
        else:
            quantity = rng.choice((1, 1, 1, 1, 2, 2, 3, 6)) * MILLI
        amount = line_amount(quantity, p.price_minor)
        lines.append((store, number, n, p.code, p.name, quantity, p.price_minor, amount))
    return lines


def _payments(rng: Random, store: str, number: str, total: int) -> list[Row]:
    """Mostly one payment; one bill in ten is paid partly in cash."""
    mode = rng.choice((CASH, CASH, "CARD", "UPI", "UPI"))
    cash = total // 2 // 10_000 * 10_000
    if rng.random() < 0.1 and mode != CASH and cash:
        return [(store, number, 1, CASH, cash), (store, number, 2, mode, total - cash)]
    return [(store, number, 1, mode, total)]
