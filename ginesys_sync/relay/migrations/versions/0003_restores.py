"""What recognises a site that was brought back from an older copy, and what lets it heal.

`incarnations` are the lives of a site: one is current; one that was found behind is `restored`
until it has read its own mail back and goes on as its `successor`; the others are retired, with the
last run that was seen of them. `finished` batches were applied by everybody and are kept a while
longer, so that a restored site can read them back. `acked_at` gives it back when its batches were
processed, `again` says that head office needs more of a store's stream than is kept.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

SCHEMA = (
    """
    CREATE TABLE incarnations (
        organisation TEXT NOT NULL,
        site TEXT NOT NULL,
        incarnation TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('current', 'restored', 'retired')),
        run INTEGER NOT NULL,
        why TEXT NOT NULL DEFAULT '',
        successor TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (organisation, site, incarnation),
        FOREIGN KEY (organisation, site) REFERENCES sites (organisation, site)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO incarnations (organisation, site, incarnation, state, run)
    SELECT organisation, site, incarnation, 'current', run FROM sites
    WHERE incarnation IS NOT NULL
    """,
    "ALTER TABLE sites DROP COLUMN incarnation",
    """
    CREATE TABLE finished (
        organisation TEXT NOT NULL,
        stream INTEGER NOT NULL,
        no INTEGER NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (organisation, stream, no),
        FOREIGN KEY (organisation, stream, no) REFERENCES batches (organisation, stream, no)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX finished_at ON finished (organisation, at)",
    "ALTER TABLE reach ADD COLUMN acked_at TEXT",
    "ALTER TABLE reach ADD COLUMN again INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX reach_again ON reach (organisation, stream) WHERE again = 1",
)


def upgrade() -> None:
    """Every site's present life is its current one."""
    connection = op.get_bind()
    for statement in SCHEMA:
        connection.exec_driver_sql(statement)
