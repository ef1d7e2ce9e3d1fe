"""Run by Alembic: apply the migrations on the connection that `upgrade` gives."""

from alembic import context

from cds_service.journal.migrations import VERSION_TABLE
from cds_service.journal.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
