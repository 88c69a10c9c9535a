"""Plain rows of PostgreSQL, read and added by COPY in its binary format; see `plain_rows`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Select, Table

from .bulk import from_halfvec, to_halfvec
from .plain_values import Kind, Row, ValueRefused, changed, conversions
from .postgres import driver_of

#: PostgreSQL's type of each kind, as the driver reads and writes it. JSON is its text, and a vector its bytes.
_TYPES: Final = {
    Kind.NUMBER: "int8",
    Kind.FLAG: "bool",
    Kind.REAL: "float8",
    Kind.TEXT: "text",
    Kind.JSON: "text",
    Kind.TIME: "timestamp",
    Kind.BYTES: "bytea",
    Kind.HALFVEC: "bytea",
}
#: Administrators set them against transactions that were forgotten; some servers know fewer of them.
_TIMEOUTS: Final = "'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'"


def read_rows(connection: Connection, query: Select[Any], kinds: Sequence[Kind]) -> Iterator[Row]:
    """Yield the rows of *query* as plain values of columns of these *kinds*.

    The transaction may then last, however long it takes to use them.
    """
    lasting = f"SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN ({_TIMEOUTS})"  # noqa: S608 - names
    driver_of(connection).execute(lasting.encode(), prepare=False)
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    with (
        driver_of(connection).cursor() as cursor,
        cursor.copy(f"COPY ({compiled}) TO STDOUT (FORMAT BINARY)", compiled.params) as copy,
    ):
        copy.set_types([_TYPES[kind] for kind in kinds])
        yield from changed(copy.rows(), conversions(kinds, _READ))


def add_rows(connection: Connection, table: Table, rows: Sequence[Row], kinds: Sequence[Kind]) -> None:
    """Add *rows* to *table*, all its columns, of these *kinds*. Raises `ValueRefused`."""
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.quote(column.name) for column in table.columns)
    statement = f"COPY {preparer.format_table(table)} ({names}) FROM STDIN (FORMAT BINARY)"
    try:
        with driver_of(connection).cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_TYPES[kind] for kind in kinds])
            for row in changed(iter(rows), conversions(kinds, _WRITTEN)):
                copy.write_row(row)
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded) as error:
        raise ValueRefused(error.diag.message_primary or str(error)) from error
    except (TypeError, ValueError) as error:
        raise ValueRefused(str(error)) from error


def given_ids(connection: Connection, tables: Sequence[Table]) -> dict[str, int]:
    """Return the highest id that was given in each of *tables*; see `plain_rows`."""
    # A role that may read the tables alone is told no number here.
    names = "quote_ident(schemaname) || '.' || quote_ident(sequencename)"
    rows = connection.exec_driver_sql(f"SELECT {names}, last_value FROM pg_sequences")  # noqa: S608 - columns of a view
    last = {str(name): number for name, number in rows}
    return {table.name: last.get(_sequence(connection, table)) or 0 for table in tables}


def set_given_ids(connection: Connection, tables: Sequence[Table], given: Mapping[str, int]) -> None:
    """Let the ids of new rows in *tables* come after those that were *given*."""
    for table in tables:
        number = given[table.name]
        # A sequence counts from 1, and the last value says whether that was given.
        values = (_sequence(connection, table), max(number, 1), number > 0)
        connection.exec_driver_sql("SELECT setval(%s, %s, %s)", values)


def _sequence(connection: Connection, table: Table) -> str:
    (key,) = table.primary_key.columns.keys()
    names = (connection.dialect.identifier_preparer.format_table(table), key)
    return str(connection.exec_driver_sql("SELECT pg_get_serial_sequence(%s, %s)", names).scalar_one())


def _time_text(time: datetime) -> str:
    return time.isoformat(" ", "microseconds")


_READ: Final[dict[Kind, Callable[[Any], object]]] = {
    Kind.FLAG: int,
    Kind.TIME: _time_text,
    Kind.HALFVEC: from_halfvec,
}
_WRITTEN: Final[dict[Kind, Callable[[Any], object]]] = {
    Kind.FLAG: bool,
    Kind.TIME: datetime.fromisoformat,
    Kind.HALFVEC: to_halfvec,
}
