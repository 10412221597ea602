"""What the grids call batches, kinds of record and lanes, in shop words."""

from __future__ import annotations

from collections.abc import Iterable

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.model import Stream
from ginesys_sync.core.plan import Plan

_KINDS = 4


def count_words(plan: Plan, entity: str, count: int) -> str:
    """`42 prices`; of kinds the plan no longer knows, their bare name."""
    try:
        return plan.entity(entity).count_words(count)
    except PlanUnfit:
        return f"{count:,} {entity}"


def entity_title(plan: Plan, entity: str) -> str:
    """A kind of record as a heading: `Prices`."""
    try:
        return plan.entity(entity).many.capitalize()
    except PlanUnfit:
        return entity


def channel_title(plan: Plan, stream: str) -> str:
    """A stream's lane as the shop calls it."""
    channel = Stream.parse(stream).channel
    return next((known.title for known in plan.channels if known.name == channel), channel)


def kinds_words(plan: Plan, counts: Iterable[tuple[str, int]]) -> list[str]:
    """`42 prices`, `1 user`: a word for each kind, in the order they come."""
    found: dict[str, int] = {}
    for entity, count in counts:
        found[entity] = found.get(entity, 0) + count
    return [count_words(plan, entity, count) for entity, count in found.items()]


def first_kinds(words: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(words) - _KINDS
    rest = f" and {more} more {'kind' if more == 1 else 'kinds'}" if more > 0 else ""
    return ", ".join(words[:_KINDS]) + rest
