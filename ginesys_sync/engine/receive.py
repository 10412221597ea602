"""Receive: what is for this site, released and beyond its cursor, in lane order, with its bodies.

One round reads up to the heads of its first answer; a page that opens a plan waits until it has
been applied, because the plan says how to read what follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise

from ginesys_sync.core.errors import Damaged, KnownError, PlanUnfit, Refused, VersionsDiffer
from ginesys_sync.core.model import HEAD_OFFICE, Stream
from ginesys_sync.core.plan import PLAN_ENTITY, Entity, Owner
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.confirm import collect, collected_up_to
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.pump import Channel, Turn
from ginesys_sync.store import ledger
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.plans import plan_at
from ginesys_sync.store.refilling import begin_incoming
from ginesys_sync.wire.body import Counts, unpack
from ginesys_sync.wire.messages import (
    MailAnswer,
    MailBatch,
    MailCursor,
    MailRequest,
    MailStream,
    Manifest,
)
from ginesys_sync.wire.own_names import admit

_AHEAD = 4
_PLAN = PLAN_ENTITY.name
_NOT_TO_BE_HAD = frozenset({"body_gone", "body_unknown"})
"""Refusals of the Web Database that concern one body only."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch ready to apply: unpacked, its structure checked. `entity` is as the plan has it that
    the batch was sealed by.
    """

    batch: ledger.Batch
    entity: Entity
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Coming:
    """A batch whose body is on its way."""

    batch: ledger.Batch
    entity: Entity
    body: Future[bytes]


@dataclass(frozen=True, slots=True)
class Reached:
    """Every batch for this site up to `no` has been handed over."""

    stream: str
    epoch: str
    no: int


Received = Fetched | Reached


def mail_request(context: RunContext, connection: Connection, acks_after: int) -> MailRequest:
    """Ask for mail beyond the cursors, lanes in their order; nothing of streams that stopped."""
    known = [
        state
        for name, state in ledger.streams(connection).items()
        if Stream.parse(name).origin != context.site
    ]
    known.sort(key=lambda s: (context.plan.lane(Stream.parse(s.stream).channel), s.stream))
    return MailRequest(
        streams=[
            MailCursor(
                stream=s.stream,
                epoch=s.epoch,
                after=s.applied_no,
                upto=s.applied_no if s.stream in context.stopped else None,
            )
            for s in known
        ],
        acks_after=acks_after,
    )


def next_page(context: RunContext, answer: MailAnswer, acks_after: int) -> MailRequest:
    """Go on after an answer, no further than the heads it told of."""
    streams = sorted(
        answer.streams,
        key=lambda s: (context.plan.lane(Stream.parse(s.stream).channel), s.stream),
    )
    return MailRequest(
        streams=[
            MailCursor(
                stream=s.stream,
                epoch=s.epoch,
                after=s.complete,
                upto=s.complete if s.stream in context.stopped else s.head,
            )
            for s in streams
            if s.load == "none"
        ],
        acks_after=acks_after,
    )


class Receive:
    """Fetches one round of mail: its pages, and their bodies a few ahead."""

    def __init__(self, context: RunContext, first: MailAnswer, out: Channel[Received]) -> None:
        self._context = context
        self._out = out
        self._pending: deque[Reached | _Coming] = deque()
        self._unfetched: deque[MailBatch | Reached] = deque()
        self._page: MailAnswer | None = None
        self._connection = context.database.connect()
        self._reached = {
            (name, state.epoch): state.applied_no
            for name, state in ledger.streams(self._connection).items()
        }
        self._barrier = False
        self._open(first)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def step(self) -> Turn:
        """Hand over one batch, start fetching one, or ask for the next page."""
        self._context.check_cancelled()
        if self._out.is_full or (self._barrier and not self._out.is_settled):
            return Turn.IDLE
        self._barrier = False
        self._fetch_ahead()
        if self._pending:
            self._hand_over()
            return Turn.PROGRESS
        if self._page is not None and _goes_on(self._page):
            self._turn_page(self._page)
            return Turn.PROGRESS
        self._out.close()
        return Turn.DONE

    def _open(self, page: MailAnswer) -> None:
        """List a page's batches in the books and queue them, each stream closed by how far it is
        complete.
        """
        self._page = page
        page = self._in_order(page)
        at = self._context.now()
        batches = [_batch(item) for item in page.batches]
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            for stream in page.streams:
                if stream.load == "none":
                    begin_incoming(
                        self._connection, stream.stream, stream.epoch, self._context.doubt_ends()
                    )
            ledger.note_received(self._connection, batches, self._context.run, at)
        expected = sum(batch.records + batch.gone for batch in batches)
        self._context.tally.expect(Stage.RECEIVING, expected)
        self._context.tally.expect(Stage.UPDATING, expected)
        streams = {s.stream: s for s in page.streams}
        for item in page.batches:
            self._unfetched.append(item)
        lane = self._context.plan.lane
        for stream in sorted(
            streams.values(), key=lambda s: (lane(Stream.parse(s.stream).channel), s.stream)
        ):
            if stream.load == "none":
                self._unfetched.append(Reached(stream.stream, stream.epoch, stream.complete))

    def _in_order(self, page: MailAnswer) -> MailAnswer:
        """The page without the streams that a Web Database does not hand out like this. They stop:
        an older batch once more, or one under another's number, would undo what came after it.
        """
        wrong = set()
        for stream in page.streams:
            found = [item.manifest for item in page.batches if item.stream == stream.stream]
            place = (stream.stream, stream.epoch)
            fault = _disorder(self._context.site, stream, found, self._reached.get(place, 0))
            self._reached[place] = stream.complete
            if fault is not None:
                wrong.add(stream.stream)
                self._context.stop_stream(stream.stream, fault)
        told = {stream.stream for stream in page.streams} - wrong
        for name in {item.stream for item in page.batches} - told - wrong:
            self._context.stop_stream(name, _out_of_order(f"{name}: not among the streams"))
        return page.model_copy(
            update={
                "streams": [stream for stream in page.streams if stream.stream in told],
                "batches": [item for item in page.batches if item.stream in told],
            }
        )

    def _turn_page(self, page: MailAnswer) -> None:
        """Ask for the next page. Acknowledgements that come with it are collected at once: else
        every page would bring the same ones, and there would always be more."""
        reached = collected_up_to(self._connection)
        following = self._context.web.mail(next_page(self._context, page, reached))
        collect(self._context, self._connection, following.acks)
        self._open(following)

    def _fetch_ahead(self) -> None:
        """Start fetching, but nothing beyond a plan, which says how to read what follows it."""
        while self._unfetched and len(self._pending) < _AHEAD:
            if any(isinstance(p, _Coming) and p.batch.entity == _PLAN for p in self._pending):
                return
            item = self._unfetched.popleft()
            if isinstance(item, Reached):
                self._pending.append(item)
                continue
            batch = _batch(item)
            if batch.stream in self._context.stopped:
                continue
            try:
                entity = entity_of(self._context, self._connection, batch)
            except KnownError as fault:
                self._context.stop_stream(batch.stream, fault)
                continue
            self._pending.append(_Coming(batch, entity, self._body(batch, item.manifest.body)))

    def _body(self, batch: ledger.Batch, inline: bytes | None) -> Future[bytes]:
        if inline is None:
            return self._context.transfers.submit(fetch_body, self._context, batch)
        future: Future[bytes] = Future()
        future.set_result(inline)
        return future

    def _hand_over(self) -> None:
        """The next in order; of a stream that has stopped, nothing."""
        item = self._pending.popleft()
        stream = item.batch.stream if isinstance(item, _Coming) else item.stream
        if stream in self._context.stopped:
            return
        if isinstance(item, Reached):
            self._out.give(item)
            return
        batch = item.batch
        try:
            raw = opened(self._context, batch, item.entity, item.body.result)
        except KnownError as fault:
            if not stops_a_stream(fault):
                raise
            self._context.stop_stream(stream, fault)
            return
        self._context.tally.add(Stage.RECEIVING, batch.records + batch.gone, batch.size)
        self._barrier = batch.entity == _PLAN
        self._out.give(Fetched(batch, item.entity, raw))


def _goes_on(page: MailAnswer) -> bool:
    """Whether there is a next page: one that brought nothing would be followed by its like."""
    return page.more and bool(page.batches or page.acks or page.loads)


def _disorder(
    site: str, stream: MailStream, batches: Sequence[Manifest], after: int
) -> KnownError | None:
    """What is wrong with a stream's part of a page, which goes on after `after`; None when nothing
    is. A store reads head office's streams, head office those of the stores.
    """
    known = Stream.parse(stream.stream)
    if (known.origin == HEAD_OFFICE) is (site == HEAD_OFFICE):
        return Refused(
            f"The Web Database handed {site} mail that is not for it.",
            "Nothing of it was taken. Check which Web Database this site is set up for.",
            detail=f"{stream.stream} at {site}",
        )
    numbers = [after, *(one.no for one in batches), stream.complete + 1]
    is_rising = all(one < other for one, other in pairwise(numbers))
    if is_rising and all(
        (one.epoch, one.channel) == (stream.epoch, known.channel) for one in batches
    ):
        return None
    return _out_of_order(f"{stream.stream}: {numbers[:20]}")


def _out_of_order(detail: str) -> Damaged:
    return Damaged(
        "The Web Database handed out batches in another order than they were sent.", detail=detail
    )


def stops_a_stream(fault: KnownError) -> bool:
    """Whether a fault concerns the batches of one stream only, so that the run goes on."""
    if isinstance(fault, Refused):
        return fault.reason in _NOT_TO_BE_HAD
    return isinstance(fault, Damaged | VersionsDiffer | PlanUnfit)


def entity_of(context: RunContext, connection: Connection, batch: ledger.Batch) -> Entity:
    """The entity of a batch by the plan it was sealed with (an unknown version: by this site's).
    Raises VersionsDiffer when that plan has none, Refused when the origin may not send it.
    """
    sealed_by = context.plan
    if batch.plan_version != context.plan.version:
        sealed_by = plan_at(connection, batch.plan_version) or context.plan
    stream = Stream.parse(batch.stream)
    known = {entity.name: entity for entity in sealed_by.entities}
    entity = known.get(batch.entity)
    if entity is None:
        raise VersionsDiffer(
            f"{stream.origin} sent {batch.entity}, which this site's plan does not know.",
            "Sync once more. If it comes back, ask head office to send the plan again.",
            detail=f"plan {batch.plan_version} there, {context.plan.version} here",
        )
    from_head_office = stream.origin == HEAD_OFFICE
    is_wrong_way = entity.owner is (Owner.SITE if from_head_office else Owner.HO)
    if is_wrong_way or entity.channel != stream.channel:
        raise Refused(
            f"{stream.origin} sent {entity.many}, which it may not send.",
            "Nothing of it was taken. Check which program sends from there, and with whose key.",
            detail=f"{entity.name} owned by {entity.owner} in {batch.stream}",
        )
    return entity


def fetch_body(context: RunContext, batch: ledger.Batch) -> bytes:
    """A body, from the inbox when an earlier run already has it, else from the Web Database."""
    kept = context.inbox.get(batch.sha256)
    return context.web.get_body(batch.sha256, batch.size) if kept is None else kept


def opened(
    context: RunContext, batch: ledger.Batch, entity: Entity, body: Callable[[], bytes]
) -> bytes:
    """A body unpacked, its hash and structure checked; a damaged one is fetched anew, once. Raises
    Damaged, or VersionsDiffer when it has other tables or columns than this site's plan.
    """
    try:
        data = body()
        raw = unpack(data, batch.sha256, batch.raw_size)
    except Damaged:
        context.inbox.drop(batch.sha256)
        data = context.web.get_body(batch.sha256, batch.size)
        raw = unpack(data, batch.sha256, batch.raw_size)
    try:
        admitted = admit(raw, entity, Counts(batch.records, batch.gone, batch.rows))
    except Damaged as fault:
        if batch.plan_version <= context.plan.version:
            raise
        raise VersionsDiffer(
            f"{entity.many.capitalize()} came by plan {batch.plan_version}; this site still has "
            f"plan {context.plan.version}.",
            "Sync once more. If it comes back, ask head office to send the plan again.",
            detail=fault.detail,
        ) from fault
    context.inbox.put(batch.sha256, data, is_durable=False)
    return admitted


def _batch(item: MailBatch) -> ledger.Batch:
    m = item.manifest
    return ledger.Batch(
        item.stream,
        m.no,
        m.epoch,
        m.run,
        m.entity,
        "",
        m.plan_version,
        m.records,
        m.gone,
        m.rows,
        m.sha256,
        m.size,
        m.raw_size,
        m.sealed_at,
    )


def waits_for_load(streams: list[MailStream]) -> list[str]:
    """Streams that this site cannot read before head office has sent a first load."""
    return [stream.stream for stream in streams if stream.load == "wanted"]
