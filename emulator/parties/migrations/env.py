"""What alembic runs: the migrations over a connection that it is given, in the transaction that this one is in."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    transactional_ddl=True,  # SQLite can; alembic does not take it for granted
)
with context.begin_transaction():
    context.run_migrations()
