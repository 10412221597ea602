"""Cutting a body into short transactions of whole records, with pauses: a till never waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from ginesys_sync.core.plan import Entity
from ginesys_sync.engine.conflicts import Faults
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.database import Connection, brief, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.refusals import refusal

_FIRST_SLICE = 500
_LARGEST_SLICE = 20_000


def without(span: Span, faults: Faults) -> Iterator[Span]:
    """The stretches of a span between the records that must not go in."""
    first = span.first
    for number in sorted(faults):
        if span.first <= number <= span.last:
            if first < number:
                yield Span(first, number - 1)
            first = number + 1
    if first <= span.last:
        yield Span(first, span.last)


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
        self._locked_at = 0.0
        self._let_go_at = 0.0
        self._worked = 0.0

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
        """Do one transaction on a span and learn from its length.

        What the disk takes for the commit is the same for few records as for many: it shortens the
        slices, but by half at most. Otherwise a slow disk would make them ever smaller, and each
        of them would still wait for the disk.
        """
        seconds = self.held(work)
        count = span.last - span.first + 1
        size = self._sizes.get(entity.name, self._first)
        if count >= size // 2:
            longest = self._context.lock_seconds
            wanted = max(longest - (seconds - self._worked), longest / 2)
            self._sizes[entity.name] = next_slice(count, self._worked, wanted)

    @contextmanager
    def transaction(self, connection: Connection, does_end: bool) -> Iterator[None]:
        """A slice's transaction, under the fence. Its work is timed apart from its commit, which
        waits for the disk only when it ends the body (`does_end`): nobody hears of it before, and
        what a power cut undoes is applied again.
        """
        clock = self._context.clock
        waits = nullcontext() if does_end else brief(connection)
        with waits, transaction(connection, refusal):
            start = self._locked_at = clock.monotonic()
            require_fence(connection, self._context.fence)
            yield
            self._worked = clock.monotonic() - start

    def held(self, work: Callable[[], None]) -> float:
        """Let a till have the lock for as long as we had it, then do one transaction. Returns the
        seconds it had the lock: waiting for a till to let go of it is not among them. What was done
        without the lock since the last one is part of the pause.
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
            self._rest = self._let_go_at - max(start, self._locked_at)
        return self._rest
