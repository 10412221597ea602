"""First load: head office builds snapshot chunks, shared by all sites that need them; a joining
site applies them.

The number a load brings a site to is the stream's head from before the first chunk; the tail after
it mends the rest, since images are whole. Building and loading resume at a chunk. Only a load that
comes from head office sweeps, and never more than a tenth of an entity without a person's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ginesys_sync.core.model import HEAD_OFFICE, Key, Stream
from ginesys_sync.core.plan import Entity, Owner, Rule
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.apply import BatchWork, BodyWork
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.receive import fetch_body, opened
from ginesys_sync.engine.seal import TARGET_ROWS
from ginesys_sync.store import ledger, loading, sites
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import Connection, read_state, transaction, write_state
from ginesys_sync.store.fence import require_fence
from ginesys_sync.wire.body import pack
from ginesys_sync.wire.messages import Load, LoadChunk, LoadsRequest

SWEEP_SHARE = 10
"""A sweep of more than one in this many records of an entity waits for a person."""
_SWEEP_SLICE = 200


def offer_loads(context: RunContext, connection: Connection) -> None:
    """Build and offer the loads that are owed to sites this run releases to. Loads of one stream
    share their chunks.
    """
    due = [
        load
        for load in sites.loads(connection)
        if load.state == sites.DUE and (context.sites is None or load.site in context.sites)
    ]
    for stream in sorted({load.stream for load in due}):
        _offer_stream(context, connection, [load for load in due if load.stream == stream])


def _offer_stream(
    context: RunContext, connection: Connection, due: Sequence[sites.DueLoad]
) -> None:
    stream = Stream.parse(due[0].stream)
    no = min(load.no for load in due)
    chunks: list[LoadChunk] = []
    for entity in context.plan.of_channel(stream.channel):
        if entity.owner is Owner.SITE or entity.audience.rule is not Rule.ALL:
            continue
        chunks += _build_chunks(context, entity)
    load = Load(
        stream=str(stream),
        epoch=context.epoch,
        no=no,
        plan_version=context.plan.version,
        made_at=context.now(),
        chunks=chunks,
    )
    request = LoadsRequest(sites=[due_load.site for due_load in due], load=load)
    answer = context.web.loads(request)
    if answer.missing:
        for name in answer.missing:
            data = context.staging.get(name)
            if data is not None:
                context.web.put_body(name, data)
        answer = context.web.loads(request)
    with transaction(connection):
        require_fence(connection, context.fence)
        for due_load in due:
            if due_load.site in answer.offered:
                done = replace(due_load, state=sites.OFFERED, no=no)
                sites.write_load(connection, done, context.now())
                ledger.note_release(
                    connection, str(stream), [due_load.site], no, context.run, context.now()
                )


def _build_chunks(context: RunContext, entity: Entity) -> list[LoadChunk]:
    chunks: list[LoadChunk] = []
    after: Key | None = None
    while True:
        context.check_cancelled()
        found = loading.chunk(context.database, entity, after, TARGET_ROWS)
        if found is None:
            return chunks
        raw, after = found
        body = pack(raw.data)
        context.staging.put(body.sha256, body.data)
        context.web.put_body(body.sha256, body.data)
        chunks.append(
            LoadChunk(
                entity=entity.name,
                sha256=body.sha256,
                size=len(body.data),
                raw_size=body.raw_size,
                records=raw.records,
                rows=raw.rows,
            )
        )
        context.tally.add(Stage.SENDING, raw.records, len(body.data))


class LoadWork:
    """A joining site's half: chunk by chunk, then the sweep, then the cursor."""

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier
        self._connection = applier.connection

    def apply(self, load: Load) -> None:
        """Apply a load from where an earlier run left it."""
        stream = Stream.parse(load.stream)
        if stream.origin != HEAD_OFFICE:
            return
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            ledger.ensure_stream(self._connection, load.stream, load.epoch)
        progress = f"load {load.stream}"
        done = self._done(progress, load)
        self._context.tally.expect(
            Stage.UPDATING, sum(chunk.records for chunk in load.chunks[done:])
        )
        for place, chunk in enumerate(load.chunks):
            if place >= done:
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
        data = fetch_body(context, batch)
        context.tally.add(Stage.RECEIVING, chunk.records, chunk.size)
        work = BatchWork(
            context.plan.entity(chunk.entity),
            HEAD_OFFICE,
            load.stream,
            load.no,
            opened(context, batch, data),
        )
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
                loading.forget_seen(self._connection, entity)
