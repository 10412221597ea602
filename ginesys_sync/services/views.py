"""What people see: plain frozen dataclasses, ready to show. Moments are aware UTC datetimes; sizes
are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from ginesys_sync.core.status import Kind, Outcome, Stage, Status

Row = TypeVar("Row")
NOT_SENT = 0
"""The run of the group of what nothing has sent yet: *Waiting to be sent*."""


class Light(StrEnum):
    """A lamp's colour, which always comes with a word."""

    UNKNOWN = "unknown"
    GOOD = "good"
    WAITING = "waiting"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Lamp:
    """One of the three lamps: `name` is *Head office*, *Web Database* or *Stores* / the store's
    name.
    """

    name: str
    light: Light
    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, as a sentence, and what follows from it."""

    sentence: str
    what_next: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which site this is, and of what chain."""

    site: str
    name: str
    role: str
    organisation: str
    relay_url: str
    relay_id: str
    plan: str
    plan_version: int
    program: str
    home: str


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site in *Select Site*. `waiting` counts records sealed or captured for it that it may not
    read yet.
    """

    code: str
    name: str
    role: str
    state: str
    groups: tuple[str, ...]
    last_seen_at: datetime | None
    waiting: int
    unacknowledged: int
    attention: int
    program: str
    plan_version: int
    can_sync: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch for one site (or one acknowledgement) in *Sent Data* or *Received Data*; or, for a
    store that joined later, what one run took of one entity of its first load. That is data too,
    but has no number: `batch` is None.

    `what` is in shop words (`42 prices`). `problem` is empty or a sentence. `is_uploaded`: a sent
    batch that is at the Web Database, whether this site may read it yet or not."""

    run: int
    kind: Kind
    site: str
    stream: str
    channel: str
    batch: int | None
    records: int
    what: str
    size: int
    status: Status
    created_at: datetime | None
    uploaded_at: datetime | None
    received_at: datetime | None
    processed_at: datetime | None
    attention: int
    problem: str
    entity: str = ""
    is_uploaded: bool = False

    @property
    def is_first_load(self) -> bool:
        """Whether this is a part of a first load."""
        return self.kind is Kind.DATA and self.batch is None


@dataclass(frozen=True, slots=True)
class RunGroup:
    """The rows of *Received Data* of one run; of *Sent Data*, what it let sites read: `title` reads
    `10:42 Sync Selective to S001: 42 prices, 1 user` without the time. `run` may be NOT_SENT.
    `processed_at` is when the last of them was, once all are.
    """

    run: int
    started_at: datetime | None
    title: str
    rows: int
    records: int
    size: int
    statuses: tuple[tuple[Status, int], ...]
    attention: int
    uploaded_at: datetime | None = None
    received_at: datetime | None = None
    processed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record of a batch. `label` is what a person calls it."""

    entity: str
    key: str
    label: str
    is_gone: bool
    problem: str


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One record that needs attention, here (`site` is this site) or at a store that told us.
    `entity` is its kind as a heading; `one` and `many` what the shop calls one and several.
    """

    site: str
    entity: str
    key: str
    code: str
    reason: str
    missing: str
    stream: str
    batch: int
    first_at: datetime | None
    last_at: datetime | None
    tries: int
    one: str = ""
    many: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. `trigger` is `window`, `prompt`, `schedule`, …; `what` reads `Sync Selective to
    S001`. `run` None: it never began, and `message` says why.
    """

    run: int | None
    started_at: datetime
    ended_at: datetime | None
    trigger: str
    who: str
    what: str
    outcome: Outcome | None
    sent: int
    received: int
    processed: int
    acknowledged: int
    attention: int
    message: str


@dataclass(frozen=True, slots=True)
class StageLine:
    """How one stage of a run stands. `total` None: not known yet. Counts are records."""

    stage: Stage
    done: int = 0
    total: int | None = None
    size: int = 0
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """What one run did with one site, in records."""

    site: str
    name: str
    sent: int
    received: int
    processed: int
    acknowledged: int
    waiting: int
    attention: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a run ended. `closing` is its last line, to the letter. `what_next` are whole
    sentences.
    """

    run: int
    what: str
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome
    sites: tuple[SiteSummary, ...]
    what_next: tuple[str, ...]
    closing: str
    title: str = ""
    advice: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A run that was asked for, as it goes. `is_waiting`: asked, but the service has not begun yet.
    `summary` is there when it has ended."""

    request: int
    run: int
    what: str
    is_waiting: bool
    stage: Stage
    sentence: str
    stages: tuple[StageLine, ...]
    started_at: datetime | None
    is_cancelling: bool = False
    summary: RunSummary | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What *Test Connection* found. `title` is exactly `Web Database Connection successful.` when
    it is good.
    """

    is_good: bool
    title: str
    advice: str
    detail: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GridFilter:
    """What a grid is asked to show. Empty means everything. `sort` is a field of BatchRow, `-`
    before it: downwards.
    """

    site: str = ""
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and where the next page starts (None: this was the last)."""

    rows: tuple[Row, ...]
    next: int | None = None


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How an export stands: rows in the file, rows of the books looked at, and how many of these
    there are.
    """

    written: int
    looked_at: int
    total: int


@dataclass(frozen=True, slots=True)
class ControlColumn:
    """A column of a HO Control list."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class ControlPage:
    """A page of a HO Control list: texts ready to show. `next` goes back in to get the
    next page.
    """

    columns: tuple[ControlColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What a window's head says at this moment. `headline` is one true sentence; `next_step` what
    to do, or empty.

    situation: `first_run` (nothing was ever sent or received), `normal`, `running`, `first_load`
    (a store waits for its first load, or a run is taking it), `problem`, `killed` (the last run
    ended without a word; the next one finishes it). attention: records that need it and questions
    that wait for an answer; questions: the latter alone.
    """

    identity: Identity
    lamps: tuple[Lamp, Lamp, Lamp]
    headline: str
    next_step: str
    situation: str
    attention: int
    current: Progress | None = None
    last: RunSummary | None = None
    selection: tuple[str, ...] = field(default=())
    questions: int = 0
