"""What Alembic runs: on the connection that `climb` gives, everything in one transaction."""

from alembic import context

from ginesys_sync.relay.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
