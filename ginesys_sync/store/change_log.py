"""Looking at the change log from outside a claim: how far it goes, and what nothing will send."""

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


def last_change(connection: Connection) -> int:
    """The number of the newest change that waits; 0 when none does. A number that was taken can
    come again once the log has been empty."""
    with database_faults():
        (last,) = raw(connection).execute("SELECT max(id) FROM sync_change").fetchone()
    return last or 0
