"""First load: head office builds snapshot chunks, shared by all sites that need them; a joining
site applies them.

The number a load brings a site to is the stream's head from before the first chunk; the tail after
it mends the rest, since images are whole. Building and loading resume at a chunk. Only a load that
comes from head office sweeps, and never more than a tenth of an entity without a person's word.
"""

from __future__ import annotations

from collections.abc import Sequence

from ginesys_sync.core.errors import KnownError, Refused
from ginesys_sync.core.model import HEAD_OFFICE, Key, Stream
from ginesys_sync.core.plan import PLAN_CHANNEL, Entity, Owner, Rule
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.bodies import BatchWork, BodyWork
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.plan import put_plan_in_place
from ginesys_sync.engine.receive import entity_of, fetch_body, opened, stops_a_stream
from ginesys_sync.engine.seal import TARGET_ROWS, next_limit
from ginesys_sync.store import due_loads, ledger, loading
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import Connection, read_state, transaction, write_state
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.sealing import RawBody
from ginesys_sync.wire.body import pack
from ginesys_sync.wire.messages import Load, LoadChunk, LoadsRequest
from ginesys_sync.wire.routes import MAX_BODY_BYTES

SWEEP_SHARE = 10
"""A sweep of more than one in this many records of an entity waits for a person."""
_SWEEP_SLICE = 200


def offer_loads(context: RunContext, connection: Connection) -> None:
    """Build and offer the loads that are owed to sites this run releases to. Loads of one stream
    share their chunks.
    """
    due = [
        load
        for load in due_loads.due_loads(connection)
        if load.state == due_loads.DUE and (context.sites is None or load.site in context.sites)
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
        self._no = min(load.no for load in due)
        self._sites = [load.site for load in due]
        built = min((load.chunks for load in due), key=len)
        version = context.plan.version
        self._chunks = list(built) if all(c.plan_version == version for c in built) else []

    def make(self) -> None:
        """Build what is not built yet, then offer it."""
        for entity in self._context.plan.of_channel(Stream.parse(self._stream).channel):
            if entity.owner is not Owner.SITE and entity.audience.rule is Rule.ALL:
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
        )
        return LoadsRequest(sites=self._sites, load=load)

    def _begin_again(self) -> None:
        """What was built is of no use any more: the next run builds it anew, up to today's head."""
        context, connection = self._context, self._connection
        with transaction(connection):
            require_fence(connection, context.fence)
            for site in self._sites:
                due_loads.owe_load(connection, site, [self._stream], context.now())


class LoadWork:
    """A joining site's half: chunk by chunk, then the sweep, then the cursor."""

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier
        self._connection = applier.connection

    def apply(self, load: Load) -> None:
        """Apply a load from where an earlier run left it. A chunk that is damaged, or does not fit
        here, stops this stream only.
        """
        if Stream.parse(load.stream).origin != HEAD_OFFICE or load.stream in self._context.stopped:
            return
        try:
            self._apply(load)
        except KnownError as fault:
            if not stops_a_stream(fault):
                raise
            self._context.stop_stream(load.stream, fault)

    def _apply(self, load: Load) -> None:
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            ledger.ensure_stream(self._connection, load.stream, load.epoch)
        progress = f"load {load.stream}"
        done = self._done(progress, load)
        self._context.tally.expect(
            Stage.UPDATING, sum(chunk.records for chunk in load.chunks[done:])
        )
        for place in range(done, len(load.chunks)):
            self._context.check_cancelled()
            self._apply_chunk(load, place, progress)
        self._sweep(load)
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            write_state(self._connection, progress, "")
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
        if Stream.parse(load.stream).channel == PLAN_CHANNEL:
            put_plan_in_place(self._context)

    def _done(self, progress: str, load: Load) -> int:
        """How many chunks of exactly this load are already in."""
        made, _, count = (read_state(self._connection, progress) or "").partition(" ")
        if made == load.made_at:
            return int(count)
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            for entity in self._entities(load):
                loading.forget_seen(self._connection, entity)
        return 0

    def _entities(self, load: Load) -> list[Entity]:
        names = {chunk.entity for chunk in load.chunks}
        channel = Stream.parse(load.stream).channel
        return [e for e in self._context.plan.of_channel(channel) if e.name in names]

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
        BodyWork(context, self._applier).apply(
            work,
            lambda: write_state(self._connection, progress, f"{load.made_at} {place + 1}"),
        )
        context.tally.add(Stage.UPDATING, chunk.records)

    def _sweep(self, load: Load) -> None:
        for entity in reversed(self._entities(load)):
            total = loading.count_records(self._connection, entity)
            extra = loading.unswept(self._connection, entity, total // SWEEP_SHARE + 2)
            if len(extra) > total // SWEEP_SHARE + 1:
                self._context.notes.append(
                    f"More than a tenth of the {entity.many} here are not in head office's "
                    "full load. "
                    "They were kept: ask head office whether they should go."
                )
                continue
            for start in range(0, len(extra), _SWEEP_SLICE):
                with transaction(self._connection):
                    require_fence(self._connection, self._context.fence)
                    self._applier.hush(entity)
                    for key in extra[start : start + _SWEEP_SLICE]:
                        loading.sweep(self._connection, entity, key)
                    self._applier.unhush(entity)
            with transaction(self._connection):
                require_fence(self._connection, self._context.fence)
                loading.forget_seen(self._connection, entity)
