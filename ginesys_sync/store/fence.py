"""The fence: a number that each run raises, and that every transaction of the engine checks.

The run lock (a file lock that dies with its holder) keeps two runs apart; the fence stops a run
that lost its lock without noticing, such as one whose machine slept.
"""

from __future__ import annotations

from sqlalchemy import Connection

from ginesys_sync.core.errors import AlreadyRunning
from ginesys_sync.store.database import raw, read_state, transaction, write_state

_FENCE = "fence"


def raise_fence(connection: Connection) -> int:
    """Begin to own the database: the new fence."""
    with transaction(connection):
        fence = int(read_state(connection, _FENCE) or 0) + 1
        write_state(connection, _FENCE, str(fence))
    return fence


def require_fence(connection: Connection, fence: int) -> None:
    """Inside a transaction: whether this run still owns the database. Raises AlreadyRunning."""
    # By the driver itself: this is asked inside every lock that a till may be waiting for.
    found = raw(connection).execute("SELECT value FROM sync_state WHERE name = ?", (_FENCE,))
    (value,) = found.fetchone() or ("0",)
    if int(value) != fence:
        raise AlreadyRunning(
            "Another run of this site has taken over.",
            "There is nothing to do: the other run goes on with the work.",
        )
