"""What plans and controls the sync: policies, blocks, the audit list, alerts, activity,
arrivals."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE sync_contact ADD COLUMN clock_ahead_seconds INTEGER DEFAULT 0 NOT NULL",
    """
        CREATE TABLE sync_master_policy (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY
        (name))
    """,
    """
        CREATE TABLE sync_site_policy (site TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (site, name))
    """,
    """
        CREATE TABLE sync_block (id INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, k1
        DEFAULT '' NOT NULL, k2 DEFAULT '' NOT NULL, k3 DEFAULT '' NOT NULL, k4 DEFAULT '' NOT NULL,
        reason TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (id), UNIQUE (kind,
        name, k1, k2, k3, k4))
    """,
    """
        CREATE TABLE sync_audit (id INTEGER NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL, action
        TEXT NOT NULL, what TEXT NOT NULL, reason TEXT DEFAULT '' NOT NULL, PRIMARY KEY (id))
    """,
    """
        CREATE TABLE sync_alert (id INTEGER NOT NULL, kind TEXT NOT NULL, site TEXT NOT NULL, words
        TEXT NOT NULL, since TEXT NOT NULL, told_at TEXT, cleared_at TEXT, PRIMARY KEY (id))
    """,
    "CREATE INDEX sync_alert_open ON sync_alert (cleared_at, kind, site)",
    """
        CREATE TABLE sync_activity (site TEXT NOT NULL, hour INTEGER NOT NULL, contacts INTEGER
        DEFAULT 0 NOT NULL, records INTEGER DEFAULT 0 NOT NULL, PRIMARY KEY (site, hour))
        WITHOUT ROWID
    """,
    """
        CREATE TABLE sync_arrival (id INTEGER NOT NULL, run INTEGER NOT NULL, entity TEXT NOT NULL,
        k1 DEFAULT '' NOT NULL, k2 DEFAULT '' NOT NULL, k3 DEFAULT '' NOT NULL, k4 DEFAULT '' NOT
        NULL, "column" TEXT NOT NULL, old , new , PRIMARY KEY (id))
    """,
    "CREATE INDEX sync_arrival_run ON sync_arrival (run)",
)


def upgrade() -> None:
    """Add the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
