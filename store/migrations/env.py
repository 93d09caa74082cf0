"""Alembic's entry: migrate on the connection that `Database.migrate` hands over, one process at a time."""

from alembic import context
from sqlalchemy import text

from store.tables import metadata

connection = context.config.attributes["connection"]
connection.execute(text("SELECT pg_advisory_xact_lock(715517)"))
context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
with context.begin_transaction():
    context.run_migrations()
