"""What people see of schedules and of the run list: plain frozen dataclasses, as in `views`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ginesys_sync.core.schedule import Schedule
from ginesys_sync.core.status import Outcome

EVERY_STORE = "*"
"""Whose schedule the Master Policy is."""

LIVE_STATE = "live_state"
"""Under this name the service keeps how live mode stands: `on|lost|off <ISO moment>`."""


class LiveState(StrEnum):
    """How live mode stands at a site."""

    NOT_SET = "not set"
    ON = "on"
    LOST = "lost"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class EffectiveView:
    """The schedule this site works by. `words` say it, or why there is none; `next_runs` are aware
    moments in the site's zone; `is_served`: a service keeps to it at this moment.
    """

    site: str
    schedule: Schedule | None
    words: str
    source: str
    fault: str
    next_runs: tuple[datetime, ...]
    zone: str
    live: LiveState
    live_since: datetime | None
    is_served: bool


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A schedule that head office lays down. `whose`: HO, `*` or a store's code; `name` is the
    store's. `words` are empty when there is none; `fault` says why it cannot be used.
    """

    whose: str
    name: str
    schedule: Schedule | None
    words: str
    fault: str = ""

    @property
    def is_set(self) -> bool:
        """Whether one is laid down, be it usable or not."""
        return self.schedule is not None or bool(self.fault)


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """Every schedule of the chain, at head office. `stores` are all stores, (code, name).
    `zone_choice` is the chosen time zone, empty for the machine's own, `zone_machine`; `today` is
    the day on head office's wall.
    """

    own: EffectiveView
    master: PolicyView
    sites: tuple[PolicyView, ...]
    stores: tuple[tuple[str, str], ...]
    zone_choice: str
    zone_machine: str
    zones: tuple[str, ...]
    today: date


class Trigger(StrEnum):
    """What a run can come from, as one filters by it."""

    ANY = "Any trigger"
    PERSON = "A person"
    SCHEDULE = "Schedule"
    LIVE = "Live mode"


@dataclass(frozen=True, slots=True)
class RunWanted:
    """Which syncs the run list is asked for. `with_empty_live`: also those of live mode that moved
    no record.
    """

    trigger: Trigger = Trigger.ANY
    outcome: Outcome | None = None
    with_empty_live: bool = False


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One line of the run list. `run` None: it never began, and `reason` says why. `outcome` None:
    it goes on. Counts are records, each counted once.
    """

    key: str
    run: int | None
    started_at: datetime
    ended_at: datetime | None
    trigger: str
    what: str
    outcome: Outcome | None
    sent: int
    received: int
    processed: int
    reason: str

    @property
    def lasted_seconds(self) -> float | None:
        """How long it took; None while it goes on and for one that never began."""
        if self.run is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of the run list; `next` goes back in to get the next one (None: this was the last)."""

    rows: tuple[RunEntry, ...]
    next: str | None = None
