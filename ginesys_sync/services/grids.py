"""*Received Data* in shop words, from the derived rows of the store. *Sent Data*: `sent_list`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby, islice

from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Kind, Status, received_status
from ginesys_sync.services.grid_words import (
    channel_title,
    count_words,
    first_kinds,
    kinds_words,
)
from ginesys_sync.services.sent_parts import needs_words
from ginesys_sync.services.views import BatchRow, GridFilter, Page, RunGroup
from ginesys_sync.services.words import moment
from ginesys_sync.store import grids, runs
from ginesys_sync.store.database import Connection


def received(
    connection: Connection,
    plan: Plan,
    me: str,
    wanted: GridFilter,
    run: int | None = None,
    look: Callable[[], None] = lambda: None,
) -> Iterator[BatchRow]:
    """Received rows that the filter wants, in its order. `look` is called for each row looked
    at.
    """
    found = grids.received_rows(connection, me, run, wanted.site)
    return _chosen((_received_row(plan, row) for row in found), wanted, look)


def _chosen(
    rows: Iterable[BatchRow], wanted: GridFilter, look: Callable[[], None]
) -> Iterator[BatchRow]:
    def looked_at() -> Iterator[BatchRow]:
        for row in rows:
            look()
            if _is_wanted(row, wanted):
                yield row

    return _ordered(looked_at(), wanted.sort)


def _received_row(plan: Plan, row: grids.ReceivedRow) -> BatchRow:
    is_ack, is_load = not row.entity, row.whole is not None
    return BatchRow(
        run=row.run,
        kind=Kind.ACKNOWLEDGEMENT if is_ack else Kind.DATA,
        site=row.site,
        stream=row.stream,
        channel=channel_title(plan, row.stream),
        batch=None if is_load else row.no,
        records=row.records,
        what=_received_words(plan, row),
        size=row.size,
        status=received_status(row.no, row.no if row.processed_at else 0),
        created_at=moment(row.sealed_at),
        uploaded_at=None,
        received_at=moment(row.received_at),
        processed_at=moment(row.processed_at),
        attention=row.attention,
        problem=needs_words(row.attention, row.site if is_ack else "this site"),
        entity=row.entity,
    )


def _received_words(plan: Plan, row: grids.ReceivedRow) -> str:
    if not row.entity:
        lane = channel_title(plan, row.stream)
        return f"Acknowledgement of {lane}, up to batch {row.no:,}"
    if row.whole is None:
        return count_words(plan, row.entity, row.records)
    # A load that was interrupted is several runs' work: each shows its part of the whole.
    part = "" if row.records == row.whole else f"{row.records:,} of "
    return f"First load: {part}{count_words(plan, row.entity, row.whole)}"


def _is_wanted(row: BatchRow, wanted: GridFilter) -> bool:
    if wanted.status is not None and row.status is not wanted.status:
        return False
    at = row.received_at or row.uploaded_at or row.created_at
    if at is not None and (
        (wanted.since and at < wanted.since) or (wanted.until and at >= wanted.until)
    ):
        return False
    text = wanted.text.casefold()
    number = "" if row.batch is None else str(row.batch)
    words = (row.what, row.channel, row.site, number, row.status.value, row.problem)
    return not text or any(text in word.casefold() for word in words)


def _ordered(rows: Iterator[BatchRow], sort: str) -> Iterator[BatchRow]:
    if not sort:
        return rows
    name = sort.lstrip("-")
    return iter(sorted(rows, key=lambda row: _sort_key(row, name), reverse=sort.startswith("-")))


def _sort_key(row: BatchRow, name: str) -> tuple[bool, object]:
    value = getattr(row, name)
    return (value is not None, value)


def page(rows: Iterable[BatchRow], start: int, limit: int) -> Page[BatchRow]:
    """A page of at most `limit` rows, made of the rows from `start` on: one more where there is a
    next page.
    """
    found = tuple(islice(rows, limit + 1))
    return Page(found[:limit], start + limit if len(found) > limit else None)


def run_groups(
    connection: Connection, plan: Plan, rows: Iterable[BatchRow], after: int | None, limit: int
) -> Page[RunGroup]:
    """Rows grouped by run, newest first; `after` is the last run of the page before."""
    found: list[RunGroup] = []
    for number, members in groupby(rows, key=lambda row: row.run):
        if after is not None and number >= after:
            continue
        if len(found) == limit:
            return Page(tuple(found), found[-1].run)
        found.append(_group(connection, plan, number, list(members)))
    return Page(tuple(found))


def _group(connection: Connection, plan: Plan, number: int, rows: list[BatchRow]) -> RunGroup:
    record = runs.run_of(connection, number)
    statuses = {status: sum(row.status is status for row in rows) for status in Status}
    title = record.what if record else f"Run {number}"
    return RunGroup(
        run=number,
        started_at=moment(record.started_at) if record else None,
        title=f"{title}: {_holds(plan, rows)}",
        rows=len(rows),
        records=sum(row.records for row in rows if row.kind is Kind.DATA),
        size=sum(row.size for row in rows),
        statuses=tuple((status, count) for status, count in statuses.items() if count),
        attention=sum(row.attention for row in rows),
        received_at=max((row.received_at for row in rows if row.received_at), default=None),
        processed_at=_all_processed_at(rows),
    )


def _all_processed_at(rows: list[BatchRow]) -> datetime | None:
    """When the last row was processed; None while one is not."""
    found = [row.processed_at for row in rows if row.processed_at is not None]
    return max(found, default=None) if len(found) == len(rows) else None


def _holds(plan: Plan, rows: list[BatchRow]) -> str:
    """`first load (2,000 items, 600 prices), 42 prices, 1 user`: each batch counted once, however
    many sites get it.
    """
    # The largest first: a first load holds nearly every kind, and only some are named.
    loads = sorted((row for row in rows if row.is_first_load), key=lambda row: -row.records)
    batches = {(row.stream, row.batch): row for row in rows if row.kind is Kind.DATA}
    loaded = kinds_words(plan, ((row.entity, row.records) for row in loads))
    words = [f"first load ({first_kinds(loaded)})"] if loads else []
    plain = (row for row in batches.values() if not row.is_first_load)
    words += kinds_words(plan, ((row.entity, row.records) for row in plain))
    acks = sum(row.kind is Kind.ACKNOWLEDGEMENT for row in rows)
    if acks:
        words.append(f"{acks:,} acknowledgement{'' if acks == 1 else 's'}")
    return first_kinds(words)
