"""A row of *Received Data* in shop words, and whether a filter wants it. The lists themselves:
`received_list` and `sent_list`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Kind, received_status
from ginesys_sync.services.grid_words import channel_title, count_words
from ginesys_sync.services.sent_parts import needs_words
from ginesys_sync.services.views import BatchRow, GridFilter, Page
from ginesys_sync.services.words import moment
from ginesys_sync.store import grids


def received_row(plan: Plan, row: grids.ReceivedRow) -> BatchRow:
    """A row as a person reads it."""
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


def is_wanted(row: BatchRow, wanted: GridFilter) -> bool:
    """Whether a filter wants a row."""
    if wanted.site and row.site != wanted.site:
        return False
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


def page(rows: Iterable[BatchRow], start: int, limit: int) -> Page[BatchRow]:
    """A page of at most `limit` rows, made of the rows from `start` on: one more where there is a
    next page.
    """
    found = tuple(islice(rows, limit + 1))
    return Page(found[:limit], start + limit if len(found) > limit else None)
