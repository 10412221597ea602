"""One body into the business tables, so that one bad record stops only itself.

A body is applied in short transactions of whole records with a pause of at least the same length
between two. The last one writes rows, cursor and acknowledgement together; after a crash the batch
is repeated, which is harmless because images are whole. What the database refuses is found by
halving and parked; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ginesys_sync.core.events import RecordParked
from ginesys_sync.core.model import key_text
from ginesys_sync.core.plan import PLAN_CHANNEL, Owner
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.conflicts import Faults
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.judging import Judge
from ginesys_sync.engine.slices import Slices, without
from ginesys_sync.engine.whole import WholeBodies, guilty_of, without_answers
from ginesys_sync.store import arrivals, halting, ledger, parking, sweeping
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.database import transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.parking import KEPT_EDIT, WAITS_WHOLE, NewParked
from ginesys_sync.store.refusals import DUPLICATE, ConstraintBroken
from ginesys_sync.wire.body import GONE
from ginesys_sync.wire.excerpt import excerpts

_PARK_SLICE = 200
_FOLD_RECORDS = 10_000
"""After so many records the log is folded into the database file: often enough that no till's own
commit ever has to, seldom enough that a handful of prices costs nothing."""


class BodyWork:
    """Applies one body: who may write what, slices, parking. Used for batches, parked sets and load
    chunks alike.
    """

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier
        self._slices = Slices(context)
        self._unfolded = 0
        self._judge = Judge(context, applier)
        self._whole = WholeBodies(context, applier, self._slices, self._judge, self)

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
        applier.attach(work.raw, entity)
        images, gone = applier.span(entity), applier.gone_span()
        counts = applier.counts(entity)
        self._slices.begin(*counts)
        work.is_noted = self._takes_note(work, counts[0])
        # Looked at once, before any lock is taken: nothing but the body says it.
        work.keyless = applier.keyless(entity, images) if images else []
        if work.is_whole:
            move_on = partial(self._move_on, work, at_end)
            self._whole.apply(work, images, gone, move_on)
        else:
            self._apply_sliced(work, images, gone, at_end)
        self._finish(work, at_end)

    def _apply_sliced(
        self, work: BatchWork, images: Span | None, gone: Span | None, at_end: Callable[[], None]
    ) -> None:
        entity = work.entity
        in_use: list[Span] = []
        for part in self._slices.of(entity, gone):
            in_use += self._bury(work, part)
        pieces = [images] if images and work.is_one_piece else self._slices.of(entity, images)
        for part in pieces:
            is_last = images is not None and part.last == images.last and not in_use
            self._write(work, part, at_end if is_last else None)
        for part in in_use:
            self._bury_again(work, part)

    def _takes_note(self, work: BatchWork, records: int) -> bool:
        """Whether a store keeps for its notices what this body changes: not of a load, nor of its
        own mail, nor of the sync's own entities, nor of more records of one kind in a run than
        anybody would read.
        """
        entity, arrived = work.entity, self._context.arrived
        if self._context.is_head_office or work.is_load or self._judge.is_own(work):
            return False
        if entity.channel == PLAN_CHANNEL:
            return False
        arrived[entity.name] = arrived.get(entity.name, 0) + records
        return arrived[entity.name] <= arrivals.MOST_RECORDS

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
        written = without(span, work.faults)
        return any(self._applier.differing(work.entity, part) for part in written)

    def _write_or_halve(
        self,
        work: BatchWork,
        span: Span,
        does_compare: bool,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        """Each try is a transaction with its own pause; log n of them find a guilty record. A
        unique set that clashes gets room made for it in the next try.
        """
        why: ConstraintBroken | None = None
        clashes: dict[str, str] = {}
        while True:
            once = partial(self._write_once, work, span, clashes, does_compare, at_end)
            try:
                self._slices.timed(work.entity, span, once)
                return
            except ConstraintBroken as broken:
                why = why or broken
                if not broken.clash or broken.clash in clashes:
                    break
                clashes[broken.clash] = broken.reason
        if span.is_single or why.is_for_all:
            for number in self._applier.numbers(work.entity.root.name, span):
                work.faults[number] = (why.code, why.reason, "")
            return
        for half in span.halves():
            self._write_or_halve(work, half, does_compare)

    def _write_once(
        self,
        work: BatchWork,
        span: Span,
        clashes: Mapping[str, str],
        does_compare: bool,
        at_end: Callable[[], None] | None,
    ) -> None:
        with self._slices.transaction(self._applier.connection, does_end=at_end is not None):
            found = self._judge.image_faults(work, span)
            self.put(work, span, found, clashes, does_compare)
            is_over = at_end is not None and not found and not work.faults
            if at_end is not None and is_over:
                self._move_on(work, at_end)
        work.is_over = is_over
        work.faults.update(without_answers(found))

    def put(
        self,
        work: BatchWork,
        span: Span,
        found: Faults,
        clashes: Mapping[str, str],
        does_compare: bool,
    ) -> None:
        """Inside a transaction: write the images of a span but those in `found`, which what cannot
        stand as it was sent joins. Raises ConstraintBroken.
        """
        applier, entity = self._applier, work.entity
        applier.hush(entity)
        for part in self._made_ready(work, span, found, clashes):
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

    def _made_ready(
        self, work: BatchWork, span: Span, found: Faults, clashes: Mapping[str, str]
    ) -> list[Span]:
        """The stretches that go in. What stands in their place is noted, then there is room for
        unique values that move between them; who asks for one that stays where it is joins the
        faults found.
        """
        applier, entity = self._applier, work.entity
        if clashes:
            for number, clash in applier.room.stuck(entity, span, found.keys(), clashes).items():
                found[number] = (DUPLICATE, clashes[clash], "")
        parts = list(without(span, found))
        for part in parts if work.is_noted else ():
            arrivals.note_images(applier.connection, entity, part, self._context.run)
        if clashes:
            for part in parts:
                applier.drop_lacking(entity, part)
            applier.make_room(entity, span, found.keys(), clashes)
        return parts

    def _keep_books(self, work: BatchWork, span: Span, from_gone: bool) -> None:
        applier, entity = self._applier, work.entity
        if entity.owner is Owner.SHARED and not self._judge.is_own(work):
            if self._context.is_head_office:
                applier.books.note_answers(entity, span, from_gone)
                applier.books.note_author(entity, span, from_gone, work.origin)
            else:
                applier.books.note_base(entity, span, work.no)
        if (work.is_load or entity.name in self._context.asks) and not from_gone:
            applier.books.keep_seen(entity, span)

    # --- tombstones -------------------------------------------------------------------------------

    def _bury(self, work: BatchWork, span: Span) -> list[Span]:
        """Tombstones nothing refers to. Returns those that are still in use: tried again after the
        images.
        """
        try:
            self._slices.timed(work.entity, span, partial(self._bury_once, work, span))
            return []
        except ConstraintBroken as fault:
            broken = fault.of_tombstone()
            if span.is_single or broken.is_for_all:
                for number in self._applier.numbers(GONE, span):
                    work.faults[number] = (broken.code, broken.reason, "")
                return [span]
            return [left for half in span.halves() for left in self._bury(work, half)]

    def _bury_again(self, work: BatchWork, span: Span) -> None:
        for number in self._applier.numbers(GONE, span):
            work.faults.pop(number, None)
        self._bury(work, span)

    def _bury_once(self, work: BatchWork, span: Span) -> None:
        with self._slices.transaction(self._applier.connection, does_end=False):
            found = self._judge.gone_faults(work, span)
            self.put_away(work, span, found)
        work.faults.update(without_answers(found))

    def put_away(self, work: BatchWork, span: Span, found: Faults) -> None:
        """Inside a transaction: delete the records of a span of tombstones but those in `found`.
        Raises ConstraintBroken.
        """
        applier, entity = self._applier, work.entity
        applier.hush(entity)
        for part in without(span, found):
            if work.is_noted:
                arrivals.note_gone(applier.connection, entity, part, self._context.run)
            applier.bury(entity, part)
            self._keep_books(work, part, from_gone=True)
        applier.unhush(entity)

    # --- the end ----------------------------------------------------------------------------------

    def _finish(self, work: BatchWork, at_end: Callable[[], None]) -> None:
        """Park what was set aside, slice by slice. The last transaction also lets go of what was
        parked of the records that are in now, and moves on. Nothing is left to do when the last
        slice has moved on by itself.
        """
        if work.is_over:
            return
        if work.does_halt and (guilty := guilty_of(work.faults)):
            raise self._whole.halt(work, guilty)
        parked = self._parked_records(work)
        full = len(parked) // _PARK_SLICE * _PARK_SLICE
        for start in range(0, full, _PARK_SLICE):
            some = parked[start : start + _PARK_SLICE]
            self._slices.held(partial(self._park, work, some, lambda: None))
        move_on = partial(self._move_on, work, at_end)
        self._slices.held(partial(self._park, work, parked[full:], move_on))
        for record in parked:
            if record.code in (KEPT_EDIT, WAITS_WHOLE):
                continue
            self._context.listener(
                RecordParked(record.entity, key_text(record.key), record.code, record.reason)
            )

    def _move_on(self, work: BatchWork, at_end: Callable[[], None]) -> None:
        connection = self._applier.connection
        parking.replace_parked(connection, work.entity, work.origin, work.faults.keys())
        if work.does_halt:
            halting.forget_halted(connection, work.stream, work.origin)
        at_end()

    def _park(
        self, work: BatchWork, records: Sequence[NewParked], at_end: Callable[[], None]
    ) -> None:
        connection = self._applier.connection
        with transaction(connection):
            require_fence(connection, self._context.fence)
            parking.park(connection, records, self._context.now())
            if work.is_load:
                # Named by the load, like those that went in.
                sweeping.spare(connection, work.entity.name, [record.key for record in records])
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
