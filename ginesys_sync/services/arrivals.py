"""What a sync brought to a store, in shop words, and what it changed, with old and new value."""

from __future__ import annotations

from ginesys_sync.core.model import HEAD_OFFICE, key_text
from ginesys_sync.core.plan import PLAN_CHANNEL, Entity, Plan
from ginesys_sync.services.arrival_views import Change, Changes
from ginesys_sync.services.units import amount, called, has_unit
from ginesys_sync.services.words import counted
from ginesys_sync.store import arrivals, grids
from ginesys_sync.store.database import Connection

_SHOWN = 200


def arrived_words(connection: Connection, plan: Plan, me: str, run: int) -> str:
    """`42 prices, 3 promotions, 1 new user`; empty when a run brought nothing."""
    named = {entity.name: entity for entity in plan.entities}
    found = _received(connection, me, run)
    new = arrivals.count_arrivals(connection, run)
    words = [
        _words(named[name], count, *new.get(name, (0, 0)))
        for name, count in sorted(found.items(), key=lambda each: -each[1])
        if name in named and named[name].channel != PLAN_CHANNEL
    ]
    return ", ".join(words)


def _received(connection: Connection, me: str, run: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in grids.received_rows(connection, me, run, HEAD_OFFICE):
        if row.entity:
            found[row.entity] = found.get(row.entity, 0) + row.records
    return found


def _words(entity: Entity, count: int, new: int, gone: int) -> str:
    """`3 prices`, `1 new user`, `5 promotions (2 new, 1 deleted)`."""
    if new == count:
        return counted(count, f"new {entity.one}", f"new {entity.many}")
    if gone == count:
        return counted(count, f"deleted {entity.one}", f"deleted {entity.many}")
    parts = [f"{n:,} {word}" for n, word in ((new, "new"), (gone, "deleted")) if n]
    return entity.count_words(count) + (f" ({', '.join(parts)})" if parts else "")


def changes(connection: Connection, plan: Plan, me: str, run: int, after: int | None) -> Changes:
    """What a run changed, in order, after the line numbered `after`."""
    named = {entity.name: entity for entity in plan.entities}
    widths = {name: len(entity.key) for name, entity in named.items()}
    found = arrivals.arrivals(connection, widths, run, after or 0, _SHOWN + 1)
    rows = tuple(change_of(named.get(each.entity), each) for each in found[:_SHOWN])
    counts = _received(connection, me, run)
    are_all = all(count <= arrivals.MOST_RECORDS for count in counts.values())
    return Changes(rows, found[_SHOWN - 1].id if len(found) > _SHOWN else None, are_all)


def change_of(entity: Entity | None, each: arrivals.Arrival) -> Change:
    """A change as a person reads it. `entity` None: a kind that the plan no longer knows."""
    kind = each.entity if entity is None else entity.one
    key = key_text(each.key)
    if each.column == arrivals.NEW:
        return Change(each.id, kind, key, "new", "", "", "")
    if each.column == arrivals.DELETED:
        return Change(each.id, kind, key, "deleted", "", "", "")
    before, now = _value(each.column, each.old), _value(each.column, each.new)
    return Change(each.id, kind, key, "changed", called(each.column), before, now)


def _value(column: str, value: object) -> str:
    """A value as a person reads it, short."""
    if value is None:
        return "(empty)"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if has_unit(column) and isinstance(value, int):
        return amount(column, value)
    text = str(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
