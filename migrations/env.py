"""Alembic's environment: runs revisions on the connection it is handed, in that connection's transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import URL, Connection, create_engine

from store.sql.schema import metadata
from store.sql.word_index import is_no_index


def run(connection: Connection) -> None:
    """Run the requested revisions."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_no_index,
        # SQLite changes a table by rebuilding it; and its DDL is transactional once the driver keeps out of it.
        render_as_batch=True,
        transactional_ddl=True,
    )
    context.run_migrations()


handed: Connection | None = context.config.attributes.get("connection")
if handed is not None:
    run(handed)
else:
    # For `alembic -x catalog=FILE revision --autogenerate`, which compares the models with that catalog.
    catalog = context.get_x_argument(as_dictionary=True)["catalog"]
    with create_engine(URL.create("sqlite", database=str(catalog))).connect() as connection:
        run(connection)
