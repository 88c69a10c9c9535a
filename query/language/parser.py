"""From what was typed to a query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from query.errors import BadQuery, EmptyQuery

from .lexer import Condition, File, Mark, Unit, Words, holds_units, read, read_whole
from .query import Filter, Picture, Query, Term, Text

#: Values that the filters of a query may have in all: databases bear no thousands of conditions in one question.
_VALUES = 500


def parse(words: Sequence[str]) -> Query:
    """The query that *words* are, as a shell hands them over: it has taken quotes away.

    So a word with spaces in it is one unit, such as `in:New York` or `beach at sunset`, unless it holds several, as a
    whole query in one pair of quotes does. Raises `BadQuery` for whatever cannot be read, and nothing else.
    """
    assembly = _Assembly()
    for word in words:
        if len(word.split()) > 1:
            assembly.pause()
            assembly.take(_units(word.strip()))
            assembly.pause()
        else:
            assembly.take(read(word))
    return assembly.query()


def parse_line(text: str) -> Query:
    """The query that *text* is, where quotes are still in it. Raises `BadQuery`."""
    assembly = _Assembly()
    assembly.take(read(text))
    return assembly.query()


def _units(text: str) -> Iterable[Unit]:
    return read(text) if holds_units(text) else [read_whole(text)]


class _Assembly:
    """Puts units together: words in a row become one text, and signs find what they belong to."""

    def __init__(self) -> None:
        self._terms: list[Term] = []
        self._filters: list[Filter] = []
        #: Plain words in a row, the sign before them, and where among the terms they began.
        self._run: list[str] = []
        self._run_sign = 1
        self._run_start = 0
        self._pending: Mark | None = None

    def take(self, units: Iterable[Unit]) -> None:
        for unit in units:
            match unit:
                case Mark():
                    self._mark(unit)
                case Words(sign=0, weight=None, is_phrase=False):
                    self._word(unit.text)
                case Words():
                    self._phrase(unit)
                case File():
                    self._terms.append(Picture(unit.path, self._weight(unit.sign, unit.weight, unit.token)))
                case Condition():
                    is_negated = self._weight(unit.sign, None, unit.token) < 0
                    self._filters.append(replace(unit.filter, negated=is_negated))
                    if sum(len(each.values) for each in self._filters) > _VALUES:
                        raise BadQuery(unit.token, f"is too much: all filters together have at most {_VALUES} values")

    def pause(self) -> None:
        """The words before stand for themselves."""
        if not self._run:
            return
        self._terms.insert(self._run_start, Text(" ".join(self._run), float(self._run_sign)))
        self._run = []
        self._run_sign = 1

    def query(self) -> Query:
        self.pause()
        if self._pending is not None:
            raise BadQuery(self._pending.token, "is a sign with nothing after it", "put it in quotes to search for it")
        if not self._terms and not self._filters:
            raise EmptyQuery
        return Query(tuple(self._terms), tuple(self._filters))

    def _mark(self, mark: Mark) -> None:
        if self._pending is not None:
            raise BadQuery(mark.token, "is the second sign in a row")
        self.pause()
        self._pending = mark

    def _word(self, word: str) -> None:
        if self._pending is not None:
            self._run_sign, self._pending = self._pending.sign, None
        if not self._run:
            self._run_start = len(self._terms)
        self._run.append(word)

    def _phrase(self, unit: Words) -> None:
        text = " ".join(unit.text.split())
        if not text:
            if unit.sign or unit.weight is not None or self._pending is not None:
                raise BadQuery(unit.token, "has no words in its quotes")
            return
        self._terms.append(Text(text, self._weight(unit.sign, unit.weight, unit.token)))

    def _weight(self, sign: int, weight: float | None, token: str) -> float:
        """The weight with the sign that is stuck to it or stands before it."""
        if self._pending is not None:
            if sign:
                raise BadQuery(token, "has a sign and stands after another one")
            sign, self._pending = self._pending.sign, None
        return (sign or 1) * (1.0 if weight is None else weight)
