"""One body as a whole: all of it goes in, in one transaction, or none of it does. For channels that
are atomic, or that halt.

When it does not go in, the guilty records are found by halving, in transactions that are always
rolled back and as short as any other. A batch of such a channel is sealed small enough
(`engine.seal.WHOLE_ROWS`) for its one transaction to keep a till waiting no longer than a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from ginesys_sync.core.errors import Halted
from ginesys_sync.core.events import RecordParked
from ginesys_sync.core.model import Stream, key_text
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.confirm import say_parked_changed
from ginesys_sync.engine.conflicts import LOST_CONFLICT, Faults
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.judging import Judge
from ginesys_sync.engine.slices import Slices, without
from ginesys_sync.store import halting
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.database import transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.parking import KEPT_EDIT, LET_PASS, WAITS_WHOLE, NewParked
from ginesys_sync.store.refusals import ConstraintBroken
from ginesys_sync.wire.body import GONE
from ginesys_sync.wire.excerpt import excerpts

_LISTED = 100
"""Records that keep a batch from going in, listed at most."""


def without_answers(found: Faults) -> Faults:
    """Without those that are left out for good: head office's own version stands, or a person let
    them pass.
    """
    return {n: fault for n, fault in found.items() if fault[0] not in (LOST_CONFLICT, LET_PASS)}


def guilty_of(found: Faults) -> Faults:
    """Those that keep a whole from going in: something is wrong with them."""
    return {n: fault for n, fault in without_answers(found).items() if fault[0] != KEPT_EDIT}


class _KeptOut(Exception):
    """Some records of a whole cannot go in: nothing of it stays."""

    def __init__(self, found: Faults) -> None:
        super().__init__(f"{len(found)} records")
        self.found = found


class _Undone(Exception):
    """A trial is over: nothing of it stays."""


class Writing(Protocol):
    """What writes inside a transaction (see `engine.bodies.BodyWork`)."""

    def put(
        self,
        work: BatchWork,
        span: Span,
        found: Faults,
        clashes: Mapping[str, str],
        does_compare: bool,
    ) -> None: ...

    def put_away(self, work: BatchWork, span: Span, found: Faults) -> None: ...


class WholeBodies:
    """Applies bodies as a whole, in one run."""

    def __init__(
        self,
        context: RunContext,
        applier: BodyApplier,
        slices: Slices,
        judge: Judge,
        writing: Writing,
    ) -> None:
        self._context = context
        self._applier = applier
        self._slices = slices
        self._judge = judge
        self._writing = writing

    def apply(
        self, work: BatchWork, images: Span | None, gone: Span | None, move_on: Callable[[], None]
    ) -> None:
        """Have all of a body in, `move_on` with it; else `work.faults` says of every record why
        not, and nothing has changed.
        """
        found: Faults = {}
        clashes: dict[str, str] = {}
        why: ConstraintBroken | None = None
        while True:
            found.clear()
            once = partial(self._all_once, work, images, gone, found, clashes, move_on)
            try:
                self._slices.held(once)
                work.faults.update(without_answers(found))
                return
            except _KeptOut as kept:
                guilty = guilty_of(kept.found)
                break
            except ConstraintBroken as broken:
                why = why or broken
                if broken.clash and broken.clash not in clashes:
                    clashes[broken.clash] = broken.reason
                    continue
                guilty = self._search(work, images, gone, clashes, why)
                break
        self._keep_out(work, images, gone, found, guilty)

    def _all_once(
        self,
        work: BatchWork,
        images: Span | None,
        gone: Span | None,
        found: Faults,
        clashes: Mapping[str, str],
        move_on: Callable[[], None],
    ) -> None:
        with self._slices.transaction(self._applier.connection, does_end=True):
            self._judged(work, images, gone, found)
            self._applier.defer_foreign_keys()
            if gone:
                self._writing.put_away(work, gone, found)
            if images:
                self._writing.put(work, images, found, clashes, does_compare=True)
            if guilty_of(found):
                raise _KeptOut(found)
            is_over = not without_answers(found)
            if is_over:
                move_on()
        work.is_over = is_over

    def _judged(
        self, work: BatchWork, images: Span | None, gone: Span | None, found: Faults
    ) -> None:
        """Before anything is written: who is left out, and who keeps the whole out."""
        connection = self._applier.connection
        if work.does_halt:
            passed = halting.passed_over(connection, work.entity, work.origin)
            found.update(dict.fromkeys(passed, (LET_PASS, "", "")))
        for span, faults in ((gone, self._judge.gone_faults), (images, self._judge.image_faults)):
            for number, fault in faults(work, span).items() if span else ():
                found.setdefault(number, fault)
        if guilty_of(found):
            raise _KeptOut(found)

    # --- who is guilty ----------------------------------------------------------------------------

    def _search(
        self,
        work: BatchWork,
        images: Span | None,
        gone: Span | None,
        clashes: Mapping[str, str],
        why: ConstraintBroken,
    ) -> Faults:
        """The records that the database refuses: images by themselves, with room made for all, and
        then tombstones, with all images in. When none is found alone, all are.
        """
        guilty: Faults = {}
        if images and not why.is_for_all:
            try_images = partial(self._try_images, work, images, gone, clashes)
            guilty = self._halved(work, work.entity.root.name, images, try_images)
        if gone and not guilty and not why.is_for_all:
            try_gone = partial(self._try_gone, work, images, clashes)
            guilty = self._halved(work, GONE, gone, try_gone)
        return guilty or {
            number: (why.code, why.reason, "")
            for table, span in ((work.entity.root.name, images), (GONE, gone))
            for number in (self._applier.numbers(table, span) if span else ())
        }

    def _halved(
        self, work: BatchWork, table: str, span: Span, attempt: Callable[[Span], None]
    ) -> Faults:
        """log n tries find a guilty record; the first one is enough for a stream that halts."""
        try:
            self._slices.held(partial(self._undo, attempt, span))
            return {}
        except ConstraintBroken as broken:
            found = broken.of_tombstone() if table == GONE else broken
        if span.is_single:
            numbers = self._applier.numbers(table, span)
            return dict.fromkeys(numbers, (found.code, found.reason, ""))
        guilty: Faults = {}
        for half in span.halves():
            guilty |= self._halved(work, table, half, attempt)
            if guilty and work.does_halt:
                break
        return guilty

    def _undo(self, attempt: Callable[[Span], None], span: Span) -> None:
        try:
            with self._slices.transaction(self._applier.connection, does_end=False):
                attempt(span)
                raise _Undone
        except _Undone:
            return

    def _try_images(
        self,
        work: BatchWork,
        images: Span,
        gone: Span | None,
        clashes: Mapping[str, str],
        span: Span,
    ) -> None:
        applier, entity = self._applier, work.entity
        found: Faults = {}
        self._judged(work, images, gone, found)
        applier.defer_foreign_keys()
        if gone:
            self._writing.put_away(work, gone, found)
        applier.hush(entity)
        applier.drop_lacking(entity, images)
        if clashes:
            applier.make_room(entity, images, found.keys(), clashes)
        for part in without(span, found):
            applier.upsert(entity, part)

    def _try_gone(
        self, work: BatchWork, images: Span | None, clashes: Mapping[str, str], span: Span
    ) -> None:
        applier = self._applier
        found: Faults = {}
        self._judged(work, images, None, found)
        applier.defer_foreign_keys()
        if images:
            self._writing.put(work, images, found, clashes, does_compare=False)
        applier.defer_foreign_keys(False)
        self._writing.put_away(work, span, found)

    # --- what becomes of it -----------------------------------------------------------------------

    def _keep_out(
        self,
        work: BatchWork,
        images: Span | None,
        gone: Span | None,
        found: Faults,
        guilty: Faults,
    ) -> None:
        """Of every record why it is not in: its own reason, or that of the first guilty one."""
        work.faults.update(guilty)
        if work.does_halt:
            return
        first = min(guilty)
        ((_, key, _),) = excerpts(work.raw, work.entity, [first])
        _, reason, missing = guilty[first]
        words = (
            f"It goes in together with {work.entity.one} {key_text(key)}, which cannot: {reason}"
        )
        kept = {n: fault for n, fault in found.items() if fault[0] == KEPT_EDIT}
        for table, span in ((work.entity.root.name, images), (GONE, gone)):
            for number in self._applier.numbers(table, span) if span else ():
                fault = kept.get(number, (WAITS_WHOLE, words, missing))
                work.faults.setdefault(number, fault)

    def halt(self, work: BatchWork, guilty: Faults) -> Halted:
        """List who keeps the batch out, so that its sender hears of it; the fault that stops the
        stream.
        """
        context, connection = self._context, self._applier.connection
        title = context.plan.channel(Stream.parse(work.stream).channel).title
        stands = f"{title} from {work.origin} stand still until it can go in."
        lines = [
            NewParked(
                *(work.entity.name, key, work.origin, work.stream, work.no),
                *(guilty[number][0], f"{guilty[number][1]} {stands}", guilty[number][2], b""),
            )
            for number, key, _ in excerpts(work.raw, work.entity, sorted(guilty)[:_LISTED])
        ]
        with transaction(connection):
            require_fence(connection, context.fence)
            is_news = halting.note_halted(
                connection, work.stream, work.origin, lines, context.now()
            )
        if is_news:
            say_parked_changed(context, connection, [work.stream])
        first = lines[0]
        words = key_text(first.key)
        context.listener(RecordParked(first.entity, words, first.code, first.reason))
        more = f" and {len(guilty) - 1:,} more" if len(guilty) > 1 else ""
        return Halted(
            f"Batch {work.no} stands still because of {work.entity.one} {words}{more}: "
            f"{guilty[min(guilty)][1]}"
        )
