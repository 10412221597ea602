"""Stretches of record ids in a body: what one transaction writes."""

from __future__ import annotations

from dataclasses import dataclass

from ginesys_sync.wire.body import CHILD_BITS, ID


@dataclass(frozen=True, slots=True)
class Span:
    """Record ids from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def is_single(self) -> bool:
        """Whether it names one id."""
        return self.first == self.last

    def halves(self) -> tuple[Span, Span]:
        """Two spans of about half the ids."""
        middle = (self.first + self.last) // 2
        return Span(self.first, middle), Span(middle + 1, self.last)

    def child_bounds(self) -> tuple[int, int]:
        """The ids of the child rows of these records."""
        return self.first << CHILD_BITS, ((self.last + 1) << CHILD_BITS) - 1


def within(alias: str, span: Span) -> str:
    """SQL: the row of the body called `alias` is a record of the span."""
    return f"{alias}.{ID} BETWEEN {span.first} AND {span.last}"
