"""What a site that is brought back from an older copy is told once more.

`withdrawals` is another word after each withdrawal: head office compares it with the one it knows.
`last_words` is what a site that ever needed attention in a stream last said of it: its
acknowledgements themselves are forgotten when they are collected. `incarnations.since` tells a copy
of a life from the life itself when both know of the same answers.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

SCHEMA = (
    "ALTER TABLE organisations ADD COLUMN withdrawals TEXT NOT NULL DEFAULT ''",
    """
    UPDATE organisations SET withdrawals = lower(hex(randomblob(8))) WHERE EXISTS
        (SELECT 1 FROM withdrawn WHERE withdrawn.organisation = organisations.organisation)
    """,
    "ALTER TABLE incarnations ADD COLUMN since TEXT NOT NULL DEFAULT ''",
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
    """What was taken back before is compared once; nobody has said anything yet."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
