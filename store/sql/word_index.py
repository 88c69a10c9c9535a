"""The full-text index of `photo_text.words`, by each database's own means.

SQLite has an FTS5 table, `photo_words`, that triggers keep; its rows have the ids of those of `photo_text`. PostgreSQL
has a GIN index of that name on the words of a row as a list. It finds the rows with all the words of a phrase, and
these are compared with the phrase itself: a `tsvector` would forget the places of a word after the 256th.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Connection, Text, literal
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from store.errors import CatalogDamaged

from .dialect import is_postgres
from .sqlite import by_kind

#: Statements that leave SQLite's index without rows, in the tables of FTS5 itself.
_EMPTY_INDEX: Final = (
    "DELETE FROM photo_words_config",
    "DELETE FROM photo_words_idx",
    "DELETE FROM photo_words_data",
    "INSERT INTO photo_words_config (k, v) VALUES ('version', 4)",
    "INSERT INTO photo_words_data (id, block) VALUES (1, x''), (10, x'00000000000000')",
)
#: Characters of a word that PostgreSQL indexes; an entry of its index holds 2 700 bytes, and its patterns count to 255.
_LONGEST: Final = 250


class _HasPhrase(FunctionElement[bool]):
    """The row's id, its words, and the phrase: as FTS5 takes it, as words that are indexed, and between spaces."""

    inherit_cache = True
    type = Boolean()


@compiles(_HasPhrase)
def _match(element: _HasPhrase, compiler: SQLCompiler, **kept: Any) -> str:
    row, _, quoted, _, _ = element.clauses
    found = f"SELECT rowid FROM photo_words WHERE photo_words MATCH {compiler.process(quoted, **kept)}"  # noqa: S608 - a placeholder
    return f"({compiler.process(row, **kept)} IN ({found}))"


@compiles(_HasPhrase, "postgresql")
def _contains(element: _HasPhrase, compiler: SQLCompiler, **kept: Any) -> str:
    _, words, _, indexed, spaced = (compiler.process(each, **kept) for each in element.clauses)
    has_all = f"{words_as_list(words)} @> string_to_array({indexed}, ' ')"
    return f"({has_all} AND position({spaced} IN ' ' || {words} || ' ') > 0)"


def words_as_list(words: str) -> str:
    """Return the expression that PostgreSQL indexes, of a column of words: those that are not too long, as a list."""
    return f"string_to_array(regexp_replace({words}, '[^ ]{{{_LONGEST + 1},}}', '', 'g'), ' ')"


def has_phrase(row_id: ColumnElement[int], row_words: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a row of `photo_text` has these words next to each other, in order.

    There is at least one word, and all are as `words_of` gives them.
    """
    phrase = " ".join(words)
    # Words hold no quotation mark, so nothing in the quotes is an operator of the query.
    forms = (f'"{phrase}"', " ".join(word for word in words if len(word) <= _LONGEST), f" {phrase} ")
    return _HasPhrase(row_id, row_words, *(literal(form, Text()) for form in forms))


def is_word_index_whole(connection: Connection) -> bool:
    """Return whether the full-text index is that of the rows of `photo_text`. It reads both; in a write alone.

    It is true on PostgreSQL, whose server answers for its indexes.
    """
    if is_postgres(connection.dialect):
        return True
    try:
        # With the rank 1, the index is compared with the rows as well.
        connection.exec_driver_sql("INSERT INTO photo_words (photo_words, rank) VALUES ('integrity-check', 1)")
    except DBAPIError as error:
        if not isinstance(by_kind(error, Path()), CatalogDamaged):
            raise
        return False
    return True


def rebuild_word_index(connection: Connection) -> None:
    """Make the full-text index anew from the rows of `photo_text`, however damaged it is."""
    if is_postgres(connection.dialect):
        connection.exec_driver_sql("REINDEX INDEX photo_words")
        return
    # FTS5 keeps what this transaction wrote in memory until a savepoint or the end. It would write it between the next
    # statements, by what it remembers of tables that they change, and find these damaged.
    with connection.begin_nested():
        pass
    # FTS5 reads its own tables before it makes them anew, and gives up where they are damaged. This is how it leaves
    # them for an index without rows (format 4).
    for statement in _EMPTY_INDEX:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO photo_words (photo_words) VALUES ('rebuild')")


def is_no_index(name: str | None, kind: str, _parents: object) -> bool:
    """Return whether Alembic compares that table or index: the full-text index is none of the models'."""
    return kind not in {"table", "index"} or name is None or not name.startswith("photo_words")
