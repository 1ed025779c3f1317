"""Run by Alembic: migrates inside the transaction that `services.database.engine` hands in."""

from alembic import context

from services.database import lesson_tables, retraining_tables, stakeholder_tables  # noqa: F401 - their tables join the metadata
from services.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by copying its table
)
with context.begin_transaction():
    context.run_migrations()
