"""*Sent Data* told row by row: every (batch, site) by itself, in plain SQL and plain Python. What
the program counts without walking over rows is compared with this. And random books to compare on.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from ginesys_sync.core.model import Stream
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Kind, Reach, Status, sent_status
from ginesys_sync.services.grid_words import channel_title, count_words
from ginesys_sync.services.views import BatchRow, GridFilter
from ginesys_sync.services.words import moment

_ROWS = """
WITH target AS (
  SELECT audience, site FROM sync_audience_site
  UNION ALL SELECT a.id, s.code FROM sync_audience a JOIN sync_site s
    ON s.role = 'store' AND s.state IN ('active', 'blocked') WHERE a.name = '*'
),
pair AS (
  SELECT b.*, t.site,
    (SELECT r.id FROM sync_release r WHERE r.stream = b.stream AND r.site IN (t.site, '*')
       AND r.to_no >= b.no AND r.from_no < b.no ORDER BY r.id LIMIT 1) AS release_id,
    (SELECT k.id FROM sync_ack k WHERE k.stream = b.stream AND k.site = t.site
       AND k.epoch = b.epoch AND k.to_no >= b.no ORDER BY k.to_no, k.id LIMIT 1) AS ack_id
  FROM sync_batch b JOIN target t ON t.audience = b.audience WHERE b.received_at IS NULL
)
SELECT p.id, coalesce(r.run, p.run) AS run, p.site, p.stream, p.no, p.entity,
  p.records + p.gone AS records, p.size, p.sealed_at, r.at AS released_at,
  CASE WHEN p.uploaded_at IS NOT NULL THEN r.at END AS uploaded_at, k.applied_at, k.kind,
  p.withdrawn_at, p.uploaded_at AS at_web_database,
  (SELECT count(*) FROM sync_attention x WHERE x.site = p.site
     AND x.stream = p.stream AND x.no = p.no) AS attention
FROM pair p LEFT JOIN sync_release r ON r.id = p.release_id LEFT JOIN sync_ack k ON k.id = p.ack_id
ORDER BY run DESC, p.id DESC, p.site"""


def plain_rows(
    books: sqlite3.Connection, plan: Plan, wanted: GridFilter
) -> list[tuple[BatchRow, bool]]:
    """What the filter wants, in its order; and of each row whether it waits to be sent."""
    cursor = books.execute(_ROWS)
    names = [column[0] for column in cursor.description]
    blocked = dict(books.execute("SELECT name, reason FROM sync_block WHERE kind = 'channel'"))
    parts = set(books.execute("SELECT name, k1, k2 FROM sync_block WHERE kind = 'part'"))
    found = [_row(plan, dict(zip(names, row, strict=True)), blocked, parts) for row in cursor]
    found = [each for each in found if _fits(each[0], wanted)]
    name = wanted.sort.lstrip("-")
    if not name:
        return found

    def key(each: tuple[BatchRow, bool]) -> tuple[bool, Any]:
        value = getattr(each[0], name)
        return value is not None, value

    return sorted(found, key=key, reverse=wanted.sort.startswith("-"))


def _row(
    plan: Plan, row: dict[str, Any], blocked: dict[str, str], parts: set[tuple[object, ...]]
) -> tuple[BatchRow, bool]:
    no, reason = row["no"], blocked.get(Stream.parse(row["stream"]).channel)
    there = no if row["uploaded_at"] else 0
    reach = Reach(
        uploaded=there,
        released=there,
        acknowledged=no if row["kind"] else 0,
        covered=no if row["kind"] == "load" else 0,
        is_blocked=reason is not None,
    )
    is_back = row["withdrawn_at"] is not None or (row["stream"], no, row["site"]) in parts
    status = sent_status(no, reach, is_back)
    problem = f"Blocked: {reason}" if status is Status.BLOCKED else ""
    if row["attention"]:
        needs = "record needs" if row["attention"] == 1 else "records need"
        problem = f"{row['attention']} {needs} attention at {row['site']}."
    shown = BatchRow(
        run=row["run"],
        kind=Kind.DATA,
        site=row["site"],
        stream=row["stream"],
        channel=channel_title(plan, row["stream"]),
        batch=no,
        records=row["records"],
        what=count_words(plan, row["entity"], row["records"]),
        size=row["size"],
        status=status,
        created_at=moment(row["sealed_at"]),
        uploaded_at=moment(row["uploaded_at"]),
        received_at=None,
        processed_at=moment(row["applied_at"]),
        attention=row["attention"],
        problem=problem,
        entity=row["entity"],
        is_uploaded=row["at_web_database"] is not None,
    )
    waits = row["released_at"] is None and status in (Status.WAITING, Status.BLOCKED)
    return shown, waits


def _fits(row: BatchRow, wanted: GridFilter) -> bool:
    at = row.uploaded_at or row.created_at
    assert at is not None
    words = (row.what, row.channel, row.site, str(row.batch), row.status.value, row.problem)
    return (
        wanted.status in (None, row.status)
        and wanted.site in ("", row.site)
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
        and any(wanted.text.casefold() in word.casefold() for word in words)
    )


def plain_groups(rows: list[tuple[BatchRow, bool]]) -> Iterator[tuple[int, list[BatchRow]]]:
    """The rows that wait under 0, then those of each run, newest first."""
    waiting = [row for row, waits in rows if waits]
    if waiting:
        yield 0, waiting
    sent = (row for row, waits in rows if not waits)
    for run, members in groupby(sent, key=lambda row: row.run):
        yield run, list(members)


# --- random books ---------------------------------------------------------------------------------

SITES = ("S001", "S002", "S003", "S010", "T001")
STREAMS = ("HO/catalogue", "HO/pricing", "HO/policy")
ENTITIES = {"HO/catalogue": ("items", "odds"), "HO/pricing": ("prices",), "HO/policy": ("notices",)}


def moment_of(n: int) -> str:
    """The n-th minute."""
    return f"2026-11-{1 + n // 1440:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00.000Z"


def fill_books(books: sqlite3.Connection, dice: random.Random) -> None:
    """A head office after some runs of any kind: to all or to some, blocked lanes, withdrawn and
    parked parts, full loads, a second epoch, sites that are closed or never answer."""
    books.execute("INSERT INTO sync_state(name, value) VALUES ('site', 'HO')")
    _sites_and_audiences(books, dice)
    epochs, heads, own = {}, dict.fromkeys(STREAMS, 0), dict[tuple[str, str], int]()
    acked: dict[tuple[str, str, str], int] = {}
    for stream in STREAMS:
        epochs[stream] = "e1"
        books.execute("INSERT INTO sync_stream(stream, epoch) VALUES (?, 'e1')", (stream,))
    for run in range(1, dice.randint(3, 9)):
        _run(books, dice, run, epochs, heads, own)
        _answers(books, dice, run, epochs, heads, acked)
    for stream in STREAMS:
        books.execute(
            "UPDATE sync_stream SET head_no = ?, epoch = ? WHERE stream = ?",
            (heads[stream], epochs[stream], stream),
        )
    _troubles(books, dice, heads)


def _sites_and_audiences(books: sqlite3.Connection, dice: random.Random) -> None:
    books.execute("INSERT INTO sync_site(code, role, state) VALUES ('HO', 'ho', 'active')")
    for code in SITES:
        state = dice.choice(("active", "active", "active", "blocked", "closed"))
        books.execute(
            "INSERT INTO sync_site(code, role, state) VALUES (?, 'store', ?)", (code, state)
        )
    books.execute("INSERT INTO sync_audience(id, name, members) VALUES (1, '*', '*')")
    for number in (2, 3):
        some = dice.sample(SITES, dice.randint(1, 3))
        books.execute(
            "INSERT INTO sync_audience(id, name, members) VALUES (?, ?, ?)",
            (number, f"a{number}", ",".join(some)),
        )
        books.executemany(
            "INSERT INTO sync_audience_site(audience, site) VALUES (?, ?)",
            [(number, site) for site in some],
        )


def _run(
    books: sqlite3.Connection,
    dice: random.Random,
    run: int,
    epochs: dict[str, str],
    heads: dict[str, int],
    own: dict[tuple[str, str], int],
) -> None:
    at = moment_of(run * 400)
    to = ["*"] if dice.random() < 0.5 else dice.sample(SITES, dice.randint(1, 3))
    what = "Sync All" if to == ["*"] else f"Sync Selective to {', '.join(to)}"
    books.execute(
        "INSERT INTO sync_run(no, started_at, ended_at, trigger, who, what, sites, outcome) "
        "VALUES (?, ?, ?, 'window', '', ?, ?, 'done')",
        (run, at, at, what, ",".join(to)),
    )
    for stream in STREAMS:
        if dice.random() < 0.05:
            epochs[stream] = f"e{run + 1}"
        is_sent = dice.random() < 0.8
        for _ in range(dice.randint(0, 4)):
            heads[stream] += 1
            books.execute(
                "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, "
                "records, gone, rows, sha256, size, raw_size, sealed_at, uploaded_at, "
                "withdrawn_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, 1, '', ?, 1, ?, ?, ?)",
                (
                    stream, heads[stream], epochs[stream], run, dice.choice(ENTITIES[stream]),
                    dice.choice((1, 1, 2, 3)), dice.randint(1, 12), dice.randint(0, 2),
                    dice.randint(1, 4) * 100, at, at if is_sent else None,
                    at if dice.random() < 0.05 else None,
                ),
            )  # fmt: skip
        for name in to if is_sent else ():
            _release(books, stream, name, heads[stream], run, at, own)


def _release(
    books: sqlite3.Connection,
    stream: str,
    name: str,
    to_no: int,
    run: int,
    at: str,
    own: dict[tuple[str, str], int],
) -> None:
    from_no = own.get((stream, name), 0)
    if to_no > from_no:
        own[(stream, name)] = to_no
        books.execute(
            "INSERT INTO sync_release(stream, site, from_no, to_no, run, at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (stream, name, from_no, to_no, run, at),
        )


def _answers(
    books: sqlite3.Connection,
    dice: random.Random,
    run: int,
    epochs: dict[str, str],
    heads: dict[str, int],
    acked: dict[tuple[str, str, str], int],
) -> None:
    for stream in STREAMS:
        for site in SITES:
            place = (stream, epochs[stream], site)
            before = acked.get(place, 0)
            if heads[stream] <= before or dice.random() < 0.5:
                continue
            to_no, at = (
                dice.randint(before, heads[stream]),
                moment_of(run * 400 + dice.randint(0, 2)),
            )
            kind = "load" if dice.random() < 0.15 else "data"
            acked[place] = to_no
            books.execute(
                "INSERT INTO sync_ack(stream, site, epoch, kind, from_no, to_no, run, applied_at, "
                "collected_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (stream, site, epochs[stream], kind, before, to_no, run, at, at),
            )


def _troubles(books: sqlite3.Connection, dice: random.Random, heads: dict[str, int]) -> None:
    for n in range(dice.randint(0, 6)):
        stream = dice.choice(STREAMS)
        books.execute(
            "INSERT INTO sync_attention(site, stream, entity, key, no, code, reason, first_at, "
            "last_at) VALUES (?, ?, 'items', ?, ?, 'x', 'y', '', '')",
            (dice.choice(SITES), stream, str(n), dice.randint(1, heads[stream] + 1)),
        )
    for _ in range(dice.randint(0, 4)):
        stream = dice.choice(STREAMS)
        books.execute(
            "INSERT OR IGNORE INTO sync_block(kind, name, k1, k2, reason, who, at) "
            "VALUES ('part', ?, ?, ?, '', '', '')",
            (stream, dice.randint(1, heads[stream] + 1), dice.choice(SITES)),
        )
    if dice.random() < 0.4:
        books.execute(
            "INSERT INTO sync_block(kind, name, reason, who, at) "
            "VALUES ('channel', ?, 'prices are wrong', 'anna', '')",
            (dice.choice(("catalogue", "pricing")),),
        )
