"""Head office's books as they are after months with many stores: made by plain SQL, read for
real.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ginesys_sync.core.clock import iso
from tests.bench.rig import ChainFolder, make_chain

SITES, BATCHES, A_RUN = 5_000, 200, 4
"""5,000 sites × 200 batches for all of them are 1,000,000 rows of *Sent Data*."""
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def make_big_books(folder: Path, sites: int = SITES, batches: int = BATCHES) -> ChainFolder:
    """A chain whose head office has sent `batches` batches to `sites` stores. Nine of ten stores
    have acknowledged all of them; the others stand somewhere before."""
    chain = make_chain(folder, ("S001",))
    with closing(sqlite3.connect(chain.database("HO"))) as books:
        books.execute("PRAGMA synchronous=OFF")
        _sites(books, sites)
        _batches(books, batches)
        _acknowledgements(books, sites, batches)
        books.commit()
        books.execute("ANALYZE")
        books.commit()
    return chain


def _sites(books: sqlite3.Connection, sites: int) -> None:
    codes = [f"T{n:04d}" for n in range(1, sites + 1)]
    books.executemany(
        "INSERT INTO sync_site(code, name, role, state, groups) "
        "VALUES (?, ?, 'store', 'active', ?)",
        [(code, f"Store {code}", "north" if n % 2 else "south") for n, code in enumerate(codes)],
    )
    seen = [iso(NOW - timedelta(minutes=n % 3_000)) for n in range(sites)]
    books.executemany(
        "INSERT INTO sync_contact(site, enrolled_at, last_seen_at, program, plan_version, run) "
        "VALUES (?, ?, ?, 'ginesys-sync 0.1.0', 1, 9)",
        [(code, iso(NOW - timedelta(days=90)), at) for code, at in zip(codes, seen, strict=True)],
    )
    books.execute("DELETE FROM sync_change")


def _batches(books: sqlite3.Connection, batches: int) -> None:
    """In `HO/catalogue`-like streams, a few batches a run."""
    ((audience,),) = books.execute("SELECT id FROM sync_audience WHERE name = '*'").fetchall()
    stream, epoch = books.execute(
        "SELECT stream, epoch FROM sync_batch WHERE stream LIKE 'HO/%' AND entity NOT LIKE 'sync%' "
        "UNION SELECT stream, epoch FROM sync_stream WHERE stream LIKE 'HO/%' LIMIT 1"
    ).fetchone()
    (head,) = books.execute(
        "SELECT head_no FROM sync_stream WHERE stream = ?", (stream,)
    ).fetchone()
    (run,) = books.execute("SELECT max(no) FROM sync_run").fetchone()
    for n in range(batches):
        number, of_run = head + n + 1, run + 1 + n // A_RUN
        at = iso(NOW - timedelta(minutes=(batches - n) * 10))
        if n % A_RUN == 0:
            books.execute(
                "INSERT INTO sync_run(no, started_at, ended_at, trigger, who, what, sites, outcome)"
                " VALUES (?, ?, ?, 'window', 'bench', 'Sync All', '*', 'done')",
                (of_run, at, at),
            )
        books.execute(
            "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, "
            "records, gone, rows, sha256, size, raw_size, sealed_at, uploaded_at) "
            "VALUES (?, ?, ?, ?, 'items', ?, 1, 40, 2, 42, ?, 900, 4000, ?, ?)",
            (stream, number, epoch, of_run, audience, f"{number:064x}", at, at),
        )
        books.execute(
            "INSERT INTO sync_release(stream, site, from_no, to_no, run, at) "
            "VALUES (?, '*', ?, ?, ?, ?)",
            (stream, number - 1, number, of_run, at),
        )
    books.execute(
        "UPDATE sync_stream SET head_no = ?, uploaded_no = ? WHERE stream = ?",
        (head + batches, head + batches, stream),
    )


def _acknowledgements(books: sqlite3.Connection, sites: int, batches: int) -> None:
    """Each store acknowledged in ten steps."""
    stream, epoch, head, run = books.execute(
        "SELECT b.stream, b.epoch, max(b.no), max(b.run) FROM sync_batch b "
        "GROUP BY b.stream ORDER BY count(*) DESC LIMIT 1"
    ).fetchone()
    first, step = head - batches, max(1, batches // 10)
    rows = []
    for n in range(1, sites + 1):
        reached = head if n % 10 else first + batches * (n % 100) // 100
        for to_no in range(first + step, reached + 1, step):
            at = iso(NOW - timedelta(minutes=(head - to_no) * 10))
            rows.append((stream, f"T{n:04d}", epoch, to_no - step, to_no, run, at, at))
    books.executemany(
        "INSERT INTO sync_ack(stream, site, epoch, from_no, to_no, run, applied_at, collected_at) "
        "VALUES (?,?,?,?,?,?,?,?)",
        rows,
    )
