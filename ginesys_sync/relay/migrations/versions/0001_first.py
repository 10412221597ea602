"""The first schema.

A stream here is one (origin, channel, epoch), numbered by the Web Database. `reach` says, per
stream and site, how far the site may read (`released`; the row of site `*` is for all), how far it
has applied (`acked`), and whether it needs a first load. A body is a row; its bytes are in `data`
when it is small, else in a file named by its hash.
"""

import secrets
from datetime import UTC, datetime

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = (
    """
    CREATE TABLE organisations (
        organisation TEXT NOT NULL PRIMARY KEY,
        relay_id TEXT NOT NULL,
        made_at TEXT NOT NULL,
        last_stream INTEGER NOT NULL DEFAULT 0,
        last_ack INTEGER NOT NULL DEFAULT 0,
        last_load INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    """
    CREATE TABLE sites (
        organisation TEXT NOT NULL REFERENCES organisations,
        site TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('ho', 'store')),
        name TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'blocked', 'closed')),
        reason TEXT NOT NULL DEFAULT '',
        code_hash TEXT,
        code_expires_at TEXT,
        used_code_hash TEXT,
        key_hash TEXT,
        epoch_no INTEGER NOT NULL DEFAULT 0,
        epoch TEXT,
        incarnation TEXT,
        run INTEGER NOT NULL DEFAULT 0,
        program TEXT NOT NULL DEFAULT '',
        plan_version INTEGER NOT NULL DEFAULT 0,
        invited_at TEXT NOT NULL,
        enrolled_at TEXT,
        last_seen_at TEXT,
        PRIMARY KEY (organisation, site)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE streams (
        organisation TEXT NOT NULL,
        stream INTEGER NOT NULL,
        origin TEXT NOT NULL,
        channel TEXT NOT NULL,
        epoch TEXT NOT NULL,
        epoch_no INTEGER NOT NULL,
        head INTEGER NOT NULL DEFAULT 0,
        begun_at TEXT NOT NULL,
        PRIMARY KEY (organisation, stream),
        UNIQUE (organisation, origin, channel, epoch_no),
        FOREIGN KEY (organisation, origin) REFERENCES sites (organisation, site)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE audiences (
        organisation TEXT NOT NULL REFERENCES organisations,
        audience TEXT NOT NULL,
        members TEXT NOT NULL,
        known_at TEXT NOT NULL,
        PRIMARY KEY (organisation, audience)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE audience_members (
        organisation TEXT NOT NULL,
        audience TEXT NOT NULL,
        site TEXT NOT NULL,
        PRIMARY KEY (organisation, audience, site),
        FOREIGN KEY (organisation, audience) REFERENCES audiences
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE batches (
        organisation TEXT NOT NULL,
        stream INTEGER NOT NULL,
        no INTEGER NOT NULL,
        entity TEXT NOT NULL,
        audience TEXT NOT NULL,
        plan_version INTEGER NOT NULL,
        codec TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        raw_size INTEGER NOT NULL,
        records INTEGER NOT NULL,
        gone INTEGER NOT NULL,
        "rows" INTEGER NOT NULL,
        run INTEGER NOT NULL,
        sealed_at TEXT NOT NULL,
        uploaded_at TEXT NOT NULL,
        purged INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (organisation, stream, no),
        FOREIGN KEY (organisation, stream) REFERENCES streams,
        FOREIGN KEY (organisation, audience) REFERENCES audiences
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX batches_kept ON batches (organisation, stream, no, audience) WHERE purged = 0",
    "CREATE INDEX batches_body ON batches (organisation, sha256) WHERE purged = 0",
    """
    CREATE TABLE bodies (
        organisation TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        site TEXT NOT NULL,
        added_at TEXT NOT NULL,
        is_named INTEGER NOT NULL DEFAULT 0,
        data BLOB,
        PRIMARY KEY (organisation, sha256),
        FOREIGN KEY (organisation, site) REFERENCES sites
    ) STRICT
    """,
    "CREATE INDEX bodies_unnamed ON bodies (organisation, site, size) WHERE is_named = 0",
    """
    CREATE TABLE reach (
        organisation TEXT NOT NULL,
        stream INTEGER NOT NULL,
        site TEXT NOT NULL,
        released INTEGER NOT NULL DEFAULT 0,
        acked INTEGER NOT NULL DEFAULT 0,
        ack_run INTEGER NOT NULL DEFAULT 0,
        load TEXT NOT NULL DEFAULT 'none' CHECK (load IN ('none', 'wanted', 'ready')),
        load_no INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (organisation, stream, site),
        FOREIGN KEY (organisation, stream) REFERENCES streams
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX reach_loads ON reach (organisation, load, site) WHERE load <> 'none'",
    """
    CREATE TABLE acks (
        organisation TEXT NOT NULL,
        id INTEGER NOT NULL,
        origin TEXT NOT NULL,
        site TEXT NOT NULL,
        received_at TEXT NOT NULL,
        ack TEXT NOT NULL,
        PRIMARY KEY (organisation, id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX acks_origin ON acks (organisation, origin, id)",
    """
    CREATE TABLE loads (
        organisation TEXT NOT NULL,
        load INTEGER NOT NULL,
        stream INTEGER NOT NULL,
        digest TEXT NOT NULL,
        no INTEGER NOT NULL,
        plan_version INTEGER NOT NULL,
        made_at TEXT NOT NULL,
        offered_at TEXT NOT NULL,
        PRIMARY KEY (organisation, load),
        UNIQUE (organisation, stream, digest),
        FOREIGN KEY (organisation, stream) REFERENCES streams
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE load_chunks (
        organisation TEXT NOT NULL,
        load INTEGER NOT NULL,
        position INTEGER NOT NULL,
        entity TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        raw_size INTEGER NOT NULL,
        records INTEGER NOT NULL,
        "rows" INTEGER NOT NULL,
        PRIMARY KEY (organisation, load, position),
        FOREIGN KEY (organisation, load) REFERENCES loads ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX load_chunks_body ON load_chunks (organisation, sha256)",
    """
    CREATE TABLE load_sites (
        organisation TEXT NOT NULL,
        load INTEGER NOT NULL,
        site TEXT NOT NULL,
        PRIMARY KEY (organisation, load, site),
        FOREIGN KEY (organisation, load) REFERENCES loads ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX load_sites_site ON load_sites (organisation, site)",
)


def upgrade() -> None:
    """Make every table, the one organisation, and the audience *all*."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    connection.exec_driver_sql(
        "INSERT INTO organisations (organisation, relay_id, made_at) VALUES ('default', ?, ?)",
        (secrets.token_hex(16), now),
    )
    connection.exec_driver_sql("INSERT INTO audiences VALUES ('default', '*', '*', ?)", (now,))
