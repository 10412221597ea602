"""Finding records by their key as a person reads and types it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import listed, part_list, parts
from ginesys_sync.wire.body import quoted

KEY_TEXT = "rtrim(k1 || ' / ' || k2 || ' / ' || k3 || ' / ' || k4, ' /')"
"""SQL: the key in k1 … k4 as the lists show it."""


def keys_typed(connection: Connection, entity: Entity, typed: Sequence[str]) -> list[Key]:
    """The keys, with the very values that the database holds, that a person means by these texts:
    records that stand here; else one that was sent once and is gone, waits in the change log, or is
    blocked.
    """
    where = " AND ".join(f"{quoted(column)} = ?" for column in entity.key)
    for values in (tuple(typed), tuple(map(_as_number, typed))):
        rows = raw(connection).execute(
            f"SELECT {listed(entity.key)} FROM main.{quoted(entity.root.name)} WHERE {where}",
            values,
        )
        if found := [tuple(row) for row in rows.fetchmany(2)]:
            return found
    width = parts(len(entity.key))
    alike = " AND ".join(f"CAST({part} AS TEXT) = ?" for part in width)
    for known in (
        "sync_record WHERE entity",
        "sync_change WHERE entity",
        "sync_block WHERE kind = 'record' AND name",
    ):
        rows = raw(connection).execute(
            f"SELECT DISTINCT {part_list(len(width))} FROM main.{known} = ? AND {alike} LIMIT 2",
            (entity.name, *typed),
        )
        if found := [tuple(row) for row in rows]:
            return found
    return []


def _as_number(text: str) -> str | int:
    return int(text) if text.isdecimal() and len(text) <= 18 else text
