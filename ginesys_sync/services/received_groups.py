"""The groups of *Received Data*: what each run brought, as one line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Kind, Status
from ginesys_sync.services.grid_words import first_kinds, kinds_words
from ginesys_sync.services.views import BatchRow, Page, RunGroup
from ginesys_sync.services.words import moment
from ginesys_sync.store import runs
from ginesys_sync.store.database import Connection
from ginesys_sync.store.grids import ReceivedRow
from ginesys_sync.store.received_facts import ReceivedFacts
from ginesys_sync.store.received_sums import (
    NEWEST,
    AckSum,
    KindSum,
    acks_of_run,
    batches_of_run,
    run_before,
)

_SUMMED_A_PAGE, _MADE_A_PAGE = 8_000, 4_000
"""A page of groups ends before the next run once its runs hold so many rows, summed in the database
or made one by one: a first page must come soon."""


class ReceivedGroups:
    """All groups, summed in the database."""

    def __init__(self, connection: Connection, plan: Plan, me: str, facts: ReceivedFacts) -> None:
        self._connection, self._plan, self._me, self._facts = connection, plan, me, facts
        self._loads = defaultdict[int, list[ReceivedRow]](list)
        for row in facts.loads:
            self._loads[row.run].append(row)
        self._attention = Counter[int]()
        for row in facts.troubled():
            self._attention[row.run] += row.attention

    def page(self, after: int | None, limit: int) -> Page[RunGroup]:
        """At most so many runs after one, newest first."""
        found: list[RunGroup] = []
        number, rows = self._next(NEWEST if after is None else after), 0
        while number is not None:
            if len(found) == limit or rows > _SUMMED_A_PAGE:
                return Page(tuple(found), found[-1].run)
            found.append(self._group(number))
            rows += found[-1].rows
            number = self._next(number)
        return Page(tuple(found))

    def _next(self, run: int) -> int | None:
        of_loads = max((number for number in self._loads if number < run), default=None)
        both = (run_before(self._connection, self._me, run), of_loads)
        return max((number for number in both if number is not None), default=None)

    def _group(self, run: int) -> RunGroup:
        kinds = batches_of_run(self._connection, self._me, run)
        acks, loads = acks_of_run(self._connection, self._me, run), self._loads.get(run, [])
        count = sum(kind.batches for kind in kinds) + len(loads) + acks.count
        done = sum(kind.processed for kind in kinds) + acks.count
        done += sum(row.processed_at is not None for row in loads)
        words = _holds(self._plan, kinds, loads, acks.count)
        record = runs.run_of(self._connection, run)
        return RunGroup(
            run=run,
            started_at=moment(record.started_at) if record else None,
            title=f"{record.what if record else f'Run {run}'}: {words}",
            rows=count,
            records=sum(kind.records for kind in kinds) + sum(row.records for row in loads),
            size=sum(kind.size for kind in kinds) + sum(row.size for row in loads),
            statuses=_statuses(count - done, done),
            attention=acks.parked + self._attention[run] + sum(row.attention for row in loads),
            received_at=_latest(
                acks.collected_at,
                *(kind.received_at for kind in kinds),
                *(row.received_at for row in loads),
            ),
            processed_at=_processed(kinds, loads, acks) if done == count else None,
        )


def _statuses(received: int, processed: int) -> tuple[tuple[Status, int], ...]:
    both = {Status.RECEIVED: received, Status.PROCESSED: processed}
    return tuple((status, both[status]) for status in Status if both.get(status))


def _latest(*moments: str | None) -> datetime | None:
    return moment(max(filter(None, moments), default=None))


def _processed(kinds: list[KindSum], loads: list[ReceivedRow], acks: AckSum) -> datetime | None:
    return _latest(
        acks.collected_at,
        *(kind.processed_at for kind in kinds),
        *(row.processed_at for row in loads),
    )


def _holds(plan: Plan, kinds: list[KindSum], loads: list[ReceivedRow], acks: int) -> str:
    """`first load (2,000 items, 600 prices), 42 prices, 1 acknowledgement`."""
    # The largest first: a first load holds nearly every kind, and only some are named.
    taken = sorted(((row.entity, row.records) for row in loads), key=lambda each: -each[1])
    words = [f"first load ({first_kinds(kinds_words(plan, taken))})"] if taken else []
    words += kinds_words(plan, ((kind.entity, kind.records) for kind in kinds))
    if acks:
        words.append(f"{acks:,} acknowledgement{'' if acks == 1 else 's'}")
    return first_kinds(words)


# --- groups of some rows --------------------------------------------------------------------------


def groups_of(
    connection: Connection, plan: Plan, rows: Iterable[BatchRow], after: int | None, limit: int
) -> Page[RunGroup]:
    """Groups of rows that come in the order of their runs, newest first."""
    found: list[RunGroup] = []
    seen = 0
    for number, members in groupby(rows, key=lambda row: row.run):
        if after is not None and number >= after:
            continue
        if len(found) == limit or seen > _MADE_A_PAGE:
            return Page(tuple(found), found[-1].run)
        found.append(_group(connection, plan, number, list(members)))
        seen += found[-1].rows
    return Page(tuple(found))


def _group(connection: Connection, plan: Plan, number: int, rows: list[BatchRow]) -> RunGroup:
    record = runs.run_of(connection, number)
    counts = Counter(row.status for row in rows)
    return RunGroup(
        run=number,
        started_at=moment(record.started_at) if record else None,
        title=f"{record.what if record else f'Run {number}'}: {_holds_rows(plan, rows)}",
        rows=len(rows),
        records=sum(row.records for row in rows if row.kind is Kind.DATA),
        size=sum(row.size for row in rows),
        statuses=_statuses(counts[Status.RECEIVED], counts[Status.PROCESSED]),
        attention=sum(row.attention for row in rows),
        received_at=max((row.received_at for row in rows if row.received_at), default=None),
        processed_at=_all_processed_at(rows),
    )


def _all_processed_at(rows: list[BatchRow]) -> datetime | None:
    """When the last row was processed; None while one is not."""
    found = [row.processed_at for row in rows if row.processed_at is not None]
    return max(found, default=None) if len(found) == len(rows) else None


def _holds_rows(plan: Plan, rows: list[BatchRow]) -> str:
    loads = sorted((row for row in rows if row.is_first_load), key=lambda row: -row.records)
    loaded = kinds_words(plan, ((row.entity, row.records) for row in loads))
    words = [f"first load ({first_kinds(loaded)})"] if loads else []
    plain = (row for row in rows if row.kind is Kind.DATA and not row.is_first_load)
    words += kinds_words(plan, ((row.entity, row.records) for row in plain))
    acks = sum(row.kind is Kind.ACKNOWLEDGEMENT for row in rows)
    if acks:
        words.append(f"{acks:,} acknowledgement{'' if acks == 1 else 's'}")
    return first_kinds(words)
