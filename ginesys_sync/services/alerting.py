"""Alerts: something is wrong at a site from now on, still, or no more.

`decide` is pure; `evaluate` does what it says, in one transaction, so that however many look at
once there is one alert for one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ginesys_sync.core.clock import iso
from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.alert_settings import Limits, read_settings
from ginesys_sync.services.board_views import Alert, AlertKind
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.site_facts import facts_of
from ginesys_sync.services.standing import (
    Facts,
    clock_words,
    is_behind,
    is_silent,
    is_skewed,
    needs_somebody,
)
from ginesys_sync.services.words import counted, moment, needs_words
from ginesys_sync.store import alerts
from ginesys_sync.store.board import clock_ahead_here
from ginesys_sync.store.database import Connection, read_state, snapshot, transaction

FAULT = "alerts_fault"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong, in a sentence. `is_barely`: it would not be said if it were new."""

    kind: AlertKind
    site: str
    words: str
    is_barely: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do: alerts to open, and the numbers of those to keep and to clear."""

    opened: tuple[Wrong, ...]
    kept: tuple[int, ...]
    cleared: tuple[int, ...]


def decide(
    sites: Iterable[Facts],
    opened: Sequence[Alert],
    limits: Limits,
    zone: ZoneInfo,
    clock_ahead_here: int = 0,
) -> Decision:
    """Which alerts to open, keep and clear. `clock_ahead_here`: of head office's own clock."""
    wrong = {
        (each.site, each.kind): each for facts in sites for each in _wrong(facts, limits, zone)
    }
    here = _clock(HEAD_OFFICE, clock_ahead_here, limits)
    if here is not None:
        wrong[(HEAD_OFFICE, AlertKind.CLOCK)] = here
    known = {(alert.site, alert.kind) for alert in opened}
    return Decision(
        tuple(each for place, each in wrong.items() if place not in known and not each.is_barely),
        tuple(alert.id for alert in opened if (alert.site, alert.kind) in wrong),
        tuple(alert.id for alert in opened if (alert.site, alert.kind) not in wrong),
    )


def _wrong(facts: Facts, limits: Limits, zone: ZoneInfo) -> Iterator[Wrong]:
    """What is wrong at a site."""
    if facts.state != "active":
        return
    skewed = _clock(facts.code, facts.clock_ahead_seconds, limits)
    if skewed is not None:
        yield skewed
    silent = is_silent(facts, limits)
    if silent and facts.seen_at is not None:
        words = f"{facts.code} has not called since {_when(facts.seen_at, zone)}."
        yield Wrong(AlertKind.SILENT, facts.code, words)
    if is_behind(facts, limits) and facts.waits_since is not None:
        records = counted(facts.waiting, "record waits", "records wait")
        words = f"{records} for {facts.code}, the oldest since {_when(facts.waits_since, zone)}."
        # Nothing is fetched by who does not call: that is one thing, and it has been said.
        yield Wrong(AlertKind.BACKLOG, facts.code, words, is_barely=silent)
    if needs_somebody(facts, limits):
        words = needs_words(facts.attention, facts.questions)
        yield Wrong(AlertKind.PARKED, facts.code, f"{words} at {facts.code}.")


def _clock(site: str, ahead: int, limits: Limits) -> Wrong | None:
    """A clock that is wrong; one that was stays so until it is within half of what it may."""
    if 2 * abs(ahead) <= limits.clock_seconds:
        return None
    words = clock_words(ahead).replace("Its", f"{site}'s" if site != HEAD_OFFICE else "This")
    return Wrong(AlertKind.CLOCK, site, words, is_barely=not is_skewed(ahead, limits))


def _when(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def evaluate(connection: Connection, now: datetime, zone: ZoneInfo) -> Decision:
    """Open, keep and clear what has to be, in head office's books. Raises KnownError."""
    with snapshot(connection):
        facts = facts_of(connection, now)
        limits = read_settings(connection).limits
        ahead = clock_ahead_here(connection)
        opened = [alert_of(each) for each in alerts.open_alerts(connection)]
    found = decide(facts, opened, limits, zone, ahead)
    if not found.opened and not found.cleared:
        return found  # nothing to write: no lock is taken
    with transaction(connection):
        opened = [alert_of(each) for each in alerts.open_alerts(connection)]
        found = decide(facts, opened, limits, zone, ahead)
        for each in found.opened:
            alerts.open_alert(connection, each.kind.value, each.site, each.words, iso(now))
        alerts.clear_alerts(connection, found.cleared, iso(now))
    return found


def alert_of(kept: alerts.KeptAlert) -> Alert:
    """An alert as it is shown."""
    since = moment(kept.since)
    assert since is not None
    return Alert(
        kept.id,
        AlertKind(kept.kind),
        kept.site,
        kept.words,
        since,
        moment(kept.told_at),
        moment(kept.cleared_at),
    )


def channel_fault(connection: Connection) -> str:
    """Why mail or the webhook does not work, in a sentence; empty when nothing is known to be
    wrong."""
    return (read_state(connection, FAULT) or "").partition(" ")[2]


def alert_list(folder: Path, limit: int) -> tuple[tuple[Alert, ...], str]:
    """The alerts of head office, open or cleared, newest first, and what is wrong with telling
    them. Raises KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection:
        if not site.is_head_office:
            raise UnknownSite("Only head office watches over the sites.", "Ask there.")
        found = alerts.alert_history(connection, limit)
        return tuple(alert_of(each) for each in found), channel_fault(connection)
