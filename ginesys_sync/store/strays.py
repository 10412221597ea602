"""Notes in the change log of entities that a site does not capture: nothing will ever send them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ginesys_sync.store.database import database_faults, raw


def has_strays(connection: Connection, captured: Sequence[str]) -> bool:
    """Whether changes of entities that this site does not capture are noted: one pass over the
    change log, so not while a till may be waiting for the lock.
    """
    marks = ", ".join("?" * len(captured))
    with database_faults():
        found = raw(connection).execute(
            f"SELECT EXISTS (SELECT 1 FROM sync_change WHERE entity NOT IN ({marks}))",
            tuple(captured),
        )
        return bool(found.fetchone()[0])


def drop_strays(connection: Connection, captured: Sequence[str]) -> int:
    """Forget noted changes of entities that this site does not capture. Returns how many."""
    marks = ", ".join("?" * len(captured))
    return (
        raw(connection)
        .execute(f"DELETE FROM sync_change WHERE entity NOT IN ({marks})", tuple(captured))
        .rowcount
    )
