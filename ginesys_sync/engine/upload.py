"""Upload: bodies by their hash, several at a time, then manifests and release in one call per claim
or more.

The release goes with the manifests, in one transaction at the Web Database, so that nobody ever
reads a child lane ahead of its parents. Everything may be sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future

from ginesys_sync.core.errors import Damaged
from ginesys_sync.core.model import Audience, Stream
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.pump import Channel, Turn
from ginesys_sync.engine.seal import SealedClaim
from ginesys_sync.store import healing, ledger
from ginesys_sync.store.blocks import blocked_channels
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.wire.body import PackedBody
from ginesys_sync.wire.messages import BatchesRequest, Manifest, Release
from ginesys_sync.wire.routes import INLINE_BODY_BYTES, MAX_BATCHES_A_CALL, MAX_MESSAGE_BYTES

_IN_FLIGHT = 4
"""As many as there are threads to carry them: more would only wait in memory."""
_CALL_BYTES = MAX_MESSAGE_BYTES // 4


class Upload:
    """Sends sealed claims in their order."""

    def __init__(self, context: RunContext, sealed: Channel[SealedClaim]) -> None:
        self._context = context
        self._sealed = sealed
        self._flying: deque[tuple[SealedClaim, list[Future[None]]]] = deque()
        self._connection = context.database.connect()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def step(self) -> Turn:
        """Take up a claim, or post those whose bodies have arrived."""
        self._context.check_cancelled()
        if len(self._flying) < _IN_FLIGHT:
            claim = self._sealed.take()
            if claim is not None:
                self._flying.append((claim, self._send_bodies(claim)))
                return Turn.PROGRESS
        if self._flying:
            self._post_ready()
            return Turn.PROGRESS
        if self._sealed.is_drained:
            self._context.tally.finish(Stage.SENDING)
            return Turn.DONE
        return Turn.IDLE

    def _send_bodies(self, claim: SealedClaim) -> list[Future[None]]:
        large = [body for body in claim.bodies if len(body.data) > INLINE_BODY_BYTES]
        web = self._context.web
        return [
            self._context.transfers.submit(web.put_body, body.sha256, body.data) for body in large
        ]

    def _post_ready(self) -> None:
        """Wait for the oldest claim's bodies, then post it with all that are ready behind it."""
        ready: list[SealedClaim] = []
        count = size = 0
        while self._flying:
            claim, sending = self._flying[0]
            weight = sum(b.size for b in claim.batches if b.size <= INLINE_BODY_BYTES)
            is_full = count + len(claim.batches) > MAX_BATCHES_A_CALL or size + weight > _CALL_BYTES
            if ready and (is_full or not all(future.done() for future in sending)):
                break
            for future in sending:
                future.result()
            ready.append(claim)
            count, size = count + len(claim.batches), size + weight
            self._flying.popleft()
        batches = [batch for claim in ready for batch in claim.batches]
        bodies = {body.sha256: body for claim in ready for body in claim.bodies}
        for some in _calls(batches):
            post(self._context, self._connection, some, bodies)


def _calls(batches: Sequence[ledger.Batch]) -> Iterable[list[ledger.Batch]]:
    """Cut batches into calls that are not too large: a single claim may already be."""
    some: list[ledger.Batch] = []
    size = 0
    for batch in batches:
        weight = 1_000 + (batch.size if batch.size <= INLINE_BODY_BYTES else 0) + len(batch.members)
        if some and (len(some) == MAX_BATCHES_A_CALL or size + weight > _CALL_BYTES):
            yield some
            some, size = [], 0
        some.append(batch)
        size += weight
    if some:
        yield some


def post(
    context: RunContext,
    connection: Connection,
    batches: Sequence[ledger.Batch],
    bodies: dict[str, PackedBody],
) -> None:
    """Post manifests with their release; what the Web Database lacks is sent and asked again. Then
    the books. A blocked lane is sent and not released.
    """
    reached: dict[str, int] = {}
    for batch in batches:
        reached[batch.stream] = max(batch.no, reached.get(batch.stream, 0))
    free = _unblocked(connection, reached)
    request = BatchesRequest(
        audiences={Audience.parse(b.members).name: b.members for b in batches},
        batches=[_manifest(context, batch, bodies) for batch in batches],
        release=_release(context, free),
        begins=_begins(context, connection, reached),
    )
    answer = context.web.post_batches(request)
    if answer.missing:
        for name in answer.missing:
            context.web.put_body(name, _body(context, name, bodies))
        answer = context.web.post_batches(request)
        if answer.missing:
            raise Damaged(
                "The Web Database did not keep the batches that were sent.",
                "Press Sync again. If it comes back, check the disk of the Web Database.",
                detail=f"missing {answer.missing[:3]}",
            )
    at = context.now()
    with transaction(connection):
        require_fence(connection, context.fence)
        for stream, no in reached.items():
            ledger.note_uploaded(connection, stream, context.epoch, no, at)
        for stream, no in free.items():
            ledger.note_release(connection, stream, _release_names(context), no, context.run, at)
    for batch in batches:
        context.tally.add(Stage.SENDING, batch.records + batch.gone, batch.size)


def _begins(context: RunContext, connection: Connection, streams: Iterable[str]) -> dict[str, int]:
    """After which number each stream goes on in this epoch: those of an earlier one stay used."""
    found = {
        Stream.parse(name).channel: healing.first_of(connection, name, context.epoch) - 1
        for name in streams
    }
    return {channel: no for channel, no in found.items() if no > 0}


def release_rest(context: RunContext, connection: Connection) -> None:
    """Let the run's sites read what was uploaded earlier and is not theirs to read yet."""
    behind: dict[str, int] = {}
    for name, stream in ledger.streams(connection).items():
        if Stream.parse(name).origin != context.site or not stream.uploaded_no:
            continue
        to_all = ledger.released(connection, name, ledger.ALL_SITES)
        reach = [
            max(to_all, ledger.released(connection, name, site)) for site in _release_names(context)
        ]
        if min(reach, default=stream.uploaded_no) < stream.uploaded_no:
            behind[name] = stream.uploaded_no
    behind = _unblocked(connection, behind)
    if not behind:
        return
    context.web.post_batches(BatchesRequest(release=_release(context, behind)))
    with transaction(connection):
        require_fence(connection, context.fence)
        for name, no in behind.items():
            ledger.note_release(
                connection, name, _release_names(context), no, context.run, context.now()
            )


def _unblocked(connection: Connection, reached: dict[str, int]) -> dict[str, int]:
    """Without the streams of lanes whose release a person keeps where it is."""
    blocked = blocked_channels(connection)
    return {name: no for name, no in reached.items() if Stream.parse(name).channel not in blocked}


def _release_names(context: RunContext) -> tuple[str, ...]:
    return (ledger.ALL_SITES,) if context.sites is None else context.sites


def _release(context: RunContext, reached: dict[str, int]) -> Release:
    return Release(
        epoch=context.epoch,
        channels={Stream.parse(name).channel: no for name, no in reached.items()},
        sites=None if context.sites is None else list(context.sites),
    )


def _body(context: RunContext, name: str, bodies: dict[str, PackedBody]) -> bytes:
    data = bodies[name].data if name in bodies else context.staging.get(name)
    if data is None:
        raise Damaged(
            "A sealed batch is no longer in the home folder.",
            f"Bring the home folder back from its backup. Else make a new enrolment code for "
            f"{context.site} and run `ginesys-sync init` for this home with it: it then sends "
            "everything it has once more.",
            detail=f"body {name}",
        )
    return data


def _manifest(context: RunContext, batch: ledger.Batch, bodies: dict[str, PackedBody]) -> Manifest:
    inline = batch.size <= INLINE_BODY_BYTES
    data = _body(context, batch.sha256, bodies) if inline else None
    return Manifest.model_construct(
        channel=Stream.parse(batch.stream).channel,
        epoch=batch.epoch,
        no=batch.no,
        entity=batch.entity,
        audience=Audience.parse(batch.members).name,
        plan_version=batch.plan_version,
        codec="sqlite+zstd",
        sha256=batch.sha256,
        size=batch.size,
        raw_size=batch.raw_size,
        records=batch.records,
        gone=batch.gone,
        rows=batch.rows,
        run=batch.run,
        sealed_at=batch.sealed_at,
        body=data,
    )
