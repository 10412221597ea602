"""The runs of a schedule in a time zone, right across daylight-saving changes.

A schedule names **slots**: a day and a minute on the site's wall clock. One rule turns a slot into
a moment: *it is due the first moment the wall clock shows it, or anything later*. Hence

- a slot that the clock jumps over in spring is due at the first moment after the jump, and all
  slots in that gap together are one run;
- a slot that the clock shows twice in autumn is due the first time only. The repeated hour is
  therefore quiet, whatever the interval: each slot has its run, none has two;
- moments come in the order of their slots, for every zone.

The **stagger** delays every run of a site by the same number of seconds, always less than half the
interval, so that it never reaches the next slot. `Starting at`, `Ending at` and `End Date` bound
the slots: the last run of a window begins up to the stagger (`MAX_STAGGER_SECONDS` at most) after
`Ending at`, and still belongs to it. Clamping it instead would make all stores call in that second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import islice
from zoneinfo import ZoneInfo

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.schedule import FIRST_DAY, LAST_DAY, Schedule

MAX_STAGGER_SECONDS = 300

_SECOND = timedelta(seconds=1)
_BEFORE_ALL = datetime.combine(FIRST_DAY, time(), UTC) - timedelta(days=2)
_AFTER_ALL = datetime.combine(LAST_DAY, time(), UTC) + timedelta(days=2)


def next_run(
    schedule: Schedule, after: datetime, zone: ZoneInfo, stagger_seconds: int = 0
) -> datetime | None:
    """The first run later than `after`, in UTC; None when there is none any more, and always for
    `On Startup`, which no clock starts.
    """
    return next(iter(next_runs(schedule, after, zone, 1, stagger_seconds)), None)


def next_runs(
    schedule: Schedule, after: datetime, zone: ZoneInfo, count: int, stagger_seconds: int = 0
) -> list[datetime]:
    """The first `count` runs later than `after` (aware), in UTC and strictly increasing; fewer when
    the schedule ends before.
    """
    if after.tzinfo is None:
        raise ValueError("`after` must be an aware moment")
    delay = timedelta(seconds=stagger_seconds)
    since = min(max(after.astimezone(UTC), _BEFORE_ALL), _AFTER_ALL) - delay
    return [moment + delay for moment in islice(_moments(schedule, since, zone), max(count, 0))]


def missed(
    schedule: Schedule,
    last_run_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
    stagger_seconds: int = 0,
) -> bool:
    """Whether a run was due after `last_run_at` and not later than `now` (sleep, power-off, a busy
    site). However many were due, the answer is one yes: run once, note its start as `last_run_at`.

    `last_run_at` is when the last run of any trigger began. None, for a site that never ran, counts
    from the Start Date, so that a site that is always off at its time runs at last. A moment in
    the future (the clock was wrong) has missed nothing.
    """
    due = next_run(schedule, last_run_at or _BEFORE_ALL, zone, stagger_seconds)
    return due is not None and due <= now


def stagger_seconds(site: str, interval_seconds: int) -> int:
    """The site's delay in whole seconds, the same for ever: from a hash of its code, evenly spread
    over less than half the interval (`Schedule.interval_seconds`) and `MAX_STAGGER_SECONDS`. 0 for
    head office.
    """
    spread = min(interval_seconds // 2, MAX_STAGGER_SECONDS)
    if site == HEAD_OFFICE or spread < 1:
        return 0
    return int.from_bytes(sha256(site.encode()).digest()[:8], "big") % spread


def moment_of(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which the clock of `zone` shows `minute` of `day` or later."""
    wall = datetime.combine(day, time(minute // 60, minute % 60))
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if _shown(moment, zone) == wall:
        return moment
    # In a gap: the clock's offset before it gives a moment after it, and the other way round.
    earlier = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while moment - earlier > _SECOND:
        middle = earlier + (moment - earlier) // _SECOND // 2 * _SECOND
        if _shown(middle, zone) < wall:
            earlier = middle
        else:
            moment = middle
    return moment


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _moments(schedule: Schedule, since: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments of the slots later than `since`, day by day; slots of one moment are one.

    By the rule above a slot that is still to come is later than what the wall shows, so no day
    before the wall's has to be looked at.
    """
    slots = schedule.frequency.slots
    day = schedule.next_day(since.astimezone(zone).date())
    while day is not None:
        begun = day
        first = bisect_right(slots, since, key=lambda minute: moment_of(begun, minute, zone))
        for minute in slots[first:]:
            moment = moment_of(day, minute, zone)
            if moment > since:
                yield moment
                since = moment
        day = schedule.next_day(day + timedelta(days=1))
