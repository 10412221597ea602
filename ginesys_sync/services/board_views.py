"""What the site board shows: one line per store, and the alerts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How much a site needs somebody, worst first; the words are those on screen."""

    PROBLEM = "Problem"
    SILENT = "Silent"
    BACKLOG = "Backlog"
    ATTENTION = "Needs attention"
    FINE = "Fine"
    OUT = "Not syncing"


RANK = {level: place for place, level in enumerate(Level)}


class AlertKind(StrEnum):
    """What an alert is about; the words are those on screen."""

    CLOCK = "clock"
    SILENT = "silent"
    BACKLOG = "backlog"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is, or was, wrong at a site. `words` is a whole sentence. `told_at`: when it
    went out by mail or webhook."""

    id: int
    kind: AlertKind
    site: str
    words: str
    since: datetime
    told_at: datetime | None = None
    cleared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HourOfSite:
    """One hour of a site: how often it was seen, and how many records it sent and confirmed."""

    contacts: int = 0
    records: int = 0


QUIET_DAY = (HourOfSite(),) * 24


class BoardLine(NamedTuple):
    """One store. Moments are UTC.

    waiting: records it has not confirmed, `unread` of them not released to it yet, `fresh` sealed
    in the last hour; unacknowledged: batches among them that it may read; oldest_at: since when
    the oldest waits. unprocessed: batches of it that head office has not processed. attention:
    records that need attention, there and here. hours: the last 24, oldest first.

    A named tuple, as `standing.Facts`, `standing.Standing` and `store.board.SiteFacts` are: each is
    made for thousands of stores at every look, and a frozen dataclass takes about three times as
    long to make."""

    code: str
    name: str
    state: str
    groups: tuple[str, ...]
    level: Level
    enrolled_at: datetime | None
    last_seen_at: datetime | None
    is_online: bool
    program: str
    plan_version: int
    is_program_old: bool
    is_plan_old: bool
    waiting: int
    unread: int
    fresh: int
    unacknowledged: int
    oldest_at: datetime | None
    unprocessed: int
    attention: int
    clock_ahead_seconds: int
    is_live: bool
    next_run_at: datetime | None
    why: str
    age_seconds: float
    hours: tuple[HourOfSite, ...] = QUIET_DAY
    alerts: tuple[Alert, ...] = ()

    @property
    def is_in_the_chain(self) -> bool:
        """Whether it takes part in every sync."""
        return self.state == "active"


@dataclass(frozen=True, slots=True)
class Board:
    """All stores, worst first. heard_at: when the Web Database last said who is there. `note`: a
    sentence about what the board itself lacks, or empty."""

    lines: tuple[BoardLine, ...] = ()
    alerts: tuple[Alert, ...] = field(default=())
    heard_at: datetime | None = None
    note: str = ""
