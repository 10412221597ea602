"""Looking for one record in a batch body."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from ginesys_sync.wire.body import GONE, quoted


def is_gone_in(
    raw: bytes, table: str, columns: Sequence[str], key: Sequence[object]
) -> bool | None:
    """Whether a serialized body says that the record of this key is gone; None when it does not
    hold the record (or cannot be read, or is a body of another plan)."""
    where = " AND ".join(f"{quoted(column)} = ?" for column in columns)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            connection.deserialize(raw)
            for name, is_gone in ((table, False), (GONE, True)):
                found = connection.execute(
                    f"SELECT 1 FROM {quoted(name)} WHERE {where} LIMIT 1", tuple(key)
                )
                if found.fetchone() is not None:
                    return is_gone
        except sqlite3.DatabaseError:
            return None
    return None
