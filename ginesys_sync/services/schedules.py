"""When sites sync by themselves: head office's own schedule, the one it lays down for all stores
(Master Policy), and the one for a single store (Site Policy), which always wins.

Both policies are records that travel by sync. What has none syncs only when a person asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import KnownError, UnknownSite
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.schedule import Schedule, ScheduleUnfit
from ginesys_sync.core.schedule_form import from_document, schedule_of_form, to_document
from ginesys_sync.core.schedule_times import next_runs, stagger_seconds
from ginesys_sync.core.schedule_words import words
from ginesys_sync.core.schedule_zone import site_zone
from ginesys_sync.core.settings import open_home, write_settings
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.store import policies, sites
from ginesys_sync.store.database import Connection, transaction

POLICY = "schedule"
NO_SCHEDULE = "No schedule is set: a sync runs only when someone asks for it."


class Source(StrEnum):
    """Where a site's effective schedule comes from, in words."""

    NONE = "not set"
    OWN = "set here"
    MASTER = "Master Policy, for all stores"
    SITE = "Site Policy, for this store only"


@dataclass(frozen=True, slots=True)
class Effective:
    """The schedule a site works by, read in `zone`. `fault`: one has come that cannot be used."""

    schedule: Schedule | None
    source: Source
    zone: ZoneInfo
    stagger_seconds: int = 0
    fault: KnownError | None = None

    @property
    def is_live(self) -> bool:
        """Whether changes go within seconds."""
        return self.schedule is not None and self.schedule.live

    @property
    def words(self) -> str:
        """The schedule in words, or why there is none."""
        if self.fault is not None:
            return f"{self.fault}"
        return NO_SCHEDULE if self.schedule is None else words(self.schedule)

    def next_runs(self, after: datetime, count: int = 5) -> list[datetime]:
        """The next moments at which it runs, in UTC."""
        if self.schedule is None:
            return []
        return next_runs(self.schedule, after, self.zone, count, self.stagger_seconds)


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """A store with a schedule of its own."""

    site: str
    schedule: Schedule | None
    fault: KnownError | None = None


def effective_schedule(connection: Connection, site: str, zone_name: str) -> Effective:
    """What a site works by now: at head office its own; at a store its Site Policy, else the
    Master Policy."""
    text, source = _chosen(connection, site)
    zone = zone_or_own(zone_name)
    if not text:
        return Effective(None, Source.NONE, zone)
    try:
        schedule = parse(text)
    except ScheduleUnfit as fault:
        return Effective(None, source, zone, fault=fault)
    return Effective(schedule, source, zone, stagger_seconds(site, schedule.interval_seconds))


def _chosen(connection: Connection, site: str) -> tuple[str, Source]:
    if site == HEAD_OFFICE:
        return policies.own_policy(connection, POLICY) or "", Source.OWN
    own = policies.site_policy(connection, site, POLICY)
    if own:
        return own, Source.SITE
    return policies.master_policy(connection, POLICY) or "", Source.MASTER


def zone_or_own(name: str) -> ZoneInfo:
    """The zone of a name; for one that this machine has no data for, its own: that is nearest."""
    try:
        return site_zone(name)
    except ScheduleUnfit:
        return site_zone("")


def parse(text: str) -> Schedule:
    """The schedule that a policy's text holds. Raises ScheduleUnfit."""
    try:
        document = json.loads(text[:10_000])
    except ValueError as fault:
        raise ScheduleUnfit("The schedule cannot be read.", detail=str(fault)) from fault
    return from_document(document)


def schedule_text(schedule: Schedule) -> str:
    """What a policy keeps of a schedule: equal schedules are equal texts."""
    return json.dumps(to_document(schedule), sort_keys=True)


def effective(folder: Path) -> Effective:
    """The schedule that the site of a home works by."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return effective_schedule(connection, site.code, site.home.settings.time_zone)


@dataclass(frozen=True, slots=True)
class Overview:
    """Every schedule that a site knows. `next_runs` are in the site's own zone; `master` and
    `sites` are in words, at head office only."""

    site: str
    effective: Effective
    next_runs: tuple[datetime, ...]
    master: str = ""
    sites: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """Ready for JSON: moments in UTC, schedules as the documents that travel."""
        schedule = self.effective.schedule
        return {
            "site": self.site,
            "schedule": None if schedule is None else to_document(schedule),
            "words": self.effective.words,
            "source": self.effective.source.value,
            "time_zone": self.effective.zone.key,
            "next_runs": [iso(moment.astimezone(UTC)) for moment in self.next_runs],
            "stores": self.master or None,
            "sites": dict(self.sites),
        }


def overview(folder: Path, clock: Clock | None = None) -> Overview:
    """The schedules that the site of a home knows."""
    now = (clock or SystemClock()).now()
    with opened_site(folder) as site, site.database.connect() as connection:
        own = effective_schedule(connection, site.code, site.home.settings.time_zone)
        runs = tuple(moment.astimezone(own.zone) for moment in own.next_runs(now))
        if not site.is_head_office:
            return Overview(site.code, own, runs)
        master, fault = master_schedule(connection)
        said = str(fault or "") if master is None else words(master)
        sites_words = tuple(
            (each.site, str(each.fault) if each.schedule is None else words(each.schedule))
            for each in store_policies(connection)
        )
        return Overview(site.code, own, runs, said, sites_words)


def master_schedule(connection: Connection) -> tuple[Schedule | None, KnownError | None]:
    """What head office laid down for all stores, and why it cannot be used."""
    text = policies.master_policy(connection, POLICY)
    try:
        return (parse(text) if text else None), None
    except ScheduleUnfit as fault:
        return None, fault


def today(folder: Path, clock: Clock | None = None) -> date:
    """The day on the wall of a home's site."""
    zone = zone_or_own(open_home(folder).settings.time_zone)
    return (clock or SystemClock()).now().astimezone(zone).date()


def store_policies(connection: Connection) -> tuple[StorePolicy, ...]:
    """The stores that head office gave a schedule of their own."""
    found = []
    for site, text in sorted(policies.site_policies(connection, POLICY).items()):
        try:
            found.append(StorePolicy(site, parse(text)))
        except ScheduleUnfit as fault:
            found.append(StorePolicy(site, None, fault))
    return tuple(found)


def set_schedule(folder: Path, whose: str, schedule: Schedule | None) -> None:
    """Lay down a schedule at head office; None takes it back. `whose`: HO for its own, `*` for all
    stores, or one store's code. Raises KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection:
        _require_head_office(site)
        text = "" if schedule is None else schedule_text(schedule)
        said = "none" if schedule is None else words(schedule)
        with transaction(connection):
            if whose == HEAD_OFFICE:
                policies.write_own_policy(connection, POLICY, text)
            elif whose == "*":
                policies.write_master_policy(connection, POLICY, text)
            else:
                _require_store(connection, whose)
                policies.write_site_policy(connection, whose, POLICY, text)
            note_action(
                connection, "set schedule", f"{'all stores' if whose == '*' else whose}: {said}"
            )


def set_time_zone(folder: Path, name: str) -> None:
    """Choose whose clock a site's own schedule means; empty: the machine's. The service takes it up
    by itself. Raises ScheduleUnfit for a zone this machine does not know."""
    zone = site_zone(name)
    with opened_site(folder) as site, site.database.connect() as connection:
        write_settings(folder, replace(open_home(folder).settings, time_zone=name))
        with transaction(connection):
            said = name or f"the computer's own ({zone.key})"
            note_action(connection, "set time zone", f"{site.code}: {said}")


def set_schedule_form(folder: Path, whose: str, form: Mapping[str, Any]) -> None:
    """`set_schedule` of a form's entries. Raises ScheduleUnfit."""
    set_schedule(folder, whose, schedule_of_form(form))


def _require_head_office(site: OpenSite) -> None:
    if not site.is_head_office:
        raise UnknownSite(
            "Only head office sets schedules.",
            "This store's schedule comes from head office by sync.",
        )


def _require_store(connection: Connection, code: str) -> None:
    if code not in {listed.code for listed in sites.sites(connection)}:
        raise UnknownSite(f"There is no store {code!r} in this chain.", "Look at the site list.")
