"""First load: head office builds snapshot chunks, shared by all sites that need them; a joining
site applies them.

The number a load brings a site to is the stream's head from before the first chunk; the tail after
it mends the rest, since images are whole. Building and loading resume at a chunk. Only a load that
comes from head office sweeps, and never more than a tenth of an entity without a person's word.
"""

from __future__ import annotations

from collections.abc import Sequence

from ginesys_sync.core.errors import Halted, KnownError, Refused
from ginesys_sync.core.model import HEAD_OFFICE, Key, Stream
from ginesys_sync.core.plan import PLAN_CHANNEL, Entity, OnFault, Owner, Plan, Rule
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.disk import require_room
from ginesys_sync.engine.owing import Owing
from ginesys_sync.engine.plan import put_plan_in_place
from ginesys_sync.engine.receive import entity_of, fetch_body, opened, stops_a_stream
from ginesys_sync.engine.seal import TARGET_ROWS, next_limit
from ginesys_sync.engine.sweeping import Sweeping
from ginesys_sync.store import blocks, due_loads, ledger, loading, sweeping
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import Connection, read_state, transaction, write_state
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.sealing import RawBody
from ginesys_sync.wire.body import pack
from ginesys_sync.wire.messages import HeldRecord, Load, LoadChunk, LoadsRequest
from ginesys_sync.wire.routes import MAX_BODY_BYTES

_HELD_OF_A_KIND = 500
_MOST_KEY_TEXT = 1_000


def offer_loads(context: RunContext, connection: Connection) -> None:
    """Build and offer the loads that are owed to sites this run releases to. Loads of one stream
    share their chunks. Those of a blocked lane wait: they would bring what is not released.
    """
    blocked = blocks.blocked_channels(connection)
    due = [
        load
        for load in due_loads.due_loads(connection)
        if load.state == due_loads.DUE
        and (context.sites is None or load.site in context.sites)
        and Stream.parse(load.stream).channel not in blocked
    ]
    for stream in sorted({load.stream for load in due}):
        _Offer(context, connection, [load for load in due if load.stream == stream]).make()


class _Offer:
    """The load of one stream for the sites that are due it."""

    def __init__(
        self, context: RunContext, connection: Connection, due: Sequence[due_loads.DueLoad]
    ) -> None:
        self._context = context
        self._connection = connection
        self._stream = due[0].stream
        # Each of these numbers was the head before any chunk that all of these loads share. The
        # lowest one, or the site that is due it would miss what came for it alone since.
        self._no = min(load.no for load in due)
        self._sites = [load.site for load in due]
        built = min((load.chunks for load in due), key=len)
        version = context.plan.version
        self._chunks = list(built) if all(c.plan_version == version for c in built) else []

    def make(self) -> None:
        """Build what is not built yet, then offer it."""
        for entity in _of_loads(self._context.plan, self._stream):
            self._build(entity)
        try:
            answer = self._context.web.loads(self._request())
        except Refused as fault:
            if fault.reason != "load_refused":
                raise
            self._begin_again()
            return
        if answer.missing:
            self._begin_again()
            return
        context, connection = self._context, self._connection
        at = context.now()
        with transaction(connection):
            require_fence(connection, context.fence)
            for site in answer.offered:
                due_loads.mark_offered(connection, site, self._stream, self._no, at)
                ledger.note_release(connection, self._stream, [site], self._no, context.run, at)
            # Whoever did not take it has its past after all, or another load already.
            for site in set(self._sites) - set(answer.offered):
                due_loads.end_load(connection, site, self._stream)

    def _build(self, entity: Entity) -> None:
        """Chunk by chunk from where an earlier run was, noting each."""
        context = self._context
        built = [chunk for chunk in self._chunks if chunk.entity == entity.name]
        after = built[-1].last if built else None
        limit = TARGET_ROWS
        while True:
            context.check_cancelled()
            found = loading.chunk(context.database, entity, after, limit)
            if found is None:
                return
            raw, last = found
            if len(raw.data) > MAX_BODY_BYTES and limit > 1:
                limit = max(1, limit // 4)
                continue
            after = last
            if len(raw.data) <= MAX_BODY_BYTES and raw.records:
                self._keep(entity, raw, last)
            limit = next_limit(limit, raw.rows, len(raw.data))

    def _keep(self, entity: Entity, raw: RawBody, last: Key) -> None:
        context = self._context
        body = pack(raw.data)
        context.web.put_body(body.sha256, body.data)
        self._chunks.append(
            due_loads.BuiltChunk(
                entity.name,
                body.sha256,
                len(body.data),
                body.raw_size,
                raw.records,
                raw.rows,
                context.plan.version,
                last,
            )
        )
        with transaction(self._connection):
            require_fence(self._connection, context.fence)
            due_loads.write_chunks(self._connection, self._sites, self._stream, self._chunks)
        context.tally.add(Stage.SENDING, raw.records, len(body.data))

    def _request(self) -> LoadsRequest:
        chunks = [
            LoadChunk(
                entity=chunk.entity,
                sha256=chunk.sha256,
                size=chunk.size,
                raw_size=chunk.raw_size,
                records=chunk.records,
                rows=chunk.rows,
            )
            for chunk in self._chunks
        ]
        load = Load(
            stream=self._stream,
            epoch=self._context.epoch,
            no=self._no,
            plan_version=self._context.plan.version,
            made_at=self._context.now(),
            chunks=chunks,
            held=self._held(),
        )
        return LoadsRequest(sites=self._sites, load=load)

    def _held(self) -> list[HeldRecord]:
        """What the chunks left out because a person holds it back: the sites keep what they have.
        Of more than can be named, or of keys that cannot, the whole kind."""
        held: list[HeldRecord] = []
        for entity in _of_loads(self._context.plan, self._stream):
            keys = blocks.held_keys(self._connection, entity, _HELD_OF_A_KIND + 1)
            if len(keys) > _HELD_OF_A_KIND or not all(map(_can_be_named, keys)):
                held.append(HeldRecord(entity=entity.name))
            else:
                held += [HeldRecord.model_validate({"entity": entity.name, "key": k}) for k in keys]
        return held

    def _begin_again(self) -> None:
        """What was built is of no use any more: the next run builds it anew, up to today's head."""
        context, connection = self._context, self._connection
        owed = [
            Owing(connection, context.plan, context.staging, context.web, site)
            for site in self._sites
        ]
        for owing in owed:
            owing.make_ready([self._stream])
        with transaction(connection):
            require_fence(connection, context.fence)
            for owing in owed:
                owing.owe([self._stream], context.site, context.now())


class LoadWork:
    """A joining site's half: chunk by chunk, then the sweep, then the cursors."""

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
            for entity in self._entities(load):
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
        return _of_loads(self._context.plan, load.stream)

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


def _can_be_named(key: Key) -> bool:
    """Whether a key can travel in a message as it is."""
    return all(
        isinstance(part, int) or (isinstance(part, str) and 0 < len(part) <= _MOST_KEY_TEXT)
        for part in key
    )


def _is_plan(load: Load) -> bool:
    return Stream.parse(load.stream).channel == PLAN_CHANNEL


def _of_loads(plan: Plan, stream: str) -> list[Entity]:
    """The entities that a load of this stream holds, parents first: what is for all."""
    return [
        entity
        for entity in plan.of_channel(Stream.parse(stream).channel)
        if entity.owner is not Owner.SITE and entity.audience.rule is Rule.ALL
    ]
