"""Alembic's environment: runs revisions on the connection it is handed, in that connection's transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from store.schema import metadata


def run(connection: Connection) -> None:
    """Run what was asked for."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite changes a table by making it anew; and its DDL is transactional once the driver keeps out of it.
        render_as_batch=True,
        transactional_ddl=True,
    )
    context.run_migrations()


handed: Connection | None = context.config.attributes.get("connection")
if handed is not None:
    run(handed)
else:
    # `alembic revision --autogenerate` from the checkout compares the models with an empty database.
    with create_engine("sqlite://").connect() as scratch:
        run(scratch)
