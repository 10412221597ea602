"""The first tables: change log, records, streams, batches, releases, acknowledgements, runs."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
        CREATE TABLE sync_ack (id INTEGER NOT NULL, stream TEXT NOT NULL, site TEXT NOT NULL, epoch
        TEXT NOT NULL, kind TEXT DEFAULT 'data' NOT NULL, from_no INTEGER NOT NULL, to_no INTEGER
        NOT NULL, run INTEGER NOT NULL, applied_at TEXT NOT NULL, peer_run INTEGER, collected_at
        TEXT, delivered_at TEXT, parked_total INTEGER DEFAULT 0 NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX sync_ack_reach ON sync_ack (stream, site, to_no)",
    "CREATE INDEX sync_ack_run ON sync_ack (run)",
    """
        CREATE TABLE sync_attention (id INTEGER NOT NULL, site TEXT NOT NULL, stream TEXT NOT NULL,
        entity TEXT NOT NULL, "key" TEXT NOT NULL, no INTEGER NOT NULL, code TEXT NOT NULL, reason
        TEXT NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL, PRIMARY KEY (id), UNIQUE
        (site, stream, entity, "key"))
    """,
    """
        CREATE TABLE sync_audience (id INTEGER NOT NULL, name TEXT NOT NULL, members TEXT NOT NULL,
        PRIMARY KEY (id), UNIQUE (name))
    """,
    "CREATE INDEX sync_audience_members ON sync_audience (members)",
    """
        CREATE TABLE sync_audience_site (audience INTEGER NOT NULL, site TEXT NOT NULL, PRIMARY KEY
        (audience, site)) WITHOUT ROWID
    """,
    """
        CREATE TABLE sync_batch (id INTEGER NOT NULL, stream TEXT NOT NULL, no INTEGER NOT NULL,
        epoch TEXT NOT NULL, run INTEGER NOT NULL, entity TEXT NOT NULL, audience INTEGER NOT NULL,
        plan_version INTEGER NOT NULL, records INTEGER NOT NULL, gone INTEGER NOT NULL, rows INTEGER
        NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, raw_size INTEGER NOT NULL, sealed_at
        TEXT NOT NULL, uploaded_at TEXT, received_at TEXT, withdrawn_at TEXT, PRIMARY KEY (id),
        UNIQUE (stream, epoch, no))
    """,
    "CREATE INDEX sync_batch_run ON sync_batch (run)",
    "CREATE INDEX sync_batch_sha256 ON sync_batch (sha256)",
    """
        CREATE TABLE sync_change (id INTEGER NOT NULL, entity TEXT NOT NULL, k1 DEFAULT '' NOT NULL,
        k2 DEFAULT '' NOT NULL, k3 DEFAULT '' NOT NULL, k4 DEFAULT '' NOT NULL, image INTEGER
        DEFAULT 2 NOT NULL, PRIMARY KEY (id))
    """,
    """
        CREATE TABLE sync_conflict (id INTEGER NOT NULL, entity TEXT NOT NULL, k1 DEFAULT '' NOT
        NULL, k2 DEFAULT '' NOT NULL, k3 DEFAULT '' NOT NULL, k4 DEFAULT '' NOT NULL, site TEXT NOT
        NULL, winner TEXT NOT NULL, ours BLOB NOT NULL, theirs BLOB NOT NULL, run INTEGER NOT NULL,
        at TEXT NOT NULL, PRIMARY KEY (id))
    """,
    """
        CREATE TABLE sync_contact (site TEXT NOT NULL, enrolled_at TEXT, last_seen_at TEXT, program
        TEXT DEFAULT '' NOT NULL, plan_version INTEGER DEFAULT 0 NOT NULL, run INTEGER DEFAULT 0 NOT
        NULL, PRIMARY KEY (site))
    """,
    "CREATE TABLE sync_hush (entity TEXT NOT NULL, PRIMARY KEY (entity)) WITHOUT ROWID",
    """
        CREATE TABLE sync_load (site TEXT NOT NULL, stream TEXT NOT NULL, no INTEGER NOT NULL, state
        TEXT NOT NULL, chunks TEXT DEFAULT '[]' NOT NULL, at TEXT NOT NULL, PRIMARY KEY (site,
        stream))
    """,
    """
        CREATE TABLE sync_parked (id INTEGER NOT NULL, entity TEXT NOT NULL, k1 DEFAULT '' NOT NULL,
        k2 DEFAULT '' NOT NULL, k3 DEFAULT '' NOT NULL, k4 DEFAULT '' NOT NULL, origin TEXT NOT
        NULL, stream TEXT NOT NULL, no INTEGER NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL,
        missing TEXT DEFAULT '' NOT NULL, body BLOB NOT NULL, raw_size INTEGER NOT NULL, first_at
        TEXT NOT NULL, last_at TEXT NOT NULL, tries INTEGER DEFAULT 1 NOT NULL, PRIMARY KEY (id),
        UNIQUE (entity, k1, k2, k3, k4, origin))
    """,
    """
        CREATE TABLE sync_plan (version INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY
        (version))
    """,
    """
        CREATE TABLE sync_progress (run INTEGER NOT NULL, at TEXT NOT NULL, stages TEXT NOT NULL,
        PRIMARY KEY (run))
    """,
    """
        CREATE TABLE sync_record (entity TEXT NOT NULL, k1 DEFAULT '' NOT NULL, k2 DEFAULT '' NOT
        NULL, k3 DEFAULT '' NOT NULL, k4 DEFAULT '' NOT NULL, audience INTEGER DEFAULT 0 NOT NULL,
        last_no INTEGER DEFAULT 0 NOT NULL, base_no INTEGER DEFAULT 0 NOT NULL, author TEXT DEFAULT
        '' NOT NULL, gone INTEGER DEFAULT 0 NOT NULL, PRIMARY KEY (entity, k1, k2, k3, k4))
        WITHOUT ROWID
    """,
    """
        CREATE TABLE sync_release (id INTEGER NOT NULL, stream TEXT NOT NULL, site TEXT NOT NULL,
        from_no INTEGER NOT NULL, to_no INTEGER NOT NULL, run INTEGER NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (id))
    """,
    "CREATE INDEX sync_release_reach ON sync_release (stream, site, to_no)",
    "CREATE INDEX sync_release_run ON sync_release (run)",
    """
        CREATE TABLE sync_request (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, asked_at TEXT NOT
        NULL, sites TEXT NOT NULL, "trigger" TEXT NOT NULL, who TEXT NOT NULL, state TEXT NOT NULL,
        run INTEGER, cancel INTEGER DEFAULT 0 NOT NULL, message TEXT DEFAULT '' NOT NULL)
    """,
    """
        CREATE TABLE sync_run (no INTEGER NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
        "trigger" TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, sites TEXT NOT NULL, outcome
        TEXT, tally TEXT DEFAULT '{}' NOT NULL, message TEXT DEFAULT '' NOT NULL, title TEXT DEFAULT
        '' NOT NULL, advice TEXT DEFAULT '' NOT NULL, detail TEXT DEFAULT '' NOT NULL, code TEXT
        DEFAULT '' NOT NULL, PRIMARY KEY (no))
    """,
    """
        CREATE TABLE sync_seen (entity TEXT NOT NULL, k1 DEFAULT '' NOT NULL, k2 DEFAULT '' NOT
        NULL, k3 DEFAULT '' NOT NULL, k4 DEFAULT '' NOT NULL, PRIMARY KEY (entity, k1, k2, k3, k4))
        WITHOUT ROWID
    """,
    """
        CREATE TABLE sync_site (code TEXT NOT NULL, name TEXT DEFAULT '' NOT NULL, role TEXT NOT
        NULL, state TEXT NOT NULL, groups TEXT DEFAULT '' NOT NULL, PRIMARY KEY (code))
    """,
    "CREATE TABLE sync_state (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name))",
    """
        CREATE TABLE sync_stream (stream TEXT NOT NULL, epoch TEXT NOT NULL, head_no INTEGER DEFAULT
        0 NOT NULL, uploaded_no INTEGER DEFAULT 0 NOT NULL, applied_no INTEGER DEFAULT 0 NOT NULL,
        PRIMARY KEY (stream))
    """,
)


def upgrade() -> None:
    """Make the tables, as this version of the program first knew them."""
    for statement in TABLES:
        op.execute(statement)
