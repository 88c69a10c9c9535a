"""SQL expressions that databases spell differently. The spelling is chosen when a statement is compiled.

So one statement, built once, serves a SQLite catalog and a PostgreSQL one in the same process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, LargeBinary, String, TableValuedAlias, Text, and_, literal
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: The name of a dialect for which the second spelling is meant.
_OTHER = "postgresql"


@compiles(OnConflictDoNothing, _OTHER)
def _do_nothing(element: Any, compiler: Any, **kept: Any) -> str:
    element.constraint_target = None
    return str(compiler.visit_on_conflict_do_nothing(element, **kept))


@compiles(OnConflictDoUpdate, _OTHER)
def _do_update(element: Any, compiler: Any, **kept: Any) -> str:
    # PostgreSQL could name a constraint here, and its compiler asks for that.
    element.constraint_target = None
    return str(compiler.visit_on_conflict_do_update(element, **kept))


def _spell(function: type[FunctionElement[Any]], plain: str, other: str) -> None:
    """Compile *function* as *plain*, and for PostgreSQL as *other*: formats that get its arguments in order."""

    def compiled(form: str) -> Callable[..., str]:
        def compile_function(element: FunctionElement[Any], compiler: SQLCompiler, **kept: Any) -> str:
            return form.format(*(compiler.process(each, **kept) for each in element.clauses))

        return compile_function

    compiles(function)(compiled(plain))
    compiles(function, _OTHER)(compiled(other))


class _JSONItems(FunctionElement[str]):
    inherit_cache = True
    type = Text()


# The column of PostgreSQL's function is called value, as that of SQLite's.
_spell(_JSONItems, "json_each({0})", "json_array_elements_text(CAST({0} AS JSON))")


class _StoredText(FunctionElement[str]):
    inherit_cache = True
    type = Text()


_spell(_StoredText, "{0}", "CAST({0} AS TEXT)")


class _WholeNumber(FunctionElement[int]):
    inherit_cache = True
    type = BigInteger()


_spell(_WholeNumber, "{0}", "CAST({0} AS BIGINT)")


class _Day(FunctionElement[str]):
    inherit_cache = True
    type = String()


_spell(_Day, "substr(CAST({0} AS VARCHAR), 1, 10)", "to_char({0}, 'YYYY-MM-DD')")


class _Position(FunctionElement[int]):
    inherit_cache = True
    type = BigInteger()


_spell(_Position, "instr({0}, {1})", "position({1} IN {0})")


class _From(FunctionElement[bytes]):
    inherit_cache = True
    type = LargeBinary()


# From a place before the start PostgreSQL takes all, and SQLite counts from the end.
_START = "CASE WHEN {1} < 0 THEN length({0}) + 1 + {1} ELSE {1} END"
_spell(_From, "substr({0}, {1})", f"substr({{0}}, CAST({_START} AS INTEGER))")


class _Like(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()


# For PostgreSQL any bytes are a text in Latin-1, and in the collation C no letters but those of ASCII have capitals.
_spell(
    _Like,
    "(CAST({0} AS VARCHAR) LIKE {1} ESCAPE '\\')",
    "(convert_from({0}, 'LATIN1') COLLATE \"C\" ILIKE {1} ESCAPE '\\')",
)


class _HoldsOthers(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()


_spell(_HoldsOthers, "(length({0}) <> length(CAST({0} AS BLOB)))", "(length({0}) <> octet_length({0}))")


class _VectorLength(FunctionElement[int]):
    inherit_cache = True
    type = BigInteger()


# Of an odd number of bytes, the half is no whole number.
_spell(_VectorLength, "(length({0}) / 2.0)", "vector_dims({0})")


def each_of(items: ColumnElement[Any]) -> TableValuedAlias:
    """Return the items of a JSON list, one a row, as the column `value`: texts, on SQLite numbers where they are."""
    return _JSONItems(items).table_valued("value")


def whole_number(value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return *value*, which is a whole number in a type that the database may have another one for, as a number."""
    return _WholeNumber(value)


def stored_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the text of a JSON value as it is stored."""
    return _StoredText(value)


def is_filled(value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a JSON list is not empty."""
    return stored_text(value) != literal("[]", Text())


def holds_others_than_ascii(text: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that *text* holds a character that is not ASCII."""
    return _HoldsOthers(text)


def vector_length(vector: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the number of elements of a vector of float16."""
    return _VectorLength(vector)


def day_of(moment: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the date of *moment* as the text YYYY-MM-DD."""
    return _Day(moment)


def contains(whole: ColumnElement[bytes], part: bytes) -> ColumnElement[bool]:
    """Return the condition that the bytes *part* occur in *whole*."""
    return _Position(whole, literal(part, LargeBinary())) > 0


def lies_directly(path: ColumnElement[bytes], start: int) -> ColumnElement[bool]:
    """Return the condition that *path* has no slash from byte *start*, counted from 0, on."""
    return _Position(_From(path, literal(start + 1, BigInteger())), literal(b"/", LargeBinary())) == 0


def lies_below(path: ColumnElement[bytes], folder: bytes) -> ColumnElement[bool]:
    """Return the condition that *path* lies in the directory *folder* or below it; neither ends with a slash."""
    # The slash and the byte after it bound all paths that begin with the folder's name and a slash.
    return and_(path > folder + b"/", path < folder + b"0")


def ends_with(path: ColumnElement[bytes], ending: bytes) -> ColumnElement[bool]:
    """Return the condition that *path* ends with *ending*; letters of ASCII match their capitals."""
    # Of the last bytes alone: a path may be no text, and its start is not compared.
    last = _From(path, literal(-len(ending), BigInteger()))
    return _Like(last, literal(_escaped(ending.decode("ascii")), Text()))


def like(path: ColumnElement[bytes], pattern: str) -> ColumnElement[bool]:
    r"""Return the condition that *path*, taken as text, matches *pattern*: % and _ are wild, and \ escapes them.

    Letters of ASCII match their capitals; others do not. The pattern must be of ASCII: on PostgreSQL, a byte beyond it
    is a letter of its own.
    """
    return _Like(path, literal(pattern, Text()))


def _escaped(text: str) -> str:
    return "".join(f"\\{mark}" if mark in "%_\\" else mark for mark in text)
