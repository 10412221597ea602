"""The run list: runs and syncs that never began in one order, newest first; and what of it goes.

What goes, once a day, by the first run of that day:

- a run that live mode asked for, ended well and left nothing in the books: after three days;
- any other run that ended well and left nothing in the books (a schedule's): after 90 days;
- a request that became a run, since its run tells the rest: after a day;
- a request that never began (skipped, refused, cancelled), with its reason: after 90 days.

The newest run always stays, and the number of a run is one more than the highest there is
(`runs.begin_run`): so no number comes again, neither here nor at the Web Database, which takes a
lower one for a restored backup. Requests have AUTOINCREMENT.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ginesys_sync.core.clock import from_iso, iso
from ginesys_sync.core.status import Outcome
from ginesys_sync.store.database import database_faults, raw, read_state, transaction, write_state
from ginesys_sync.store.runs import ENDED

EMPTY_LIVE_KEPT = timedelta(days=3)
EMPTY_KEPT = timedelta(days=90)
REQUEST_KEPT = timedelta(days=1)
UNBEGUN_KEPT = timedelta(days=90)
PURGE_EVERY = timedelta(days=1)
LIVE = "live"
_PURGED_AT = "runs_purged_at"
_SLICE = 500
_MOST_SLICES = 20
_SKIPPED = "Skipped: %"


def _done(stage: str) -> str:
    return f"coalesce(json_extract(tally, '$.{stage}.done'), 0)"


_RELEASED = "EXISTS (SELECT 1 FROM sync_release x WHERE x.run = r.no)"
_IS_EMPTY_LIVE = (
    f"(trigger = '{LIVE}' AND outcome = '{Outcome.DONE}' "
    f"AND {_done('Sending')} + {_done('Receiving')} + {_done('Updating')} = 0 "
    f"AND NOT {_RELEASED})"
)
"""A live run that moved no record: an acknowledgement at most."""
_RUNS = f"""
SELECT no, started_at, ended_at, trigger, who, what, outcome, message, {_done("Receiving")},
  {_done("Updating")} FROM sync_run r"""
_UNBEGUN = f"""
SELECT id, asked_at, trigger, who, sites, message, CASE WHEN cancel THEN '{Outcome.CANCELLED}'
  WHEN message LIKE '{_SKIPPED}' THEN '{Outcome.SKIPPED}' ELSE '{Outcome.REFUSED}' END AS outcome
FROM sync_request WHERE state = '{ENDED}' AND run IS NULL"""
_SENT = """
SELECT run, sum(records) FROM (
  SELECT DISTINCT r.run AS run, b.id AS id, b.records + b.gone AS records
  FROM sync_release r JOIN sync_batch b
    ON b.stream = r.stream AND b.no > r.from_no AND b.no <= r.to_no AND b.received_at IS NULL
  WHERE r.run IN ({marks}) AND EXISTS (
    SELECT 1 FROM (
      SELECT m.site FROM sync_audience_site m WHERE m.audience = b.audience
      UNION ALL
      SELECT s.code FROM sync_audience a JOIN sync_site s ON s.role = 'store'
        AND s.state IN ('active', 'blocked') WHERE a.id = b.audience AND a.name = '*'
    ) t WHERE r.site IN (t.site, '*') AND NOT EXISTS (
      SELECT 1 FROM sync_release e WHERE e.stream = b.stream AND e.site IN (t.site, '*')
        AND e.to_no >= b.no AND e.from_no < b.no AND e.id < r.id)))
GROUP BY run"""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which lines are wanted; empty means all. `with_empty_live`: also live runs that moved no
    record.
    """

    triggers: tuple[str, ...] = ()
    outcome: Outcome | None = None
    with_empty_live: bool = False


@dataclass(frozen=True, slots=True)
class RunLine:
    """One line. `no` None: it never began, `message` says why. Moments are ISO texts; counts are
    records.
    """

    no: int | None
    request: int | None
    started_at: str
    ended_at: str | None
    trigger: str
    who: str
    what: str
    sites: str
    outcome: str | None
    message: str
    sent: int = 0
    received: int = 0
    processed: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list begins: below this run and this request; None: at the newest."""

    run: int | None = None
    request: int | None = None

    def after(self, line: RunLine) -> Place:
        """Below this line."""
        if line.no is not None:
            return Place(line.no, self.request)
        return Place(self.run, line.request)


def run_lines(
    connection: Connection, wanted: RunFilter, place: Place, limit: int
) -> tuple[RunLine, ...]:
    """Up to `limit` lines from `place` on, newest first."""
    with database_faults():
        driver = raw(connection)
        found = list(_merged(_runs(driver, wanted, place), _unbegun(driver, wanted, place), limit))
        sent = _sent(driver, [line.no for line in found if line.no is not None])
    return tuple(_with_sent(line, sent) for line in found)


def _merged(runs: Iterator[RunLine], unbegun: Iterator[RunLine], limit: int) -> Iterator[RunLine]:
    run, other = next(runs, None), next(unbegun, None)
    for _ in range(limit):
        if run is not None and (other is None or run.started_at >= other.started_at):
            yield run
            run = next(runs, None)
        elif other is not None:
            yield other
            other = next(unbegun, None)
        else:
            return


def _runs(driver: sqlite3.Connection, wanted: RunFilter, place: Place) -> Iterator[RunLine]:
    where, values = _conditions(wanted)
    if not wanted.with_empty_live:
        where.append(f"NOT {_IS_EMPTY_LIVE}")
    if place.run is not None:
        where.append("no < ?")
        values.append(place.run)
    query = f"{_RUNS} WHERE {' AND '.join(where)} ORDER BY no DESC"
    for row in driver.execute(query, values):
        no, started, ended, trigger, who, what, outcome, message, received, processed = row
        yield RunLine(
            no, None, started, ended, trigger, who, what, "", outcome, message, 0, received,
            processed,
        )  # fmt: skip


def _unbegun(driver: sqlite3.Connection, wanted: RunFilter, place: Place) -> Iterator[RunLine]:
    where, values = _conditions(wanted)
    if place.request is not None:
        where.append("id < ?")
        values.append(place.request)
    query = f"SELECT * FROM ({_UNBEGUN}) WHERE {' AND '.join(where)} ORDER BY id DESC"
    for number, at, trigger, who, sites, message, outcome in driver.execute(query, values):
        yield RunLine(None, number, at, None, trigger, who, "", sites, outcome, message)


def _conditions(wanted: RunFilter) -> tuple[list[str], list[object]]:
    where, values = ["1"], list[object]()
    if wanted.triggers:
        where.append(f"trigger IN ({', '.join('?' * len(wanted.triggers))})")
        values += wanted.triggers
    if wanted.outcome is not None:
        where.append("outcome = ?")
        values.append(wanted.outcome.value)
    return where, values


def _sent(driver: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Records that each of these runs let somebody read, each counted once."""
    if not numbers:
        return {}
    return dict(driver.execute(_SENT.format(marks=", ".join("?" * len(numbers))), numbers))


def _with_sent(line: RunLine, sent: dict[int, int]) -> RunLine:
    count = sent.get(line.no or 0, 0)
    if not count:
        return line
    return RunLine(
        line.no, line.request, line.started_at, line.ended_at, line.trigger, line.who, line.what,
        line.sites, line.outcome, line.message, count, line.received, line.processed,
    )  # fmt: skip


def newest_telling(connection: Connection) -> int | None:
    """The newest run that has ended and is no live run that moved no record."""
    query = (
        f"SELECT no FROM sync_run r WHERE ended_at IS NOT NULL AND NOT {_IS_EMPTY_LIVE} "
        "ORDER BY no DESC LIMIT 1"
    )
    with database_faults():
        row = raw(connection).execute(query).fetchone()
    return None if row is None else int(row[0])


# --- what goes ------------------------------------------------------------------------------------

_LEFT_NOTHING = """
  AND NOT EXISTS (SELECT 1 FROM sync_batch x WHERE x.run = r.no)
  AND NOT EXISTS (SELECT 1 FROM sync_release x WHERE x.run = r.no)
  AND NOT EXISTS (SELECT 1 FROM sync_ack x WHERE x.run = r.no)
  AND NOT EXISTS (SELECT 1 FROM sync_arrival x WHERE x.run = r.no)
  AND NOT EXISTS (SELECT 1 FROM sync_conflict x WHERE x.run = r.no)
  AND no NOT IN (SELECT json_extract(c.value, '$.run') FROM sync_load l, json_each(l.chunks) c
    WHERE json_extract(c.value, '$.run') IS NOT NULL)"""
_OLD_RUNS = f"""
SELECT no FROM sync_run r WHERE outcome = '{Outcome.DONE}'
  AND ended_at < CASE trigger WHEN '{LIVE}' THEN :live ELSE :other END
  AND no < (SELECT max(no) FROM sync_run) {_LEFT_NOTHING} ORDER BY no LIMIT :limit"""
_OLD_REQUESTS = f"""
SELECT id FROM sync_request WHERE state = '{ENDED}'
  AND asked_at < CASE WHEN run IS NULL THEN :unbegun ELSE :begun END ORDER BY id LIMIT :limit"""


def purge(
    connection: Connection,
    now: datetime,
    check: Callable[[], None],
    pause: Callable[[], None],
) -> int:
    """Let go of what is listed above; returns how many rows. Once a day, in slices with pauses
    between them; what is left over after the last slice goes with the next run. `check` is called
    inside each transaction.
    """
    last = read_state(connection, _PURGED_AT)
    if last and abs(now - from_iso(last)) < PURGE_EVERY:
        return 0
    limit = _SLICE * _MOST_SLICES
    days = {
        "live": iso(now - EMPTY_LIVE_KEPT),
        "other": iso(now - EMPTY_KEPT),
        "begun": iso(now - REQUEST_KEPT),
        "unbegun": iso(now - UNBEGUN_KEPT),
        "limit": limit,
    }
    with database_faults():
        runs = [no for (no,) in raw(connection).execute(_OLD_RUNS, days)]
        requests = [number for (number,) in raw(connection).execute(_OLD_REQUESTS, days)]
    for table, key, numbers in (
        ("sync_run", "no", runs),
        ("sync_request", "id", requests),
    ):
        for start in range(0, len(numbers), _SLICE):
            some = numbers[start : start + _SLICE]
            with transaction(connection):
                check()
                marks = ", ".join("?" * len(some))
                raw(connection).execute(f"DELETE FROM {table} WHERE {key} IN ({marks})", some)
            pause()
    if max(len(runs), len(requests)) < limit:
        with transaction(connection):
            check()
            write_state(connection, _PURGED_AT, iso(now))
    return len(runs) + len(requests)
