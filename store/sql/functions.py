"""SQL expressions that databases spell differently. The spelling is chosen when a statement is compiled.

So one statement, built once, serves a SQLite catalog and a PostgreSQL one in the same process.
"""

from __future__ import annotations

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


class _JSONItems(FunctionElement[str]):
    inherit_cache = True
    type = Text()


@compiles(_JSONItems)
def _json_each(element: _JSONItems, compiler: SQLCompiler, **kept: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kept)})"


@compiles(_JSONItems, _OTHER)
def _json_array_elements(element: _JSONItems, compiler: SQLCompiler, **kept: Any) -> str:
    # Its column is called value, as that of SQLite's function.
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **kept)} AS JSON))"


class _StoredText(FunctionElement[str]):
    inherit_cache = True
    type = Text()


@compiles(_StoredText)
def _same_text(element: _StoredText, compiler: SQLCompiler, **kept: Any) -> str:
    return compiler.process(element.clauses, **kept)


@compiles(_StoredText, _OTHER)
def _cast_to_text(element: _StoredText, compiler: SQLCompiler, **kept: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kept)} AS TEXT)"


class _WholeNumber(FunctionElement[int]):
    inherit_cache = True
    type = BigInteger()


@compiles(_WholeNumber)
def _same_number(element: _WholeNumber, compiler: SQLCompiler, **kept: Any) -> str:
    return compiler.process(element.clauses, **kept)


@compiles(_WholeNumber, _OTHER)
def _cast_to_number(element: _WholeNumber, compiler: SQLCompiler, **kept: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kept)} AS BIGINT)"


class _Day(FunctionElement[str]):
    inherit_cache = True
    type = String()


@compiles(_Day)
def _start_of_time(element: _Day, compiler: SQLCompiler, **kept: Any) -> str:
    return f"substr(CAST({compiler.process(element.clauses, **kept)} AS VARCHAR), 1, 10)"


@compiles(_Day, _OTHER)
def _formatted_time(element: _Day, compiler: SQLCompiler, **kept: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kept)}, 'YYYY-MM-DD')"


class _Position(FunctionElement[int]):
    inherit_cache = True
    type = BigInteger()


@compiles(_Position)
def _instr(element: _Position, compiler: SQLCompiler, **kept: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kept)})"


@compiles(_Position, _OTHER)
def _position(element: _Position, compiler: SQLCompiler, **kept: Any) -> str:
    whole, part = element.clauses
    return f"position({compiler.process(part, **kept)} IN {compiler.process(whole, **kept)})"


class _From(FunctionElement[bytes]):
    inherit_cache = True
    type = LargeBinary()


@compiles(_From)
def _substr(element: _From, compiler: SQLCompiler, **kept: Any) -> str:
    return f"substr({compiler.process(element.clauses, **kept)})"


@compiles(_From, _OTHER)
def _substr_from(element: _From, compiler: SQLCompiler, **kept: Any) -> str:
    whole, start = (compiler.process(each, **kept) for each in element.clauses)
    # From a place before the start PostgreSQL takes all, and SQLite counts from the end.
    start = f"CASE WHEN {start} < 0 THEN length({whole}) + 1 + {start} ELSE {start} END"
    return f"substr({whole}, CAST({start} AS INTEGER))"


class _Like(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()


@compiles(_Like)
def _like(element: _Like, compiler: SQLCompiler, **kept: Any) -> str:
    path, pattern = (compiler.process(each, **kept) for each in element.clauses)
    return f"(CAST({path} AS VARCHAR) LIKE {pattern} ESCAPE '\\')"


@compiles(_Like, _OTHER)
def _ilike(element: _Like, compiler: SQLCompiler, **kept: Any) -> str:
    path, pattern = (compiler.process(each, **kept) for each in element.clauses)
    # Any bytes are a text in Latin-1, and in the collation C no letters but those of ASCII have capitals.
    return f"(convert_from({path}, 'LATIN1') COLLATE \"C\" ILIKE {pattern} ESCAPE '\\')"


class _HoldsOthers(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()


@compiles(_HoldsOthers)
def _longer_as_blob(element: _HoldsOthers, compiler: SQLCompiler, **kept: Any) -> str:
    text = compiler.process(element.clauses, **kept)
    return f"(length({text}) <> length(CAST({text} AS BLOB)))"


@compiles(_HoldsOthers, _OTHER)
def _longer_as_bytes(element: _HoldsOthers, compiler: SQLCompiler, **kept: Any) -> str:
    text = compiler.process(element.clauses, **kept)
    return f"(length({text}) <> octet_length({text}))"


class _VectorLength(FunctionElement[int]):
    inherit_cache = True
    type = BigInteger()


@compiles(_VectorLength)
def _half_of_bytes(element: _VectorLength, compiler: SQLCompiler, **kept: Any) -> str:
    # Of an odd number of bytes, the half is no whole number.
    return f"(length({compiler.process(element.clauses, **kept)}) / 2.0)"


@compiles(_VectorLength, _OTHER)
def _vector_dims(element: _VectorLength, compiler: SQLCompiler, **kept: Any) -> str:
    return f"vector_dims({compiler.process(element.clauses, **kept)})"


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
