"""What says that the Web Database itself was brought back from an older copy.

`set_back` is the run at which a site was found to know of a later run of itself than is known here;
it stays until the site says that it has sent again what is missing here.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """No site has told of it."""
    op.get_bind().exec_driver_sql(
        "ALTER TABLE sites ADD COLUMN set_back INTEGER NOT NULL DEFAULT 0"
    )
