"""The tables of what people are told: who did what, what is wrong, how alive a site is, news."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, text

from ginesys_sync.store.schema_base import key_columns, metadata
from ginesys_sync.store.untyped import Untyped

audit = Table(
    "sync_audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
)
"""What people did to the sync, and why: never changed, never purged."""

alert = Table(
    "sync_alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("told_at", Text),
    Column("cleared_at", Text),
    Index("sync_alert_open", "cleared_at", "kind", "site"),
)
"""One row from the moment something is wrong at a site until it is right again."""

activity = Table(
    "sync_activity",
    metadata,
    Column("site", Text, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("contacts", Integer, nullable=False, server_default=text("0")),
    Column("records", Integer, nullable=False, server_default=text("0")),
    sqlite_with_rowid=False,
)
"""Head office's: how alive each site was in an hour (since 1970, UTC). `contacts` counts how often
it was seen to have called, `records` what it sent and confirmed. Kept for about a day."""

arrival = Table(
    "sync_arrival",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("entity", Text, nullable=False),
    *key_columns(),
    Column("column", Text, nullable=False),
    Column("old", Untyped),
    Column("new", Untyped),
    Index("sync_arrival_run", "run"),
)
"""What a run changed in records that were here already: the first few of each kind, for notices."""
