"""Writes the reference of all JSON records, docs/records.md: `python -m photos.records.reference > docs/records.md`.

Every module of this package is a family of records and becomes a section of the page; nothing is listed here. To add
one, write `photos/records/FAMILY.py`:

- the first line of its docstring is the section's heading;
- each kind of object is a `TypedDict` with a docstring, and each of its fields `Annotated[type, "one sentence"]`;
  `Annotated[NotRequired[type], "…"]` for a field that may be missing, and a bare `Literal` for a constant one;
- the functions that fill them follow. Names with an underscore before them are left out of the page.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from inspect import cleandoc
from pkgutil import iter_modules
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import photos.records

_HEAD = """# JSON records

Made from the program by `python -m photos.records.reference > docs/records.md`.

`--json` prints one object a line, and the daemon answers with the same objects. A path whose bytes are no text keeps
them as lone surrogates, as Python's `os.fsdecode` gives them. Numbers that come from float32 have nine significant
digits.
"""
_JSON = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null", object: "any"}


def reference() -> str:
    """Return the whole page, Markdown."""
    families = _families()
    anchors = _anchors(families)
    return "\n".join([_HEAD, *(line for family in families for line in _section(family, anchors))])


def _families() -> list[ModuleType]:
    names = sorted(module.name for module in iter_modules(photos.records.__path__))
    return [import_module(f"{photos.records.__name__}.{name}") for name in names if name != "reference"]


def _records(family: ModuleType) -> Iterator[Any]:
    for name, kind in vars(family).items():
        if is_typeddict(kind) and kind.__module__ == family.__name__ and not name.startswith("_"):
            yield kind


def _anchors(families: Sequence[ModuleType]) -> dict[Any, str]:
    """Return the anchor of each record's heading. Equal headings are numbered from the second on."""
    seen: Counter[str] = Counter()
    anchors = {}
    for kind in (kind for family in families for kind in _records(family)):
        anchor = kind.__name__.lower()
        anchors[kind] = f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
        seen[anchor] += 1
    return anchors


def _section(family: ModuleType, anchors: Mapping[Any, str]) -> Iterator[str]:
    yield f"## {_first_line(family.__doc__ or '').rstrip('.')}\n"
    for kind in _records(family):
        yield f"### {kind.__name__}\n"
        yield _joined(cleandoc(kind.__doc__ or "")) + "\n"
        yield "| field | type | |\n|---|---|---|"
        yield from (_row(field, hint, anchors) for field, hint in get_type_hints(kind, include_extras=True).items())
        yield ""


def _row(field: str, hint: Any, anchors: Mapping[Any, str]) -> str:
    hint, sentence = _parted(hint)
    optional = ""
    if get_origin(hint) is NotRequired:
        (hint,), optional = get_args(hint), ", may be missing"
    return f"| `{field}` | {_type(hint, anchors)}{optional} | {_cell(sentence)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _parted(hint: Any) -> tuple[Any, str]:
    """Split the hint into a type and its sentence. Raises `TypeError` if there is none; a `Literal` needs none."""
    # Python moves NotRequired out of Annotated or leaves it within, depending on its version.
    if get_origin(hint) is NotRequired:
        inner, sentence = _parted(get_args(hint)[0])
        return NotRequired[inner], sentence
    if get_origin(hint) is Literal:
        return hint, ""
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{hint} has no sentence: write Annotated[type, sentence]")
    kind, sentence, *_ = get_args(hint)
    return kind, str(sentence)


def _type(hint: Any, anchors: Mapping[Any, str]) -> str:
    """Return the name of a JSON type; records are linked."""
    if hint in anchors:
        return f"[{hint.__name__}](#{anchors[hint]})"
    if hint in _JSON:
        return _JSON[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return " or ".join(_type(each, anchors) for each in arguments)
    if origin in {dict, Mapping}:
        return f"object of {_type(arguments[1], anchors)}"
    if origin in {list, tuple, Sequence}:
        return f"array of {_type(arguments[0], anchors)}"
    # A Literal.
    return " or ".join(f"`{each}`" for each in arguments) or str(hint)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0]


def _joined(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


if __name__ == "__main__":
    sys.stdout.write(reference())
