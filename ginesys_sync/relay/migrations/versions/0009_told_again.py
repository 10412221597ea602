"""What a site that is brought back from an older copy is told once more.

Each call of head office's that takes something back has a number, so that it is told of those it
does not know. `last_words` is what a site that ever needed attention in a stream last said of it:
its acknowledgements themselves are forgotten when they are collected.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

SCHEMA = (
    "ALTER TABLE organisations ADD COLUMN last_withdrawal INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE withdrawn ADD COLUMN withdrawal INTEGER NOT NULL DEFAULT 0",
    """
    UPDATE withdrawn SET withdrawal = (SELECT count(DISTINCT w.at) FROM withdrawn w
        WHERE w.organisation = withdrawn.organisation AND w.at <= withdrawn.at)
    """,
    """
    UPDATE organisations SET last_withdrawal = (SELECT coalesce(max(withdrawal), 0) FROM withdrawn w
        WHERE w.organisation = organisations.organisation)
    """,
    "CREATE INDEX withdrawn_in_order ON withdrawn (organisation, withdrawal)",
    """
    CREATE TABLE last_words (
        organisation TEXT NOT NULL,
        stream INTEGER NOT NULL,
        site TEXT NOT NULL,
        parked_total INTEGER NOT NULL,
        parked TEXT NOT NULL,
        PRIMARY KEY (organisation, stream, site),
        FOREIGN KEY (organisation, stream) REFERENCES streams
    ) STRICT
    """,
)


def upgrade() -> None:
    """Number what was taken back by the moments of it; nobody has said anything yet."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
