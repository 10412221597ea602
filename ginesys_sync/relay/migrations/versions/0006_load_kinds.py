"""Which kinds of record a load holds whole, as a JSON list of names.

Loads that were offered before do not say it, and hold nothing of what is for certain sites: head
office makes them anew.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

SCHEMA = (
    "ALTER TABLE loads ADD COLUMN kinds TEXT NOT NULL DEFAULT '[]'",
    "UPDATE reach SET load = 'wanted', load_no = -1 WHERE load = 'ready'",
    "DELETE FROM load_sites",
)


def upgrade() -> None:
    """No load is offered that does not say what it holds."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
