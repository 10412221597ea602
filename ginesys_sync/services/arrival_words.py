"""What is true of a record on its way from another site, decided from the facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ginesys_sync.core.status import Status, received_status
from ginesys_sync.services.journey_views import SiteJourney, Step, StepKind, StepState
from ginesys_sync.services.journey_words import Line, place_words, sentence, step
from ginesys_sync.services.words import ago, moment
from ginesys_sync.store.journey import Arrival, Held

_WAY_IN = (StepKind.SEALED, StepKind.RECEIVED, StepKind.PROCESSED, StepKind.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Coming:
    """A record that another site sent here. `arrival` None: what brought it is not known;
    `is_deleted`: that batch says it is gone."""

    origin: str
    name: str
    stream: str
    lane: str
    is_here: bool
    arrival: Arrival | None
    is_deleted: bool
    held: Held | None
    synced_at: datetime | None
    now: datetime


def received_journey(what: Coming) -> SiteJourney:
    """The way of a record from the site it came from."""
    status = _received_standing(what)
    is_stuck = what.held is not None and what.held.code != "kept_edit"
    number = what.arrival.no if what.arrival is not None else 0
    return SiteJourney(
        site=what.origin,
        name=what.name,
        is_incoming=True,
        status=status,
        sentence=_received_sentence(what, status),
        steps=_received_steps(what, status, is_stuck),
        stream=what.stream,
        batch=number or (what.held.no if what.held else 0) or None,
        needs_attention=is_stuck,
    )


def _received_standing(what: Coming) -> Status | None:
    if what.held is not None:
        return Status.RECEIVED
    if what.arrival is not None:
        number = what.arrival.no
        return received_status(number, number if what.arrival.is_applied else -1)
    return Status.PROCESSED if what.is_here else None


def _received_sentence(what: Coming, status: Status | None) -> str:
    origin = place_words(what.origin)
    if what.held is not None and what.held.code == "kept_edit":
        return "A newer version waits here until head office has answered this store's own edit."
    if what.held is not None:
        missing = f" Missing: {what.held.missing}." if what.held.missing else ""
        return f"It came and needs attention here: {sentence(what.held.reason)}{missing}"
    by = _by_words(what)
    if status is Status.RECEIVED:
        return f"It was received {by} and is not processed yet: the next sync goes on with it."
    if what.is_deleted and not what.is_here:
        return f"It was deleted: {origin} said so {by}."
    if what.arrival is not None and what.is_here:
        return f"It is here: received from {origin} {by} and processed."
    if what.arrival is not None:
        return f"It came from {origin} {by}, and is no longer here."
    if what.is_here:
        return f"It is here, from {origin}. Which batch brought it is no longer known."
    last = f" (last sync here {ago(what.synced_at, what.now)})" if what.synced_at else ""
    return f"It is not here: nothing of it has come from {origin}{last}."


def _by_words(what: Coming) -> str:
    number = what.arrival.no if what.arrival is not None else 0
    return f"in batch {number:,} of {what.lane}" if number else "by the first load"


def _received_steps(what: Coming, status: Status | None, is_stuck: bool) -> tuple[Step, ...]:
    if status is None:
        return ()
    if what.held is not None:
        return _held_steps(what, what.held, is_stuck)
    origin, arrival = place_words(what.origin), what.arrival
    if arrival is None:
        return (Step(StepKind.PROCESSED, "Processed", "It is here", StepState.DONE),)
    number = f"Batch {arrival.no:,}" if arrival.no else "First load"
    far = 2 if not arrival.is_applied else 3 if arrival.delivered_at is None else 4
    lines: tuple[Line, ...] = (
        (number, f"{number} of {what.lane} at {origin}", arrival.sealed_at),
        ("Received", f"Received from {origin}", arrival.received_at),
        ("Processed", "Processed here", arrival.applied_at),
        ("Confirmed", f"Confirmed to {origin}", arrival.delivered_at),
    )
    return tuple(
        step(kind, place, far, is_stuck, line)
        for place, (kind, line) in enumerate(zip(_WAY_IN, lines, strict=True))
    )


def _held_steps(what: Coming, held: Held, is_stuck: bool) -> tuple[Step, ...]:
    """It came and could not go in: tried again at each sync."""
    origin, number = place_words(what.origin), f"Batch {held.no:,}"
    tries = f"{held.tries:,} {'try' if held.tries == 1 else 'tries'}"
    words = f"Needs attention here after {tries}" if is_stuck else "Waits for head office's answer"
    return (
        Step(StepKind.SEALED, number, f"{number} of {what.lane} at {origin}", StepState.DONE),
        Step(StepKind.RECEIVED, "Received", "Received here", StepState.DONE, moment(held.first_at)),
        Step(
            StepKind.PROCESSED,
            "Needs attention" if is_stuck else "Waits",
            words,
            StepState.STUCK if is_stuck else StepState.NOW,
            moment(held.last_at),
        ),
        Step(StepKind.CONFIRMED, "Confirmed", f"Not yet: confirmed to {origin}", StepState.AHEAD),
    )
