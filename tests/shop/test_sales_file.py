"""Reading the sales file: the real one when it is at hand, made-up ones always."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from sqlalchemy.engine import Engine

from ginesys_sync.shop.bill_lists import SalesFigures, bill_lines, bills, sales_figures
from ginesys_sync.shop.errors import SalesFileUnusable
from ginesys_sync.shop.lists import customers, items
from ginesys_sync.shop.sales_file import read_sales_file
from ginesys_sync.shop.sales_load import load_head_office, load_store
from tests.shop.independent import independent_figures

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
NEARBY = Path(__file__).parents[3] / "shared" / "data" / "online-retail-30k.csv.gz"
REAL_FILE = Path(os.environ.get("GINESYS_SALES_FILE", NEARBY))
"""Online Retail (Chen, 2015), a sample of 30,000 rows: not part of this repository."""


def sales(tmp_path: Path, *lines: str | bytes, header: str = HEADER, name: str = "s.csv") -> Path:
    path = tmp_path / name
    raw = [line if isinstance(line, bytes) else line.encode() for line in (header, *lines)]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def row(
    invoice: str = "536365",
    code: str = "85123A",
    name: str = "MUG",
    quantity: str = "2",
    at: str = "2011-10-06 16:20:00",
    price: str = "4.15",
    customer: str = "12923.0",
    country: str = "France",
) -> str:
    return ",".join((invoice, code, name, quantity, at, price, customer, country))


def in_pounds(figures: tuple[SalesFigures, ...]) -> dict[str, tuple[int, int, Decimal]]:
    return {f.store: (f.bills, f.lines, Decimal(f.value_minor) / 100) for f in figures}


def random_file(tmp_path: Path, seed: int) -> Path:
    rng = Random(seed)
    countries = ["France", "EIRE", "United Kingdom", "USA", "Unspecified"]
    lines = []
    for n in range(400):
        country = rng.choice(countries)
        lines.append(
            row(
                invoice=rng.choice("5C") + str(rng.randrange(60)),
                code=rng.choice(["85123A", "85123a", "POST", "22485", "D"]),
                name=rng.choice(["MUG ", "MUG", "CUP", "", f'"A ""{n}"", B"']),
                quantity=str(rng.randint(-1479, 3000)),
                at=f"2011-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d} 10:{n % 60:02d}:00",
                price=rng.choice(["0.0", "4.15", "1.1", "5942.57", "0", "0.01", "12.750"]),
                customer=rng.choice(["", "12923.0", "12345", "16188.0"]),
                country=country,
            )
        )
    return sales(tmp_path, *lines)


def load_all(
    path: Path, open_shop: Callable[[str], Engine]
) -> tuple[dict[str, str], tuple[SalesFigures, ...]]:
    """Loads every store into a database of its own; returns the countries and the figures."""
    read = read_sales_file(path)
    load_head_office(open_shop("HO"), read)
    found: list[SalesFigures] = []
    for store in read.stores:
        engine = open_shop(store.code)
        load_store(engine, read, store.code)
        found += sales_figures(engine)
        engine.dispose()
    assert tuple(found) == read.figures()
    return {store.code: store.country for store in read.stores}, tuple(found)


@pytest.mark.parametrize("seed", range(5))
def test_the_stores_together_hold_what_an_independent_reading_finds(
    tmp_path: Path, open_shop: Callable[[str], Engine], seed: int
) -> None:
    path = random_file(tmp_path, seed)
    countries, figures = load_all(path, open_shop)
    by_country = {countries[store]: told for store, told in in_pounds(figures).items()}
    assert by_country == independent_figures(path)


@pytest.mark.skipif(not REAL_FILE.is_file(), reason="needs the real file: set GINESYS_SALES_FILE")
def test_the_real_file_comes_in_to_the_penny(open_shop: Callable[[str], Engine]) -> None:
    countries, figures = load_all(REAL_FILE, open_shop)
    by_country = {countries[store]: told for store, told in in_pounds(figures).items()}
    assert by_country == independent_figures(REAL_FILE)
    assert (len(countries), countries["S001"]) == (38, "Australia")
    assert sum(f.lines for f in figures) == 30_000
    assert items(open_shop("HO"), date(2012, 1, 1), limit=1).total == 3_007
    read = read_sales_file(REAL_FILE)
    assert read.problems == ()
    assert len(read.customers) == 3_569
    assert sum(len(customer.stores) > 1 for customer in read.customers) == 4


def test_an_invoice_becomes_a_bill_with_its_lines_in_file_order(
    tmp_path: Path, open_shop: Callable[[str], Engine]
) -> None:
    path = sales(
        tmp_path,
        row(code="B1", at="2011-10-06 16:21:00"),
        row(invoice="C77", quantity="-3", price="1.25", customer=""),
        row(code="A1", at="2011-10-06 16:20:00", quantity="1"),
        row(code="A1", at="2011-10-06 16:20:00", quantity="1"),
        row(code="A1", country="Spain"),
    )
    engine = open_shop("S001")
    load_store(engine, read_sales_file(path), "S001")
    first, second = bills(engine).rows
    assert (first.number, first.kind, first.lines, first.total_minor) == ("536365", "sale", 3, 1660)
    assert (first.billed_at, first.customer_id) == ("2011-10-06T16:20:00.000Z", "12923")
    assert (second.number, second.kind, second.total_minor) == ("C77", "return", -375)
    assert second.customer_id is None
    lines = bill_lines(engine, "S001", "536365")
    assert [(line.line, line.item_code) for line in lines] == [(1, "B1"), (2, "A1"), (3, "A1")]
    with engine.connect() as connection:
        paid = connection.exec_driver_sql("SELECT * FROM bill_payment ORDER BY number").all()
    assert [tuple(p) for p in paid] == [
        ("S001", "536365", 1, "CREDIT", 1660),
        ("S001", "C77", 1, "CREDIT", -375),
    ]


def test_an_item_has_its_most_frequent_description_and_its_last_price(tmp_path: Path) -> None:
    path = sales(
        tmp_path,
        row(name="MUG ", at="2011-12-01 10:00:00", price="9.00"),
        row(name="CUP", at="2011-01-01 10:00:00", price="1.00"),
        row(name=" MUG", at="2011-02-01 10:00:00", price="2.00"),
        row(code="85123a", name=""),
        row(code="POST", name="POSTAGE"),
    )
    lower, upper, post = sorted(read_sales_file(path).items, key=lambda i: i.code.swapcase())
    assert (upper.code, upper.name, upper.price_minor) == ("85123A", "MUG", 900)
    assert (upper.priced_on, upper.kind) == ("2011-12-01", "goods")
    assert (lower.code, lower.name) == ("85123a", "85123a")
    assert post.kind == "service"


def test_a_customer_of_two_countries_is_the_same_row_at_both(
    tmp_path: Path, open_shop: Callable[[str], Engine]
) -> None:
    path = sales(
        tmp_path,
        row(country="Spain", at="2011-12-01 10:00:00"),
        row(country="France"),
        row(country="Spain", customer="999"),
    )
    read = read_sales_file(path)
    for store in ("S001", "S002"):
        load_store(open_shop(store), read, store)
    (in_france,) = customers(open_shop("S001")).rows
    assert in_france == customers(open_shop("S002"), "12923").rows[0]
    assert in_france.country == "France"
    assert [c.id for c in customers(open_shop("S002")).rows] == ["12923", "999"]


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "5 columns": ("a,b,c,d,e", "5 columns"),
    "too many columns": (row(name="MUG, BLUE"), "9 columns"),
    "quantity": (row(quantity="two"), "Quantity 'two'"),
    "quantity finer than a thousandth": (row(quantity="0.0005"), "Quantity '0.0005'"),
    "price": (row(price="4,15".replace(",", ";")), "UnitPrice '4;15'"),
    "price in powers": (row(price="1e3"), "UnitPrice '1e3'"),
    "no number": (row(price="NaN"), "UnitPrice 'NaN'"),
    "price finer than a penny": (row(price="4.155"), "finer than two decimals"),
    "date": (row(at="2011-13-06 16:20:00"), "InvoiceDate"),
    "date of another kind": (row(at="6/10/2011 16:20"), "InvoiceDate"),
    "no invoice": (row(invoice=""), "InvoiceNo is empty"),
    "no code": (row(code="  "), "StockCode is empty"),
    "no country": (row(country=""), "Country is empty"),
    "long code": (row(code="X" * 65), "StockCode is longer"),
    "not UTF-8": (row(name="CAF").encode() + b"\xe9", "UTF-8"),
    "open quote": (row(name='"MUG'), "quotation mark"),
    "zero byte": (row(name="M\x00G"), "zero byte"),
    "very long line": (row(name="M" * 200_000), "longer than"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_row_is_listed_with_its_line_and_stops_only_itself(
    tmp_path: Path, what: str
) -> None:
    line, reason = BROKEN[what]
    read = read_sales_file(sales(tmp_path, row(), "", line, row(invoice="2"), row(invoice="3")))
    (problem,) = read.problems
    assert problem.line_no == 4
    assert reason in problem.reason
    assert [bill.number for bill in read.bills("S001")] == ["2", "3", "536365"]


def test_columns_may_stand_in_another_order_with_others_among_them(tmp_path: Path) -> None:
    header = (
        "Country,Till,CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo"
    )
    line = "France,7,,4.1,2011-10-06 16:20:00,0.335,MUG,A1,1\r"
    path = sales(tmp_path, line, header="\ufeff" + header)
    (figures,) = read_sales_file(path).figures()
    assert figures == SalesFigures("S001", 1, 1, 137)


def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(b"\n".join([HEADER.encode(), *[row().encode()] * 500]))[:-20])
    return path


def no_text(tmp_path: Path) -> Path:
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    return path


UNUSABLE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.csv", "cannot be opened"),
    "a folder": (lambda folder: folder, "cannot be opened"),
    "no gzip": (lambda folder: sales(folder, row(), name="s.csv.gz"), "damaged or incomplete"),
    "cut short": (damaged, "damaged or incomplete"),
    "empty": (lambda folder: sales(folder, header=""), "lacks the columns"),
    "other columns": (lambda f: sales(f, "1,2", header="InvoiceNo,Price"), "StockCode"),
    "a quote opened": (lambda f: sales(f, header='"InvoiceNo'), "header line"),
    "no text": (no_text, "header line"),
    "no rows": (lambda folder: sales(folder), "no row"),
    "only broken rows": (lambda folder: sales(folder, "a,b", "c"), "no row"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, what: str) -> None:
    make, words = UNUSABLE[what]
    with pytest.raises(SalesFileUnusable) as caught:
        read_sales_file(make(tmp_path))
    assert words in caught.value.title
    assert caught.value.advice


def test_a_compressed_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(gzip.compress(f"{HEADER}\n{row()}\n".encode()))
    assert read_sales_file(path).figures() == (SalesFigures("S001", 1, 1, 830),)
