"""Reader of vocabulary files. A file is accepted whole or not at all; each problem is reported with its line."""

from __future__ import annotations

import codecs
import errno
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from query.errors import LineProblem, VocabularyError
from store import LabelDefinition, VocabularyDefinition
from store.errors import safe
from store.open_file import read_input

from .csv_format import parse_csv
from .labels import fill_templates, names_and_aliases, normalized_name, reachable
from .text_format import ParsedFile, parse_text

#: The vocabularies that come with the program: for photographs (the default), for the demo library, and a second one
#: for the demo library.
SHIPPED: Final = ("photographic", "demo", "demo-moods")
_FOLDER = Path(__file__).parent / "data"

#: Characters. A longer label is a mistake: a text that SigLIP reads whole has about 300.
_LONGEST = 200
#: Bytes. A vocabulary of RAM++'s size has 60 kB.
_LARGEST = 20_000_000
#: Labels among their own parents that are listed; each is searched for by itself.
_MOST_CYCLES = 20


def shipped_vocabulary(name: str) -> VocabularyDefinition:
    """Return the vocabulary *name*, one of `SHIPPED`."""
    assert name in SHIPPED, name
    return read_vocabulary(_FOLDER / f"{name}.txt")


def read_vocabulary(path: Path, name: str | None = None) -> VocabularyDefinition:
    """Read the vocabulary file at *path*: text with a label a line, CSV or YAML. Its name is *name*, or the file's.

    UTF-8 or UTF-16, any line ends. Raises `VocabularyError` with all problems of the file.
    """
    try:
        content = read_input(path, _LARGEST)
    except FileNotFoundError as error:
        raise _error(path, "there is no such file") from error
    except IsADirectoryError as error:
        raise _error(path, "it is a folder") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise _error(path, reason if error.errno == errno.EFBIG else f"it cannot be read ({reason})") from error
    # A file's name need not be text.
    shown = safe(os.fsencode(name or path.stem))
    return parse_vocabulary(_decoded(path, content), shown, path)


def parse_vocabulary(text: str, name: str, path: Path) -> VocabularyDefinition:
    """Parse *text*, the content of the file at *path*, as a vocabulary. Raises `VocabularyError`."""
    parsed = _parser(path)(text)
    _resolve(parsed)
    problems = parsed.problems + _problems(parsed)
    if not parsed.labels and not problems:
        problems = [LineProblem(None, "there are no labels in it")]
    if problems:
        raise VocabularyError(str(path), sorted(problems, key=lambda problem: problem.line or 0))
    labels = tuple(label for _, label in parsed.labels)
    return VocabularyDefinition(name, labels, parsed.threshold, tuple(group for _, group in parsed.exclusive))


def _parser(path: Path) -> Callable[[str], ParsedFile]:
    ending = path.suffix.lower()
    if ending in {".yaml", ".yml"}:
        from .yaml_format import parse_yaml  # noqa: PLC0415 - searches read no YAML

        return parse_yaml
    return parse_csv if ending in {".csv", ".tsv"} else parse_text


def _decoded(path: Path, content: bytes) -> str:
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in content:
        raise _error(path, "it is not a text file")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise VocabularyError(str(path), [LineProblem(line, "it is not text in UTF-8 or UTF-16")]) from error


def _error(path: Path, what: str) -> VocabularyError:
    return VocabularyError(str(path), [LineProblem(None, what)])


def _resolve(parsed: ParsedFile) -> None:
    """Add a label for each parent without a line, and replace mentions of labels by their own names."""
    _add_implied(parsed)
    names = names_and_aliases(label for _, label in parsed.labels)
    for at, (number, label) in enumerate(parsed.labels):
        parents = _own_names(parsed, number, label.parents, names)
        parsed.labels[at] = (number, replace(label, parents=parents))
    parsed.exclusive = [
        (number, _own_names(parsed, number, group, names)) for number, group in parsed.exclusive if group
    ]
    parsed.problems += _cycles(parsed.labels)


def _add_implied(parsed: ParsedFile) -> None:
    there = set(names_and_aliases(label for _, label in parsed.labels))
    for number, name, category, parents in parsed.implied:
        if name and normalized_name(name) not in there:
            there.add(normalized_name(name))
            texts = fill_templates([name], parsed.templates)
            parsed.labels.append((number, LabelDefinition(name, texts, category, parents=parents)))


def _own_names(parsed: ParsedFile, number: int, mentioned: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    own: dict[str, None] = {}
    for name in mentioned:
        known = names.get(normalized_name(name))
        if known is None:
            parsed.problems.append(LineProblem(number, f"there is no label {name[:40]!r}"))
        else:
            own[known] = None
    return tuple(own)


def _cycles(labels: Sequence[tuple[int, LabelDefinition]]) -> list[LineProblem]:
    parents = _in_circles({label.name: label.parents for _, label in labels})
    problems: list[LineProblem] = []
    for number, label in labels:
        if len(problems) == _MOST_CYCLES:
            break
        if any(label.name in (above, *reachable(above, parents)) for above in parents.get(label.name, ())):
            problems.append(LineProblem(number, f"the label {label.name[:40]!r} is among its own parents"))
    return problems


def _in_circles(parents: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Leave out the labels that have no circle above them: in a vocabulary without circles, all of them in one pass."""
    children: dict[str, list[str]] = {}
    for name, own in parents.items():
        for each in own:
            children.setdefault(each, []).append(name)
    waiting = {name: len(own) for name, own in parents.items()}
    done = [name for name, count in waiting.items() if not count]
    for name in done:
        for child in children.get(name, ()):
            waiting[child] -= 1
            if not waiting[child]:
                done.append(child)
    kept = {name for name, count in waiting.items() if count}
    return {name: [each for each in parents[name] if each in kept] for name in kept}


def _problems(parsed: ParsedFile) -> list[LineProblem]:
    problems: list[LineProblem] = []
    first: dict[str, int] = {}
    for number, label in parsed.labels:
        key = normalized_name(label.name)
        if not key:
            problems.append(LineProblem(number, "there is no label"))
        elif has_control_characters(label):
            problems.append(
                LineProblem(number, f"the label {label.name[:40]!r} or what belongs to it holds control characters")
            )
        elif len(label.name) > _LONGEST:
            problems.append(LineProblem(number, f"the label '{label.name[:40]}…' has more than {_LONGEST} characters"))
        elif set(label.examples) & set(label.counterexamples):
            problems.append(
                LineProblem(number, f"the label {label.name!r} has the same photo as example and as counterexample")
            )
        elif key in first:
            problems.append(LineProblem(number, f"the label {label.name!r} is in line {first[key]} already"))
        else:
            first[key] = number
    return problems


def has_control_characters(label: LabelDefinition) -> bool:
    """Return whether *label* holds what no vocabulary file may hold: control characters, or ends of lines."""
    # The joiners of emoji, Persian and Hindi are none; line and paragraph separators would be lost in writing.
    held = "".join((label.name, label.category or "", *label.aliases, *label.texts))
    return not held.isprintable() and any(unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} for mark in held)
