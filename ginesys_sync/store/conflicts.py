"""Both versions of shared records that were edited at two places at once: kept, so that a person
can look and undo.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ginesys_sync.core.model import Key
from ginesys_sync.store import schema
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import bound, padded


@dataclass(frozen=True, slots=True)
class Conflict:
    """One conflict: the two images as single-record bodies, and whose version stands."""

    entity: str
    key: Key
    site: str
    winner: str
    ours: bytes
    theirs: bytes


def keep_conflict(connection: Connection, conflict: Conflict, run: int, at: str) -> None:
    """List a conflict, inside the caller's transaction."""
    marks, key = bound(padded(conflict.key))
    raw(connection).execute(
        "INSERT INTO sync_conflict(entity, k1, k2, k3, k4, site, winner, ours, theirs, run, at) "
        f"VALUES (?, {', '.join(marks)}, ?,?,?,?,?,?)",
        (
            conflict.entity,
            *key,
            conflict.site,
            conflict.winner,
            conflict.ours,
            conflict.theirs,
            run,
            at,
        ),
    )


def count_conflicts(connection: Connection) -> int:
    """How many conflicts are listed."""
    return int(connection.execute(select(func.count()).select_from(schema.conflict)).scalar_one())
