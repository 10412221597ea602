"""What tells one thing from another that has its number.

`token` is a word of each site's last run alone: a site that was brought back from an older copy
gives a run's number a second time. `ack_said` tells a later word on what is parked, in one run,
from the earlier one that comes late.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

SCHEMA = (
    "ALTER TABLE incarnations ADD COLUMN token TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE reach ADD COLUMN ack_said INTEGER NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    """No run has told its word, and none has said anything twice."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
