"""The one line a store's staff see: whether everything is at head office, else what waits, since
when, and when it goes. Pure; standard library only, since a window's first line needs it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ginesys_sync.core.schedule import Schedule, ScheduleUnfit
from ginesys_sync.core.schedule_form import from_document
from ginesys_sync.core.schedule_times import next_run, stagger_seconds
from ginesys_sync.core.schedule_zone import site_zone
from ginesys_sync.services.words import counted, moment
from ginesys_sync.store.glance import OwnRecords

_KINDS_NAMED = 3
_MAIN_LANE = "sales"


@dataclass(frozen=True, slots=True)
class NextSync:
    """What happens by itself: `at` is the next run in the site's zone (None: none is planned)."""

    at: datetime | None = None
    is_live: bool = False


def pos_line(
    own: Sequence[OwnRecords], unsent_since: str | None, coming: NextSync, now: datetime
) -> str:
    """`All bills are at head office.` or `7 bills waiting, oldest 12 min, next sync 10:45.`"""
    unsent = [kind for kind in own if kind.unsent]
    if unsent:
        oldest = min(filter(None, (moment(unsent_since), *_since(unsent))), default=None)
        waits = f"{_listed([(kind, kind.unsent) for kind in unsent])} waiting"
        return f"{waits}{_age(oldest, now)}{_next(coming)}."
    away = [kind for kind in own if kind.unprocessed]
    if away:
        total = sum(kind.unprocessed for kind in away)
        verb = "is" if total == 1 else "are"
        listed = _listed([(kind, kind.unprocessed) for kind in away])
        oldest = min(_since(away), default=None)
        return f"{listed} {verb} at the Web Database, waiting for head office{_age(oldest, now)}."
    return f"{_everything(own)} at head office.{_planned(coming)}"


def _since(kinds: Sequence[OwnRecords]) -> list[datetime]:
    return [at for at in (moment(kind.since) for kind in kinds) if at is not None]


def _everything(own: Sequence[OwnRecords]) -> str:
    main = next((kind for kind in own if kind.channel == _MAIN_LANE), None)
    main = main or next(iter(own), None)
    return "Everything here is" if main is None else f"All {main.many} are"


def _listed(kinds: Sequence[tuple[OwnRecords, int]]) -> str:
    """`7 bills`, `7 bills and 1 goods receipt`, `7 bills, 2 customers and 3 more records`."""
    kinds = sorted(kinds, key=lambda each: each[0].channel != _MAIN_LANE)
    words = [counted(count, kind.one, kind.many) for kind, count in kinds[:_KINDS_NAMED]]
    rest = sum(count for _, count in kinds[_KINDS_NAMED:])
    if rest:
        words.append(counted(rest, "more record"))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _age(oldest: datetime | None, now: datetime) -> str:
    """`, oldest 12 min`."""
    if oldest is None:
        return ""
    minutes = max(0, int((now - oldest).total_seconds() // 60))
    if minutes < 1:
        return ", since just now"
    if minutes < 60:
        return f", oldest {minutes} min"
    if minutes < 48 * 60:
        return f", oldest {minutes // 60} h"
    return f", oldest {minutes // (24 * 60)} days"


def _next(coming: NextSync) -> str:
    if coming.is_live:
        return ", sent within seconds while online"
    return f", next sync {_clock(coming.at)}" if coming.at is not None else ""


def _planned(coming: NextSync) -> str:
    return f" Next sync {_clock(coming.at)}." if coming.at is not None else ""


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"


def next_sync(policy: str, site: str, zone_name: str, now: datetime) -> NextSync:
    """What a schedule's text, as it came from head office, plans for a site. One that cannot be
    read plans nothing here; the schedule's own page says what is wrong with it.
    """
    try:
        schedule: Schedule = from_document(json.loads(policy)) if policy else Schedule()
        zone: ZoneInfo = site_zone(zone_name)
    except (ScheduleUnfit, ValueError):
        return NextSync()
    if not policy:
        return NextSync()
    stagger = stagger_seconds(site, schedule.interval_seconds)
    due = next_run(schedule, now, zone, stagger)
    return NextSync(None if due is None else due.astimezone(zone), schedule.live)
