"""What Alembic runs: the steps, on the connection and in the transaction that the store has opened."""

from alembic import context

from archstat.store.opening import VERSION_TABLE

if hasattr(context, "config"):  # else somebody looks at the file, and Alembic does not run it
    context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
    context.run_migrations()
