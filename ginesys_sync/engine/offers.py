"""Head office's half of a first load: it builds snapshot chunks and offers them. Those of what is
for all are built once for all sites that need them, those of what is for certain sites for each.

The number a load brings a site to is the stream's head from before the first chunk; the tail after
it mends the rest, since images are whole. Building resumes at a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ginesys_sync.core.errors import PlanUnfit, Refused
from ginesys_sync.core.model import Key, Stream
from ginesys_sync.core.plan import Entity, Rule
from ginesys_sync.core.status import Stage
from ginesys_sync.core.text import is_plain
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.seal import TARGET_ROWS, next_limit
from ginesys_sync.store import blocks, due_loads, ledger, loading
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.due_loads import BuiltChunk
from ginesys_sync.store.fence import require_fence
from ginesys_sync.wire.body import pack
from ginesys_sync.wire.messages import HeldRecord, Load, LoadChunk, LoadsRequest
from ginesys_sync.wire.routes import MAX_BODY_BYTES, MAX_HELD_RECORDS

_HELD_OF_A_KIND = 500
_MOST_KEY_TEXT = 1_000


def offer_loads(context: RunContext, connection: Connection) -> None:
    """Build and offer the loads that are owed to sites this run releases to. Those of a blocked
    lane wait: they would bring what is not released.
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
        try:
            _Offer(context, connection, [load for load in due if load.stream == stream]).make()
        except PlanUnfit as fault:
            context.note(f"The full load of {stream} could not be made: {fault}")


class _Offer:
    """The loads of one stream for the sites that are due it. Sites whose loads hold and leave out
    the same have one: they differ where something is for certain sites.
    """

    def __init__(
        self, context: RunContext, connection: Connection, due: Sequence[due_loads.DueLoad]
    ) -> None:
        self._context = context
        self._connection = connection
        self._stream = due[0].stream
        # Each of these numbers was the head before any chunk that all of these loads share. The
        # lowest one, or the site that is due it would miss what came for it alone since.
        self._no = min(load.no for load in due)
        self._kinds = context.plan.from_head_office(Stream.parse(self._stream).channel)
        self._before = {load.site: load.chunks for load in due}
        self._chunks: dict[str, list[BuiltChunk]] = {load.site: [] for load in due}
        self._kept_by_all: dict[str, list[Key]] = {}
        self._sent: set[str] = set()  # bodies: what is for certain sites is alike for many

    def make(self) -> None:
        """Build what is not built yet, then offer it."""
        everyone = list(self._chunks)
        for entity in self._kinds:
            is_for_all = entity.audience.rule is Rule.ALL
            for sites in [everyone] if is_for_all else [[site] for site in everyone]:
                self._build(entity, sites)
        for alike in _alike(everyone, self._chunks):
            for sites, held in self._held(alike):
                self._offer(sites, self._chunks[sites[0]], held)

    def _build(self, entity: Entity, sites: Sequence[str]) -> None:
        """Chunk by chunk from where an earlier run was with all of these sites, noting each."""
        context = self._context
        built = min((self._built(entity, site) for site in sites), key=len)
        for site in sites:
            self._chunks[site] += built
        after = built[-1].last if built else None
        limit = TARGET_ROWS
        groups = _alike(sites, self._chunks)
        only_for = None if entity.audience.rule is Rule.ALL else sites[0]
        reader = loading.ChunkReader(context.database, context.plan, entity, only_for)
        while True:
            context.check_cancelled()
            found = reader.read(after, limit, _HELD_OF_A_KIND)
            if found is None:
                return
            if len(found.raw.data) > MAX_BODY_BYTES and limit > 1:
                limit = max(1, limit // 4)
                continue
            after = found.last
            self._keep(entity, groups, found)
            limit = next_limit(limit, found.raw.rows, len(found.raw.data))

    def _built(self, entity: Entity, site: str) -> list[BuiltChunk]:
        version = self._context.plan.version
        return [
            chunk
            for chunk in self._before[site]
            if chunk.entity == entity.name and chunk.plan_version == version
        ]

    def _keep(self, entity: Entity, groups: Sequence[Sequence[str]], found: loading.Found) -> None:
        """Note a chunk when it holds anything or leaves out anything: one record that does not fit
        into a body is left out. `groups`: its sites, as their chunks are alike."""
        context, raw = self._context, found.raw
        left = found.left
        sha256, size, raw_size, records, rows = "", 0, 0, 0, 0
        if raw.records and len(raw.data) <= MAX_BODY_BYTES:
            body = pack(raw.data)
            sha256, size, raw_size = body.sha256, len(body.data), body.raw_size
            records, rows = raw.records, raw.rows
            if sha256 not in self._sent:
                context.web.put_body(sha256, body.data)
                self._sent.add(sha256)
        elif raw.records:
            left = (*left, found.last)
        elif not (left or found.leaves_kind):
            return
        chunk = BuiltChunk(
            entity.name,
            sha256,
            size,
            raw_size,
            records,
            rows,
            context.plan.version,
            found.last,
            left,
            found.leaves_kind,
        )
        with transaction(self._connection):
            require_fence(self._connection, context.fence)
            for alike in groups:
                for site in alike:
                    self._chunks[site].append(chunk)
                chunks = self._chunks[alike[0]]
                due_loads.write_chunks(self._connection, alike, self._stream, chunks)
        context.tally.add(Stage.SENDING, records, size)

    def _offer(
        self,
        sites: Sequence[str],
        chunks: Sequence[BuiltChunk],
        held: Sequence[HeldRecord],
    ) -> None:
        context, connection = self._context, self._connection
        try:
            answer = context.web.loads(self._request(sites, chunks, held))
        except Refused as fault:
            if fault.reason != "load_refused":
                raise
            self._begin_again(sites)
            return
        if answer.missing:
            self._begin_again(sites)
            return
        at = context.now()
        with transaction(connection):
            require_fence(connection, context.fence)
            for site in answer.offered:
                due_loads.mark_offered(connection, site, self._stream, self._no, at)
                ledger.note_release(connection, self._stream, [site], self._no, context.run, at)
            # Whoever did not take it has its past after all, or another load already.
            for site in set(sites) - set(answer.offered):
                due_loads.end_load(connection, site, self._stream)

    def _request(
        self,
        sites: Sequence[str],
        chunks: Sequence[BuiltChunk],
        held: Sequence[HeldRecord],
    ) -> LoadsRequest:
        load = Load(
            stream=self._stream,
            epoch=self._context.epoch,
            no=self._no,
            plan_version=self._context.plan.version,
            made_at=self._context.now(),
            kinds=[entity.name for entity in self._kinds],
            chunks=[
                LoadChunk(
                    entity=chunk.entity,
                    sha256=chunk.sha256,
                    size=chunk.size,
                    raw_size=chunk.raw_size,
                    records=chunk.records,
                    rows=chunk.rows,
                )
                for chunk in chunks
                if chunk.records
            ],
            held=list(held),
        )
        return LoadsRequest(sites=list(sites), load=load)

    def _held(self, alike: Sequence[str]) -> list[tuple[list[str], list[HeldRecord]]]:
        """What the chunks of these sites leave out and they keep: the sites in groups that keep the
        same, and that. Of more than can be named, or of keys that cannot, the whole kind.
        """
        groups: list[tuple[list[str], list[HeldRecord]]] = []
        for site in alike:
            held = [each for entity in self._kinds for each in self._held_of(entity, site)]
            if len(held) > MAX_HELD_RECORDS:
                held = [HeldRecord(entity=name) for name in sorted({each.entity for each in held})]
            for sites, same in groups:
                if same == held:
                    sites.append(site)
                    break
            else:
                groups.append(([site], held))
        return groups

    def _held_of(self, entity: Entity, site: str) -> list[HeldRecord]:
        chunks = [chunk for chunk in self._chunks[site] if chunk.entity == entity.name]
        left = (key for chunk in chunks for key in chunk.left)
        keys = list(dict.fromkeys([*left, *self._kept(entity, site)]))
        if (
            any(chunk.leaves_kind for chunk in chunks)
            or len(keys) > _HELD_OF_A_KIND
            or not all(map(_can_be_named, keys))
        ):
            return [HeldRecord(entity=entity.name)]
        return [HeldRecord.model_validate({"entity": entity.name, "key": k}) for k in keys]

    def _kept(self, entity: Entity, site: str) -> list[Key]:
        """What is in no chunk and is kept all the same; of what is for all, looked up once."""
        at_most = _HELD_OF_A_KIND + 1
        if entity.audience.rule is not Rule.ALL:
            return blocks.kept_keys(self._connection, entity, site, at_most)
        if entity.name not in self._kept_by_all:
            self._kept_by_all[entity.name] = [
                *blocks.kept_keys(self._connection, entity, None, at_most),
                *loading.unsettled_keys(self._connection, entity, at_most),
            ]
        return self._kept_by_all[entity.name]

    def _begin_again(self, sites: Sequence[str]) -> None:
        """What was built is of no use any more: the next run builds it anew, up to today's head."""
        context, connection = self._context, self._connection
        with transaction(connection):
            require_fence(connection, context.fence)
            for site in sites:
                due_loads.owe_load(connection, site, [self._stream], context.now())


def _can_be_named(key: Key) -> bool:
    """Whether a key can travel in a message as it is."""
    return all(
        isinstance(part, int)
        or (isinstance(part, str) and 0 < len(part) <= _MOST_KEY_TEXT and is_plain(part))
        for part in key
    )


def _alike(sites: Sequence[str], chunks: Mapping[str, Sequence[BuiltChunk]]) -> list[list[str]]:
    """The sites in groups that have the same chunks."""
    groups: dict[tuple[BuiltChunk, ...], list[str]] = {}
    for site in sites:
        groups.setdefault(tuple(chunks[site]), []).append(site)
    return list(groups.values())
