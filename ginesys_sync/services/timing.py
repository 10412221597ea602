"""When the service runs by the clock: APScheduler asks, the schedule answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ginesys_sync.services.schedules import Effective

_JUMP_SECONDS = 5.0


class ScheduleTrigger(BaseTrigger):  # type: ignore[misc]
    """The moments of an effective schedule, as APScheduler asks for them."""

    def __init__(self, effective: Effective) -> None:
        self._effective = effective

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The first moment after the one before, however long ago that was: what was missed in
        between is then done once."""
        return next(iter(self._effective.next_runs(previous or now, 1)), None)


class Timing:
    """Calls `due` whenever a run is due, from a thread of its own."""

    def __init__(self, due: Callable[[], None]) -> None:
        self._due = due
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.start()
        self._lead = _clock_lead()

    def close(self) -> None:
        """Ask for nothing any more."""
        self._scheduler.shutdown()

    def follow(self, effective: Effective) -> None:
        """Run by this schedule from now on."""
        self._put(ScheduleTrigger(effective))

    def every(self, minutes: int) -> None:
        """Run every n minutes from now on; 0: never."""
        if minutes:
            self._put(IntervalTrigger(minutes=minutes, timezone=UTC))

    @property
    def next_at(self) -> datetime | None:
        """When the next run is due; None: never by the clock."""
        return next((job.next_run_time for job in self._scheduler.get_jobs()), None)

    def look(self) -> None:
        """Called now and then: after a sleep or a change of the clock, what is due is due at once
        (a thread that waits does not see the time it slept)."""
        lead = _clock_lead()
        if abs(lead - self._lead) > _JUMP_SECONDS:
            self._lead = lead
            self._scheduler.wakeup()

    def _put(self, trigger: BaseTrigger) -> None:
        self._scheduler.remove_all_jobs()
        self._scheduler.add_job(
            self._due, trigger, coalesce=True, max_instances=1, misfire_grace_time=None
        )


def _clock_lead() -> float:
    """How far the wall clock is ahead of the steady one, in seconds."""
    return time.time() - time.monotonic()
