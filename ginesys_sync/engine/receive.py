"""Receive: what is for this site, released and beyond its cursor, in lane order, with its bodies.

One round reads up to the heads of its first answer; a page that opens a plan waits until it has
been applied, because the plan says how to read what follows.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

from ginesys_sync.core.errors import Damaged, VersionsDiffer
from ginesys_sync.core.model import Stream
from ginesys_sync.core.plan import PLAN_ENTITY
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.pump import Channel, Turn
from ginesys_sync.store import ledger
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.wire.body import check_structure, unpack
from ginesys_sync.wire.messages import MailAnswer, MailBatch, MailCursor, MailRequest, MailStream

_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch ready to apply: unpacked, its structure checked."""

    batch: ledger.Batch
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reached:
    """Every batch for this site up to `no` has been handed over."""

    stream: str
    epoch: str
    no: int


Received = Fetched | Reached


def mail_request(context: RunContext, connection: Connection, acks_after: int) -> MailRequest:
    """Ask for mail beyond the cursors, lanes in their order."""
    known = [
        state
        for name, state in ledger.streams(connection).items()
        if Stream.parse(name).origin != context.site
    ]
    known.sort(key=lambda s: (context.plan.lane(Stream.parse(s.stream).channel), s.stream))
    return MailRequest(
        streams=[MailCursor(stream=s.stream, epoch=s.epoch, after=s.applied_no) for s in known],
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
            MailCursor(stream=s.stream, epoch=s.epoch, after=s.complete, upto=s.head)
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
        self._pending: deque[Received | tuple[ledger.Batch, Future[bytes]]] = deque()
        self._unfetched: deque[MailBatch | Reached] = deque()
        self._page: MailAnswer | None = None
        self._heads = {s.stream: s.head for s in first.streams}
        self._connection = context.database.connect()
        self._barrier = False
        self._open(first)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def step(self) -> Turn:
        """Hand over one batch, start fetching one, or ask for the next page."""
        self._context.check_cancelled()
        if self._out.is_full or (self._barrier and not self._out.is_empty):
            return Turn.IDLE
        self._barrier = False
        self._fetch_ahead()
        if self._pending:
            self._hand_over()
            return Turn.PROGRESS
        if self._page is not None and self._page.more:
            self._open(self._context.web.mail(next_page(self._context, self._page, 0)))
            return Turn.PROGRESS
        self._out.close()
        return Turn.DONE

    def _open(self, page: MailAnswer) -> None:
        """List a page's batches in the books and queue them, each stream closed by how far it is
        complete.
        """
        self._page = page
        at = self._context.now()
        batches = [_batch(item) for item in page.batches]
        with transaction(self._connection):
            for stream in page.streams:
                if stream.load == "none":
                    ledger.ensure_stream(self._connection, stream.stream, stream.epoch)
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

    def _fetch_ahead(self) -> None:
        while self._unfetched and len(self._pending) < _AHEAD:
            item = self._unfetched.popleft()
            if isinstance(item, Reached):
                self._pending.append(item)
                continue
            batch = _batch(item)
            inline = item.manifest.body
            if inline is not None:
                future: Future[bytes] = Future()
                future.set_result(inline)
            else:
                future = self._context.transfers.submit(fetch_body, self._context, batch)
            self._pending.append((batch, future))

    def _hand_over(self) -> None:
        item = self._pending.popleft()
        if isinstance(item, tuple):
            batch, future = item
            data = future.result()
            self._context.inbox.put(batch.sha256, data, is_durable=False)
            fetched = Fetched(batch, opened(self._context, batch, data))
            self._context.tally.add(Stage.RECEIVING, batch.records + batch.gone, batch.size)
            self._barrier = batch.entity == PLAN_ENTITY.name
            item = fetched
        self._out.give(item)


def fetch_body(context: RunContext, batch: ledger.Batch) -> bytes:
    """A body, from the inbox when an earlier run already has it, else from the Web Database."""
    kept = context.inbox.get(batch.sha256)
    return context.web.get_body(batch.sha256, batch.size) if kept is None else kept


def opened(context: RunContext, batch: ledger.Batch, data: bytes) -> bytes:
    """A body unpacked, its hash and structure checked against this site's own plan.
    Raises Damaged.
    """
    if batch.plan_version > context.plan.version and batch.entity != PLAN_ENTITY.name:
        raise VersionsDiffer(
            f"Head office sent {batch.entity} by plan {batch.plan_version}; this site still has "
            f"plan {context.plan.version}.",
            "Sync once more. If it comes back, ask head office to send the plan again.",
        )
    entity = context.plan.entity(batch.entity)
    if Stream.parse(batch.stream).channel != entity.channel:
        raise Damaged(f"A batch of {entity.many} came in the wrong lane.", detail=batch.stream)
    try:
        raw = unpack(data, batch.sha256, batch.raw_size)
        check_structure(raw, entity)
    except Damaged:
        context.inbox.drop(batch.sha256)
        raise
    return raw


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
