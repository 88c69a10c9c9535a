"""Errors of queries, vocabularies and tags.

QueryError
├── BadLabel                (name) no possible name of a label
├── ContradictoryLabel      (name) added, rejected or cleared at once
├── BadSlotName             (name) no possible name of a slot
├── BadSource               (name) no possible name of another program
│   ├── DescriberSource     it is a describer's
│   └── SourceTaken         of a describer: tags were imported from it
├── BadQuery                (token, problem, hint) a query that cannot be read; a usage error
│   └── EmptyQuery          no words
├── NoProbabilities         (model) a threshold for a checkpoint without a bias
├── NotInLibrary            (path) no photo of the library
├── RepeatedSource          (name, again) a source of tags that is compared with itself; a usage error
├── Superseded              (vocabulary) another re-tag took over
├── UnknownLabel            (label, vocabulary, known) the vocabulary has none of that name
├── UnknownSlot             (name, known) no slot of that name
├── UnknownSource           (name, known) no tags came from that source
├── UnknownVocabulary       (name, known)
├── VocabularyChanged       (vocabulary, path) another process changed it during an edit
└── FileRefused             (path, problems) line by line
    ├── BadTagFile          a file that holds no tags
    └── VocabularyError     a file that is no vocabulary
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from store.errors import PhotosError, safe


class QueryError(PhotosError):
    """Base of the errors of queries, vocabularies and tags."""


class BadLabel(QueryError):
    """The name cannot be a label's."""

    name: str

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.name[:_QUOTED]!r} cannot be a label: it needs 1 to 200 characters that can be printed."


class ContradictoryLabel(QueryError):
    """A label is to be added and rejected, or cleared, for the same photos at once. `name` is its name."""

    sentence = "{name!r} is to be added, rejected or cleared at once; say one of these. Nothing was changed."
    status = 2
    name: str


class BadSlotName(QueryError):
    """The name cannot be that of a slot."""

    name: str

    def __str__(self) -> str:
        """One sentence."""
        shown = self.name[:_QUOTED]
        return f"{shown!r} cannot be the name of a slot: it needs 1 to 40 letters, digits, - or _, such as 'birds'."


class BadSource(QueryError):
    """The name cannot be another program's: it is reserved for tags that no program gave."""

    name: str

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.name[:_QUOTED]!r} cannot be the name of a program: `photos tags compare` means other tags by it."


class DescriberSource(BadSource):
    """Tags cannot be imported under the name of a describer: its tags follow from its descriptions."""

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"{self.name[:_QUOTED]!r} is a describer here, whose tags follow from its descriptions: use another name."
        )


class SourceTaken(BadSource):
    """A describer cannot have the name of a program that tags were imported from."""

    def __str__(self) -> str:
        """One sentence."""
        return f"Tags were imported from {self.name[:_QUOTED]!r}, so no describer can have that name here."


class BadQuery(QueryError):
    """A query that cannot be read. `problem` completes "TOKEN …"; `hint` says what would be right."""

    status = 2
    token: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        """One sentence that names the token."""
        whole = f"{quoted(self.token)} {self.problem}{'; ' if self.hint else ''}{self.hint}"
        return whole if whole.endswith("?") else f"{whole}."


class EmptyQuery(BadQuery):
    """There are no words to search for."""

    sentence = 'There is nothing to search for; say what the photo shows, as in: photos search "beach at sunset"'

    def __init__(self) -> None:
        super().__init__("", "says nothing")

    def __reduce__(self) -> tuple[type[EmptyQuery], tuple[()]]:
        return type(self), ()

    def __str__(self) -> str:
        """One sentence."""
        return self.sentence


class NotInLibrary(QueryError):
    """The file is no photo of the library."""

    sentence = "{path} is not in the library; `photos add` its folder, or `photos index` if it is new."
    path: bytes


class Superseded(QueryError):
    """Another vocabulary was put in force, or this one taken out, while this one was being applied."""

    sentence = (
        "Another vocabulary was put in force, or this one dropped, while the library was tagged with "
        "{vocabulary!r}, and that stays so; `photos vocab use` chooses again."
    )
    vocabulary: str


class UnknownVocabulary(QueryError):
    """There is no vocabulary of that name."""

    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        """One sentence, with the nearest name there is."""
        near = difflib.get_close_matches(self.name, self.known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.known)}; or give a file."
        return f"There is no vocabulary {self.name!r}: {hint}"


class VocabularyChanged(QueryError):
    """Another process changed the vocabulary during an edit; the edited text is kept in the file `path`."""

    vocabulary: str
    path: str

    def __str__(self) -> str:
        """One sentence."""
        name, path = shlex.quote(self.vocabulary), shlex.quote(self.path)
        return (
            f"{self.vocabulary!r} was changed by another process while you edited it, and stays so; your text is kept "
            f"in {self.path}: `photos vocab diff {name} {path}` compares the two, and `photos vocab import {path} "
            f"--name {name}` makes yours the newest."
        )


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A problem in a file; `line` counts from 1, and is None for the file as a whole."""

    line: int | None
    what: str


#: Problems that the sentence names; the rest is counted.
_NAMED = 3


class FileRefused(QueryError):
    """A file that is not taken, with its problems line by line."""

    #: The content that was expected, with its article.
    role: ClassVar[str] = "a file"
    path: str
    problems: Sequence[LineProblem]

    def __str__(self) -> str:
        """One sentence that names the file and the first lines that are wrong."""
        named = "; ".join(
            problem.what if problem.line is None else f"line {problem.line}: {problem.what}"
            for problem in self.problems[:_NAMED]
        )
        more = f"; and {len(self.problems) - _NAMED} more" if len(self.problems) > _NAMED else ""
        return f"{safe(self.path)} is not taken as {self.role}: {named}{more}."


class VocabularyError(FileRefused):
    """A file that cannot be taken as a vocabulary. The one in force stays in force."""

    role = "a vocabulary"


class BadTagFile(FileRefused):
    """A file that cannot be taken as a list of tags. Nothing is taken from it."""

    role = "a list of tags"


class UnknownLabel(QueryError):
    """The vocabulary `vocabulary` has no label of that name; `known` are its labels."""

    label: str
    vocabulary: str
    known: Sequence[str]

    def __str__(self) -> str:
        """One sentence, with the labels of the nearest spelling."""
        close = difflib.get_close_matches(self.label, self.known, 3, 0.6)
        hint = f"; near it are {', '.join(close)}" if close else "; `photos vocab show` lists those that it has"
        return f"{self.vocabulary!r} has no label {self.label!r}{hint}."


class NoProbabilities(QueryError):
    """A probability was given or asked for, and the checkpoint has none."""

    sentence = (
        "The model {model} has no probabilities, because its weights have no bias, so no threshold between 0 and 1 "
        "means anything for it; its tags are what stands out from the library."
    )
    model: str


class UnknownSlot(QueryError):
    """There is no slot of that name; `known` are the names in use."""

    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        """One sentence."""
        there = (
            f"there are {', '.join(self.known)}" if self.known else "`photos vocab use FILE --as NAME` puts one there"
        )
        return f"No vocabulary is in force under {self.name!r}; {there}."


class UnknownSource(QueryError):
    """No tags came from a source of that name."""

    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        """One sentence."""
        return f"No tags came from {self.name!r}; there are {', '.join(self.known)}."


class RepeatedSource(QueryError):
    """A source of tags was to be compared with itself, under the names `name` and `again`."""

    sentence = "{name} and {again} are the same tags; name another source."
    status = 2
    name: str
    again: str


#: Characters of a token that a sentence quotes.
_QUOTED = 60


def quoted(token: str) -> str:
    """*token* between backticks, shortened and safe for a terminal."""
    shown = token if len(token) <= _QUOTED else f"{token[:_QUOTED]}…"
    return f"`{safe(shown)}`"
