"""The part of `HomeDesk` that answers about schedules and past syncs, from a real home."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ginesys_sync.core.clock import Clock, from_iso
from ginesys_sync.core.errors import KnownError, UnknownSite
from ginesys_sync.core.model import HEAD_OFFICE, Role
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.schedule import Schedule
from ginesys_sync.core.schedule_words import words
from ginesys_sync.core.schedule_zone import local_zone_name, site_zone, zone_names
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.schedule_views import (
    EVERY_STORE,
    LIVE_STATE,
    EffectiveView,
    LiveState,
    PolicyView,
    RunPage,
    RunWanted,
    SchedulePlan,
)
from ginesys_sync.services.schedules import (
    Effective,
    effective_schedule,
    master_schedule,
    set_schedule,
    set_time_zone,
    store_policies,
)
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.views import RunSummary
from ginesys_sync.store import sites
from ginesys_sync.store.database import Connection, read_state


class _AtHome(Protocol):
    """What `HomeDesk` has for its parts."""

    _folder: Path
    _clock: Clock
    _site: OpenSite

    def _asking(self) -> AbstractContextManager[Connection]: ...

    def _plan(self, connection: Connection) -> Plan: ...

    def _ensure_service(self) -> None: ...


class HomeScheduleDesk:
    """See `services.schedule_desk.ScheduleDesk`. A part of `HomeDesk`, nothing by itself."""

    def schedule(self: _AtHome) -> EffectiveView:
        """The schedule this site works by now."""
        with self._asking() as connection:
            return effective_view(connection, self._folder, self._site, self._clock)

    def schedules(self: _AtHome) -> SchedulePlan:
        """Every schedule of the chain."""
        if not self._site.is_head_office:
            raise UnknownSite("Only head office sees the schedules of the chain.")
        with self._asking() as connection:
            own = effective_view(connection, self._folder, self._site, self._clock)
            names: dict[str, str] = {
                listed.code: listed.name
                for listed in sites.sites(connection)
                if listed.role is Role.STORE
            }
            laid_down = tuple(
                policy_view(each.site, names.get(each.site, ""), each.schedule, each.fault)
                for each in store_policies(connection)
            )
            master = policy_view(EVERY_STORE, "", *master_schedule(connection))
        return SchedulePlan(
            own=own,
            master=master,
            sites=laid_down,
            stores=tuple(sorted(names.items())),
            zone_choice=open_home(self._folder).settings.time_zone,
            zone_machine=local_zone_name(),
            zones=tuple(zone_names()),
            today=self._clock.now().astimezone(site_zone(own.zone)).date(),
        )

    def set_schedule(self: _AtHome, whose: str, schedule: Schedule | None) -> None:
        """Lay down a schedule; head office's own needs a service that keeps to it."""
        set_schedule(self._folder, whose, schedule)
        if whose == HEAD_OFFICE and schedule is not None:
            self._ensure_service()

    def set_time_zone(self: _AtHome, name: str) -> None:
        """Choose whose clock this site's own schedule means."""
        set_time_zone(self._folder, name)

    def run_page(self: _AtHome, wanted: RunWanted, after: str | None, limit: int) -> RunPage:
        """Syncs, newest first, with those that never began."""
        from ginesys_sync.services.run_list import run_page

        with self._asking() as connection:
            return run_page(connection, self._site.code, wanted, after, limit)

    def run_details(self: _AtHome, run: int) -> RunSummary:
        """What one sync did with each site."""
        from ginesys_sync.services.run_list import run_details

        with self._asking() as connection:
            plan, now = self._plan(connection), self._clock.now()
            return run_details(connection, plan, self._site.code, run, now)


def effective_view(
    connection: Connection, folder: Path, site: OpenSite, clock: Clock
) -> EffectiveView:
    """What a site works by, ready to show."""
    from ginesys_sync.services.worker import seems_to_serve

    found = effective_schedule(connection, site.code, open_home(folder).settings.time_zone)
    live, since = _live(connection, found)
    return EffectiveView(
        site=site.code,
        schedule=found.schedule,
        words=found.words,
        source=found.source.value,
        fault=str(found.fault) if found.fault is not None else "",
        next_runs=tuple(run.astimezone(found.zone) for run in found.next_runs(clock.now())),
        zone=found.zone.key,
        live=live,
        live_since=since,
        is_served=seems_to_serve(folder),
    )


def _live(connection: Connection, found: Effective) -> tuple[LiveState, datetime | None]:
    """How live mode stands, as the service last noted it."""
    if not found.is_live:
        return LiveState.NOT_SET, None
    word, _, at = (read_state(connection, LIVE_STATE) or "").partition(" ")
    try:
        return LiveState(word), from_iso(at)
    except ValueError:  # no service has said anything yet
        return LiveState.OFF, None


def policy_view(
    whose: str, name: str, schedule: Schedule | None, fault: KnownError | None
) -> PolicyView:
    """A schedule that is laid down, ready to show."""
    said = "" if schedule is None else words(schedule)
    return PolicyView(whose, name, schedule, said, "" if fault is None else str(fault))
