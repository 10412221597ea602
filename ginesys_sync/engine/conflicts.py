"""Shared records at head office: who wins when two sites edited the same record.

A site's edit carries the number of head office's batch that it was made on. If that is head
office's present version, there is no conflict, whatever the clocks say. Else the newer edit wins,
ties go to head office, and both versions are kept in a list. Either way head office's decision is
noted as a change, so that the answer always flows back.
"""

from __future__ import annotations

from typing import Protocol

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import Entity, Owner
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.conflicts import Conflict, keep_conflict
from ginesys_sync.store.healing import has_more_rows
from ginesys_sync.store.images import image_of
from ginesys_sync.wire.excerpt import excerpts

Faults = dict[int, tuple[str, str, str]]
"""Record id → (code, reason, missing parent) of records that must not, or cannot, be applied."""
LOST_CONFLICT = "lost_conflict"
"""Not a fault: head office's own version stands, and goes out again as the answer."""


def stands_otherwise(applier: BodyApplier, entity: Entity, number: int) -> bool:
    """Whether a record of the body attached stands here with other values or more rows."""
    is_other = bool(applier.differing(entity, Span(number, number)))
    return is_other or has_more_rows(applier.connection, entity, number)


class ConflictingWork(Protocol):
    """What `decide` needs of the body being applied (see `engine.bodies.BatchWork`)."""

    entity: Entity
    origin: str
    raw: bytes


class Conflicts:
    """Decides conflicts of one run, inside the transaction that applies."""

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier

    def decide(self, work: ConflictingWork, span: Span, faults: Faults, from_gone: bool) -> Faults:
        """Which records of a span lose to what stands here. Keeps both versions of each conflict. A
        deletion carries no time of its own, so it loses to any edit made meanwhile.
        """
        entity, applier = work.entity, self._applier
        if entity.owner is not Owner.SHARED or not self._context.is_head_office:
            return {}
        meanwhile = applier.books.edited_meanwhile(entity, span, from_gone, work.origin)
        numbers = [number for number in meanwhile if number not in faults]
        if not numbers:
            return {}
        losers = set(numbers if from_gone else applier.books.older_than_here(entity, numbers))
        for number, key, theirs in excerpts(work.raw, entity, numbers):
            ours = image_of(applier.connection, entity, key)
            winner = HEAD_OFFICE if number in losers else work.origin
            if ours is not None and (from_gone or stands_otherwise(applier, entity, number)):
                keep_conflict(
                    applier.connection,
                    Conflict(entity.name, key, work.origin, winner, ours.data, theirs),
                    self._context.run,
                    self._context.now(),
                )
            if number in losers:
                applier.books.note_answers(entity, Span(number, number), from_gone)
        return {number: (LOST_CONFLICT, "", "") for number in losers}
