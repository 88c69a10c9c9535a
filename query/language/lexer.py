r"""Typed text as units: signs, words, phrases, pictures and filters, each with what is stuck to it.

A unit is SIGN WEIGHT BODY without spaces between: `-2:dog`. The sign is + or -; the weight is a number and a colon that
is followed by neither a digit nor a space, so that 3:30 and 16:9 are words. The body is

- "a phrase", where \" and \\ stand for the marks themselves;
- \ and a word that is to be taken as it stands;
- a path, which begins with ./, ../, ~/ or /, or like:PATH;
- NAME:VALUE|VALUE, a filter, where a value may be "a phrase";
- anything else up to a space: a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from query.errors import BadQuery

from .errors import Wrong
from .filters import LIKE, filter_named, nearest_name, read_values
from .query import Filter

_SIGNS = "+-"
_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+):(?=[^\s\d:])", re.ASCII)
_NAME = re.compile(r"([A-Za-z][A-Za-z_-]*):", re.ASCII)
_PATH = re.compile(r"(?:\.\.?/|~/|/)\S")
#: What the value of a filter that there is not would begin with: smileys and addresses of web pages do not.
_VALUE = re.compile(r"[\w\"*<>]")
_HEAVIEST = 1000.0
#: With it a path is complete, and what follows is something else.
_HAS_ENDING = re.compile(r"\.[A-Za-z0-9]{2,4}$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign that stands alone."""

    sign: int
    token: str


@dataclass(frozen=True, slots=True)
class Words:
    """A word, or a phrase that stands for itself. `sign` is 0 where none is stuck to it, `weight` None likewise."""

    text: str
    sign: int
    weight: float | None
    is_phrase: bool
    token: str


@dataclass(frozen=True, slots=True)
class File:
    """A picture's path."""

    path: str
    sign: int
    weight: float | None
    token: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter, not yet negated."""

    filter: Filter
    sign: int
    token: str


Unit = Mark | Words | File | Condition


def read(text: str) -> Iterator[Unit]:
    """The units of *text*. Raises `BadQuery`."""
    at = _skip(text, 0)
    while at < len(text):
        reader = Reader(text, at, _end_of_word(text, at))
        yield reader.unit()
        at = _skip(text, reader.at)


def read_whole(text: str) -> Unit:
    """*text*, which begins with neither a space nor a quote, as one unit with all its spaces. Raises `BadQuery`."""
    return Reader(text, 0, len(text), is_whole=True).unit()


class Reader:
    """Reads one unit of *text*, which begins at *at*; `at` is where it ended."""

    def __init__(self, text: str, at: int, end: int, *, is_whole: bool = False) -> None:
        self.text = text
        self.at = at
        self._end = end
        self._is_whole = is_whole
        self._token = text[at:end]

    def unit(self) -> Unit:
        """What begins here."""
        try:
            return self._unit()
        except Wrong as wrong:
            raise BadQuery(self._token, wrong.problem, wrong.hint) from None

    def _unit(self) -> Unit:
        sign = self._sign()
        if sign and self._is_at_end():
            return Mark(sign, self._token)
        if sign and self.text[self.at] in _SIGNS:
            raise Wrong("has two signs", "put words that begin with a sign in quotes")
        weight = self._weight()
        if self.text[self.at] == '"':
            return Words(self._phrase(), sign, weight, is_phrase=True, token=self._token)
        if self.text[self.at] == "\\" and self.at + 1 < self._end:
            self.at += 1
            return self._words(sign, weight)
        if _PATH.match(self.text, self.at):
            return File(self._rest(), sign, weight, self._token)
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
            raise Wrong(f"has a weight of {found[1]}", f"weights lie above 0, up to {_HEAVIEST:.0f}")
        return weight

    def _named(self, sign: int, weight: float | None) -> Unit | None:
        found = _NAME.match(self.text, self.at)
        if found is None:
            return None
        name = filter_named(found[1])
        if name is None:
            self._refuse(found)
            return None
        self.at = found.end()
        if self._is_at_end() or self.text[self.at].isspace():
            hint = f"write the value right after the colon, or words as '\\{found[0]}'"
            raise Wrong("is a filter without a value", hint)
        if name == LIKE:
            path = self._phrase() if self.text[self.at] == '"' else self._rest()
            if not path:
                raise Wrong("names no picture")
            return File(path, sign, weight, self._token)
        if weight is not None:
            raise Wrong("has a weight, which filters have not")
        key, values = read_values(name, self._values())
        return Condition(Filter(key, values), sign, self._token)

    def _refuse(self, found: re.Match[str]) -> None:
        """Raise `Wrong` where this can only be meant as a filter."""
        if len(found[1]) == 1 or not _VALUE.match(self.text, found.end()):
            return
        near = nearest_name(found[1])
        whole, value = self.text[self.at : self._end], self.text[found.end() : self._end]
        meant = f"did you mean `{near}:{value}`?" if near else "`photos search --help` lists them all."
        raise Wrong("names no filter", f"{meant} Words are written '\\{whole}'")

    def _values(self) -> list[str]:
        if self._is_whole:
            values = [value.strip() for value in self._rest().split("|")]
        else:
            values = [self._value()]
            while not self._is_at_end() and self.text[self.at] == "|":
                self.at += 1
                values.append(self._value())
        if not all(value.strip() for value in values):
            raise Wrong("has an empty value")
        return values

    def _value(self) -> str:
        if not self._is_at_end() and self.text[self.at] == '"':
            value = self._phrase()
            if self.at < len(self.text) and not (self.text[self.at].isspace() or self.text[self.at] == "|"):
                raise Wrong("goes on after its closing quote", "put | between values and spaces between filters")
            # What is quoted may hold spaces, so that the word did not end where it seemed to.
            self._end = _end_of_word(self.text, self.at)
            return value
        start = self.at
        while not self._is_at_end() and self.text[self.at] != "|":
            self.at += 1
        return self.text[start : self.at]

    def _phrase(self) -> str:
        """What is between the quote here and the next."""
        marks: list[str] = []
        at = self.at + 1
        while at < len(self.text) and self.text[at] != '"':
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in {'"', "\\"}:
                at += 1
            marks.append(self.text[at])
            at += 1
        if at >= len(self.text):
            raise Wrong("begins with a quote that is never closed", "a quote within a word needs none")
        self.at = at + 1
        return "".join(marks)

    def _words(self, sign: int, weight: float | None) -> Words:
        return Words(self._rest(), sign, weight, is_phrase=self._is_whole, token=self._token)

    def _rest(self) -> str:
        rest = self.text[self.at : self._end]
        self.at = self._end
        return rest

    def _is_at_end(self) -> bool:
        return self.at >= self._end


def holds_units(text: str) -> bool:
    """Whether *text*, typed as one word with spaces in it, is several units and not the one that it begins with.

    Quotes and further filters make it so, and after words signs and weights, too: a folder's name may hold a dash.
    """
    first, *others = text.split()
    start = _body(first)
    if first[start:].startswith('"') or any(_is_structure(word) for word in others):
        return True
    if _opens(first, start) == "filter":
        quoted = _NAME.match(first, start)
        return quoted is not None and first[quoted.end() :].startswith('"')
    if _opens(first, start) == "path":
        return _HAS_ENDING.search(first) is not None
    return start == 0 or any(word in _SIGNS or _body(word) for word in others)


def _is_structure(word: str) -> bool:
    start = _body(word)
    return word[start:].startswith('"') or _opens(word, start) == "filter"


def _opens(word: str, start: int) -> str | None:
    if _PATH.match(word, start):
        return "path"
    found = _NAME.match(word, start)
    return "filter" if found is not None and found.end() < len(word) and filter_named(found[1]) else None


def _body(word: str) -> int:
    """Where the sign and the weight end that *word* begins with."""
    start = 1 if word[0] in _SIGNS and len(word) > 1 else 0
    found = _WEIGHT.match(word, start)
    return start if found is None else found.end()


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _end_of_word(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at
