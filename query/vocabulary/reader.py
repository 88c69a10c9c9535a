"""Reads vocabulary files. A file is taken whole or not at all, and what is wrong is named line by line."""

from __future__ import annotations

import codecs
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

from query.errors import Problem, VocabularyError
from store import LabelDefinition, VocabularyDefinition
from store.errors import safe

from .csv_format import parse_table
from .hierarchy import resolve
from .names import normalised
from .text_format import Lines, parse_lines

#: Characters. A longer label is a mistake: a text that SigLIP reads whole has about 300.
_LONGEST = 200
#: Bytes. A vocabulary of RAM++'s size has 60 kB.
_LARGEST = 20_000_000


def read_vocabulary(path: Path, name: str | None = None) -> VocabularyDefinition:
    """The vocabulary in the file at *path*: text, a label a line, CSV or YAML. Its name is *name*, or the file's.

    UTF-8 or UTF-16, any line ends. Raises `VocabularyError`, which names everything that is wrong.
    """
    try:
        # Not by the size that the system states: pipes and devices have none.
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise _error(path, "there is no such file") from error
    except IsADirectoryError as error:
        raise _error(path, "it is a folder") from error
    except OSError as error:
        raise _error(path, f"it cannot be read ({error.strerror or error})") from error
    if len(content) > _LARGEST:
        raise _error(path, f"it has more than {_LARGEST // 1_000_000} MB")
    # A file's name need not be text.
    sound = safe(os.fsencode(name or path.stem))
    return parse_vocabulary(_text(path, content), sound, path)


def parse_vocabulary(text: str, name: str, path: Path) -> VocabularyDefinition:
    """The vocabulary in *text*, the content of the file at *path*. Raises `VocabularyError`."""
    found = _parser(path)(text)
    resolve(found)
    problems = found.problems + _problems(found)
    if not found.labels and not problems:
        problems = [Problem(None, "there are no labels in it")]
    if problems:
        raise VocabularyError(str(path), sorted(problems, key=lambda problem: problem.line or 0))
    labels = tuple(label for _, label in found.labels)
    return VocabularyDefinition(name, labels, found.threshold, tuple(group for _, group in found.exclusive))


def _parser(path: Path) -> Callable[[str], Lines]:
    ending = path.suffix.lower()
    if ending in {".yaml", ".yml"}:
        from .yaml_format import parse_structure  # noqa: PLC0415 - searches read no YAML

        return parse_structure
    return parse_table if ending in {".csv", ".tsv"} else parse_lines


def _problems(found: Lines) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for number, label in found.labels:
        key = normalised(label.name)
        if not key:
            problems.append(Problem(number, "there is no label"))
        elif _has_control_characters(label):
            problems.append(
                Problem(number, f"the label {label.name[:40]!r} or what belongs to it holds control characters")
            )
        elif len(label.name) > _LONGEST:
            problems.append(Problem(number, f"the label '{label.name[:40]}…' has more than {_LONGEST} characters"))
        elif set(label.examples) & set(label.counterexamples):
            problems.append(Problem(number, f"the label {label.name!r} has a photo both as an example and as none"))
        elif key in first:
            problems.append(Problem(number, f"the label {label.name!r} is in line {first[key]} already"))
        else:
            first[key] = number
    return problems


def _has_control_characters(label: LabelDefinition) -> bool:
    # The joiners of emoji, Persian and Hindi are none; line and paragraph separators would be lost in writing.
    held = "".join((label.name, label.category or "", *label.aliases, *label.texts))
    return any(unicodedata.category(mark) in {"Cc", "Zl", "Zp"} for mark in held)


def _text(path: Path, content: bytes) -> str:
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in content:
        raise _error(path, "it is no text file")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise VocabularyError(str(path), [Problem(line, "it is no text in UTF-8 or UTF-16")]) from error


def _error(path: Path, what: str) -> VocabularyError:
    return VocabularyError(str(path), [Problem(None, what)])
