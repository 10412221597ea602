"""Document numbers: the next free one of a store's own sequence."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table, func, select
from sqlalchemy.engine import Connection

DIGITS = 6


def next_number(connection: Connection, table: Table, prefix: str, store: str = "") -> str:
    """The number after the highest one in `table` that is `prefix` and digits: `S001-000042`.

    Read from the documents themselves, inside the transaction that writes the next one: a counter
    kept apart would start again at 1 when a store's database is loaded anew from head office.
    """
    number = table.c.number
    mine = [number >= f"{prefix}0", number < f"{prefix}:"]  # ':' comes right after '9'
    if store:
        mine.append(table.c.store == store)
    last = _highest(connection, prefix, select(number).where(*mine).order_by(number.desc()))
    if last >= 10**DIGITS - 1:
        # As text, -1000000 sorts before -999999: from here on the longer number is the later one.
        by_length = select(number).where(*mine).order_by(func.length(number).desc(), number.desc())
        last = _highest(connection, prefix, by_length)
    return f"{prefix}{last + 1:0{DIGITS}d}"


def _highest(connection: Connection, prefix: str, numbers: Select[Any]) -> int:
    for number in connection.scalars(numbers):
        tail = number[len(prefix) :]
        if tail.isascii() and tail.isdigit():
            return int(tail)
    return 0
