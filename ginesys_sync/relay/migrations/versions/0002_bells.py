"""The bells that wake waiting sites, and how far each site's clock is ahead.

A bell is one row for one piece of news, whomever it concerns: `whom` is `*`, the name of an
audience, or sites joined by commas; the sites in `save` are not meant. Numbers only grow, and a row
that is long takes more than one of them: so the numbers kept bound the bytes kept.

The index on `reach` finds the few sites that may read further than all do.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

SCHEMA = (
    "ALTER TABLE organisations ADD COLUMN last_bell INTEGER NOT NULL DEFAULT 0",
    """
    CREATE TABLE bells (
        organisation TEXT NOT NULL REFERENCES organisations,
        id INTEGER NOT NULL,
        what TEXT NOT NULL,
        whom TEXT NOT NULL,
        save TEXT NOT NULL,
        PRIMARY KEY (organisation, id)
    ) STRICT, WITHOUT ROWID
    """,
    "ALTER TABLE sites ADD COLUMN clock_ahead_seconds INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX reach_released ON reach (organisation, stream, released) WHERE released > 0",
)


def upgrade() -> None:
    """Make the log of bells: empty, at number 0."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
