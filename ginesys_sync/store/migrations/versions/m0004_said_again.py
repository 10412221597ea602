"""How often an acknowledgement was said again in its run, because what is parked had changed."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = ("ALTER TABLE sync_ack ADD COLUMN said INTEGER NOT NULL DEFAULT 0",)


def upgrade() -> None:
    """None is said again yet."""
    for statement in STATEMENTS:
        op.execute(statement)
