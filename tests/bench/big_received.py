"""Books with a long past of *Received Data*: head office's, with batches and acknowledgements from
thousands of stores, and one store's. Made by plain SQL, read for real.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from ginesys_sync.core.clock import iso
from tests.bench.big_books import NOW
from tests.bench.rig import ChainFolder, make_chain

LANES = (("sales", "bills"), ("stock", "stock_movements"), ("customers", "customers"))
HO_LANES = (("catalogue", "items"), ("pricing", "prices"), ("users", "users"))
A_RUN = 500
"""Rows that one run of head office collects."""
OPEN = 50
"""One store of so many has a batch that came and is not processed yet."""
_BATCH = (
    "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, records, gone, "
    "rows, sha256, size, raw_size, sealed_at, received_at) "
    "VALUES (?, ?, 'e', ?, ?, 0, 1, ?, ?, ?, ?, ?, 4000, ?, ?)"
)
_ACK = (
    "INSERT INTO sync_ack(stream, site, epoch, from_no, to_no, run, applied_at, collected_at) "
    "VALUES (?, ?, 'e', ?, ?, ?, ?, ?)"
)


def make_received_at_head_office(folder: Path, sites: int, rounds: int) -> ChainFolder:
    """A head office that got two rows from each store in each round: a batch, and an
    acknowledgement of its own."""
    chain = make_chain(folder, ("S001",))
    with closing(sqlite3.connect(chain.database("HO"))) as books:
        books.execute("PRAGMA synchronous=OFF")
        first = _first_run(books)
        codes = [f"T{n:04d}" for n in range(1, sites + 1)]
        books.executemany(
            "INSERT INTO sync_site(code, name, role, state, groups) "
            "VALUES (?, ?, 'store', 'active', 'north')",
            [(code, f"Store {code}") for code in codes],
        )
        _runs(books, first, sites * rounds * 2 // A_RUN + 1)
        books.executemany(_BATCH, _from_stores(codes, rounds, first))
        books.executemany(_ACK, _processed_here(codes, rounds, first))
        books.executemany(_ACK, _answers(codes, rounds, first))
        _cursors(books, codes, rounds)
        _settle(books)
    return chain


def make_received_at_a_store(folder: Path, rows: int) -> ChainFolder:
    """A store that has got so many batches from head office, four a run."""
    chain = make_chain(folder, ("S001",))
    with closing(sqlite3.connect(chain.database("S001"))) as books:
        books.execute("PRAGMA synchronous=OFF")
        first = _first_run(books)
        _runs(books, first, rows // 4 + 1)
        books.executemany(_BATCH, _from_head_office(rows, first))
        books.executemany(
            _ACK,
            (
                (f"HO/{lane}", "S001", no - 1, no, first + _place(no, place) // 4, at, None)
                for place, (lane, _) in enumerate(HO_LANES)
                for no in range(1, rows // 3 + 1)
                for at in (_at(_place(no, place), rows),)
            ),
        )
        for lane, _ in HO_LANES:
            books.execute(
                "INSERT OR REPLACE INTO sync_stream(stream, epoch, head_no, applied_no) "
                "VALUES (?, 'e', 0, ?)",
                (f"HO/{lane}", rows // 3),
            )
        _settle(books)
    return chain


def _first_run(books: sqlite3.Connection) -> int:
    (run,) = books.execute("SELECT max(no) FROM sync_run").fetchone()
    return int(run) + 1


def _runs(books: sqlite3.Connection, first: int, count: int) -> None:
    books.executemany(
        "INSERT INTO sync_run(no, started_at, ended_at, trigger, who, what, sites, outcome) "
        "VALUES (?, ?, ?, 'schedule', 'bench', 'Sync All', '*', 'done')",
        ((first + n, at, at) for n in range(count) for at in (_at(n * A_RUN, count * A_RUN),)),
    )


def _at(place: int, whole: int) -> str:
    """The moment of one of so many rows, spread over ninety days."""
    return iso(NOW - timedelta(days=90) * ((whole - place) / whole))


def _from_stores(codes: list[str], rounds: int, first: int) -> Iterator[tuple[object, ...]]:
    whole = len(codes) * rounds
    for turn in range(rounds):
        lane, entity = LANES[turn % len(LANES)]
        no = turn // len(LANES) + 1
        for n, code in enumerate(codes):
            place = turn * len(codes) + n
            at, records = _at(place, whole), 1 + (place * 7919) % 997
            yield (
                f"{code}/{lane}", no, first + place * 2 // A_RUN, entity, records, place % 3,
                records, f"{place:064x}", 400 + (place * 104729) % 90_001, at, at,
            )  # fmt: skip


def _processed_here(codes: list[str], rounds: int, first: int) -> Iterator[tuple[object, ...]]:
    whole = len(codes) * rounds
    for turn in range(rounds):
        lane, no = LANES[turn % len(LANES)][0], turn // len(LANES) + 1
        is_last = turn >= rounds - len(LANES)
        for n, code in enumerate(codes):
            if is_last and n % OPEN == 0:
                continue
            place = turn * len(codes) + n
            yield (
                f"{code}/{lane}", "HO", no - 1, no, first + place * 2 // A_RUN,
                _at(place, whole), None,
            )  # fmt: skip


def _answers(codes: list[str], rounds: int, first: int) -> Iterator[tuple[object, ...]]:
    whole = len(codes) * rounds
    for turn in range(rounds):
        lane, no = HO_LANES[turn % len(HO_LANES)][0], turn // len(HO_LANES) + 1
        for n, code in enumerate(codes):
            place = turn * len(codes) + n
            at = _at(place, whole)
            yield f"HO/{lane}", code, no * 5 - 5, no * 5, first + place * 2 // A_RUN, at, at


def _cursors(books: sqlite3.Connection, codes: list[str], rounds: int) -> None:
    for place, (lane, _) in enumerate(LANES):
        numbers = (rounds - place + len(LANES) - 1) // len(LANES)
        books.executemany(
            "INSERT INTO sync_stream(stream, epoch, head_no, applied_no) VALUES (?, 'e', 0, ?)",
            [(f"{code}/{lane}", numbers - (n % OPEN == 0)) for n, code in enumerate(codes)],
        )


def _place(no: int, lane: int) -> int:
    return (no - 1) * len(HO_LANES) + lane


def _from_head_office(rows: int, first: int) -> Iterator[tuple[object, ...]]:
    for no in range(1, rows // 3 + 1):
        for place, (lane, entity) in enumerate(HO_LANES):
            here = _place(no, place)
            at, records = _at(here, rows), 1 + (here * 7919) % 997
            yield (
                f"HO/{lane}", no, first + here // 4, entity, records, here % 3, records,
                f"{here:064x}", 400 + (here * 104729) % 90_001, at, at,
            )  # fmt: skip


def _settle(books: sqlite3.Connection) -> None:
    books.execute("DELETE FROM sync_change")
    books.commit()
    books.execute("ANALYZE")
    books.commit()
