"""The sync's own tables. The Alembic migrations build exactly these; a test proves it.

Keys of records stand in the untyped columns k1 … k4, with the value the business table holds (''
where the key has fewer parts), so that joins need no encoding and lose no type.
"""

from __future__ import annotations

from sqlalchemy import (
    BLOB,
    Column,
    Index,
    Integer,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    text,
)

from ginesys_sync.store.schema_base import KEY_PARTS as KEY_PARTS
from ginesys_sync.store.schema_base import VERSION_TABLE as VERSION_TABLE
from ginesys_sync.store.schema_base import key_columns
from ginesys_sync.store.schema_base import metadata as metadata
from ginesys_sync.store.schema_news import audit as audit
from ginesys_sync.store.untyped import Untyped


def _in_order(name: str, *columns: str | TextClause, of: str = "received_at") -> Index:
    """An index by which *Received Data* is listed in an order; it holds only what is listed."""
    return Index(name, *columns, sqlite_where=text(f"{of} IS NOT NULL"))


state = Table(
    "sync_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

change = Table(
    "sync_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("entity", Text, nullable=False),
    *key_columns(),
    Column("image", Integer, nullable=False, server_default=text("2")),
)
"""The change log. Without AUTOINCREMENT: its counter is one more page that every captured write
copies into its statement journal, and with two indexes on the business table that is the page with
which the journal no longer fits into memory (measured: an insert 2.9 times a plain one instead of
1.45). Without it the number of a deleted change can come again, which harms nobody: a claim deletes
numbers that its own snapshot showed, each at most once, under the fence. Besides claims only
`change_log.drop_strays` and `deleting.drop_deletions` delete, under the same fence and before the
run's snapshot begins; so a number stands for the row that was read until the claim itself deletes
it."""

hush = Table(
    "sync_hush", metadata, Column("entity", Text, primary_key=True), sqlite_with_rowid=False
)

record = Table(
    "sync_record",
    metadata,
    Column("entity", Text, primary_key=True),
    *(Column(part, Untyped, primary_key=True, server_default=text("''")) for part in KEY_PARTS),
    Column("audience", Integer, nullable=False, server_default=text("0")),
    Column("last_no", Integer, nullable=False, server_default=text("0")),
    Column("base_no", Integer, nullable=False, server_default=text("0")),
    Column("author", Text, nullable=False, server_default=text("''")),
    Column("gone", Integer, nullable=False, server_default=text("0")),
    sqlite_with_rowid=False,
)

audience = Table(
    "sync_audience",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("members", Text, nullable=False),
    Index("sync_audience_members", "members"),
)

audience_site = Table(
    "sync_audience_site",
    metadata,
    Column("audience", Integer, primary_key=True),
    Column("site", Text, primary_key=True),
    sqlite_with_rowid=False,
)

stream = Table(
    "sync_stream",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("epoch", Text, nullable=False),
    Column("head_no", Integer, nullable=False, server_default=text("0")),
    Column("uploaded_no", Integer, nullable=False, server_default=text("0")),
    Column("applied_no", Integer, nullable=False, server_default=text("0")),
)

batch = Table(
    "sync_batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("no", Integer, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("entity", Text, nullable=False),
    Column("audience", Integer, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("raw_size", Integer, nullable=False),
    Column("sealed_at", Text, nullable=False),
    Column("uploaded_at", Text),
    Column("received_at", Text),
    Column("withdrawn_at", Text),
    UniqueConstraint("stream", "epoch", "no"),
    Index("sync_batch_run", "run"),
    Index("sync_batch_sha256", "sha256"),
    _in_order("sync_batch_came", "received_at", "run"),
    _in_order("sync_batch_much", "entity", text("records + gone"), "run"),
    _in_order("sync_batch_size", "size", "run"),
    _in_order("sync_batch_no", "no", "run"),
)

release = Table(
    "sync_release",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("from_no", Integer, nullable=False),
    Column("to_no", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Index("sync_release_reach", "stream", "site", "to_no"),
    Index("sync_release_run", "run"),
)

ack = Table(
    "sync_ack",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'data'")),
    Column("from_no", Integer, nullable=False),
    Column("to_no", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("applied_at", Text, nullable=False),
    Column("peer_run", Integer),
    Column("collected_at", Text),
    Column("delivered_at", Text),
    Column("parked_total", Integer, nullable=False, server_default=text("0")),
    Column("said", Integer, nullable=False, server_default=text("0")),
    Index("sync_ack_reach", "stream", "site", "to_no"),
    Index("sync_ack_run", "run"),
    _in_order("sync_ack_collected", "run", of="collected_at"),
    _in_order("sync_ack_came", "collected_at", "run", of="collected_at"),
    _in_order("sync_ack_much", text("to_no - from_no"), "run", of="collected_at"),
    _in_order("sync_ack_no", "to_no", "run", of="collected_at"),
    Index("sync_ack_own", "applied_at", sqlite_where=text("collected_at IS NULL")),
    Index("sync_ack_parked", "run", sqlite_where=text("parked_total > 0")),
)

parked = Table(
    "sync_parked",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entity", Text, nullable=False),
    *key_columns(),
    Column("origin", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("no", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("missing", Text, nullable=False, server_default=text("''")),
    Column("body", BLOB, nullable=False),
    Column("raw_size", Integer, nullable=False),
    Column("first_at", Text, nullable=False),
    Column("last_at", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("1")),
    UniqueConstraint("entity", *KEY_PARTS, "origin"),
)

attention = Table(
    "sync_attention",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("no", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_at", Text, nullable=False),
    Column("last_at", Text, nullable=False),
    UniqueConstraint("site", "stream", "entity", "key"),
)

conflict = Table(
    "sync_conflict",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entity", Text, nullable=False),
    *key_columns(),
    Column("site", Text, nullable=False),
    Column("winner", Text, nullable=False),
    Column("ours", BLOB, nullable=False),
    Column("theirs", BLOB, nullable=False),
    Column("run", Integer, nullable=False),
    Column("at", Text, nullable=False),
)

run = Table(
    "sync_run",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("trigger", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("sites", Text, nullable=False),
    Column("outcome", Text),
    Column("tally", Text, nullable=False, server_default=text("'{}'")),
    Column("message", Text, nullable=False, server_default=text("''")),
    Column("title", Text, nullable=False, server_default=text("''")),
    Column("advice", Text, nullable=False, server_default=text("''")),
    Column("detail", Text, nullable=False, server_default=text("''")),
    Column("code", Text, nullable=False, server_default=text("''")),
)

request = Table(
    "sync_request",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("asked_at", Text, nullable=False),
    Column("sites", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run", Integer),
    Column("cancel", Integer, nullable=False, server_default=text("0")),
    Column("message", Text, nullable=False, server_default=text("''")),
    sqlite_autoincrement=True,
)

progress = Table(
    "sync_progress",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("stages", Text, nullable=False),
)

site = Table(
    "sync_site",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("groups", Text, nullable=False, server_default=text("''")),
)

contact = Table(
    "sync_contact",
    metadata,
    Column("site", Text, primary_key=True),
    Column("enrolled_at", Text),
    Column("last_seen_at", Text),
    Column("program", Text, nullable=False, server_default=text("''")),
    Column("plan_version", Integer, nullable=False, server_default=text("0")),
    Column("run", Integer, nullable=False, server_default=text("0")),
    Column("clock_ahead_seconds", Integer, nullable=False, server_default=text("0")),
)

plan = Table(
    "sync_plan",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
)

load = Table(
    "sync_load",
    metadata,
    Column("site", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("no", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("chunks", Text, nullable=False, server_default=text("'[]'")),
    Column("at", Text, nullable=False),
)

seen = Table(
    "sync_seen",
    metadata,
    Column("entity", Text, primary_key=True),
    *(Column(part, Untyped, primary_key=True, server_default=text("''")) for part in KEY_PARTS),
    sqlite_with_rowid=False,
)

master_policy = Table(
    "sync_master_policy",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What head office lays down for the sync of every store; it travels like any record."""

site_policy = Table(
    "sync_site_policy",
    metadata,
    Column("site", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What head office lays down for one store: it wins over the master policy of the same name."""

block = Table(
    "sync_block",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    *key_columns(),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
    UniqueConstraint("kind", "name", *KEY_PARTS),
)
"""What a person holds back: a `site`, a `channel` (its release stands still), an `entity` or one
`record` of it (their changes stay unclaimed); and what was withdrawn. `store.blocks` tells more."""
