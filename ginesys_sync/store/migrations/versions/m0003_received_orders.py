"""The orders in which *Received Data* is listed: indexes over what came, and over nothing else."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "CREATE INDEX sync_batch_came ON sync_batch (received_at, run) WHERE received_at IS NOT NULL",
    "CREATE INDEX sync_batch_much ON sync_batch (entity, records + gone, run) "
    "WHERE received_at IS NOT NULL",
    "CREATE INDEX sync_batch_size ON sync_batch (size, run) WHERE received_at IS NOT NULL",
    "CREATE INDEX sync_batch_no ON sync_batch (no, run) WHERE received_at IS NOT NULL",
    "CREATE INDEX sync_ack_collected ON sync_ack (run) WHERE collected_at IS NOT NULL",
    "CREATE INDEX sync_ack_came ON sync_ack (collected_at, run) WHERE collected_at IS NOT NULL",
    "CREATE INDEX sync_ack_much ON sync_ack (to_no - from_no, run) WHERE collected_at IS NOT NULL",
    "CREATE INDEX sync_ack_no ON sync_ack (to_no, run) WHERE collected_at IS NOT NULL",
    "CREATE INDEX sync_ack_own ON sync_ack (applied_at) WHERE collected_at IS NULL",
    "CREATE INDEX sync_ack_parked ON sync_ack (run) WHERE parked_total > 0",
)


def upgrade() -> None:
    """Add the indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
