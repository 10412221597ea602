"""How a run ended, per site, and what comes next, in whole sentences: derived from the books of
that run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ginesys_sync.core.clock import from_iso
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Kind, Outcome, Stage, Status
from ginesys_sync.services.grids import received, sent
from ginesys_sync.services.views import BatchRow, GridFilter, RunRow, RunSummary, SiteSummary
from ginesys_sync.services.words import ago, moment
from ginesys_sync.store import grids, runs, sites
from ginesys_sync.store.database import Connection

_NAMED = 3
_NOT_SENT = frozenset({Status.WAITING, Status.BLOCKED, Status.WITHDRAWN})


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
    connection: Connection, plan: Plan, me: str, record: runs.RunRecord, now: datetime
) -> RunSummary:
    """How a run ended."""
    lines = site_summaries(connection, plan, me, record)
    outcome = record.outcome or Outcome.STOPPED
    is_stopped = outcome in (Outcome.STOPPED, Outcome.CANCELLED)
    next_lines = () if is_stopped else _what_next(connection, me, record, now)
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
    connection: Connection, plan: Plan, me: str, record: runs.RunRecord
) -> list[SiteSummary]:
    """What the run did with each site it sent to, heard from, or was asked for."""
    everything = GridFilter()
    found: defaultdict[str, _Counts] = defaultdict(_Counts)
    for code in record.sites or ():
        found[code].sent += 0
    for row in sent(connection, plan, everything, record.no):
        found[row.site].sent += row.records if row.status not in _NOT_SENT else 0
    for row in received(connection, plan, me, everything, record.no):
        found[row.site].take(row)
    if me != HEAD_OFFICE:
        loaded = _loaded(record, sum(counts.received for counts in found.values()))
        if loaded:
            found[HEAD_OFFICE].received += loaded
            found[HEAD_OFFICE].processed += loaded
    return _site_lines(connection, me, found)


@dataclass(slots=True)
class _Counts:
    """What one run did with one site: records, and acknowledgements."""

    sent: int = 0
    received: int = 0
    processed: int = 0
    acknowledged: int = 0

    def take(self, row: BatchRow) -> None:
        """Count a row of *Received Data*."""
        if row.kind is Kind.ACKNOWLEDGEMENT:
            self.acknowledged += 1
            return
        self.received += row.records
        if row.status is Status.PROCESSED and row.entity:
            self.processed += row.records


def _site_lines(
    connection: Connection, me: str, found: Mapping[str, _Counts]
) -> list[SiteSummary]:
    names: dict[str, str] = {site.code: site.name for site in sites.sites(connection)}
    waiting = grids.waiting_records(connection)
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
            waiting=waiting.get(code, 0),
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
    connection: Connection, me: str, record: runs.RunRecord, now: datetime
) -> tuple[str, ...]:
    open_at = grids.unacknowledged(connection)
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
    unticked = grids.waiting_records(connection)
    if unticked:
        count, records = len(unticked), sum(unticked.values())
        whom = next(iter(unticked)) if count == 1 else f"{count:,} stores"
        waits = "record waits" if records == 1 else "records wait"
        lines.append(f"{records:,} {waits} for {whom}, not ticked this time.")
    if not lines:
        lines.append("Every store has processed what it was sent.")
    return tuple(lines)
