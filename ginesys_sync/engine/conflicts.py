"""Shared records at head office: who wins when two sites edited the same record.

A site's edit carries the number of head office's batch that it was made on. If that is head
office's present version, there is no conflict, whatever the clocks say. Else the newer edit wins,
ties go to head office, and both versions are kept in a list. Either way head office's decision is
noted as a change, so that the answer always flows back.
"""

from __future__ import annotations

import logging
from typing import Protocol

from ginesys_sync.core.model import HEAD_OFFICE, key_text
from ginesys_sync.core.plan import Entity, Owner
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.conflicts import Conflict, keep_conflict
from ginesys_sync.store.healing import with_more_rows
from ginesys_sync.store.images import image_of
from ginesys_sync.wire.excerpt import excerpts

log = logging.getLogger(__name__)
Faults = dict[int, tuple[str, str, str]]
"""Record id → (code, reason, missing parent) of records that must not, or cannot, be applied."""
LOST_CONFLICT = "lost_conflict"
"""Not a fault: head office's own version stands, and goes out again as the answer."""


def standing_otherwise(applier: BodyApplier, entity: Entity, span: Span) -> set[int]:
    """Records of the body attached that stand here with other values, or rows, or not at all."""
    differing = set(applier.differing(entity, span))
    return differing | with_more_rows(applier.connection, entity, span)


class ConflictingWork(Protocol):
    """What `decide` needs of the body being applied (see `engine.bodies.BatchWork`)."""

    entity: Entity
    origin: str
    raw: bytes
    keeps_both: bool


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
        if work.keeps_both and entity.owner is Owner.SITE and not from_gone:
            self._keep_replaced(work, span, faults)
        if entity.owner is not Owner.SHARED or not self._context.is_head_office:
            return {}
        meanwhile = applier.books.edited_meanwhile(entity, span, from_gone, work.origin)
        numbers = [number for number in meanwhile if number not in faults]
        if not numbers:
            return {}
        losers = set(numbers if from_gone else applier.books.older_than_here(entity, numbers))
        others = standing_otherwise(applier, entity, span)
        for number, key, theirs in excerpts(work.raw, entity, numbers):
            ours = image_of(applier.connection, entity, key)
            winner = HEAD_OFFICE if number in losers else work.origin
            if ours is not None and (from_gone or number in others):
                keep_conflict(
                    applier.connection,
                    Conflict(entity.name, key, work.origin, winner, ours.data, theirs),
                    self._context.run,
                    self._context.now(),
                )
            if number in losers:
                applier.books.note_answers(entity, Span(number, number), from_gone)
        return {number: (LOST_CONFLICT, "", "") for number in losers}

    def _keep_replaced(self, work: ConflictingWork, span: Span, faults: Faults) -> None:
        """A site that was brought back, or enrolled again, may send a version that is older than
        the one here, or another document under its number: it stands, and both are kept.
        """
        entity, applier = work.entity, self._applier
        others = standing_otherwise(applier, entity, span) - faults.keys()
        numbers = [one for one in applier.books.standing(entity, span) if one in others]
        for _, key, theirs in excerpts(work.raw, entity, numbers):
            ours = image_of(applier.connection, entity, key)
            assert ours is not None
            keep_conflict(
                applier.connection,
                Conflict(entity.name, key, work.origin, work.origin, ours.data, theirs),
                self._context.run,
                self._context.now(),
            )
            log.warning("kept both versions of %s %s", entity.name, key_text(key))
        if numbers:
            self._context.note(
                f"{work.origin} was brought back or enrolled again, and some of its {entity.many} "
                "differ from what head office had. The store's stand; both versions are kept."
            )
