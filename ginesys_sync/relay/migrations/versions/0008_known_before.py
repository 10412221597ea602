"""What a site, and a life of it, said that it knows when it opened a run: less, later, is an older
copy, whatever the number of its run. Runs that never arrived have used up some.

`collected` is the last acknowledgement (`acks.id`) that the site had (all up to there are
forgotten), `opened` the last run that was answered.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

SCHEMA = (
    "ALTER TABLE sites ADD COLUMN collected INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE incarnations ADD COLUMN opened INTEGER NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    """No site has said anything yet."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
