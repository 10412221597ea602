"""The site board: one line per store, worst first, from head office's books as one moment shows
them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ginesys_sync import __version__
from ginesys_sync.core.schedule import Schedule
from ginesys_sync.core.schedule_times import MAX_STAGGER_SECONDS, next_runs, stagger_seconds
from ginesys_sync.services.alert_settings import read_settings
from ginesys_sync.services.alerting import alert_of, channel_fault
from ginesys_sync.services.board_views import (
    QUIET_DAY,
    Alert,
    Board,
    BoardLine,
    HourOfSite,
    Level,
)
from ginesys_sync.services.schedules import master_schedule, store_policies
from ginesys_sync.services.site_facts import NO_BACKLOG, Books
from ginesys_sync.services.standing import Facts, Standing, is_online, length, stand, worst_first
from ginesys_sync.services.words import moment
from ginesys_sync.store import alerts, board, plans
from ginesys_sync.store.database import Connection

STALE_AFTER = timedelta(minutes=10)
_LOOK_BACK = timedelta(seconds=MAX_STAGGER_SECONDS)


def read_board(connection: Connection, now: datetime, zone: ZoneInfo) -> Board:
    """Every store of the chain; `zone` is that of the schedules. For head office only."""
    known = _Known(connection, now, zone)
    lines = sorted((known.line(facts) for facts in board.site_facts(connection)), key=worst_first)
    heard_at = moment(board.contacts_heard_at(connection))
    opened = tuple(known.alerts)
    notes = (_stale_words(heard_at, now), channel_fault(connection))
    return Board(tuple(lines), opened, heard_at, " ".join(note for note in notes if note))


def _stale_words(heard_at: datetime | None, now: datetime) -> str:
    if heard_at is None:
        return "The Web Database has not been asked yet who is there."
    if now - heard_at <= STALE_AFTER:
        return ""
    since = length((now - heard_at).total_seconds())
    return f"The Web Database was last asked {since} ago: who is there now is not known."


class _Known(Books):
    """The same, with what a person looks at."""

    def __init__(self, connection: Connection, now: datetime, zone: ZoneInfo) -> None:
        super().__init__(connection, now)
        self.limits = read_settings(connection).limits
        self.schedules = _Schedules.of(connection, now, zone)
        self.activity = board.activity(connection, now)
        self.plan_version = plans.present_plan(connection).version
        self.alerts = [alert_of(each) for each in alerts.open_alerts(connection)]
        self._alerts_of: dict[str, list[Alert]] = {}
        for each in self.alerts:
            self._alerts_of.setdefault(each.site, []).append(each)

    def line(self, site: board.SiteFacts) -> BoardLine:
        facts = self.facts(site)
        return self._line(site, facts, stand(facts, self.limits))

    def _line(self, site: board.SiteFacts, facts: Facts, standing: Standing) -> BoardLine:
        backlog = self.backlogs.get(site.code, NO_BACKLOG)
        is_in = standing.level is not Level.OUT
        is_live, next_at = self.schedules.of_site(site.code) if is_in else (False, None)
        return BoardLine(
            code=site.code,
            name=site.name,
            state=site.state,
            groups=tuple(group for group in site.groups.split(",") if group),
            level=standing.level,
            enrolled_at=moment(site.enrolled_at),
            last_seen_at=facts.seen_at if site.last_seen_at else None,
            is_online=is_in and is_online(facts),
            program=site.program,
            plan_version=site.plan_version,
            is_program_old=bool(site.program) and is_older(site.program, __version__),
            is_plan_old=bool(site.plan_version) and site.plan_version < self.plan_version,
            waiting=backlog.records,
            unread=backlog.unread,
            fresh=backlog.fresh,
            unacknowledged=backlog.batches,
            oldest_at=moment(backlog.oldest),
            unprocessed=facts.unprocessed,
            attention=facts.attention,
            clock_ahead_seconds=site.clock_ahead_seconds,
            is_live=is_live,
            next_run_at=next_at,
            why=standing.why,
            age_seconds=standing.age_seconds,
            hours=hours_of(self.activity.get(site.code, "")),
            alerts=tuple(self._alerts_of.get(site.code, ())),
        )


def hours_of(text: str) -> tuple[HourOfSite, ...]:
    """The 24 hours that `store.board.activity` tells of a site."""
    if not text:
        return QUIET_DAY
    hours = list(QUIET_DAY)
    for part in text.split(","):
        hour, _, counted = part.partition(":")
        hours[int(hour)] = _hour(counted)
    return tuple(hours)


@lru_cache(4096)
def _hour(counted: str) -> HourOfSite:
    """Of `contacts:records`; most of 120,000 hours are like others."""
    contacts, _, records = counted.partition(":")
    return HourOfSite(int(contacts), int(records))


@lru_cache(256)
def is_older(program: str, than: str) -> bool:
    """Whether a program that calls itself `ginesys-sync 0.1.0` is older than a version. Of 5,000
    sites most have the same.
    """

    def numbers(text: str) -> list[int]:
        version = text.rpartition(" ")[2]
        return [int(part) for part in version.split(".") if part.isdecimal()]

    return bool(numbers(program)) and numbers(program) < numbers(than)


@dataclass(frozen=True, slots=True)
class _Coming:
    """One schedule's next moments, before the stagger."""

    schedule: Schedule
    moments: tuple[datetime, ...]


class _Schedules:
    """When each store syncs by itself: every schedule is worked out once, the stagger per site."""

    def __init__(
        self, now: datetime, master: _Coming | None, own: Mapping[str, _Coming | None]
    ) -> None:
        self._now = now
        self._master = master
        self._own = own

    @classmethod
    def of(cls, connection: Connection, now: datetime, zone: ZoneInfo) -> _Schedules:
        made: dict[Schedule, _Coming] = {}

        def coming(schedule: Schedule | None) -> _Coming | None:
            if schedule is None:
                return None
            if schedule not in made:
                found = next_runs(schedule, now - _LOOK_BACK, zone, 12)
                made[schedule] = _Coming(schedule, tuple(found))
            return made[schedule]

        master = coming(master_schedule(connection)[0])
        return cls(
            now,
            master,
            {each.site: coming(each.schedule) for each in store_policies(connection)},
        )

    def of_site(self, site: str) -> tuple[bool, datetime | None]:
        """Whether it is live, and its next scheduled run."""
        coming = self._own.get(site, self._master)
        if coming is None:
            return False, None
        delay = timedelta(seconds=stagger_seconds(site, coming.schedule.interval_seconds))
        after = (each + delay for each in coming.moments)
        return coming.schedule.live, next((each for each in after if each > self._now), None)


def counts(lines: Iterable[BoardLine]) -> dict[Level, int]:
    """How many sites stand at each level."""
    found = dict.fromkeys(Level, 0)
    for line in lines:
        found[line.level] += 1
    return found
