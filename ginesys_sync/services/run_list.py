"""The run list: every sync with what asked for it, how long it took and how it ended, and those
that never began with the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ginesys_sync.core.clock import from_iso
from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.schedule_views import RunEntry, RunPage, RunWanted, Trigger
from ginesys_sync.services.summary import run_summary
from ginesys_sync.services.syncing import what_words
from ginesys_sync.services.views import RunSummary
from ginesys_sync.services.words import moment
from ginesys_sync.store import runs
from ginesys_sync.store.database import Connection
from ginesys_sync.store.run_list import Place, RunFilter, RunLine, run_lines

_TRIGGERS = {
    Trigger.ANY: (),
    Trigger.PERSON: ("window", "prompt"),
    Trigger.SCHEDULE: ("schedule",),
    Trigger.LIVE: ("live",),
}
_PLACES = {"window": "window", "prompt": "prompt"}


def trigger_words(trigger: str, who: str) -> str:
    """`anna (window)`, `ravi (prompt)`, `Schedule`, `Live mode`."""
    place = _PLACES.get(trigger)
    if place is None:
        return {"schedule": "Schedule", "live": "Live mode"}.get(trigger, trigger)
    # A request of an earlier version has no name, only the place again.
    return f"{who} ({place})" if who and who not in _PLACES else f"A person ({place})"


def run_page(
    connection: Connection, me: str, wanted: RunWanted, after: str | None, limit: int
) -> RunPage:
    """A page of the list, newest first."""
    place = _place(after)
    asked = RunFilter(_TRIGGERS[wanted.trigger], wanted.outcome, wanted.with_empty_live)
    found = run_lines(connection, asked, place, limit + 1)
    shown = found[:limit]
    for line in shown:
        place = place.after(line)
    return RunPage(
        tuple(_entry(me, line) for line in shown), _text(place) if len(found) > limit else None
    )


def newest_lines(connection: Connection, limit: int) -> tuple[RunLine, ...]:
    """The newest syncs of every kind, none left out."""
    return run_lines(connection, RunFilter(with_empty_live=True), Place(), limit)


def what_of(me: str, line: RunLine) -> str:
    """What a sync is called, also one that never began."""
    if line.what:
        return line.what
    return what_words(me, None if line.sites == "*" else line.sites.split(","))


def run_details(
    connection: Connection, plan: Plan, me: str, number: int, now: datetime
) -> RunSummary:
    """What one sync did with each site. Of those before the last one, what was to come next is
    left out: it has come long since. Raises UnknownSite for one there is not.
    """
    record = runs.run_of(connection, number)
    if record is None:
        raise UnknownSite(
            f"Sync {number:,} is not in the list any more.",
            "Syncs that moved nothing are kept for some days only.",
        )
    summary = run_summary(connection, plan, me, record, now)
    newest = runs.runs(connection, None, 1)
    if newest and newest[0].no == number:
        return summary
    notes = (record.title,) if record.outcome is Outcome.ATTENTION and record.title else ()
    return replace(summary, what_next=notes)


def _entry(me: str, line: RunLine) -> RunEntry:
    has_summary = line.outcome in (None, Outcome.DONE.value, Outcome.ATTENTION.value)
    return RunEntry(
        key=f"run {line.no}" if line.no is not None else f"request {line.request}",
        run=line.no,
        started_at=from_iso(line.started_at),
        ended_at=moment(line.ended_at),
        trigger=trigger_words(line.trigger, line.who),
        what=what_of(me, line),
        outcome=Outcome(line.outcome) if line.outcome else None,
        sent=line.sent,
        received=line.received,
        processed=line.processed,
        reason="" if has_summary else line.message,
    )


def _place(text: str | None) -> Place:
    if not text:
        return Place()
    run, _, request = text.partition(":")
    return Place(int(run) if run else None, int(request) if request else None)


def _text(place: Place) -> str:
    return f"{place.run or ''}:{place.request or ''}"
