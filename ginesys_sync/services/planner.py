"""What the service does by itself: asks for runs when the schedule says so and, in live mode, when
there is something to send or to fetch. A schedule that comes by sync holds from then on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ginesys_sync.core.clock import Clock, from_iso, iso
from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.schedule_times import missed
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.live import HEAD_OFFICE_WAIT_SECONDS, WAIT_SECONDS, Live
from ginesys_sync.services.schedule_views import LIVE_STATE as LIVE_STATE
from ginesys_sync.services.schedules import Effective, effective_schedule
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.timing import Timing
from ginesys_sync.store import runs
from ginesys_sync.store.database import Connection, transaction, write_state
from ginesys_sync.store.grids import books_version

SCHEDULE, LIVE = "schedule", "live"
SKIPPED = "Skipped: the sync before it was still under way, and did its work."
log = logging.getLogger(__name__)


class Planner:
    """Keeps to the site's effective schedule. `wake` is called when a run has been asked for.

    `minutes` stands in for any schedule: a run every n minutes, 0: none.
    """

    def __init__(
        self,
        site: OpenSite,
        connection: Connection,
        clock: Clock,
        wake: Callable[[], None],
        minutes: int | None,
    ) -> None:
        self._site = site
        self._connection = connection
        self._clock = clock
        self._wake = wake
        self._timing = Timing(self._ask_scheduled)
        self._live: Live | None = None
        self._effective: Effective | None = None
        self._version = 0
        self._is_fixed = minutes is not None
        if minutes is not None:
            self._timing.every(minutes)
        else:
            self._tell_live(None)
            self._follow()
            self._start()

    def close(self) -> None:
        """Ask for nothing any more."""
        self._timing.close()
        self._stop_live()

    def look(self) -> None:
        """Called several times a second: take up a schedule that has come."""
        self._timing.look()
        if self._is_fixed:
            return
        try:
            version = books_version(self._connection)
            if version != self._version:
                self._follow()
                self._version = version
        except KnownError as fault:
            log.warning("the schedule could not be read: %s", fault.detail)

    def _follow(self) -> None:
        zone = open_home(self._site.home.folder).settings.time_zone  # it may be another since
        found = effective_schedule(self._connection, self._site.code, zone)
        if found == self._effective:
            return
        if found.fault is not None:
            log.warning("the schedule that came cannot be used: %s", found.fault)
        self._effective = found
        self._timing.follow(found)
        if found.is_live and self._live is None:
            seconds = HEAD_OFFICE_WAIT_SECONDS if self._site.is_head_office else WAIT_SECONDS
            site = self._site
            self._live = Live(site.database, site.web, self._ask_live, self._tell_live, seconds)
        elif not found.is_live:
            self._stop_live()

    def _stop_live(self) -> None:
        if self._live is not None:
            self._live.close()
            self._live = None
            self._tell_live(None)

    def _start(self) -> None:
        """At the program's start: *On Startup*, or a run that was missed while it was off."""
        assert self._effective is not None
        schedule = self._effective.schedule
        if schedule is None:
            return
        last = runs.runs(self._connection, None, 1)
        began: datetime | None = from_iso(last[0].started_at) if last else None
        place = (self._effective.zone, self._effective.stagger_seconds)
        if schedule.runs_on_startup or missed(schedule, began, self._clock.now(), *place):
            self._ask_scheduled()

    def _ask_scheduled(self) -> None:
        at = iso(self._clock.now())
        with self._site.database.connect() as connection:
            if runs.open_requests(connection):
                runs.note_skipped(connection, SCHEDULE, at, SKIPPED)
                return
            runs.ask_once(connection, SCHEDULE, SCHEDULE, at)
        self._wake()

    def _ask_live(self) -> None:
        with self._site.database.connect() as connection:
            runs.ask_once(connection, LIVE, LIVE, iso(self._clock.now()))
        self._wake()

    def _tell_live(self, is_on: bool | None) -> None:
        """Note for the windows how live mode stands: on, without the Web Database, or off."""
        words = {True: "on", False: "lost", None: "off"}[is_on]
        with self._site.database.connect() as connection, transaction(connection):
            write_state(connection, LIVE_STATE, f"{words} {iso(self._clock.now())}")
