"""`demo --data FILE`: the chain of a real sales file, synced both ways for all its stores, and
the proof per store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ginesys_sync.cli.demo_chain import DemoChain
from ginesys_sync.cli.status import print_table
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.status import CLOSING_SENTENCE
from ginesys_sync.services.control import money
from ginesys_sync.services.proof import table_hashes
from ginesys_sync.services.syncing import Ask, sync
from ginesys_sync.shop.bill_lists import SalesFigures, sales_figures
from ginesys_sync.shop.sales_file import read_sales_file
from ginesys_sync.shop.sales_load import load_head_office, load_store
from ginesys_sync.shop.sales_records import SalesFile

_KIND = "sales file"
_ROUNDS = 3
_SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class _Line:
    store: str
    at_store: SalesFigures
    at_head_office: SalesFigures
    in_file: SalesFigures

    @property
    def is_equal(self) -> bool:
        return self.at_store == self.at_head_office == self.in_file


def play_sales_file(folder: Path, path: Path, *, is_fresh: bool) -> int:
    """Build, sync, compare. 0 when every store equals head office and the file, else 1 (2: could
    not run)."""
    sales = read_sales_file(path)
    _tell_problems(sales)
    with DemoChain(folder, is_fresh=is_fresh, kind=_KIND) as chain:
        _build(chain, sales)
        if not _sync_until_quiet(chain):
            return 2
        return _compare(chain, sales)


def _tell_problems(sales: SalesFile) -> None:
    read = sum(len(rows) for rows in sales.rows.values())
    print(f"{read:,} rows read, {len(sales.problems):,} could not be and are left out.")
    for problem in sales.problems[:_SHOWN_PROBLEMS]:
        print(f"  line {problem.line_no}: {problem.reason}")
    if len(sales.problems) > _SHOWN_PROBLEMS:
        print(f"  and {len(sales.problems) - _SHOWN_PROBLEMS:,} more.")


def _build(chain: DemoChain, sales: SalesFile) -> None:
    if chain.join(HEAD_OFFICE):
        database = chain.database(HEAD_OFFICE)
        load_head_office(database.engine, sales)
        database.dispose()
    for store in sales.stores:
        if chain.join(store.code):
            database = chain.database(store.code)
            load_store(database.engine, sales, store.code)
            database.dispose()
    print(f"Head office and {len(sales.stores):,} stores have joined.", flush=True)


def _sync_until_quiet(chain: DemoChain) -> bool:
    """Head office, then every store, as often as answers need to travel; head office last."""
    for number in range(1, _ROUNDS + 1):
        for code in chain.codes():
            ended = sync(chain.home(code), Ask())
            if ended.closing != CLOSING_SENTENCE:
                print(f"{code}: {ended.closing}")
                return False
        print(f"Round {number}: head office and every store have synced.", flush=True)
    ended = sync(chain.home(HEAD_OFFICE), Ask())
    print(ended.closing)
    return ended.closing == CLOSING_SENTENCE


def _figures(chain: DemoChain, code: str) -> dict[str, SalesFigures]:
    database = chain.database(code)
    try:
        return {line.store: line for line in sales_figures(database.engine)}
    finally:
        database.dispose()


def _compare(chain: DemoChain, sales: SalesFile) -> int:
    office = _figures(chain, HEAD_OFFICE)
    in_file = {line.store: line for line in sales.figures()}
    lines = []
    for store in sales.stores:
        nothing = SalesFigures(store.code, 0, 0, 0)
        lines.append(
            _Line(
                store.code,
                _figures(chain, store.code).get(store.code, nothing),
                office.get(store.code, nothing),
                in_file.get(store.code, nothing),
            )
        )
    print_table([_row(line) for line in lines])
    unequal = [line.store for line in lines if not line.is_equal]
    total = sum(line.at_head_office.value_minor for line in lines)
    filed = sum(line.in_file.value_minor for line in lines)
    print(f"\nIn all: {money(total)} at head office, {money(filed)} in the file.")
    differing = _tell_hashes(chain)
    if unequal or differing:
        print(f"Not equal in money: {', '.join(unequal) or 'none'}.")
        print(f"Not equal in tables: {', '.join(differing) or 'none'}.")
        return 1
    print(f"All {len(lines):,} stores equal head office and the file, table by table.")
    return 0


def _row(line: _Line) -> dict[str, object]:
    return {
        "store": line.store,
        "bills": line.at_store.bills,
        "lines": line.at_store.lines,
        "value at store": money(line.at_store.value_minor),
        "value at head office": money(line.at_head_office.value_minor),
        "value in file": money(line.in_file.value_minor),
        "equal": "yes" if line.is_equal else "NO",
    }


def _tell_hashes(chain: DemoChain) -> list[str]:
    """Per store and table: whether the SHA-256 of the sorted rows is the same at both ends."""
    differing = []
    count = 0
    for code in chain.codes()[1:]:
        for table, here, there in table_hashes(chain.home(HEAD_OFFICE), chain.home(code)):
            count += 1
            if here != there:
                differing.append(f"{code} {table}")
    print(
        f"{count:,} tables compared by the SHA-256 of their sorted rows, {len(differing):,} differ."
    )
    return differing
