"""What a sales file turns out to hold: items, customers, stores and their bills."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ginesys_sync.shop.bill_lists import SalesFigures
from ginesys_sync.shop.money import line_amount
from ginesys_sync.shop.sales_rows import SalesRow
from ginesys_sync.shop.selling import RETURN, SALE


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the file (the header is line 1) that was left out, and why."""

    line_no: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileItem:
    """An item of the file: most frequent description, last price in minor units and its day."""

    code: str
    name: str
    kind: str
    price_minor: int
    priced_on: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class FileCustomer:
    """A customer of the file; `country` is the first in order when he bought in several."""

    id: str
    country: str
    stores: tuple[str, ...]
    changed_at: str


@dataclass(frozen=True, slots=True)
class FileStore:
    """A store of the file with its first day."""

    code: str
    country: str
    opened_on: str


@dataclass(frozen=True, slots=True)
class FileBill:
    """An invoice of a store; its lines stand in file order."""

    store: str
    number: str
    kind: str
    at: datetime
    customer_id: str | None
    lines: tuple[SalesRow, ...]

    @property
    def total_minor(self) -> int:
        """The sum of its lines in minor units."""
        return sum(line_amount(line.quantity_milli, line.price_minor) for line in self.lines)


@dataclass(frozen=True, slots=True)
class SalesFile:
    """What the file holds. `rows` are each store's readable rows in file order."""

    items: tuple[FileItem, ...]
    customers: tuple[FileCustomer, ...]
    stores: tuple[FileStore, ...]
    problems: tuple[Problem, ...]
    rows: Mapping[str, tuple[SalesRow, ...]]

    def bills(self, store: str) -> Iterator[FileBill]:
        """The bills of one store, by number. KeyError for a store the file does not have."""
        by_number: dict[str, list[SalesRow]] = {}
        for row in self.rows[store]:
            by_number.setdefault(row.invoice, []).append(row)
        for number, lines in sorted(by_number.items()):
            yield FileBill(
                store=store,
                number=number,
                kind=RETURN if number.startswith("C") else SALE,
                at=min(line.at for line in lines),
                customer_id=next((line.customer_id for line in lines if line.customer_id), None),
                lines=tuple(lines),
            )

    def figures(self) -> tuple[SalesFigures, ...]:
        """Bills, lines and the sum of quantity × price of each store, as the file has them."""
        return tuple(
            SalesFigures(
                store=store,
                bills=len({row.invoice for row in rows}),
                lines=len(rows),
                value_minor=sum(line_amount(row.quantity_milli, row.price_minor) for row in rows),
            )
            for store, rows in sorted(self.rows.items())
        )
