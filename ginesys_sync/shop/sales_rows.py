"""One line of the sales file: what it must look like, and why it is left out otherwise.

Pure functions from bytes to a `SalesRow` or a reason in shop words. A row is one line of the file:
a quotation mark that is never closed so spoils its own line and not the thousand after it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

NEEDED = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
LONGEST_KEY = 64
LONGEST_TEXT = 250

_QUANTITY = re.compile(r"(-?)(\d{1,9})(?:\.(\d{1,3})0*)?")
_PRICE = re.compile(r"(-?)(\d{1,9})(?:\.(\d{1,2})(\d*))?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
_NUMBERED_CUSTOMER = re.compile(r"(\d+)(\.0+)?")


class BrokenRow(Exception):
    """A line that is no sale; the text says why, in shop words."""


@dataclass(frozen=True, slots=True)
class SalesRow:
    """A line of an invoice as read: quantity in thousandths, price in minor units."""

    line_no: int
    invoice: str
    item_code: str
    description: str
    quantity_milli: int
    at: datetime
    price_minor: int
    customer_id: str | None
    country: str


def columns_of(header: str) -> tuple[tuple[int, ...], int]:
    """Where the needed columns stand in the header, and how many columns there are.

    Raises KeyError with the names that are missing.
    """
    names = [name.strip() for name in _fields(header)]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise KeyError(", ".join(missing))
    return tuple(names.index(name) for name in NEEDED), len(names)


def read_row(raw: bytes, line_no: int, places: Sequence[int], width: int) -> SalesRow:
    """Read one line. Raises BrokenRow."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise BrokenRow(f"not readable as UTF-8 at byte {fault.start + 1} of the line") from None
    fields = _fields(text)
    if len(fields) != width:
        raise BrokenRow(f"{len(fields)} columns instead of {width}")
    if "\x00" in text:
        raise BrokenRow("holds a zero byte")
    invoice, item, description, quantity, date, price, customer, country = (
        fields[place].strip() for place in places
    )
    return SalesRow(
        line_no=line_no,
        invoice=_key(invoice, "InvoiceNo"),
        item_code=_key(item, "StockCode"),
        description=description[:LONGEST_TEXT],
        quantity_milli=_quantity(quantity),
        at=_moment(date),
        price_minor=_price(price),
        customer_id=_customer(customer),
        country=_key(country, "Country"),
    )


def _fields(text: str) -> list[str]:
    line = text.rstrip("\r\n")
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader((line,), strict=True))
    except csv.Error:
        raise BrokenRow("a quotation mark is not closed or stands in the wrong place") from None


def _key(text: str, column: str) -> str:
    if not text:
        raise BrokenRow(f"{column} is empty")
    if len(text) > LONGEST_KEY:
        raise BrokenRow(f"{column} is longer than {LONGEST_KEY} characters")
    return text


def _quantity(text: str) -> int:
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise BrokenRow(f"Quantity {text[:40]!r} is not a number with at most 3 decimals")
    sign, whole, part = found.groups()
    return int(f"{sign}{whole}{(part or '').ljust(3, '0')}")


def _price(text: str) -> int:
    found = _PRICE.fullmatch(text)
    if not found:
        raise BrokenRow(f"UnitPrice {text[:40]!r} is not a number")
    sign, whole, part, finer = found.groups()
    if finer and finer.strip("0"):
        raise BrokenRow(f"UnitPrice {text[:40]!r} is finer than two decimals")
    return int(f"{sign}{whole}{(part or '').ljust(2, '0')}")


def _moment(text: str) -> datetime:
    """The shop's wall clock, its digits kept as if UTC: the file names no time zone."""
    if _DATE.fullmatch(text):
        try:
            return datetime.fromisoformat(f"{text}+00:00")
        except ValueError:
            pass
    raise BrokenRow(f"InvoiceDate {text[:40]!r} is not a date and time like 2011-10-06 16:20:00")


def _customer(text: str) -> str | None:
    """`12923.0` is customer 12923; nothing is nobody; other texts are ids as they stand."""
    if not text:
        return None
    numbered = _NUMBERED_CUSTOMER.fullmatch(text)
    return _key(numbered[1] if numbered else text, "CustomerID")
