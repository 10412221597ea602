"""The till never waits: writes at a store while a large batch is applied there."""

import multiprocessing
import sqlite3
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from tests.support.chain_floor import HO, S001, ChainFloor

ROWS = 30_000
PAUSE_SECONDS = 0.002


def _sell(path: Path, is_on: Event, is_over: Event, told: "multiprocessing.Queue[float]") -> None:
    """A till in a process of its own: one bill after the other, telling how long each took."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    number = 0
    is_on.set()
    while not is_over.is_set():
        number += 1
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        waited = time.perf_counter() - start
        connection.execute("INSERT INTO bill VALUES ('S001', ?, 100, NULL)", (number,))
        connection.execute("COMMIT")
        told.put(waited)
        is_over.wait(PAUSE_SECONDS)
    connection.close()
    told.put(-1.0)


@pytest.mark.alone
@pytest.mark.slow
def test_a_till_hardly_waits_while_thirty_thousand_rows_are_applied(floor: ChainFloor) -> None:
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < {ROWS})"
    floor.sql(
        HO,
        f"{numbers} INSERT INTO item SELECT 'I' || i, 'Item ' || i, 'B' || i FROM n",
        f"{numbers} INSERT INTO price SELECT 'I' || i, '2026-01-01', i FROM n",
    )
    floor.done(HO)
    context = multiprocessing.get_context("spawn")
    is_on, is_over = context.Event(), context.Event()
    told: multiprocessing.Queue[float] = context.Queue()
    till = context.Process(target=_sell, args=(floor.database(S001), is_on, is_over, told))
    till.start()
    assert is_on.wait(20)
    floor.done(S001)
    is_over.set()
    waits = sorted(iter(told.get, -1.0))
    till.join()
    assert len(floor.codes(S001, "item")) == ROWS
    assert len(waits) > 30
    middle, most, worst = waits[len(waits) // 2], waits[int(len(waits) * 0.95)], waits[-1]
    assert (middle < 0.010, most < 0.050, worst < 0.250) == (True, True, True), (
        middle,
        most,
        worst,
    )
    floor.settle(S001, rounds=1)
    floor.assert_equal([S001])
