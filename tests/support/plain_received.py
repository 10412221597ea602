"""*Received Data* told row by row in plain Python, from the tables as they are: what the program
finds by its orders is compared with this. And random books to compare on.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Kind, Status
from ginesys_sync.services.grid_words import channel_title, count_words
from ginesys_sync.services.views import BatchRow, GridFilter
from ginesys_sync.services.words import moment
from tests.support.plain_sent import moment_of

Fact = dict[str, Any]


def _all(books: sqlite3.Connection, table: str) -> list[Fact]:
    cursor = books.execute(f"SELECT * FROM sync_{table}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def plain_rows(
    books: sqlite3.Connection, plan: Plan, me: str, wanted: GridFilter
) -> list[BatchRow]:
    """What the filter wants, in its order."""
    parked = [row for row in _all(books, "parked") if row["code"] != "kept_edit"]
    found = [
        *_batches(books, plan, me, parked), *_loads(books, plan, me, parked),
        *_acks(books, plan, me),
    ]  # fmt: skip
    found.sort(key=lambda each: each[0])
    rows = [row for _, row in found if _fits(row, wanted)]
    name = wanted.sort.lstrip("-")
    if not name:
        return rows

    def key(row: BatchRow) -> tuple[bool, Any]:
        value = getattr(row, name)
        return value is not None, value

    return sorted(rows, key=key, reverse=wanted.sort.startswith("-"))


Placed = tuple[tuple[Any, ...], BatchRow]
"""A row and its place: newest run first; batches, loads, acknowledgements."""


def _batches(
    books: sqlite3.Connection, plan: Plan, me: str, parked: list[Fact]
) -> Iterator[Placed]:
    for batch in _all(books, "batch"):
        if batch["received_at"] is None:
            continue
        count = batch["records"] + batch["gone"]
        troubled = sum(
            (row["stream"], row["no"]) == (batch["stream"], batch["no"]) for row in parked
        )
        at = _processed_at(books, me, batch)
        yield (
            (-batch["run"], 0, -batch["id"]),
            _row(plan, batch, count, count_words(plan, batch["entity"], count), at, troubled),
        )


def _processed_at(books: sqlite3.Connection, me: str, came: Fact) -> str | None:
    streams = {row["stream"]: row for row in _all(books, "stream")}
    cursor = streams.get(came["stream"])
    if cursor is None:
        return None
    is_over = cursor["epoch"] != came["epoch"]
    if not is_over and cursor["applied_no"] < came["no"]:
        return None
    covering = [
        (ack["to_no"], ack["id"], ack["applied_at"])
        for ack in _all(books, "ack")
        if (ack["stream"], ack["site"], ack["epoch"]) == (came["stream"], me, came["epoch"])
        and ack["to_no"] >= came["no"]
    ]
    if covering:
        return str(min(covering)[2])
    # Its epoch ended before it was applied: it never will be.
    return None if is_over else str(came["received_at"])


def _loads(books: sqlite3.Connection, plan: Plan, me: str, parked: list[Fact]) -> Iterator[Placed]:
    parts: dict[tuple[Any, ...], list[Fact]] = {}
    for load in _all(books, "load"):
        if load["site"] == me:
            for chunk in json.loads(load["chunks"]):
                place = (load["stream"], chunk["no"], chunk["epoch"], chunk["entity"])
                parts.setdefault(place, []).append(chunk)
    for (stream, no, epoch, entity), chunks in parts.items():
        last = max(chunk["run"] for chunk in chunks)
        for run in {chunk["run"] for chunk in chunks}:
            some = [chunk for chunk in chunks if chunk["run"] == run]
            count, whole = sum(c["records"] for c in some), max(c["whole"] for c in some)
            came = {
                "stream": stream, "no": no, "epoch": epoch, "entity": entity, "run": run,
                "size": sum(c["size"] for c in some), "sealed_at": max(c["made_at"] for c in some),
                "received_at": max(c["at"] for c in some),
            }  # fmt: skip
            troubled = sum(
                (row["stream"], row["no"], row["entity"]) == (stream, no, entity) for row in parked
            )
            part = "" if count == whole else f"{count:,} of "
            words = f"First load: {part}{count_words(plan, entity, whole)}"
            at = _processed_at(books, me, came)
            row = _row(plan, came, count, words, at, troubled if run == last else 0, is_load=True)
            later = [-ord(sign) for sign in came["received_at"]]
            yield (-run, 1, row.site, later, stream, entity), row


def _acks(books: sqlite3.Connection, plan: Plan, me: str) -> Iterator[Placed]:
    for ack in _all(books, "ack"):
        if ack["site"] == me:
            continue
        lane = channel_title(plan, ack["stream"])
        words = f"Acknowledgement of {lane}, up to batch {ack['to_no']:,}"
        came = ack | {
            "no": ack["to_no"], "entity": "", "size": 0, "sealed_at": ack["applied_at"],
            "received_at": ack["collected_at"],
        }  # fmt: skip
        count = ack["to_no"] - ack["from_no"]
        row = _row(plan, came, count, words, ack["collected_at"], ack["parked_total"], ack["site"])
        yield (-ack["run"], 2, ack["id"]), row


def _row(
    plan: Plan,
    came: Fact,
    count: int,
    words: str,
    processed_at: str | None,
    attention: int,
    by: str = "",
    is_load: bool = False,
) -> BatchRow:
    needs = "record needs" if attention == 1 else "records need"
    return BatchRow(
        run=came["run"],
        kind=Kind.ACKNOWLEDGEMENT if by else Kind.DATA,
        site=by or came["stream"].partition("/")[0],
        stream=came["stream"],
        channel=channel_title(plan, came["stream"]),
        batch=None if is_load else came["no"],
        records=count,
        what=words,
        size=came["size"],
        status=Status.PROCESSED if processed_at else Status.RECEIVED,
        created_at=moment(came["sealed_at"]),
        uploaded_at=None,
        received_at=moment(came["received_at"]),
        processed_at=moment(processed_at),
        attention=attention,
        problem=f"{attention:,} {needs} attention at {by or 'this site'}." if attention else "",
        entity=came["entity"],
    )


def _fits(row: BatchRow, wanted: GridFilter) -> bool:
    at = row.received_at
    assert at is not None
    number = "" if row.batch is None else str(row.batch)
    words = (row.what, row.channel, row.site, number, row.status.value, row.problem)
    return (
        wanted.status in (None, row.status)
        and wanted.site in ("", row.site)
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
        and any(wanted.text.casefold() in word.casefold() for word in words)
    )


def plain_groups(rows: list[BatchRow]) -> Iterator[tuple[int, list[BatchRow]]]:
    """The rows of each run, newest first."""
    for run, members in groupby(rows, key=lambda row: row.run):
        yield run, list(members)


# --- random books ---------------------------------------------------------------------------------

SITES = ("S001", "S002", "S-A", "S")
"""One code is the beginning of others, and of a stream that sorts before its own."""
LANES = {"sales": ("bills", "odds"), "stock": ("items",)}
OWN = ("HO/catalogue", "HO/pricing")
_BATCH = (
    "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, records, gone, "
    "rows, sha256, size, raw_size, sealed_at, received_at) "
    "VALUES (?, ?, ?, ?, ?, 0, 1, ?, ?, 1, '', ?, 1, ?, ?)"
)
_ACK = (
    "INSERT INTO sync_ack(stream, site, epoch, from_no, to_no, run, applied_at, collected_at, "
    "parked_total) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def fill_books(books: sqlite3.Connection, dice: random.Random, me: str = "HO") -> None:
    """A site after some runs: batches of others in one epoch or two, not all processed, some
    without an acknowledgement; own batches; acknowledgements of others; first loads; parked
    records."""
    others = SITES if me == "HO" else ("HO",)
    books.execute("INSERT INTO sync_state(name, value) VALUES ('site', ?)", (me,))
    runs = dice.randint(1, 9)
    for run in range(1, runs + 1):
        books.execute(
            "INSERT INTO sync_run(no, started_at, ended_at, trigger, who, what, sites, outcome) "
            "VALUES (?, ?, ?, 'window', '', 'Sync All', '*', 'done')",
            (run, moment_of(run * 400), moment_of(run * 400)),
        )
    for site in others:
        for lane, kinds in LANES.items():
            _stream(books, dice, me, f"{site}/{lane}", kinds, runs)
    for stream in OWN if me == "HO" else (f"{me}/sales",):
        for number in range(1, 4):
            at = moment_of(number)
            books.execute(_BATCH, (stream, number, "e", 1, "items", 3, 0, 9, at, None))
        for site in others:
            _answers(books, dice, stream, site, runs)
    _troubles(books, dice, others)
    if dice.random() < 0.6:
        _load(books, dice, me, others[0], runs)


def _stream(
    books: sqlite3.Connection,
    dice: random.Random,
    me: str,
    stream: str,
    kinds: tuple[str, ...],
    runs: int,
) -> None:
    epoch, no, acked = "e1", 0, 0
    for run in range(1, runs + 1):
        if dice.random() < 0.08:
            epoch, acked = "e0" if dice.random() < 0.5 else f"e{run + 1}", no
        for _ in range(dice.randint(0, 3)):
            no += 1
            at = moment_of(run * 400 + dice.randint(0, 2))
            books.execute(
                _BATCH,
                (
                    stream, no, epoch, run, dice.choice(kinds), dice.choice((1, 2, 40, 1234)),
                    dice.choice((0, 0, 2)), dice.randint(1, 4) * 100, at, at,
                ),
            )  # fmt: skip
        if no > acked and dice.random() < 0.7:
            to_no = dice.randint(acked, no)
            books.execute(
                _ACK,
                (
                    stream, me, epoch, acked, to_no, run,
                    moment_of(run * 400 + dice.randint(0, 3)), None, 0,
                ),
            )  # fmt: skip
            acked = to_no
    books.execute(
        "INSERT INTO sync_stream(stream, epoch, head_no, applied_no) VALUES (?, ?, 0, ?)",
        (stream, epoch, min(no, acked + dice.choice((0, 0, 1, 2)))),
    )


def _answers(
    books: sqlite3.Connection, dice: random.Random, stream: str, site: str, runs: int
) -> None:
    before = 0
    for run in range(1, runs + 1):
        if dice.random() < 0.5:
            to_no = before + dice.choice((1, 2, 3, 1200))
            at = moment_of(run * 400 + dice.randint(0, 2))
            parked = dice.choice((0, 0, 0, 1, 7))
            books.execute(_ACK, (stream, site, "e", before, to_no, run, at, at, parked))
            before = to_no


def _troubles(books: sqlite3.Connection, dice: random.Random, others: tuple[str, ...]) -> None:
    for number in range(dice.randint(0, 6)):
        stream = f"{dice.choice(others)}/{dice.choice(tuple(LANES))}"
        books.execute(
            "INSERT INTO sync_parked(entity, k1, origin, stream, no, code, reason, body, raw_size, "
            "first_at, last_at) VALUES (?, ?, 'x', ?, ?, ?, 'r', '', 0, '', '')",
            (
                dice.choice(("bills", "items")), number, stream, dice.randint(1, 6),
                dice.choice(("missing", "missing", "kept_edit")),
            ),
        )  # fmt: skip


def _load(books: sqlite3.Connection, dice: random.Random, me: str, site: str, runs: int) -> None:
    chunks = [
        {
            "no": 3, "epoch": "e1", "run": dice.randint(1, runs), "entity": dice.choice(kinds),
            "records": dice.randint(1, 50), "whole": 100, "size": 700,
            "made_at": moment_of(100), "at": moment_of(400 + number),
        }
        for number in range(dice.randint(1, 5))
        for kinds in (("bills", "items"),)
    ]  # fmt: skip
    books.execute(
        "INSERT INTO sync_load(site, stream, no, state, chunks, at) VALUES (?, ?, 3, 'x', ?, '')",
        (me, f"{site}/sales", json.dumps(chunks)),
    )
