"""Where one record is, ready to show: candidates, steps, one journey a site. Moments are aware UTC
datetimes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ginesys_sync.core.model import Key
from ginesys_sync.core.status import Status


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be the one a person means. `entity` is its name in the plan, `kind` what
    the shop calls one of it, `key_text` its key as a person reads it, `label` what it is called
    beyond its key (or '')."""

    entity: str
    kind: str
    key: Key
    key_text: str
    label: str
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, best first. Not `is_complete`: there may be more, say more of it."""

    candidates: tuple[Candidate, ...]
    is_complete: bool


class StepKind(StrEnum):
    """The stations of a journey."""

    CHANGED = "changed"
    SEALED = "sealed"
    UPLOADED = "uploaded"
    RECEIVED = "received"
    PROCESSED = "processed"
    CONFIRMED = "confirmed"


class StepState(StrEnum):
    """How a station stands: behind it, there now, still ahead, or stuck there."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Step:
    """One station. `title` is short (`Batch 12`), `words` say it in full; `at` None: not known, or
    not yet."""

    kind: StepKind
    title: str
    words: str
    state: StepState
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SiteJourney:
    """A record's way to one site, or (`is_incoming`) from it. `status` None: it is not here and
    nothing of it is known. `sentence`: what is true, and what it waits for."""

    site: str
    name: str
    is_incoming: bool
    status: Status | None
    sentence: str
    steps: tuple[Step, ...]
    stream: str
    batch: int | None
    needs_attention: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether nothing is waited for."""
        return self.status in (Status.PROCESSED, Status.COVERED) and not self.needs_attention


@dataclass(frozen=True, slots=True)
class Journey:
    """Where a record is. `headline` and `advice` are whole sentences; `sites` is one page of those
    that the search fits, the ones that wait first; `total` how many it fits, `next` where the next
    page starts; `whole` how many sites there are without the search."""

    record: Candidate
    headline: str
    advice: str
    sites: tuple[SiteJourney, ...]
    total: int
    whole: int
    next: int | None = None
