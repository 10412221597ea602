"""Seal: what changed becomes numbered, immutable batches. Two stages, so that reading overlaps
writing.

`ReadChanges` cuts claims out of the change log, entity by entity, parents first, and makes their
bodies in one snapshot. `SealClaims` keeps each body on disk for good, then commits the claim.
"""

from __future__ import annotations

from dataclasses import dataclass

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.plan import Entity
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.catching import Catch
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.pump import Channel, Turn
from ginesys_sync.store.claiming import ClaimWriter, NewBatch, SealedBy
from ginesys_sync.store.ledger import Batch
from ginesys_sync.store.sealing import Claim, RawBody, SealReader, Target
from ginesys_sync.wire.body import CHILD_BITS, PackedBody, pack
from ginesys_sync.wire.routes import MAX_BODY_BYTES

TARGET_ROWS = 10_000
TARGET_BYTES = 4_000_000
WHOLE_ROWS = 2_000
"""Of a channel whose batches go in as a whole: few enough for one short transaction."""
FIRST_LIMIT_WITH_CHILDREN = 2_000
TOO_LARGE = "This record is larger than a batch may be (64 MB). Make it smaller; then it is sent."


@dataclass(frozen=True, slots=True)
class CutClaim:
    """A claim with its bodies, read and not yet sealed. `is_too_large`: its one record fits no
    body.
    """

    claim: Claim
    image: bytes
    bodies: tuple[tuple[Target, RawBody], ...]
    is_too_large: bool = False


@dataclass(frozen=True, slots=True)
class SealedClaim:
    """The batches a claim became, in number order, with their packed bodies."""

    changes: int
    batches: tuple[Batch, ...]
    bodies: tuple[PackedBody, ...]


def next_limit(limit: int, rows: int, size: int) -> int:
    """How many changes to claim next, when `limit` of them made bodies of `rows` rows and `size`
    raw bytes.
    """
    scale = min(TARGET_ROWS / max(rows, 1), TARGET_BYTES / max(size, 1))
    if 0.5 <= scale <= 2:
        return limit
    return max(1, min(TARGET_ROWS, int(limit * max(0.1, min(scale, 4.0)))))


class ReadChanges:
    """The reading half. Owns the run's snapshot, from its making until its last step."""

    def __init__(
        self, context: RunContext, reader: SealReader, out: Channel[CutClaim], catch: Catch
    ) -> None:
        self._context = context
        self._reader = reader
        self._catch = catch
        self._out = out
        waiting = reader.waiting()
        entities = [e for e in context.plan.in_order() if waiting.get(e.name)]
        self._queue: list[tuple[Entity, int | None]] = [
            (entity, chosen)
            for entity in entities
            for chosen in (None, *reader.chosen(entity.name))
        ]
        self._after = 0
        self._limit = 0
        for entity in entities:
            context.tally.expect(Stage.COLLECTING, waiting[entity.name])

    def step(self) -> Turn:
        """Cut one claim."""
        if self._out.is_full:
            return Turn.IDLE
        self._context.check_cancelled()
        if not self._queue:
            self._out.close()
            return Turn.DONE
        entity, chosen = self._queue[0]
        limit = self._limit or self._first_limit(entity)
        cut = self._cut_or_skip(entity, limit, chosen)
        if cut is None:
            self._queue.pop(0)
            self._after = self._limit = 0
        else:
            self._after = cut.claim.last_id
            self._out.give(cut)
        return Turn.PROGRESS

    def _cut_or_skip(self, entity: Entity, limit: int, chosen: int | None) -> CutClaim | None:
        """An entity whose tables are no longer as the plan says is left for another run."""
        try:
            return self._cut(entity, limit, chosen)
        except PlanUnfit as fault:
            self._queue = [each for each in self._queue if each == (entity, chosen)] + [
                each for each in self._queue if each[0] != entity
            ]
            self._context.note(f"{entity.many.capitalize()} could not be sent: {fault}")
            return None

    def _is_whole(self, entity: Entity) -> bool:
        return self._context.plan.channel(entity.channel).is_whole

    def _first_limit(self, entity: Entity) -> int:
        if entity.children:
            return FIRST_LIMIT_WITH_CHILDREN
        return WHOLE_ROWS if self._is_whole(entity) else TARGET_ROWS

    def _cut(self, entity: Entity, limit: int, chosen: int | None) -> CutClaim | None:
        most = WHOLE_ROWS if self._is_whole(entity) else TARGET_ROWS
        while True:
            claim = self._reader.claim(entity, self._after, limit, chosen)
            if claim is None:
                return None
            bodies = tuple((target, self._reader.body(claim, target)) for target in claim.targets)
            deletes = chosen is None and any(body.gone for _, body in bodies)
            if deletes and self._catch.looks_again(entity):
                continue
            rows = max((body.rows for _, body in bodies), default=0)
            is_small = most == TARGET_ROWS or rows <= most or limit == 1
            if is_small and all(_fits(body) for _, body in bodies):
                self._limit = min(most, next_limit(limit, *_weight(bodies)))
                return CutClaim(claim, self._reader.image(), bodies)
            if limit == 1:
                return CutClaim(claim, self._reader.image(), (), is_too_large=True)
            limit = max(1, limit // 4)


def _fits(body: RawBody) -> bool:
    """Whether a body may travel, and none of its records has more child rows than it can number."""
    return len(body.data) <= MAX_BODY_BYTES and body.rows < 1 << CHILD_BITS


def _weight(bodies: tuple[tuple[Target, RawBody], ...]) -> tuple[int, int]:
    rows = sum(body.rows for _, body in bodies)
    return rows, sum(len(body.data) for _, body in bodies)


class SealClaims:
    """The writing half: body on disk first, then the claim's one transaction."""

    def __init__(
        self,
        context: RunContext,
        writer: ClaimWriter,
        cuts: Channel[CutClaim],
        out: Channel[SealedClaim],
    ) -> None:
        self._context = context
        self._writer = writer
        self._cuts = cuts
        self._out = out

    def step(self) -> Turn:
        """Seal one claim."""
        if self._out.is_full:
            return Turn.IDLE
        cut = self._cuts.take()
        if cut is None:
            if not self._cuts.is_drained:
                return Turn.IDLE
            self._context.tally.finish(Stage.COLLECTING)
            self._out.close()
            return Turn.DONE
        if cut.is_too_large:
            self._writer.set_aside(cut.claim, cut.image, TOO_LARGE, self._context.now())
        else:
            self._out.give(self._seal(cut))
        self._context.tally.add(Stage.COLLECTING, cut.claim.changes)
        return Turn.PROGRESS

    def _seal(self, cut: CutClaim) -> SealedClaim:
        context = self._context
        packed = tuple(pack(body.data) for _, body in cut.bodies)
        for body in packed:
            context.staging.put(body.sha256, body.data)
        by = SealedBy(
            context.own_stream(cut.claim.entity),
            context.epoch,
            context.run,
            context.plan.version,
            context.now(),
        )
        drafts = tuple(
            NewBatch(t, r.records, r.gone, r.rows, p.sha256, len(p.data), p.raw_size)
            for (t, r), p in zip(cut.bodies, packed, strict=True)
        )
        numbers = self._writer.commit(cut.claim, cut.image, drafts, by)
        batches = tuple(
            Batch(
                str(by.stream),
                no,
                by.epoch,
                by.run,
                cut.claim.entity.name,
                draft.target.audience.members,
                by.plan_version,
                draft.records,
                draft.gone,
                draft.rows,
                draft.sha256,
                draft.size,
                draft.raw_size,
                by.at,
            )
            for no, draft in zip(numbers, drafts, strict=True)
        )
        return SealedClaim(cut.claim.changes, batches, packed)
