"""Apply: fetched batches into the business tables, so that a till never waits and one bad record
stops only itself.

A batch is applied in short transactions of whole records with a pause of at least the same length
between two. The last one writes rows, cursor and acknowledgement together; after a crash the batch
is repeated, which is harmless because images are whole. What the database refuses is found by
halving and parked; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.events import RecordParked
from ginesys_sync.core.model import HEAD_OFFICE, Stream, key_text
from ginesys_sync.core.plan import PLAN_ENTITY, Entity, Owner
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.conflicts import LOST_CONFLICT, Conflicts, Faults
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.plan import put_plan_in_place
from ginesys_sync.engine.pump import Channel, Turn
from ginesys_sync.engine.receive import Fetched, Reached, Received
from ginesys_sync.store import ledger, parking
from ginesys_sync.store.applying import BodyApplier, ConstraintBroken
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.database import transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.parking import KEPT_EDIT, NewParked
from ginesys_sync.wire.excerpt import excerpts

_FIRST_SLICE = 500
_LARGEST_SLICE = 20_000
_PARK_SLICE = 200
_FOLD_RECORDS = 10_000
"""After so many records the log is folded into the database file: often enough that no till's own
commit ever has to, seldom enough that a handful of prices costs nothing."""


def _without(span: Span, faults: Faults) -> Iterator[Span]:
    """The stretches of a span between the records that must not go in."""
    first = span.first
    for number in sorted(faults):
        if span.first <= number <= span.last:
            if first < number:
                yield Span(first, number - 1)
            first = number + 1
    if first <= span.last:
        yield Span(first, span.last)


def _parting(found: Faults) -> Faults:
    """Without those that head office's own version stands for: they are answered, not parked."""
    return {number: fault for number, fault in found.items() if fault[0] != LOST_CONFLICT}


def next_slice(size: int, seconds: float, wanted_seconds: float) -> int:
    """How many records to write next, when `size` of them held the lock for `seconds`."""
    scale = wanted_seconds / max(seconds, 1e-6)
    return max(1, min(_LARGEST_SLICE, int(size * max(0.25, min(scale, 2.0)))))


class Slices:
    """Cuts a span into slices whose size follows the time the last ones took, and pauses between
    them.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._sizes: dict[str, int] = {}
        self._first = _FIRST_SLICE
        self._rest = 0.0
        self._let_go_at = 0.0

    def begin(self, records: int, rows: int) -> None:
        """A body is at hand with so many rows in so many records."""
        self._first = max(1, _FIRST_SLICE * records // max(rows, 1))

    def of(self, entity: Entity, span: Span | None) -> Iterator[Span]:
        """The slices of a span, each sized when its turn comes."""
        first = span.first if span else 0
        while span and first <= span.last:
            size = self._sizes.get(entity.name, self._first)
            last = min(span.last, first + size - 1)
            yield Span(first, last)
            first = last + 1

    def timed(self, entity: Entity, span: Span, work: Callable[[], None]) -> None:
        """Do one transaction on a span and learn from its length."""
        seconds = self.held(work)
        count = span.last - span.first + 1
        size = self._sizes.get(entity.name, self._first)
        if count >= size // 2:
            self._sizes[entity.name] = next_slice(count, seconds, self._context.lock_seconds)

    def held(self, work: Callable[[], None]) -> float:
        """Let a till have the lock for as long as we had it, then do one transaction. Returns its
        seconds. What was done without the lock since the last one is part of the pause.
        """
        clock = self._context.clock
        left = self._rest - (clock.monotonic() - self._let_go_at)
        if left > 0:
            clock.sleep(left)
        start = clock.monotonic()
        try:
            work()
        finally:
            self._let_go_at = clock.monotonic()
            self._rest = self._let_go_at - start
        return self._rest


class BatchWork:
    """One body being applied: which entity, whose, from which batch, and which records were set
    aside.
    """

    def __init__(self, entity: Entity, origin: str, stream: str, no: int, raw: bytes) -> None:
        self.entity = entity
        self.origin = origin
        self.stream = stream
        self.no = no
        self.raw = raw
        self.faults: Faults = {}
        self.keyless: list[int] = []
        self.is_load = False
        self.is_over = False
        self.places: dict[int, tuple[str, int]] = {}

    def place(self, number: int) -> tuple[str, int]:
        """The stream and batch that a record came in."""
        return self.places.get(number, (self.stream, self.no))


class Apply:
    """The stage: takes what Receive hands over, in its order."""

    def __init__(self, context: RunContext, received: Channel[Received]) -> None:
        self._context = context
        self._received = received
        self._stopped: set[str] = set()
        self.applier = BodyApplier(context.database.connect())
        self.bodies = BodyWork(context, self.applier)

    def close(self) -> None:
        """Let go of the database."""
        self.applier.connection.close()

    def step(self) -> Turn:
        """Apply one batch, or move a cursor past batches that are for others."""
        self._context.check_cancelled()
        item = self._received.take()
        if item is None:
            if not self._received.is_drained:
                return Turn.IDLE
            return Turn.DONE
        try:
            self._take_in(item)
        finally:
            self._received.finish()
        return Turn.PROGRESS

    def _take_in(self, item: Received) -> None:
        stream = item.stream if isinstance(item, Reached) else item.batch.stream
        if stream in self._stopped:
            return
        try:
            self._reach(item) if isinstance(item, Reached) else self._apply(item)
        except PlanUnfit as fault:
            self._stopped.add(stream)
            self._context.stop_stream(stream, fault)

    def _reach(self, reached: Reached) -> None:
        connection = self.applier.connection
        state = ledger.streams(connection).get(reached.stream)
        if state is None or state.applied_no >= reached.no:
            return
        with transaction(connection):
            require_fence(connection, self._context.fence)
            self.bodies.move_cursor(reached.stream, reached.epoch, reached.no)

    def _apply(self, fetched: Fetched) -> None:
        batch = fetched.batch
        origin = Stream.parse(batch.stream).origin
        work = BatchWork(fetched.entity, origin, batch.stream, batch.no, fetched.raw)
        self.bodies.apply(
            work, lambda: self.bodies.move_cursor(batch.stream, batch.epoch, batch.no)
        )
        self._context.tally.add(Stage.UPDATING, batch.records + batch.gone)
        if batch.entity == PLAN_ENTITY.name:
            put_plan_in_place(self._context)


class BodyWork:
    """Applies one body: who may write what, slices, parking. Used for batches, parked sets and load
    chunks alike.
    """

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier
        self._slices = Slices(context)
        self._unfolded = 0
        self._conflicts = Conflicts(context, applier)

    def move_cursor(self, stream: str, epoch: str, no: int) -> None:
        """Applied up to `no`, inside the caller's transaction."""
        ledger.move_cursor(
            self._applier.connection,
            stream,
            epoch,
            no,
            self._context.site,
            self._context.run,
            self._context.now(),
        )

    def apply(self, work: BatchWork, at_end: Callable[[], None]) -> None:
        """Apply a body; `at_end` runs inside its last transaction."""
        applier, entity = self._applier, work.entity
        applier.attach(work.raw)
        images, gone = applier.span(entity), applier.gone_span()
        self._slices.begin(*applier.counts(entity))
        # Looked at once, before any lock is taken: nothing but the body says it.
        work.keyless = applier.keyless(entity, images) if images else []
        in_use: list[Span] = []
        for part in self._slices.of(entity, gone):
            in_use += self._bury(work, part)
        for part in self._slices.of(entity, images):
            is_last = images is not None and part.last == images.last and not in_use
            self._write(work, part, at_end if is_last else None)
        for part in in_use:
            self._bury_again(work, part)
        self._finish(work, at_end)

    # --- images -----------------------------------------------------------------------------------

    def _write(self, work: BatchWork, span: Span, at_end: Callable[[], None] | None) -> None:
        """One slice: everything in it that may go in goes in; the rest is noted as faults. With
        `at_end` it is the body's last one and, when nothing is to be parked, ends it as well.

        Whether the tables hold what was sent is looked at after the commit, where it keeps nobody
        waiting; only when something differs it is done again inside the transaction, which tells a
        changed value from another program's edit of this very moment. Others may edit shared
        records at any time, so those are always compared inside, and so is what moves the cursor.
        """
        does_compare = work.entity.owner is Owner.SHARED or at_end is not None
        self._write_or_halve(work, span, does_compare, at_end)
        if not does_compare and self._differs(work, span):
            self._write_or_halve(work, span, does_compare=True)
        self._unfolded += span.last - span.first + 1
        if self._unfolded >= _FOLD_RECORDS:
            self._applier.fold_log()
            self._unfolded = 0

    def _differs(self, work: BatchWork, span: Span) -> bool:
        written = _without(span, work.faults)
        return any(self._applier.differing(work.entity, part) for part in written)

    def _write_or_halve(
        self,
        work: BatchWork,
        span: Span,
        does_compare: bool,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        """Each try is a transaction with its own pause; log n of them find a guilty record."""
        broken: ConstraintBroken | None = None
        for do_vacate in (False, True):
            once = partial(self._write_once, work, span, do_vacate, does_compare, at_end)
            try:
                self._slices.timed(work.entity, span, once)
                return
            except ConstraintBroken as fault:
                broken = broken or fault
                if broken.code != "duplicate":
                    break
        assert broken is not None
        if span.is_single:
            work.faults[span.first] = (broken.code, broken.reason, "")
            return
        for half in span.halves():
            self._write_or_halve(work, half, does_compare)

    def _write_once(
        self,
        work: BatchWork,
        span: Span,
        do_vacate: bool,
        does_compare: bool,
        at_end: Callable[[], None] | None,
    ) -> None:
        applier, entity = self._applier, work.entity
        connection = applier.connection
        found: Faults = {}
        with transaction(connection):
            require_fence(connection, self._context.fence)
            found = self._faults(work, span)
            found.update(self._conflicts.decide(work, span, found, from_gone=False))
            applier.hush(entity)
            for part in list(_without(span, found)):
                if do_vacate:
                    applier.vacate(entity, part)
                applier.upsert(entity, part)
                for number in applier.differing(entity, part) if does_compare else ():
                    found[number] = (
                        "changed",
                        "This database did not keep the record as it was sent (a type or a "
                        "trigger changed it).",
                        "",
                    )
                self._keep_books(work, part, from_gone=False)
            applier.unhush(entity)
            is_over = at_end is not None and not found and not work.faults
            if at_end is not None and is_over:
                self._move_on(work, at_end)
        work.is_over = is_over
        work.faults.update(_parting(found))

    def _faults(self, work: BatchWork, span: Span) -> Faults:
        applier, entity = self._applier, work.entity
        found: Faults = {}
        for number in work.keyless:
            if span.first <= number <= span.last:
                words = "The record has no key, or rows that are not its own."
                found[number] = ("no_key", words, "")
        if entity.owner is Owner.SITE:
            for number in applier.not_of(entity, span, work.origin):
                found[number] = (
                    "not_theirs",
                    f"The record belongs to another site than {work.origin}, which sent it.",
                    "",
                )
        for number, parent in applier.orphans(entity, span).items():
            found.setdefault(
                number, ("missing_parent", f"It refers to {parent}, which is not here.", parent)
            )
        if entity.owner is Owner.SHARED:
            for number in self._kept_edits(work, span, from_gone=False):
                found.setdefault(
                    number, (KEPT_EDIT, "Edited here; head office's answer is awaited.", "")
                )
        return found

    def _kept_edits(self, work: BatchWork, span: Span, from_gone: bool) -> list[int]:
        if self._context.is_head_office:
            return []
        own = str(Stream(self._context.site, work.entity.channel))
        reached = ledger.acknowledged(self._applier.connection, own, HEAD_OFFICE)
        return self._applier.books.edited_here(work.entity, span, from_gone, reached)

    def _keep_books(self, work: BatchWork, span: Span, from_gone: bool) -> None:
        applier, entity = self._applier, work.entity
        if entity.owner is Owner.SHARED:
            if self._context.is_head_office:
                applier.books.note_answers(entity, span, from_gone)
                applier.books.note_author(entity, span, from_gone, work.origin)
            else:
                applier.books.note_base(entity, span, work.no)
        if work.is_load and not from_gone:
            applier.books.keep_seen(entity, span)

    # --- tombstones -------------------------------------------------------------------------------

    def _bury(self, work: BatchWork, span: Span) -> list[Span]:
        """Tombstones nothing refers to. Returns those that are still in use: tried again after the
        images.
        """
        try:
            self._slices.timed(work.entity, span, partial(self._bury_once, work, span))
            return []
        except ConstraintBroken as broken:
            if span.is_single:
                work.faults[span.first] = (broken.code, broken.reason, "")
                return [span]
            return [left for half in span.halves() for left in self._bury(work, half)]

    def _bury_again(self, work: BatchWork, span: Span) -> None:
        del work.faults[span.first]
        self._bury(work, span)

    def _bury_once(self, work: BatchWork, span: Span) -> None:
        applier, entity = self._applier, work.entity
        connection = applier.connection
        found: Faults = {}
        with transaction(connection):
            require_fence(connection, self._context.fence)
            if entity.owner is Owner.SITE:
                for number in applier.gone_not_of(entity, span, work.origin):
                    reason = f"The record belongs to another site than {work.origin}."
                    found[number] = ("not_theirs", reason, "")
            if entity.owner is Owner.SHARED:
                for number in self._kept_edits(work, span, from_gone=True):
                    found[number] = (KEPT_EDIT, "Edited here; head office's answer is awaited.", "")
                found.update(self._conflicts.decide(work, span, found, from_gone=True))
            applier.hush(entity)
            for part in _without(span, found):
                applier.bury(entity, part)
                self._keep_books(work, part, from_gone=True)
            applier.unhush(entity)
        work.faults.update(_parting(found))

    # --- the end ----------------------------------------------------------------------------------

    def _finish(self, work: BatchWork, at_end: Callable[[], None]) -> None:
        """Park what was set aside, slice by slice. The last transaction also lets go of what was
        parked of the records that are in now, and moves on. Nothing is left to do when the last
        slice has moved on by itself.
        """
        if work.is_over:
            return
        parked = self._parked_records(work)
        full = len(parked) // _PARK_SLICE * _PARK_SLICE
        for start in range(0, full, _PARK_SLICE):
            some = parked[start : start + _PARK_SLICE]
            self._slices.held(partial(self._park, some, lambda: None))
        move_on = partial(self._move_on, work, at_end)
        self._slices.held(partial(self._park, parked[full:], move_on))
        for record in parked:
            if record.code == KEPT_EDIT:
                continue
            self._context.listener(
                RecordParked(record.entity, key_text(record.key), record.code, record.reason)
            )

    def _move_on(self, work: BatchWork, at_end: Callable[[], None]) -> None:
        parking.replace_parked(
            self._applier.connection, work.entity, work.origin, work.faults.keys()
        )
        at_end()

    def _park(self, records: Sequence[NewParked], at_end: Callable[[], None]) -> None:
        connection = self._applier.connection
        with transaction(connection):
            require_fence(connection, self._context.fence)
            parking.park(connection, records, self._context.now())
            at_end()

    def _parked_records(self, work: BatchWork) -> list[NewParked]:
        found = []
        numbers: Sequence[int] = sorted(work.faults)
        for number, key, body in excerpts(work.raw, work.entity, numbers):
            code, reason, missing = work.faults[number]
            found.append(
                NewParked(
                    work.entity.name,
                    key,
                    work.origin,
                    *work.place(number),
                    code,
                    reason,
                    missing,
                    body,
                )
            )
        return found
