"""What all of the sync's own tables have in common."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, text

from ginesys_sync.store.untyped import Untyped

VERSION_TABLE = "sync_version"
KEY_PARTS = ("k1", "k2", "k3", "k4")
metadata = MetaData()


def key_columns() -> tuple[Column[object], ...]:
    """The key of a record, in a table that may hold it more than once."""
    return tuple(
        Column(part, Untyped, nullable=False, server_default=text("''")) for part in KEY_PARTS
    )
