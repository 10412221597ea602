"""Parked records are tried again at the end of every run, as one set per kind, so that swaps and
cycles resolve.
"""

from __future__ import annotations

from collections.abc import Sequence

from ginesys_sync.core.plan import Entity, Owner
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.confirm import say_parked_changed
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import parking
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.refusals import DUPLICATE
from ginesys_sync.wire.excerpt import has_schema, joined

_A_SET = 5_000
_ONE_PIECE = 2_000


def retry_parked(context: RunContext, applier: BodyApplier) -> None:
    """Try every parked record again, lane by lane, until a round brings nothing more in."""
    connection = applier.connection
    before = _standing(applier)
    if not before:
        return
    known = {entity.name: entity for entity in context.plan.entities}
    for _ in range(len(context.plan.entities)):
        count = len(_standing(applier))
        waiting = [
            (known[name], origin)
            for name, origin in parking.waiting_origins(connection)
            if name in known
        ]
        waiting.sort(key=lambda pair: context.plan.lane(pair[0].channel))
        for entity, origin in waiting:
            _retry_one(context, applier, entity, origin)
        if len(_standing(applier)) == count:
            break
    after = _standing(applier)
    changed = {stream for _, stream in before.keys() ^ after.keys() if stream}
    if changed:
        say_parked_changed(context, connection, sorted(changed))


def _standing(applier: BodyApplier) -> dict[tuple[int, str], None]:
    return dict.fromkeys(parking.parked_ids(applier.connection))


def _retry_one(context: RunContext, applier: BodyApplier, entity: Entity, origin: str) -> None:
    """One round over what is parked of an entity from one origin, a few thousand at a time."""
    if context.plan.channel(entity.channel).is_atomic:
        _retry_wholes(context, applier, entity, origin)
        return
    after = 0
    while records := parking.parked_of(applier.connection, entity, origin, after, _A_SET):
        context.check_cancelled()
        after = records[-1].id
        for some in _sets(entity, records):
            work = _work(entity, origin, some)
            work.is_one_piece = _may_swap(some)
            BodyWork(context, applier).apply(work, lambda: None)


def _retry_wholes(context: RunContext, applier: BodyApplier, entity: Entity, origin: str) -> None:
    """Each batch that parked whole as a whole; what is left of several, and may wait for each
    other, all together.
    """
    connection = applier.connection
    before = parking.parked_batches(connection, entity, origin)
    for batch in before:
        _retry_whole(context, applier, entity, origin, [batch])
    left = parking.parked_batches(connection, entity, origin)
    if len(left) > 1:
        _retry_whole(context, applier, entity, origin, left)


def _retry_whole(
    context: RunContext,
    applier: BodyApplier,
    entity: Entity,
    origin: str,
    batches: Sequence[tuple[str, int]],
) -> None:
    context.check_cancelled()
    records = [
        record
        for record in parking.parked_in(applier.connection, entity, origin, batches)
        if has_schema(record.body, entity)
    ]
    if not records or (len(batches) > 1 and len(records) > _ONE_PIECE):
        return
    work = _work(entity, origin, records)
    work.is_whole = True
    BodyWork(context, applier).apply(work, lambda: None)


def _work(entity: Entity, origin: str, some: Sequence[parking.Parked]) -> BatchWork:
    body = joined(entity, [record.body for record in some])
    work = BatchWork(entity, origin, some[0].stream, some[0].no, body)
    work.places = {
        number: (record.stream, record.no) for number, record in enumerate(some, start=1)
    }
    return work


def _sets(entity: Entity, records: Sequence[parking.Parked]) -> list[tuple[parking.Parked, ...]]:
    """One set, but those apart that may swap unique values; and shared records batch by batch,
    because each remembers the batch it came with.
    One that was sealed by another plan waits: its owner sends it again by the new one.
    """
    records = [record for record in records if has_schema(record.body, entity)]
    numbers = sorted({record.no for record in records})
    sets: list[Sequence[parking.Parked]] = [records]
    if entity.owner is Owner.SHARED:
        sets = [[record for record in records if record.no == no] for no in numbers]
    swapping = [[record for record in some if record.code == DUPLICATE] for some in sets]
    others = [[record for record in some if record.code != DUPLICATE] for some in sets]
    return [tuple(some) for some in (*swapping, *others) if some]


def _may_swap(records: Sequence[parking.Parked]) -> bool:
    """Whether they may be waiting for each other's unique values, and are few enough for one
    transaction: cut into slices, none of them would ever find its room.
    """
    return records[0].code == DUPLICATE and len(records) <= _ONE_PIECE
