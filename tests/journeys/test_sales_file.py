"""`demo --data FILE`: a chain made of a sales file, synced both ways, compared with the file."""

from __future__ import annotations

import csv
import gzip
import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.retail_chain import HO, run_verb

NEARBY = Path(__file__).parents[3] / "shared" / "data" / "online-retail-30k.csv.gz"
REAL_FILE = Path(os.environ.get("GINESYS_SALES_FILE", NEARBY))
"""Online Retail (Chen, 2015), a sample of 30,000 rows: not part of this repository."""
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
OWN = ("bill", "bill_line", "bill_payment", "goods_receipt", "goods_receipt_line", "day_settlement")
FOR_ALL = ("item", "item_price", "master_policy", "mode_of_payment", "role", "site")
Figures = dict[str, tuple[int, int, Decimal]]


def play(folder: Path, data: Path, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    words = ["demo", "--headless", "--data", str(data), "--dir", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "ginesys_sync", *words],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def in_file(path: Path) -> Figures:
    """Country to bills, lines and money: the csv module and Decimal, nothing of the program."""
    bills: dict[str, set[str]] = defaultdict(set)
    lines: dict[str, int] = defaultdict(int)
    value: dict[str, Decimal] = defaultdict(Decimal)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                worth = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
            except ArithmeticError:
                continue
            bills[row["Country"]].add(row["InvoiceNo"])
            lines[row["Country"]] += 1
            value[row["Country"]] += worth
    return {name: (len(bills[name]), lines[name], value[name]) for name in bills}


def in_tables(database: Path, store: str) -> tuple[int, int, Decimal]:
    """A store's bills, lines and money as its tables say them, whatever the program says."""
    with closing(sqlite3.connect(database)) as connection:
        bills = connection.execute("SELECT count(*) FROM bill WHERE store = ?", (store,))
        rows = connection.execute(
            "SELECT quantity_milli, price_minor FROM bill_line WHERE store = ?", (store,)
        ).fetchall()
        worth = sum(Decimal(milli) / 1000 * Decimal(minor) / 100 for milli, minor in rows)
        return bills.fetchone()[0], len(rows), Decimal(worth)


def table_hash(database: Path, table: str, where: str = "1") -> str:
    """The SHA-256 of a table's sorted rows."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(f"SELECT * FROM {table} WHERE {where}").fetchall()
    return sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()


def assert_equal_at_both_ends(folder: Path, data: Path) -> int:
    """Money in the file, at the store and at head office, and every table. How many stores."""
    office = folder / f"{HO}.sqlite3"
    wanted = in_file(data)
    with closing(sqlite3.connect(office)) as connection:
        stores = dict(connection.execute("SELECT code, name FROM site WHERE code <> 'HO'"))
    assert sorted(stores.values()) == sorted(wanted)
    for code, country in stores.items():
        database = folder / f"{code}.sqlite3"
        assert in_tables(database, code) == in_tables(office, code) == wanted[country], country
        for table in OWN:
            own = f"store = '{code}'"
            assert table_hash(database, table) == table_hash(office, table, own), (code, table)
        for table in FOR_ALL:
            assert table_hash(database, table) == table_hash(office, table), (code, table)
    return len(stores)


def sales_file(path: Path) -> list[int]:
    """A small made-up file with blemishes. Returns the numbers of the lines that are broken."""
    lines = [HEADER]
    broken = []
    for n in range(120):
        country = ("France", "EIRE", "United Kingdom")[n % 3]
        code, customer = (
            ("POST", "M", "85123a", "85123A", f"2{n % 7:04d}")[n % 5],
            f"{12900 + n % 4}.0",
        )
        invoice, quantity = (
            (f"C{5000 + n // 3}", -1) if n % 11 == 0 else (f"{5000 + n // 3}", n % 9 + 1)
        )
        at = f"2011-0{n % 6 + 1}-1{n % 9} 10:0{n % 6}:00"
        lines.append(
            f"{invoice},{code},MUG {n % 5} ,{quantity},{at},{n % 40}.{n % 90 + 10},"
            f"{customer},{country}"
        )
        if n % 40 == 7:
            lines.append(f"{invoice},{code},MUG,three,{at},1.00,,{country}")
            broken.append(len(lines))
    lines.append("only,three,columns")
    broken.append(len(lines))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return broken


@pytest.mark.slow
def test_broken_rows_are_listed_with_their_lines_and_the_rest_is_equal_everywhere(
    tmp_path: Path,
) -> None:
    data, folder = tmp_path / "sales.csv", tmp_path / "out"
    broken = sales_file(data)
    told = play(folder, data)
    assert told.returncode == 0, told.stdout[-1500:] + told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == f"120 rows read, {len(broken)} could not be and are left out."
    for number, line in zip(broken, lines[1:], strict=False):
        assert line.startswith(f"  line {number}: "), line
    sound = tmp_path / "sound.csv"
    kept = data.read_text(encoding="utf-8").splitlines()
    sound.write_text("\n".join(x for n, x in enumerate(kept, 1) if n not in broken), "utf-8")
    assert assert_equal_at_both_ends(folder, sound) == 3
    assert lines[-1] == "All 3 stores equal head office and the file, table by table."
    total = sum(value for _, _, value in in_file(sound).values())
    assert f"In all: {total:,.2f} at head office, {total:,.2f} in the file." in lines
    with closing(sqlite3.connect(folder / "HO.sqlite3")) as office:
        codes = {code for (code,) in office.execute("SELECT code FROM item")}
        kinds = dict(office.execute("SELECT code, kind FROM item"))
    assert {"85123a", "85123A"} <= codes
    assert kinds["POST"] == kinds["M"] == "service"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not REAL_FILE.exists(), reason="the real sales file is not at hand")
def test_the_real_sales_file_is_the_same_at_all_38_stores_and_at_head_office(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "out"
    told = play(folder, REAL_FILE, timeout=280)
    assert told.returncode == 0, told.stdout[-1500:] + told.stderr
    assert assert_equal_at_both_ends(folder, REAL_FILE) == 38
    assert told.stdout.splitlines()[-1] == (
        "All 38 stores equal head office and the file, table by table."
    )


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("none.csv", None, "cannot be opened"),
        ("sales.csv.gz", b"InvoiceNo,StockCode\n", "is damaged or incomplete."),
        ("torn.csv.gz", gzip.compress(HEADER.encode() * 50)[:60], "is damaged or incomplete."),
        ("lacks.csv", b"InvoiceNo,StockCode,Quantity\n1,2,3\n", "lacks the columns"),
        ("empty.csv", b"", "lacks the columns"),
        ("head.csv", HEADER.encode() + b"\n", "holds no row that can be read."),
        ("picture.csv", bytes(range(128, 256)) * 9, "has a header line that cannot be read"),
    ],
    ids=["not there", "not gzip", "torn", "columns", "empty", "header only", "binary"],
)
def test_a_file_that_cannot_be_used_is_refused_and_nothing_is_made(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    data, folder = tmp_path / name, tmp_path / "out"
    if content is not None:
        data.write_bytes(content)
    said = run_verb("demo", "--headless", "--data", data, "--dir", folder)
    assert (said.code, said.out) == (2, "")
    assert words in said.err and name in said.err
    assert len(said.err.splitlines()) == 1
    assert not folder.exists()
