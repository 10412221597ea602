"""Every event of a run, on one screen. `--events json` prints them one a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ginesys_sync.core.status import Outcome, Stage


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run has its number and its lock."""

    run: int
    what: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What waits to be sent, in records per entity: said before anything is sent."""

    waiting: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StageMoved:
    """A stage has done more. Counts are records, size is bytes; total None: not known."""

    stage: Stage
    done: int
    total: int | None
    size: int
    is_finished: bool


@dataclass(frozen=True, slots=True)
class RecordParked:
    """One record needs attention; the rest goes on."""

    entity: str
    key: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Guided:
    """An unusual step has begun, such as reading back what was sent before a restore: what is done
    and why, as a sentence. Empty: the usual goes on.
    """

    sentence: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """How it ended; `closing` is the last line."""

    run: int
    outcome: Outcome
    closing: str


Event = RunStarted | Counted | StageMoved | RecordParked | Guided | RunEnded
Listener = Callable[[Event], None]


def event_document(event: Event) -> dict[str, Any]:
    """An event as one flat JSON object; `event` names its kind."""
    return {"event": type(event).__name__, **asdict(event)}
