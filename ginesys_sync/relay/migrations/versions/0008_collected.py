"""The last acknowledgement (`acks.id`) that a site said it has, when it opened its last run.

All up to there are forgotten. A site that has fewer was brought back from an older copy, whatever
the number of its run: runs that never arrived have used up some.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """No site has said anything yet."""
    op.get_bind().exec_driver_sql(
        "ALTER TABLE sites ADD COLUMN collected INTEGER NOT NULL DEFAULT 0"
    )
