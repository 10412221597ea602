"""Looking into a body without a plan, as `ginesys-sync batch show` does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import Any

import zstandard

from ginesys_sync.core.errors import Damaged
from ginesys_sync.core.text import shown
from ginesys_sync.wire.body import quoted, unpack
from ginesys_sync.wire.routes import MAX_BODY_BYTES


def describe_body(data: bytes, limit: int) -> list[dict[str, Any]]:
    """Per table of a packed body: its name, columns, number of rows and first rows. Raises
    Damaged.
    """
    try:
        raw_size = zstandard.get_frame_parameters(data).content_size
    except zstandard.ZstdError as fault:
        raise Damaged(
            "This file is not a batch body.", "Give a file from a home's folder of batches."
        ) from fault
    if not 0 < raw_size <= MAX_BODY_BYTES:
        raise Damaged(
            "This file is not a batch body.", "Give a file from a home's folder of batches."
        )
    raw = unpack(data, sha256(data).hexdigest(), raw_size)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = shown
        try:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            connection.deserialize(raw)
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid LIMIT 100"
            ).fetchall()
            return [_table(connection, name, limit) for (name,) in names]
        except (sqlite3.Error, UnicodeDecodeError) as fault:
            raise Damaged("This file is damaged inside.", detail=str(fault)) from fault


def _table(connection: sqlite3.Connection, name: str, limit: int) -> dict[str, Any]:
    cursor = connection.execute(f"SELECT * FROM {quoted(name)} LIMIT ?", (limit,))
    columns = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    count = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
    return {"table": name, "columns": columns, "count": count, "rows": rows}
