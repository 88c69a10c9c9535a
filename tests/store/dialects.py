"""Dialects whose engines share compiled statements.

Each catalog has an engine of its own, and each test has catalogs of its own; to compile their statements anew takes
half of the time of a command. A process of the program opens one catalog, and does without.
"""

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

#: SQLAlchemy takes the dialect as a part of the key; as many as an engine keeps by default, for each kind of database.
_compiled = LRUCache(1000)


class _Sharing:
    """A dialect that equals all others of its kind and of its server's version."""

    server_version_info = None

    def __eq__(self, other):
        return type(other) is type(self) and other.server_version_info == self.server_version_info

    def __hash__(self):
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)


class SharingSQLite(_Sharing, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class SharingPostgres(_Sharing, PGDialect_psycopg):
    supports_statement_cache = True


def share_compiled_statements() -> None:
    """Let engines that are made from now on use these dialects."""
    registry.register("sqlite.pysqlite", __name__, SharingSQLite.__name__)
    registry.register("postgresql.psycopg", __name__, SharingPostgres.__name__)
