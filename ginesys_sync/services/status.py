"""The lists of `ginesys-sync status` as flat rows: stable names, for scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ginesys_sync.core.clock import from_iso, iso
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.board import read_board
from ginesys_sync.services.board_views import BoardLine
from ginesys_sync.services.home_desk import attention_page
from ginesys_sync.services.received_list import ReceivedList
from ginesys_sync.services.run_list import newest_lines, what_of
from ginesys_sync.services.schedules import zone_or_own
from ginesys_sync.services.sent_list import SentBooks, SentList
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.site_lines import site_lines
from ginesys_sync.services.summary import run_row
from ginesys_sync.services.views import AttentionRow, BatchRow, GridFilter, RunRow, SiteLine
from ginesys_sync.store import runs
from ginesys_sync.store.database import Connection, database_faults, snapshot
from ginesys_sync.store.run_list import RunLine

Flat = dict[str, Any]


def status_rows(folder: Path, what: str, limit: int) -> list[Flat]:
    """The newest `limit` rows of one list (sent, received, sites, attention, runs), as one
    moment shows them."""
    with (
        opened_site(folder) as site,
        site.database.connect() as connection,
        database_faults(),
        snapshot(connection),
    ):
        return _LISTS[what](connection, site, limit)


def _at(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def _batch(row: BatchRow) -> Flat:
    return {
        "run": row.run,
        "kind": row.kind.value,
        "site": row.site,
        "stream": row.stream,
        "batch": row.batch,
        "records": row.records,
        "status": row.status.value,
        "uploaded_at": _at(row.uploaded_at),
        "received_at": _at(row.received_at),
        "processed_at": _at(row.processed_at),
        "what": row.what,
        "attention": row.attention,
    }


def _sent(connection: Connection, site: OpenSite, limit: int) -> list[Flat]:
    found = SentList(connection, site.plan, SentBooks.read(connection), GridFilter())
    return [_batch(row) for row in found.all_rows(limit=limit)]


def _received(connection: Connection, site: OpenSite, limit: int) -> list[Flat]:
    found = ReceivedList(connection, site.plan, site.code, GridFilter())
    return [_batch(row) for row in islice(found.rows(), limit)]


def _sites(connection: Connection, site: OpenSite, limit: int) -> list[Flat]:
    lines = list(islice(site_lines(connection), limit))
    if not site.is_head_office:
        return [_site(line) | dict.fromkeys(_BOARD) for line in lines]
    zone = zone_or_own(site.home.settings.time_zone)
    board = {line.code: line for line in read_board(connection, datetime.now(UTC), zone).lines}
    return [_site(line) | _on_board(board[line.code]) for line in lines]


_BOARD = (
    "level", "why", "is_online", "waiting_in_all", "oldest_waiting_at", "unprocessed",
    "is_program_old", "is_plan_old", "clock_ahead_seconds", "is_live", "next_run_at",
    "records_24h", "contacts_24h", "alerts",
)  # fmt: skip
"""What the site board adds; null at a store, which has none."""


def _on_board(line: BoardLine) -> Flat:
    values = (
        line.level.value,
        line.why,
        line.is_online,
        line.waiting,
        _at(line.oldest_at),
        line.unprocessed,
        line.is_program_old,
        line.is_plan_old,
        line.clock_ahead_seconds,
        line.is_live,
        _at(line.next_run_at),
        sum(hour.records for hour in line.hours),
        sum(hour.contacts for hour in line.hours),
        len(line.alerts),
    )
    return dict(zip(_BOARD, values, strict=True))


def _site(line: SiteLine) -> Flat:
    return {
        "site": line.code,
        "name": line.name,
        "state": line.state,
        "last_seen_at": _at(line.last_seen_at),
        "waiting": line.waiting,
        "unacknowledged": line.unacknowledged,
        "attention": line.attention,
        "program": line.program,
        "plan_version": line.plan_version,
        "can_sync": line.can_sync,
        "why_not": line.why_not or None,
    }


def _attention(connection: Connection, site: OpenSite, limit: int) -> list[Flat]:
    page = attention_page(connection, site.plan, site.code, None, limit)
    return [_needing(row) for row in page.rows]


def _needing(row: AttentionRow) -> Flat:
    return {
        "site": row.site,
        "entity": row.entity,
        "key": row.key,
        "code": row.code,
        "reason": row.reason,
        "missing": row.missing or None,
        "stream": row.stream,
        "batch": row.batch,
        "first_at": _at(row.first_at),
        "last_at": _at(row.last_at),
        "tries": row.tries,
    }


def _runs(connection: Connection, site: OpenSite, limit: int) -> list[Flat]:
    """Every sync; one that never began has no run number, and its reason as the message."""
    found = []
    for line in newest_lines(connection, limit):
        record = None if line.no is None else runs.run_of(connection, line.no)
        if record is None:
            found.append(_run(_unbegun(site.code, line)))
        else:
            found.append(_run(run_row(connection, site.plan, site.code, record)))
    return found


def _unbegun(me: str, line: RunLine) -> RunRow:
    return RunRow(
        run=None,
        started_at=from_iso(line.started_at),
        ended_at=None,
        trigger=line.trigger,
        who=line.who,
        what=what_of(me, line),
        outcome=Outcome(line.outcome) if line.outcome else None,
        sent=0,
        received=0,
        processed=0,
        acknowledged=0,
        attention=0,
        message=line.message,
    )


def _run(row: RunRow) -> Flat:
    return {
        "run": row.run,
        "started_at": _at(row.started_at),
        "ended_at": _at(row.ended_at),
        "trigger": row.trigger,
        "who": row.who,
        "what": row.what,
        "outcome": row.outcome.value if row.outcome else None,
        "sent": row.sent,
        "received": row.received,
        "processed": row.processed,
        "acknowledged": row.acknowledged,
        "attention": row.attention,
        "message": row.message,
    }


_LISTS: dict[str, Callable[[Connection, OpenSite, int], list[Flat]]] = {
    "sent": _sent,
    "received": _received,
    "sites": _sites,
    "attention": _attention,
    "runs": _runs,
}
