r"""Parser of queries: text to tokens, and tokens to a query.

Tokens are signs, words, phrases, pictures and filters, each with its sign and weight.

A token is SIGN WEIGHT BODY without spaces between: `-2:dog`. The sign is + or -; the weight is a number and a colon not
followed by a digit or a space, so that 3:30 and 16:9 are words. The body is

- "a phrase", where \" and \\ are literal marks;
- \ and a word, which is then literal;
- a path, which starts with ./, ../, ~/ or /, or like:PATH;
- NAME:VALUE|VALUE, a filter, where a value may be "a phrase";
- anything else up to a space: a word. Behind a dash, one letter, a number and the name of a filter are refused: they
  are stray options and filters without a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from query.errors import BadQuery, EmptyQuery

from .errors import InvalidPart
from .filters import FILTER_TYPES, LIKE, closest_filter, find_filter, parse_values
from .query import Filter, Picture, Query, Term, Text

#: Bytes of a query in UTF-8.
MOST_BYTES: Final = 4096
_SIGNS = "+-"
_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+):(?=[^\s\d:])", re.ASCII)
_NAME = re.compile(r"([A-Za-z][A-Za-z_-]*):", re.ASCII)
_PATH = re.compile(r"(?:\.\.?/|~/|/)\S")
#: Words of which a dash makes an option: -n, -v, -20.
_OPTION = re.compile(r"[A-Za-z]|\d+", re.ASCII)
#: Start of a value, from which an unknown filter is recognized. Smileys and web addresses do not match.
_VALUE = re.compile(r"[\w\"*<>]")
_HEAVIEST = 1000.0
#: Values of all filters together: databases refuse thousands of conditions in one statement.
_MAX_VALUES = 500
#: A path with a file extension is complete; what follows is another token.
_HAS_ENDING = re.compile(r"\.[A-Za-z0-9]{2,4}$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that stands alone."""

    sign: int
    source: str


@dataclass(frozen=True, slots=True)
class Words:
    """A word or a phrase. `sign` is 0 and `weight` None if it has none attached."""

    text: str
    sign: int
    weight: float | None
    is_phrase: bool
    source: str


@dataclass(frozen=True, slots=True)
class PicturePath:
    """A path of a picture."""

    path: str
    sign: int
    weight: float | None
    source: str


@dataclass(frozen=True, slots=True)
class FilterToken:
    """A filter, not yet negated."""

    filter: Filter
    sign: int
    source: str


Token = Sign | Words | PicturePath | FilterToken


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of *text*. Raises `BadQuery`."""
    at = _skip_spaces(text, 0)
    while at < len(text):
        scanner = _Scanner(text, at, _end_of_word(text, at))
        yield scanner.token()
        at = _skip_spaces(text, scanner.at)


def tokenize_whole(text: str) -> Token:
    """Return all of *text*, spaces included, as one token. It starts with neither a space nor a quote.

    Raises `BadQuery`.
    """
    return _Scanner(text, 0, len(text), is_whole=True).token()


class _Scanner:
    """Scans one token of *text* from position *at*; afterwards `at` is its end."""

    def __init__(self, text: str, at: int, end: int, *, is_whole: bool = False) -> None:
        self.text = text
        self.at = at
        self._end = end
        self._is_whole = is_whole
        self._source = text[at:end]

    def token(self) -> Token:
        """Return the token. Raises `BadQuery`."""
        try:
            return self._token()
        except InvalidPart as invalid:
            raise BadQuery(self._source, invalid.problem, invalid.hint) from None

    def _token(self) -> Token:
        sign = self._sign()
        if sign and self._is_at_end():
            return Sign(sign, self._source)
        if sign and self.text[self.at] in _SIGNS:
            raise InvalidPart("has two signs", "put words that begin with a sign in quotes")
        weight = self._weight()
        if self.text[self.at] == '"':
            return Words(self._phrase(), sign, weight, is_phrase=True, source=self._source)
        if self.text[self.at] == "\\" and self.at + 1 < self._end:
            self.at += 1
            return self._words(sign, weight)
        if sign < 0 and weight is None:
            self._refuse_option()
        if _PATH.match(self.text, self.at):
            return PicturePath(self._rest(), sign, weight, self._source)
        return self._named(sign, weight) or self._words(sign, weight)

    def _sign(self) -> int:
        if self.text[self.at] not in _SIGNS:
            return 0
        self.at += 1
        return 1 if self.text[self.at - 1] == "+" else -1

    def _weight(self) -> float | None:
        found = _WEIGHT.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        weight = float(found[1])
        if not 0 < weight <= _HEAVIEST:
            raise InvalidPart(f"has a weight of {found[1]}", f"weights lie above 0, up to {_HEAVIEST:.0f}")
        return weight

    def _named(self, sign: int, weight: float | None) -> Token | None:
        found = _NAME.match(self.text, self.at)
        if found is None:
            return None
        name = find_filter(found[1])
        if name is None:
            self._refuse(found)
            return None
        self.at = found.end()
        if self._is_at_end() or self.text[self.at].isspace():
            hint = f"write the value right after the colon, or words as '\\{found[0]}'"
            raise InvalidPart("is a filter without a value", hint)
        if name == LIKE:
            path = self._phrase() if self.text[self.at] == '"' else self._rest()
            if not path:
                raise InvalidPart("names no picture")
            return PicturePath(path, sign, weight, self._source)
        if weight is not None:
            raise InvalidPart("has a weight, and filters have none")
        key, values = parse_values(name, self._values())
        return FilterToken(Filter(key, values), sign, self._source)

    def _refuse_option(self) -> None:
        """Raise `InvalidPart` for a word behind a dash that is more likely an option than a word to subtract."""
        word = self.text[self.at : self._end]
        apart = f"'- {word}' takes the word away"
        if _OPTION.fullmatch(word):
            hint = f"`photos search --help` lists the options; {apart}"
            raise InvalidPart("would take away a letter or a number", hint)
        name = find_filter(word)
        if name is not None:
            example = "./like.jpg" if name == LIKE else FILTER_TYPES[name].example
            raise InvalidPart("is a filter without a value", f"write -{word}:VALUE, as in -{word}:{example}; {apart}")

    def _refuse(self, found: re.Match[str]) -> None:
        """Raise `InvalidPart` if this can only be a filter."""
        if len(found[1]) == 1 or not _VALUE.match(self.text, found.end()):
            return
        near = closest_filter(found[1])
        whole, value = self.text[self.at : self._end], self.text[found.end() : self._end]
        hint = f"did you mean `{near}:{value}`?" if near else "`photos search --help` lists them all."
        raise InvalidPart("names no filter", f"{hint} Words are written '\\{whole}'")

    def _values(self) -> list[str]:
        if self._is_whole:
            values = [value.strip() for value in self._rest().split("|")]
        else:
            values = [self._value()]
            while not self._is_at_end() and self.text[self.at] == "|":
                self.at += 1
                values.append(self._value())
        if not all(value.strip() for value in values):
            raise InvalidPart("has an empty value")
        return values

    def _value(self) -> str:
        if not self._is_at_end() and self.text[self.at] == '"':
            value = self._phrase()
            if self.at < len(self.text) and not (self.text[self.at].isspace() or self.text[self.at] == "|"):
                raise InvalidPart("goes on after its closing quote", "put | between values and spaces between filters")
            # A quoted value may contain spaces, so the word ends later.
            self._end = _end_of_word(self.text, self.at)
            return value
        start = self.at
        while not self._is_at_end() and self.text[self.at] != "|":
            self.at += 1
        return self.text[start : self.at]

    def _phrase(self) -> str:
        """Return the text between the quote here and the next one."""
        marks: list[str] = []
        at = self.at + 1
        while at < len(self.text) and self.text[at] != '"':
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in {'"', "\\"}:
                at += 1
            marks.append(self.text[at])
            at += 1
        if at >= len(self.text):
            raise InvalidPart("begins with a quote that is never closed", "a quote within a word needs none")
        self.at = at + 1
        return "".join(marks)

    def _words(self, sign: int, weight: float | None) -> Words:
        return Words(self._rest(), sign, weight, is_phrase=self._is_whole, source=self._source)

    def _rest(self) -> str:
        rest = self.text[self.at : self._end]
        self.at = self._end
        return rest

    def _is_at_end(self) -> bool:
        return self.at >= self._end


def has_several_tokens(text: str) -> bool:
    """True if *text*, one shell word with spaces, is several tokens; False if it is one token with spaces.

    Quotes and further filters make it several. After words, signs and weights do too; after a filter they do not,
    because a folder's name may contain a dash.
    """
    first, *others = text.split()
    start = _body(first)
    if first[start:].startswith('"') or any(_is_quote_or_filter(word) for word in others):
        return True
    if _kind(first, start) == "filter":
        name = _NAME.match(first, start)
        return name is not None and any(value.startswith('"') for value in first[name.end() :].split("|"))
    if _kind(first, start) == "path":
        return _HAS_ENDING.search(first) is not None
    return start == 0 or any(word in _SIGNS or _body(word) for word in others)


def _is_quote_or_filter(word: str) -> bool:
    start = _body(word)
    return word[start:].startswith('"') or _kind(word, start) == "filter"


def _kind(word: str, start: int) -> str | None:
    if _PATH.match(word, start):
        return "path"
    found = _NAME.match(word, start)
    return "filter" if found is not None and found.end() < len(word) and find_filter(found[1]) else None


def _body(word: str) -> int:
    """Return the position after the sign and weight of *word*."""
    start = 1 if word[0] in _SIGNS and len(word) > 1 else 0
    found = _WEIGHT.match(word, start)
    return start if found is None else found.end()


def _skip_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _end_of_word(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at


def parse(words: Sequence[str]) -> Query:
    """Parse *words* of a command line, from which the shell has removed quotes.

    So a word with spaces is one token, such as `in:New York` or `beach at sunset`, unless it has several, as a whole
    query in one pair of quotes. Raises `BadQuery`, and nothing else, for any invalid query.
    """
    _check_length(words)
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
    _check_length([text])
    builder = _QueryBuilder()
    builder.take(tokenize(text))
    return builder.query()


def _check_length(words: Sequence[str]) -> None:
    """Raise `BadQuery` for more than `MOST_BYTES` in all, with the spaces between *words*."""
    size = len(" ".join(words).encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise BadQuery(words[0], f"begins a query of {size} bytes", f"a query has at most {MOST_BYTES}")


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
