"""What people did to the sync, and why: rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from ginesys_sync.store import schema


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person did. `at` is an ISO text."""

    id: int
    at: str
    who: str
    action: str
    what: str
    reason: str


def write_action(
    connection: Connection, at: str, who: str, action: str, what: str, reason: str
) -> None:
    """Inside the caller's transaction."""
    connection.execute(
        schema.audit.insert().values(at=at, who=who, action=action, what=what, reason=reason)
    )


def actions(connection: Connection, before: int | None, limit: int) -> tuple[Action, ...]:
    """What was done, newest first, numbered below `before`."""
    query = select(schema.audit).order_by(schema.audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(schema.audit.c.id < before)
    return tuple(Action(*row) for row in connection.execute(query))
