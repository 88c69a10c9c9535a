"""Parser of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from query.errors import BadQuery, EmptyQuery

from .lexer import FilterToken, PicturePath, Sign, Token, Words, has_several_tokens, tokenize, tokenize_whole
from .query import Filter, Picture, Query, Term, Text

#: Values of all filters together: databases refuse thousands of conditions in one statement.
_MAX_VALUES = 500


def parse(words: Sequence[str]) -> Query:
    """Parse *words* of a command line, from which the shell has removed quotes.

    So a word with spaces is one token, such as `in:New York` or `beach at sunset`, unless it has several, as a whole
    query in one pair of quotes. Raises `BadQuery`, and nothing else, for any invalid query.
    """
    builder = _QueryBuilder()
    for word in words:
        if len(word.split()) > 1:
            builder.end_text()
            builder.take(_tokens(word.strip()))
            builder.end_text()
        else:
            builder.take(tokenize(word))
    return builder.query()


def parse_line(text: str) -> Query:
    """Parse *text*, a query with its quotes. Raises `BadQuery`."""
    builder = _QueryBuilder()
    builder.take(tokenize(text))
    return builder.query()


def _tokens(text: str) -> Iterable[Token]:
    return tokenize(text) if has_several_tokens(text) else [tokenize_whole(text)]


class _QueryBuilder:
    """Builds a query from tokens: consecutive words become one text, and signs apply to what follows them."""

    def __init__(self) -> None:
        self._terms: list[Term] = []
        self._filters: list[Filter] = []
        #: Consecutive words, the sign before them, and their place among the terms.
        self._run: list[str] = []
        self._run_sign = 1
        self._run_start = 0
        self._pending: Sign | None = None

    def take(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            match token:
                case Sign():
                    self._sign(token)
                case Words(sign=0, weight=None, is_phrase=False):
                    self._word(token.text)
                case Words():
                    self._phrase(token)
                case PicturePath():
                    self._terms.append(Picture(token.path, self._weight(token.sign, token.weight, token.source)))
                case FilterToken():
                    is_negated = self._weight(token.sign, None, token.source) < 0
                    self._filters.append(replace(token.filter, negated=is_negated))
                    if sum(len(each.values) for each in self._filters) > _MAX_VALUES:
                        raise BadQuery(
                            token.source, f"is too much: all filters together have at most {_MAX_VALUES} values"
                        )

    def end_text(self) -> None:
        """End the current text; following words begin another."""
        if not self._run:
            return
        self._terms.insert(self._run_start, Text(" ".join(self._run), float(self._run_sign)))
        self._run = []
        self._run_sign = 1

    def query(self) -> Query:
        self.end_text()
        if self._pending is not None:
            raise BadQuery(self._pending.source, "is a sign with nothing after it", "put it in quotes to search for it")
        if not self._terms and not self._filters:
            raise EmptyQuery
        return Query(tuple(self._terms), tuple(self._filters))

    def _sign(self, sign: Sign) -> None:
        if self._pending is not None:
            raise BadQuery(sign.source, "is the second sign in a row")
        self.end_text()
        self._pending = sign

    def _word(self, word: str) -> None:
        if self._pending is not None:
            self._run_sign, self._pending = self._pending.sign, None
        if not self._run:
            self._run_start = len(self._terms)
        self._run.append(word)

    def _phrase(self, phrase: Words) -> None:
        text = " ".join(phrase.text.split())
        if not text:
            if phrase.sign or phrase.weight is not None or self._pending is not None:
                raise BadQuery(phrase.source, "has no words in its quotes")
            return
        self._terms.append(Text(text, self._weight(phrase.sign, phrase.weight, phrase.source)))

    def _weight(self, sign: int, weight: float | None, source: str) -> float:
        """Return the weight with the sign attached to it or standing before it."""
        if self._pending is not None:
            if sign:
                raise BadQuery(source, "has a sign and stands after another one")
            sign, self._pending = self._pending.sign, None
        return (sign or 1) * (1.0 if weight is None else weight)
