"""The part of the staged desk that answers about schedules and past syncs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.schedule import Occurs, OccursAt, OccursEvery, Schedule, Unit, WeekDay
from ginesys_sync.core.schedule_times import next_runs
from ginesys_sync.core.schedule_words import words
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.schedule_views import (
    EVERY_STORE,
    EffectiveView,
    LiveState,
    PolicyView,
    RunEntry,
    RunPage,
    RunWanted,
    SchedulePlan,
    Trigger,
)
from ginesys_sync.services.views import RunSummary
from tests.support import staged_data as data

ZONE = "Asia/Kolkata"
EVERY_QUARTER = Schedule(
    frequency=OccursEvery(15, Unit.MINUTES, time(9), time(21)),
    start_date=date(2026, 12, 1),
    live=True,
)
TWICE_A_WEEK = Schedule(
    occurs=Occurs.WEEKLY,
    week_days=frozenset({WeekDay.MON, WeekDay.THU}),
    frequency=OccursAt(time(6, 30)),
    start_date=date(2026, 12, 1),
)
ABROAD = Schedule(frequency=OccursEvery(2, Unit.HOURS, time(8), time(22)), live=True)
SKIPPED = "Skipped: the sync before it was still under way, and did its work."
REFUSED = (
    "Sync stopped: a sync of this site is already running. Nothing is lost. Wait until it has "
    "ended; there is no need to start another."
)


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


class StagedSchedules:
    """Set its fields before a window is shown. What is set or taken back is kept in `laid_down`."""

    site_lines: Sequence[data.SiteLine]
    is_ho: bool
    stopped: KnownError

    def stage_schedules(self) -> None:
        """Nothing set yet, live mode not running, some forty runs behind it."""
        self.laid_down: dict[str, Schedule] = {}
        self.damaged: dict[str, str] = {}
        self.live = LiveState.NOT_SET
        self.is_served = True
        self.zone_choice = ""
        self.schedule_fault: KnownError | None = None
        self.run_entries = run_entries(is_ho=self.is_ho)

    def with_schedules(self) -> Self:
        """Head office's own, all stores', and two stores' schedules."""
        self.laid_down = {"HO": EVERY_QUARTER, EVERY_STORE: EVERY_QUARTER}
        if self.is_ho:
            self.laid_down |= {"S002": TWICE_A_WEEK, "S005": ABROAD}
        self.live = LiveState.ON
        return self

    def _ask(self) -> None:
        raise NotImplementedError

    def _ask_schedule(self) -> None:
        self._ask()
        if self.schedule_fault is not None:
            raise self.schedule_fault

    def schedule(self) -> EffectiveView:
        self._ask_schedule()
        whose = "HO" if self.is_ho else EVERY_STORE
        found = self.laid_down.get(whose)
        zone = ZoneInfo(self.zone_choice or ZONE)
        runs = next_runs(found, datetime.now(UTC), zone, 5) if found is not None else []
        return EffectiveView(
            site="HO" if self.is_ho else "S001",
            schedule=found,
            words=words(found) if found else "No schedule is set.",
            source="set here" if self.is_ho else "Master Policy, for all stores",
            fault=self.damaged.get(whose, ""),
            next_runs=tuple(moment.astimezone(zone) for moment in runs),
            zone=zone.key,
            live=self.live,
            live_since=data.ago(minutes=42) if self.live is not LiveState.NOT_SET else None,
            is_served=self.is_served,
        )

    def schedules(self) -> SchedulePlan:
        names = {line.code: line.name for line in self.site_lines}
        sites = sorted({*self.laid_down, *self.damaged} - {"HO", EVERY_STORE})
        return SchedulePlan(
            own=self.schedule(),
            master=self._policy(EVERY_STORE, ""),
            sites=tuple(self._policy(code, names.get(code, "")) for code in sites),
            stores=tuple(names.items()),
            zone_choice=self.zone_choice,
            zone_machine=ZONE,
            zones=("Asia/Dubai", ZONE, "Europe/Berlin", "Europe/London", "UTC"),
            today=today(),
        )

    def _policy(self, whose: str, name: str) -> PolicyView:
        found = self.laid_down.get(whose)
        said = words(found) if found else ""
        return PolicyView(whose, name, found, said, self.damaged.get(whose, ""))

    def set_schedule(self, whose: str, schedule: Schedule | None) -> None:
        self._ask_schedule()
        self.laid_down.pop(whose, None)
        if schedule is not None:
            self.laid_down[whose] = schedule

    def set_time_zone(self, name: str) -> None:
        self._ask_schedule()
        self.zone_choice = name

    def run_page(self, wanted: RunWanted, after: str | None, limit: int) -> RunPage:
        self._ask_schedule()
        found = [entry for entry in self.run_entries if _fits(entry, wanted)]
        start = int(after or 0)
        end = start + limit
        return RunPage(tuple(found[start:end]), str(end) if end < len(found) else None)

    def run_details(self, run: int) -> RunSummary:
        self._ask_schedule()
        entry = next(entry for entry in self.run_entries if entry.run == run)
        outcome = entry.outcome or Outcome.DONE
        return replace(
            data.summary(self.is_ho, self.stopped, None, outcome, run, entry.what), what_next=()
        )


def _fits(entry: RunEntry, wanted: RunWanted) -> bool:
    is_empty_live = (
        entry.trigger == "Live mode"
        and entry.outcome is Outcome.DONE
        and not entry.sent + entry.received + entry.processed
    )
    triggers = {Trigger.SCHEDULE: "Schedule", Trigger.LIVE: "Live mode"}
    if wanted.trigger is Trigger.PERSON and entry.trigger in triggers.values():
        return False
    if wanted.trigger in triggers and entry.trigger != triggers[wanted.trigger]:
        return False
    if wanted.outcome is not None and entry.outcome is not wanted.outcome:
        return False
    return wanted.with_empty_live or not is_empty_live


def run_entries(count: int = 240, *, is_ho: bool = True) -> list[RunEntry]:
    """Runs of every kind, the newest a few minutes ago."""
    kinds: list[tuple[str, str, Outcome, int, int, str]] = [
        ("anna (window)", "Sync All", Outcome.DONE, 42, 12, ""),
        ("Live mode", "Sync All", Outcome.DONE, 1, 0, ""),
        ("Live mode", "Sync All", Outcome.DONE, 0, 0, ""),
        ("Schedule", "Sync All", Outcome.SKIPPED, 0, 0, SKIPPED),
        ("Schedule", "Sync All", Outcome.ATTENTION, 1243, 5, ""),
        ("anna (window)", "Sync Selective to S001, S002", Outcome.REFUSED, 0, 0, REFUSED),
        ("Schedule", "Sync All", Outcome.STOPPED, 0, 0,
         "Sync stopped: the Web Database did not answer. Nothing is lost. Check the internet "
         "connection, then press Sync again."),
        ("ravi (prompt)", "Sync Selective to S001", Outcome.CANCELLED, 0, 0,
         "Sync stopped: the sync was stopped by a person. Nothing is lost. Press Sync when you "
         "want to go on: it continues where it stopped."),
    ]  # fmt: skip
    found = []
    for number in range(count, 0, -1):
        who, what, outcome, sent, received, reason = kinds[(count - number) % len(kinds)]
        is_begun = outcome not in (Outcome.SKIPPED, Outcome.REFUSED)
        started = data.ago(minutes=4 + (count - number) * 47)
        found.append(
            RunEntry(
                key=f"{number}", run=number if is_begun else None, started_at=started,
                ended_at=started + timedelta(seconds=1 + number % 90) if is_begun else None,
                trigger=who, what=what if is_ho else "Sync", outcome=outcome, sent=sent,
                received=received, processed=received, reason=reason,
            )
        )  # fmt: skip
    return found
