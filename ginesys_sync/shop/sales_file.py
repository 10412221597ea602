"""The real sales file as a chain: each country a store, stock codes head office's items.

One row is one line of an invoice, whose number is unique within its country. An invoice with two
dates has the earlier one; one whose number begins with `C` is a return. Descriptions are trimmed
and an item has its most frequent one, and the price of its latest date (of equal dates the later
line). Stores are numbered in the order of their countries' names, character by character.

What is read is kept in memory, about 300 bytes a row, because items and stores are known only at
the end of the file. Broken rows are listed and left out, the rest goes on.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from ginesys_sync.core.clock import iso
from ginesys_sync.shop.errors import SalesFileUnusable
from ginesys_sync.shop.masters import GOODS, SERVICE
from ginesys_sync.shop.sales_records import FileCustomer, FileItem, FileStore, Problem, SalesFile
from ginesys_sync.shop.sales_rows import NEEDED, BrokenRow, SalesRow, columns_of, read_row

SERVICES = frozenset({"POST", "DOT", "D", "M", "C2", "S", "B", "AMAZONFEE", "BANK CHARGES", "CRUK"})
"""Stock codes that are no goods: postage, carriage, discounts, fees, corrections by hand."""
LONGEST_LINE = 64 * 1024


def read_sales_file(path: Path) -> SalesFile:
    """Read `path` (.csv or .csv.gz) as a whole. Raises SalesFileUnusable when it cannot be."""
    rows: list[SalesRow] = []
    problems: list[Problem] = []
    try:
        with _opened(path) as file:
            places, width = _header(path, file.readline(LONGEST_LINE))
            for line_no, line in _lines(file):
                try:
                    if len(line) >= LONGEST_LINE:
                        raise BrokenRow(f"longer than {LONGEST_LINE:,} characters")
                    rows.append(read_row(line, line_no, places, width))
                except BrokenRow as fault:
                    problems.append(Problem(line_no, str(fault)))
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise SalesFileUnusable(
            f"The sales file {path.name} is damaged or incomplete.",
            "Copy or download it again, then try again.",
            repr(fault),
        ) from fault
    except OSError as fault:
        raise SalesFileUnusable(
            f"The sales file {path} cannot be opened: {fault.strerror or fault}.",
            "Check the path and that this user may read the file.",
            repr(fault),
        ) from fault
    if not rows:
        raise SalesFileUnusable(
            f"The sales file {path.name} holds no row that can be read.",
            detail="; ".join(f"line {p.line_no}: {p.reason}" for p in problems[:10]),
        )
    return _chain_of(rows, problems)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    if not is_gzip and path.suffix == ".gz":
        raise gzip.BadGzipFile("not gzip-compressed, though its name says so")
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip else path.open("rb")


def _header(path: Path, line: bytes) -> tuple[tuple[int, ...], int]:
    try:
        return columns_of(line.decode("utf-8-sig"))
    except KeyError as fault:
        lacking = f"lacks the columns {fault.args[0]}"
    except (UnicodeDecodeError, BrokenRow) as fault:
        lacking = f"has a header line that cannot be read ({fault})"
    raise SalesFileUnusable(
        f"The sales file {path.name} {lacking}.",
        "Give a file whose first line names the columns: " + ", ".join(NEEDED) + ".",
    )


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines after the header that are not blank, with their numbers; cut at LONGEST_LINE."""
    line_no = 1
    while line := file.readline(LONGEST_LINE):
        line_no += 1
        rest = line
        while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)
        if line.strip():
            yield line_no, line


def _chain_of(rows: list[SalesRow], problems: list[Problem]) -> SalesFile:
    countries = sorted({row.country for row in rows})
    codes = {country: f"S{n:03d}" for n, country in enumerate(countries, start=1)}
    by_store: dict[str, list[SalesRow]] = {code: [] for code in codes.values()}
    for row in rows:
        by_store[codes[row.country]].append(row)
    return SalesFile(
        items=_items(rows),
        customers=_customers(rows, codes),
        stores=tuple(
            FileStore(code, country, min(row.at for row in by_store[code]).date().isoformat())
            for country, code in codes.items()
        ),
        problems=tuple(problems),
        rows={code: tuple(its_rows) for code, its_rows in by_store.items()},
    )


def _items(rows: list[SalesRow]) -> tuple[FileItem, ...]:
    names: dict[str, Counter[str]] = {}
    last: dict[str, SalesRow] = {}
    for row in rows:
        of_item = names.setdefault(row.item_code, Counter())
        if row.description:
            of_item[row.description] += 1
        if row.item_code not in last or row.at >= last[row.item_code].at:
            last[row.item_code] = row
    return tuple(
        FileItem(
            code=code,
            name=(names[code].most_common(1) or [(code, 0)])[0][0],
            kind=SERVICE if code.upper() in SERVICES else GOODS,
            price_minor=last[code].price_minor,
            priced_on=last[code].at.date().isoformat(),
            changed_at=iso(last[code].at),
        )
        for code in sorted(names)
    )


def _customers(rows: list[SalesRow], codes: dict[str, str]) -> tuple[FileCustomer, ...]:
    seen: dict[str, set[str]] = {}
    last: dict[str, datetime] = {}
    for row in rows:
        if row.customer_id:
            seen.setdefault(row.customer_id, set()).add(row.country)
            last[row.customer_id] = max(row.at, last.get(row.customer_id, row.at))
    return tuple(
        FileCustomer(
            id=customer,
            country=min(countries),
            stores=tuple(sorted(codes[country] for country in countries)),
            changed_at=iso(last[customer]),
        )
        for customer, countries in sorted(seen.items())
    )
