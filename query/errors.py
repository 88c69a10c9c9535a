"""What can go wrong with a question.

QueryError
├── BadLabel                (name) nothing that could be a label
├── BadNamespace            (name) nothing that labels could stand under
├── BadSource               (name) nothing that another program could be called
├── BadQuery                (token, problem) a query that cannot be read; a usage error
│   └── EmptyQuery          no words
├── NotInLibrary            (path) no photo of the library
├── Superseded              (vocabulary) another re-tag took over
├── UnknownLabel            (label, vocabulary, known) the vocabulary has none of that name
├── UnknownNamespace        (name, known) no vocabulary is in force under that name
├── UnknownSource           (name, known) nobody of that name gave tags
├── UnknownVocabulary       (name, known)
├── VocabularyChanged       (vocabulary, path) it is another than the one that was edited
└── FileRefused             (path, problems) line by line
    ├── BadTagFile          a file that holds no tags
    └── VocabularyError     a file that is no vocabulary
"""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from store import readable


class QueryError(Exception):
    """Anything a question is refused for."""


class BadLabel(QueryError):
    """The name cannot be a label's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.name[:60]!r} cannot be a label: it needs 1 to 200 characters that can be printed."


class BadNamespace(QueryError):
    """The name cannot be a namespace's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.name[:60]!r} cannot be a namespace: it needs 1 to 40 letters, digits, - or _, such as 'birds'."


class BadSource(QueryError):
    """The name cannot be another program's: it means tags that none gave."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.name[:60]!r} cannot be the name of a program: `photos tags compare` means other tags by it."


class BadQuery(QueryError):
    """A query with something wrong in it. `problem` completes "TOKEN …", and `hint` says what would be right."""

    def __init__(self, token: str, problem: str, hint: str = "") -> None:
        super().__init__(token, problem, hint)
        self.token = token
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        """One sentence that names the token."""
        whole = f"{_quoted(self.token)} {self.problem}{'; ' if self.hint else ''}{self.hint}"
        return whole if whole.endswith("?") else f"{whole}."


class EmptyQuery(BadQuery):
    """There are no words to search for."""

    def __init__(self) -> None:
        super().__init__("", "says nothing")

    def __str__(self) -> str:
        """One sentence."""
        return 'There is nothing to search for; say what the photo shows, as in: photos search "beach at sunset"'


class NotInLibrary(QueryError):
    """The file is no photo of the library."""

    def __init__(self, path: bytes) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        """One sentence."""
        return f"{readable(self.path)} is not in the library; `photos add` its folder, or `photos index` if it is new."


class Superseded(QueryError):
    """Another vocabulary was put in force, or this one taken out, while this one was being applied."""

    def __init__(self, vocabulary: str) -> None:
        super().__init__(vocabulary)
        self.vocabulary = vocabulary

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"Another vocabulary was put in force, or this one dropped, while the library was tagged with "
            f"{self.vocabulary!r}, and that stays so; `photos vocab use` chooses again."
        )


class UnknownVocabulary(QueryError):
    """There is no vocabulary of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        """One sentence, with the nearest name there is."""
        near = difflib.get_close_matches(self.name, self.known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.known)}; or give a file."
        return f"There is no vocabulary {self.name!r}: {hint}"


class VocabularyChanged(QueryError):
    """The vocabulary is no longer the one that a person began to edit; what they wrote is in the file *path*."""

    def __init__(self, vocabulary: str, path: str) -> None:
        super().__init__(vocabulary, path)
        self.vocabulary = vocabulary
        self.path = path

    def __str__(self) -> str:
        """One sentence."""
        name, path = shlex.quote(self.vocabulary), shlex.quote(self.path)
        return (
            f"{self.vocabulary!r} was changed by another process while you edited it, and stays so; your text is kept "
            f"in {self.path}: `photos vocab diff {name} {path}` compares the two, and `photos vocab import {path} "
            f"--name {name}` makes yours the newest."
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a file; `line` counts from 1, and is None for the file as a whole."""

    line: int | None
    what: str


#: Problems that the sentence names; the rest is counted.
_NAMED = 3


class FileRefused(QueryError):
    """A file that is not taken: what is wrong in it, line by line."""

    #: What it was to be taken as.
    role = "a file"

    def __init__(self, path: str, problems: Sequence[Problem]) -> None:
        super().__init__(path, problems)
        self.path = path
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """One sentence that names the file and the first lines that are wrong."""
        named = "; ".join(
            problem.what if problem.line is None else f"line {problem.line}: {problem.what}"
            for problem in self.problems[:_NAMED]
        )
        more = f"; and {len(self.problems) - _NAMED} more" if len(self.problems) > _NAMED else ""
        return f"{readable(os.fsencode(self.path))} is not taken as {self.role}: {named}{more}."


class VocabularyError(FileRefused):
    """A file that cannot be taken as a vocabulary. The one in force stays in force."""

    role = "a vocabulary"


class BadTagFile(FileRefused):
    """A file that cannot be taken as a list of tags. Nothing is taken from it."""

    role = "a list of tags"


class UnknownLabel(QueryError):
    """The vocabulary *vocabulary* has no label of that name; *known* are those that it has."""

    def __init__(self, label: str, vocabulary: str, known: Sequence[str]) -> None:
        super().__init__(label, vocabulary, known)
        self.label = label
        self.vocabulary = vocabulary
        self.known = tuple(known)

    def __str__(self) -> str:
        """One sentence, with the labels that are spelt most alike."""
        close = difflib.get_close_matches(self.label, self.known, 3, 0.6)
        hint = f"; near it are {', '.join(close)}" if close else "; `photos vocab show` lists those that it has"
        return f"{self.vocabulary!r} has no label {self.label!r}{hint}."


class UnknownNamespace(QueryError):
    """No vocabulary is in force under that namespace; *known* are those under which one is."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        """One sentence."""
        there = (
            f"there are {', '.join(self.known)}" if self.known else "`photos vocab use FILE --as NAME` puts one there"
        )
        return f"No vocabulary is in force under {self.name!r}; {there}."


class UnknownSource(QueryError):
    """No tags came from a source of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        """One sentence."""
        return f"No tags came from {self.name!r}; there are {', '.join(self.known)}."


#: Characters of a token that a sentence quotes.
_QUOTED = 60


def _quoted(token: str) -> str:
    shown = token if len(token) <= _QUOTED else f"{token[:_QUOTED]}…"
    # Not all that is typed is text, and not all of that is bytes of the system's.
    return f"`{readable(shown.encode('utf-8', 'backslashreplace'))}`"
