"""What head office takes back before a site has heard of it, and what its loads leave out.

`listed` is how far batches of a stream were listed to a site, kept from this version on: what was
here before may have been listed to anybody, so `listed_before` is the head of that moment. A row of
`withdrawn` takes one batch from one site (`*`: from all). `held` are the records that a load left
out because head office holds them back, as JSON.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

SCHEMA = (
    "ALTER TABLE reach ADD COLUMN listed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE streams ADD COLUMN listed_before INTEGER NOT NULL DEFAULT 0",
    "UPDATE streams SET listed_before = head",
    "ALTER TABLE loads ADD COLUMN held TEXT NOT NULL DEFAULT '[]'",
    """
    CREATE TABLE withdrawn (
        organisation TEXT NOT NULL,
        stream INTEGER NOT NULL,
        no INTEGER NOT NULL,
        site TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (organisation, stream, no, site),
        FOREIGN KEY (organisation, stream) REFERENCES streams
    ) STRICT, WITHOUT ROWID
    """,
)


def upgrade() -> None:
    """Begin to keep what was listed; nothing is withdrawn."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
