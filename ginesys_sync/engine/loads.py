"""A joining site's half of a first load: it applies the chunks, resuming at one, and sweeps.

Only a load that comes from head office sweeps, and never more than a tenth of an entity without a
person's word.
"""

from __future__ import annotations

from collections.abc import Sequence

from ginesys_sync.core.errors import Halted, KnownError
from ginesys_sync.core.model import HEAD_OFFICE, Key, Stream
from ginesys_sync.core.plan import PLAN_CHANNEL, Entity, OnFault
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.disk import require_room
from ginesys_sync.engine.plan import put_plan_in_place
from ginesys_sync.engine.receive import entity_of, fetch_body, opened, stops_a_stream
from ginesys_sync.engine.sweeping import Sweeping
from ginesys_sync.store import ledger, loading, sweeping
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import read_state, transaction, write_state
from ginesys_sync.store.fence import require_fence
from ginesys_sync.wire.messages import Load


class LoadWork:
    """Chunk by chunk, then the sweep, then the cursors."""

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier
        self._connection = applier.connection

    def apply(self, loads: Sequence[Load]) -> None:
        """Apply loads from where an earlier run left them, lanes in their order, the plan's before
        all others. What they did not hold is swept when all are in, children first, because a
        record may be referred to from a later lane. A chunk that is damaged, or does not fit here,
        stops its stream only.
        """
        plan = self._context.plan
        loads = [load for load in loads if Stream.parse(load.stream).origin == HEAD_OFFICE]
        loads = sorted(loads, key=lambda each: plan.lane(Stream.parse(each.stream).channel))
        first = [load for load in loads if _is_plan(load)]
        self._apply(first)
        if first:
            put_plan_in_place(self._context)
        self._apply([load for load in loads if not _is_plan(load)])

    def _apply(self, loads: Sequence[Load]) -> None:
        taken = [load for load in loads if self._take(load)]
        sweep = Sweeping(self._context, self._applier).sweep
        for load in reversed(taken):
            spared = self._spare(load)
            for entity in reversed(self._entities(load)):
                if entity.name not in spared:
                    sweep(entity, load.stream, load.no)
        for load in taken:
            self._end(load)

    def _take(self, load: Load) -> bool:
        """Apply the chunks; whether all are in."""
        if load.stream in self._context.stopped:
            return False
        try:
            self._take_chunks(load)
            return True
        except KnownError as fault:
            if not (stops_a_stream(fault) or isinstance(fault, Halted)):
                raise
            self._context.stop_stream(load.stream, fault)
            return False

    def _take_chunks(self, load: Load) -> None:
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            ledger.ensure_stream(self._connection, load.stream, load.epoch)
        progress = _progress(load)
        done = self._done(progress, load)
        self._context.tally.expect(
            Stage.UPDATING, sum(chunk.records for chunk in load.chunks[done:])
        )
        for place in range(done, len(load.chunks)):
            self._context.check_cancelled()
            require_room(self._context)
            self._apply_chunk(load, place, progress)

    def _spare(self, load: Load) -> set[str]:
        """Keep what head office holds back from the sweep. Returns the entities not to be swept at
        all."""
        keys: dict[str, list[Key]] = {}
        for each in load.held:
            keys.setdefault(each.entity, []).append(tuple(each.key))
        whole = {name for name, some in keys.items() if () in some}
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            for name, some in keys.items():
                if name in whole:
                    sweeping.close(self._connection, name)
                else:
                    sweeping.spare(self._connection, name, some)
        return whole

    def _end(self, load: Load) -> None:
        """The cursor stands where the load brought the stream, and the acknowledgement says so.
        Only now are the keys it named forgotten: a run that is ended between sweep and end sweeps
        again, and without them everything would be extra.
        """
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            for entity in self._context.plan.from_head_office(Stream.parse(load.stream).channel):
                if entity.name not in self._context.asks:
                    sweeping.close(self._connection, entity.name)
            write_state(self._connection, _progress(load), "")
            ledger.move_cursor(
                self._connection,
                load.stream,
                load.epoch,
                load.no,
                self._context.site,
                self._context.run,
                self._context.now(),
                kind="load",
            )

    def _done(self, progress: str, load: Load) -> int:
        """How many chunks of exactly this load are already in."""
        made, _, count = (read_state(self._connection, progress) or "").partition(" ")
        if made == load.made_at:
            return int(count)
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            for entity in self._entities(load):
                sweeping.close(self._connection, entity.name)
        return 0

    def _entities(self, load: Load) -> list[Entity]:
        """The kinds that the load holds whole, as this site's plan has them."""
        known = self._context.plan.from_head_office(Stream.parse(load.stream).channel)
        return [entity for entity in known if entity.name in load.kinds]

    def _apply_chunk(self, load: Load, place: int, progress: str) -> None:
        context, chunk = self._context, load.chunks[place]
        batch = ledger.Batch(
            load.stream,
            load.no,
            load.epoch,
            context.run,
            chunk.entity,
            "",
            load.plan_version,
            chunk.records,
            0,
            chunk.rows,
            chunk.sha256,
            chunk.size,
            chunk.raw_size,
            load.made_at,
        )
        entity = entity_of(context, self._connection, batch)
        raw = opened(context, batch, entity, lambda: fetch_body(context, batch))
        context.tally.add(Stage.RECEIVING, chunk.records, chunk.size)
        work = BatchWork(entity, HEAD_OFFICE, load.stream, load.no, raw)
        work.is_load = True
        channel = context.plan.channel(Stream.parse(load.stream).channel)
        work.does_halt = channel.on_fault is OnFault.HALT
        BodyWork(context, self._applier).apply(
            work,
            lambda: self._note(load, place, progress),
        )
        context.tally.add(Stage.UPDATING, chunk.records)

    def _note(self, load: Load, place: int, progress: str) -> None:
        """A chunk is in, in the transaction of its last records: where to go on, and what *Received
        Data* lists.
        """
        context, chunk = self._context, load.chunks[place]
        write_state(self._connection, progress, f"{load.made_at} {place + 1}")
        taken = loading.TakenChunk(
            entity=chunk.entity,
            sha256=chunk.sha256,
            size=chunk.size,
            raw_size=chunk.raw_size,
            records=chunk.records,
            whole=sum(each.records for each in load.chunks if each.entity == chunk.entity),
            no=load.no,
            epoch=load.epoch,
            made_at=load.made_at,
            run=context.run,
            at=context.now(),
        )
        loading.note_taken(self._connection, context.site, load.stream, taken)


def _progress(load: Load) -> str:
    """Where the run notes how many chunks of a load are in."""
    return f"load {load.stream}"


def _is_plan(load: Load) -> bool:
    return Stream.parse(load.stream).channel == PLAN_CHANNEL
