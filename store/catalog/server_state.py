"""The server that a catalog is on, as it is now."""

from __future__ import annotations

from sqlalchemy import Connection

from store.records import ServerState
from store.sql.dialect import is_postgres

# `transaction_read_only` is that of this very transaction; the default is that of the role or the database.
_STATE = """
SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
    pg_database_size(current_database()), pg_is_in_recovery(),
    NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'
    AND has_table_privilege('photo', 'INSERT')
"""


def server_state(connection: Connection) -> ServerState | None:
    """Return the state of the server at the other end of *connection*; None for SQLite, which has none."""
    if not is_postgres(connection.dialect):
        return None
    version, pgvector, size, is_standby, may_write = connection.exec_driver_sql(_STATE).one()
    # Distributions add their own version behind a space.
    return ServerState(str(version).partition(" ")[0], str(pgvector), int(size), bool(is_standby), bool(may_write))
