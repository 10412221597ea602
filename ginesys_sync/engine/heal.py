"""A database that was brought back from an older copy gets back what it had sent: before it seals
or receives anything it reads its own mail from the Web Database, applies it to its own tables
without noting it as changed, and takes over the numbers, releases and acknowledgements.

Every batch is put back in the transaction that also moves the stream's head, so a heal that was
killed goes on behind it. The last transaction makes this copy the site's new life; until the Web
Database has seen that, every run begins here again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ginesys_sync.core.errors import Damaged, Refused, VersionsDiffer
from ginesys_sync.core.model import Stream
from ginesys_sync.core.plan import Entity, Rule, captured_by
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.plan import put_plan_in_place
from ginesys_sync.engine.receive import entity_of
from ginesys_sync.engine.withdrawals import learn_withdrawals
from ginesys_sync.store import (
    due_loads,
    healing,
    identity,
    ledger,
    refilling,
    runs,
    sites,
    withdrawing,
)
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.wire.body import Counts, unpack
from ginesys_sync.wire.messages import OpenAnswer, Restored, StreamPlace
from ginesys_sync.wire.own_messages import AgainRequest, OwnAnswer, OwnBatch, OwnReach, OwnRequest
from ginesys_sync.wire.own_names import admit

_NOTED_AT_ONCE = 500


def own_places(context: RunContext, connection: Connection) -> list[StreamPlace]:
    """How far the own streams are sealed, each with the body of its last batch."""
    return [
        StreamPlace(
            stream=state.stream,
            epoch=state.epoch,
            no=state.head_no,
            sha256=healing.body_at(connection, state.stream, state.epoch, state.head_no),
        )
        for state in _own_streams(context, connection)
        if state.head_no
    ]


def found_behind(context: RunContext, connection: Connection, places: Sequence[StreamPlace]) -> str:
    """What the Web Database has of the own streams that these books do not have, or otherwise, in
    words; empty when nothing.
    """
    for place in places:
        if place.epoch != context.epoch or not place.no:
            continue
        here = healing.body_at(connection, place.stream, place.epoch, place.no)
        if here is None or place.sha256 not in (None, here):
            return f"batch {place.no} of {place.stream} is not the one here that was uploaded"
    return ""


def _own_streams(context: RunContext, connection: Connection) -> list[ledger.StreamState]:
    """In the order of their lanes."""
    found = [
        state
        for name, state in ledger.streams(connection).items()
        if Stream.parse(name).origin == context.site
    ]
    return sorted(found, key=lambda state: context.plan.lane(Stream.parse(state.stream).channel))


class Healing:
    """One heal, in one run. `fetch_plan` receives the chain's newest plan and nothing else."""

    def __init__(
        self, context: RunContext, applier: BodyApplier, fetch_plan: Callable[[], None]
    ) -> None:
        self._context = context
        self._applier = applier
        self._connection = applier.connection
        self._bodies = BodyWork(context, applier)
        self._fetch_plan = fetch_plan
        self._batches = self._records = 0
        self._gone: list[OwnBatch] = []

    def heal(self, answer: OpenAnswer) -> None:
        """Do all of it. Raises Refused when some of the own mail is kept nowhere any more."""
        restored = answer.restored
        assert restored is not None
        self._context.guide(
            "This database was brought back from an older copy. What it had sent since is read "
            "back from the Web Database first…"
        )
        self._begin(restored, answer.own)
        learn_withdrawals(self._context, self._connection, answer.withdrawals)
        for state in _own_streams(self._context, self._connection):
            self._read_back(state)
            put_plan_in_place(self._context)
        if self._gone:
            raise self._refusal()
        self._end(restored)
        self._context.guide("")

    def _begin(self, restored: Restored, places: Sequence[StreamPlace]) -> None:
        """A run number that was never used, and the epoch that the Web Database granted last."""
        context, connection = self._context, self._connection
        number = max(context.run, restored.run + 1)
        is_new_epoch = restored.epoch != context.epoch
        with transaction(connection):
            require_fence(connection, context.fence)
            if number != context.run:
                runs.renumber_run(connection, context.run, number)
            if is_new_epoch:
                identity.begin_epoch(connection, restored.epoch)
                refilling.collect_from_the_first(connection)
                for state in _own_streams(context, connection):
                    ledger.begin_own(connection, state.stream, restored.epoch)
            for place in places:
                if place.epoch == restored.epoch:
                    ledger.begin_own(connection, place.stream, place.epoch)
        context.run, context.epoch = number, restored.epoch
        if is_new_epoch:
            note_again(context, connection, None)

    def _end(self, restored: Restored) -> None:
        context, connection = self._context, self._connection
        with transaction(connection):
            require_fence(connection, context.fence)
            identity.begin_life(connection, restored.incarnation)
            # What is parked here now is not what was said last.
            refilling.acknowledge_all_again(connection, context.site, context.run, context.now())
            if context.is_head_office:
                due_loads.forget_loads(connection)
                sites.note_audiences(connection, context.plan)
                for entity in context.plan.in_order():
                    if captured_by(entity, True) and entity.audience.rule is Rule.ALL:
                        healing.note_partly_sent(connection, entity)
        context.incarnation = restored.incarnation
        records = "record" if self._records == 1 else "records"
        context.note(
            "This database was brought back from an older copy. What it had sent since then was "
            f"read back from the Web Database: {self._records:,} {records}. Nothing is lost."
        )

    # --- one stream -------------------------------------------------------------------------------

    def _read_back(self, state: ledger.StreamState) -> None:
        """Everything of one stream beyond what is here and is known to be the same there."""
        context, channel = self._context, Stream.parse(state.stream).channel
        after = min(state.uploaded_no, state.head_no)
        page = context.web.own(OwnRequest(channel=channel, after=after))
        here = healing.body_at(self._connection, state.stream, context.epoch, after)
        if after and page.sha256 != here:
            page = context.web.own(OwnRequest(channel=channel))
        while True:
            for item in page.batches:
                context.check_cancelled()
                if not self._take(state.stream, item, page):
                    self._gone.append(item)
                    return
            if not page.more:
                break
            after = page.batches[-1].manifest.no
            page = context.web.own(OwnRequest(channel=channel, after=after))
        self._take_acknowledgements(state.stream, page.reach)

    def _take(self, stream: str, item: OwnBatch, page: OwnAnswer) -> bool:
        """Have one batch in tables and books; False when its body is kept nowhere."""
        context, connection, manifest = self._context, self._connection, item.manifest
        known = healing.body_at(connection, stream, context.epoch, manifest.no)
        if known == manifest.sha256:
            with transaction(connection):
                require_fence(connection, context.fence)
                ledger.note_uploaded(
                    connection, stream, context.epoch, manifest.no, item.uploaded_at
                )
                self._take_releases(stream, item, page.reach)
            return True
        if known is not None:
            self._unseal(stream, manifest.no)
        data = self._body(item)
        batch = _batch(stream, item, page)
        if data is None and ledger.ALL_SITES in item.withdrawn:
            with transaction(connection):
                require_fence(connection, context.fence)
                healing.note_number(connection, batch, item.uploaded_at)
                self._take_withdrawals(batch, item)
            return True
        if data is None:
            return False
        entity, raw = self._opened(batch, data)
        context.staging.put(batch.sha256, data)
        # Without a stream: what parks of it is this site's own matter, and nobody else is told.
        work = BatchWork(entity, context.site, "", batch.no, raw)
        self._bodies.apply(work, lambda: self._note(work, batch, item, page.reach))
        self._batches += 1
        self._records += batch.records + batch.gone
        context.tally.add(Stage.RECEIVING, batch.records + batch.gone, batch.size)
        return True

    def _note(
        self, work: BatchWork, batch: ledger.Batch, item: OwnBatch, reach: Sequence[OwnReach]
    ) -> None:
        healing.note_read_back(self._connection, work.entity, batch, item.uploaded_at)
        self._take_releases(batch.stream, item, reach)
        self._take_withdrawals(batch, item, work)

    def _take_withdrawals(
        self, batch: ledger.Batch, item: OwnBatch, work: BatchWork | None = None
    ) -> None:
        """Inside the caller's transaction: from whom the batch was taken back."""
        known = withdrawing.uploaded_batch(self._connection, batch.stream, batch.no)
        if not item.withdrawn or known is None:
            return
        at, why = self._context.now(), "as the Web Database has it"
        sites = None if ledger.ALL_SITES in item.withdrawn else item.withdrawn
        withdrawing.note_withdrawn(self._connection, known, sites, why, "", at)
        if work is not None:
            chosen = None if sites is None else frozenset(sites)
            withdrawing.note_unsent(self._connection, known, work.entity, work.raw, chosen, "", at)

    def _unseal(self, stream: str, no: int) -> None:
        """Batches sealed since the copy was brought back have numbers that were used before."""
        context, connection = self._context, self._connection
        channel = Stream.parse(stream).channel
        with transaction(connection):
            require_fence(connection, context.fence)
            entities = context.plan.of_channel(channel)
            healing.unseal_from(connection, stream, context.epoch, no, entities)

    def _body(self, item: OwnBatch) -> bytes | None:
        """From the message, from this home, or from the Web Database."""
        manifest = item.manifest
        data = manifest.body or self._context.staging.get(manifest.sha256)
        if data is None and item.is_kept:
            data = self._context.web.get_body(manifest.sha256, manifest.size)
        return data

    def _opened(self, batch: ledger.Batch, data: bytes) -> tuple[Entity, bytes]:
        """The batch unpacked and checked; when it was sealed by a newer plan, that comes first."""
        try:
            return self._checked(batch, data)
        except (VersionsDiffer, Damaged):
            if batch.plan_version <= self._context.plan.version:
                raise
        self._fetch_plan()
        return self._checked(batch, data)

    def _checked(self, batch: ledger.Batch, data: bytes) -> tuple[Entity, bytes]:
        entity = entity_of(self._context, self._connection, batch)
        raw = unpack(data, batch.sha256, batch.raw_size)
        said = Counts(batch.records, batch.gone, batch.rows)
        return entity, admit(raw, entity, said)

    # --- who may read it, and has -----------------------------------------------------------------

    def _take_releases(self, stream: str, item: OwnBatch, reach: Sequence[OwnReach]) -> None:
        """Inside the caller's transaction: who could read the batch, from when it was uploaded."""
        no, to_all = item.manifest.no, 0
        for one in reach:
            to_all = one.released if one.site == ledger.ALL_SITES else to_all
        names = [
            one.site
            for one in reach
            if one.released >= no and (one.site == ledger.ALL_SITES or no > to_all)
        ]
        ledger.note_release(
            self._connection, stream, names, no, item.manifest.run, item.uploaded_at
        )

    def _take_acknowledgements(self, stream: str, reach: Sequence[OwnReach]) -> None:
        """How far each site has applied the stream: the acknowledgements themselves were collected
        by the database that is no more.
        """
        context, connection = self._context, self._connection
        with transaction(connection):
            require_fence(connection, context.fence)
            for one in reach:
                before = ledger.acknowledged(connection, stream, one.site)
                if one.site == ledger.ALL_SITES or one.acked <= before:
                    continue
                at = context.now()
                ledger.note_collected(
                    connection,
                    stream,
                    one.site,
                    context.epoch,
                    "data",
                    before,
                    one.acked,
                    context.run,
                    one.ack_run,
                    one.acked_at or at,
                    0,
                    at,
                )

    def _refusal(self) -> Refused:
        oldest = min(item.manifest.sealed_at for item in self._gone)
        site = self._context.site
        return Refused(
            f"This database was brought back from a copy that is too old: what {site} sent on "
            f"{oldest[:10]} is no longer kept at the Web Database.",
            "Head office has it. Bring back a newer copy if there is one. Else make a new "
            f"enrolment code for {site} and run `ginesys-sync init` for this home with it: it then "
            "sends everything it has once more.",
            detail=f"{[item.manifest.no for item in self._gone]}",
            reason="mail_gone",
        )


def _batch(stream: str, item: OwnBatch, page: OwnAnswer) -> ledger.Batch:
    m = item.manifest
    return ledger.Batch(
        stream,
        m.no,
        m.epoch,
        m.run,
        m.entity,
        page.audiences[m.audience],
        m.plan_version,
        m.records,
        m.gone,
        m.rows,
        m.sha256,
        m.size,
        m.raw_size,
        m.sealed_at,
    )


def send_again(context: RunContext, connection: Connection, channels: Sequence[str]) -> None:
    """Head office has lost what this site sent in these channels, and it is no longer kept: note
    all of it, so that this run sends it once more.
    """
    if not channels:
        return
    context.guide(
        "Head office was brought back from an older copy. Everything sent before is made ready to "
        "be sent to it again…"
    )
    note_again(context, connection, channels)
    context.guide("")
    context.web.again(AgainRequest(channels=list(channels)))
    context.note("Head office was brought back from an older copy. It is sent everything again.")


def note_again(context: RunContext, connection: Connection, channels: Sequence[str] | None) -> None:
    """Note every record of these channels (None: all) that this site sends, in slices, because a
    till may be waiting for the lock.
    """
    for entity in context.plan.in_order():
        if not captured_by(entity, context.is_head_office):
            continue
        if channels is not None and entity.channel not in channels:
            continue
        after = None
        while True:
            context.check_cancelled()
            with transaction(connection):
                require_fence(connection, context.fence)
                after = healing.note_slice(connection, entity, after, _NOTED_AT_ONCE)
            if after is None:
                break
