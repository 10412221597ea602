"""How a run ended, per site, and what comes next, in whole sentences: derived from the books of
that run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ginesys_sync.core.clock import from_iso
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Outcome, Stage
from ginesys_sync.services.run_counts import Counts, run_counts
from ginesys_sync.services.sent_list import SentBooks, SentList
from ginesys_sync.services.views import GridFilter, RunRow, RunSummary, SiteSummary
from ginesys_sync.services.words import ago, moment
from ginesys_sync.store import grids, runs, sites
from ginesys_sync.store.database import Connection
from ginesys_sync.store.glance import OpenWork

_NAMED = 3


def run_row(connection: Connection, plan: Plan, me: str, record: runs.RunRecord) -> RunRow:
    """A run with its counts."""
    lines = site_summaries(connection, plan, me, record)
    return RunRow(
        run=record.no,
        started_at=from_iso(record.started_at),
        ended_at=moment(record.ended_at),
        trigger=record.trigger,
        who=record.who,
        what=record.what,
        outcome=record.outcome,
        sent=sum(line.sent for line in lines),
        received=sum(line.received for line in lines),
        processed=sum(line.processed for line in lines),
        acknowledged=sum(line.acknowledged for line in lines),
        attention=sum(line.attention for line in lines),
        message=record.message,
    )


def run_summary(
    connection: Connection,
    plan: Plan,
    me: str,
    record: runs.RunRecord,
    now: datetime,
    books: SentBooks | None = None,
) -> RunSummary:
    """How a run ended. `books`: where they have been read already."""
    books = books or SentBooks.read(connection)
    lines = site_summaries(connection, plan, me, record, books)
    outcome = record.outcome or Outcome.STOPPED
    is_stopped = outcome in (Outcome.STOPPED, Outcome.CANCELLED)
    next_lines = () if is_stopped else _what_next(connection, me, record, now, books.open_work)
    if outcome is Outcome.ATTENTION and record.code == "notes":
        next_lines = (record.title, *next_lines)
    return RunSummary(
        run=record.no,
        what=record.what,
        started_at=moment(record.started_at),
        ended_at=moment(record.ended_at),
        outcome=outcome,
        sites=tuple(lines),
        what_next=next_lines,
        closing=record.message,
        title=record.title if is_stopped else "",
        advice=record.advice if is_stopped else "",
        detail=record.detail if is_stopped else "",
    )


def site_summaries(
    connection: Connection,
    plan: Plan,
    me: str,
    record: runs.RunRecord,
    books: SentBooks | None = None,
) -> list[SiteSummary]:
    """What the run did with each site it sent to, heard from, or was asked for."""
    books = books or SentBooks.read(connection)
    listed = SentList(connection, plan, books, GridFilter())
    found = run_counts(connection, books.sums, listed, me, record.no)
    for code in record.sites or ():
        found[code].sent += 0
    if me != HEAD_OFFICE:
        loaded = _loaded(record, sum(counts.received for counts in found.values()))
        if loaded:
            found[HEAD_OFFICE].received += loaded
            found[HEAD_OFFICE].processed += loaded
    return _site_lines(connection, found, books.open_work)


def _site_lines(
    connection: Connection, found: Mapping[str, Counts], open_work: Mapping[str, OpenWork]
) -> list[SiteSummary]:
    names: dict[str, str] = {site.code: site.name for site in sites.sites(connection)}
    attention = grids.attention_by_site(connection)
    own_attention = dict(grids.parked_by_origin(connection))
    return [
        SiteSummary(
            site=code,
            name=names.get(code, "Head office" if code == HEAD_OFFICE else code),
            sent=counts.sent,
            received=counts.received,
            processed=counts.processed,
            acknowledged=counts.acknowledged,
            waiting=open_work[code].waiting if code in open_work else 0,
            attention=attention.get(code, 0) + own_attention.get(code, 0),
        )
        for code, counts in sorted(found.items())
    ]


def _loaded(record: runs.RunRecord, listed: int) -> int:
    """Records that a full load brought to this store: written, and in no batch of its list."""
    if record.outcome not in (Outcome.DONE, Outcome.ATTENTION):
        return 0
    written = int(record.tally.get(Stage.UPDATING.value, {}).get("done", 0))
    return max(0, written - listed)


def _what_next(
    connection: Connection,
    me: str,
    record: runs.RunRecord,
    now: datetime,
    open_work: Mapping[str, OpenWork],
) -> tuple[str, ...]:
    open_at = [code for code, work in open_work.items() if work.batches]
    seen = sites.contacts(connection)
    asked = [code for code in open_at if record.sites is None or code in record.sites]
    if me != HEAD_OFFICE:
        if HEAD_OFFICE in open_at:
            return ("Waiting for head office to sync: then your records are processed there.",)
        return ("Everything this store sent has been processed at head office.",)
    lines = []
    for code in sorted(asked)[:_NAMED]:
        contact = seen.get(code)
        last = moment(contact.last_seen_at) if contact else None
        when = "which has not synced yet" if last is None else f"last seen {ago(last, now)}"
        lines.append(f"Waiting for {code} to press Sync, {when}.")
    if len(asked) > _NAMED:
        lines.append(f"Waiting for {len(asked) - _NAMED:,} more stores to press Sync.")
    unticked = {code: work.waiting for code, work in open_work.items() if work.waiting}
    if unticked:
        count, records = len(unticked), sum(unticked.values())
        whom = next(iter(unticked)) if count == 1 else f"{count:,} stores"
        waits = "record waits" if records == 1 else "records wait"
        lines.append(f"{records:,} {waits} for {whom}, not ticked this time.")
    if not lines:
        lines.append("Every store has processed what it was sent.")
    return tuple(lines)
