"""Completion of words: the options, names and files that an unfinished word may become.

The kind of a value follows from its metavar: FOLDER stands for folders everywhere, IMAGE for files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import click
from click.shell_completion import CompletionItem

from photos.cli.kit.multi_options import MultiValueCommand
from photos.cli.kit.program import Invocation
from photos.cli.kit.search_options import FILTERS

Items = list[CompletionItem[str]]

#: Items that the shell replaces by the names of files, or of folders.
FILES: Final = "file"
FOLDERS: Final = "dir"
#: What a metavar stands for, without brackets and dots: names of `Naming` in `photos.operations.searching.completion`,
#: and files.
_BY_METAVAR: Final[dict[str, tuple[str, ...]]] = {
    "IMAGE": (FILES,),
    "STARS IMAGE": (FILES,),
    "FILE": (FILES,),
    "PATH": (FILES,),
    "FOLDER": (FOLDERS,),
    "DIR": (FOLDERS,),
    "OLD NEW": (FOLDERS,),
    "NAME|FILE": ("vocabulary", FILES),
    "FILE|NAME": ("vocabulary", FILES),
    "A": ("vocabulary", FILES),
    "B": ("vocabulary", FILES),
    "NAME|FOLDER": ("model", FOLDERS),
    "DESCRIBER": ("describer", FOLDERS),
    "SLOT": ("slot",),
    "SOURCE": ("source",),
    "MODEL": ("space",),
    "LABEL": ("label",),
    "SEARCH": ("search",),
}
#: What NAME stands for, by the command and the parameter.
_BY_NAME: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("photos model download", "reference"): ("model",),
    ("photos teach", "name"): ("label",),
    ("photos search", "label"): ("label",),
    ("photos tags import", "source"): ("source",),
    ("photos describe", "forget"): ("origin",),
    ("photos xmp write", "captions"): ("origin",),
}
#: Metavars of words of a query, beside which files may stand.
_QUERIES: Final = ("WORDS", "QUERY|PATH")
#: Filters whose values are names in the library.
_NAMES_OF: Final = {
    "tag": "label", "camera": "camera", "lens": "lens", "keyword": "keyword", "year": "year", "in": "folder",
    "place": "region",
}  # fmt: skip
_FILTER = re.compile(r"([+-]?)([A-Za-z]+):(.*)", re.DOTALL)
_PATH_STARTS = (".", "/", "~")
#: Signs before a label: added, rejected, cleared.
_SIGNS = ("+", "-", "~")


def completions(ctx: click.Context, found: click.Command | click.Parameter, incomplete: str) -> Items:
    """Return the items for an *incomplete* word that belongs to the command or parameter *found*."""
    if isinstance(found, click.Command):
        own = [*found.shell_complete(ctx, incomplete), *_dashed(ctx, incomplete), *_of_program(ctx, incomplete)]
        # Options such as `--yes a.jpg b.jpg` take files up to the next option.
        more = isinstance(found, MultiValueCommand) and not incomplete.startswith("-")
        return [*own, CompletionItem(incomplete, type=FILES)] if more else own
    # Click's own items for paths do not tell files from folders.
    own = [] if isinstance(found.type, click.Path) else found.shell_complete(ctx, incomplete)
    return own or list(_values(ctx, found, incomplete))


def _dashed(ctx: click.Context, incomplete: str) -> Iterator[CompletionItem[str]]:
    """Complete words that begin like an option: labels to reject, and filters to negate."""
    if incomplete.startswith("--") or not incomplete.startswith("-"):
        return
    kinds = {_metavar(each) for each in ctx.command.params if isinstance(each, click.Argument)}
    if "IMAGE LABEL" in kinds:
        yield from _named(ctx, ("label",), incomplete[1:], "-")
    elif kinds.intersection(_QUERIES):
        yield from _words(ctx, incomplete)


def _of_program(ctx: click.Context, incomplete: str) -> Iterator[CompletionItem[str]]:
    """Complete the options of the program behind a command."""
    if ctx.parent is not None and incomplete.startswith("--"):
        yield from (
            CompletionItem(name) for name in ("--library", "--catalog", "--debug") if name.startswith(incomplete)
        )


def _values(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> Iterator[CompletionItem[str]]:
    metavar = _metavar(parameter)
    if parameter.name.startswith("filter_"):
        yield from _of_filter(ctx, parameter.name.removeprefix("filter_"), incomplete, "")
    elif metavar in _QUERIES:
        yield from _words(ctx, incomplete)
        if not _FILTER.fullmatch(incomplete):
            yield CompletionItem(incomplete, type=FILES)
    elif metavar == "FILTER":
        yield from _words(ctx, incomplete)
    elif metavar == "COMMAND|TOPIC":
        yield from _matching(_subjects(ctx), incomplete, "")
    elif metavar == "IMAGE LABEL" and incomplete.startswith(_SIGNS) and not incomplete.startswith("~/"):
        yield from _named(ctx, ("label",), incomplete[1:], incomplete[0])
    elif metavar == "IMAGE LABEL":
        yield CompletionItem(incomplete, type=FILES)
    else:
        yield from _named(ctx, _kinds(ctx, parameter, metavar), incomplete, "")


def _subjects(ctx: click.Context) -> Sequence[str]:
    """Return what `photos help` has something about, after the words that are there."""
    from photos.cli.kit.topics import topics

    words: Sequence[str] = ctx.params.get("words") or ()
    group: click.Command | None = ctx.find_root().command
    for word in words:
        group = group.get_command(ctx, word) if isinstance(group, click.Group) else None
    names = group.list_commands(ctx) if isinstance(group, click.Group) else []
    return names if words else [*names, *topics()]


def _kinds(ctx: click.Context, parameter: click.Parameter, metavar: str) -> tuple[str, ...]:
    if metavar != "NAME":
        return _BY_METAVAR.get(metavar, ())
    path = ctx.command_path
    return _BY_NAME.get((path, parameter.name), ("vocabulary",) if path.startswith("photos vocab") else ())


def _metavar(parameter: click.Parameter) -> str:
    """Return what the parameter's value is called in the help: `IMAGE`, `NAME|FILE`; empty for a flag."""
    if isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count):
        return ""
    return " ".join(re.sub(r"[\[\].]", " ", parameter.metavar or parameter.name.upper()).split())


def _words(ctx: click.Context, incomplete: str) -> Iterator[CompletionItem[str]]:
    """Complete a word of a query: a filter's name, or a value after its colon."""
    found = _FILTER.fullmatch(incomplete)
    if found is not None:
        from query.language.filters import find_filter

        sign, typed, value = found.groups()
        yield from _of_filter(ctx, find_filter(typed) or "", value, f"{sign}{typed}:")
        return
    sign = incomplete[:1] if incomplete[:1] in {"+", "-"} else ""
    begun = incomplete[len(sign) :]
    if begun:
        for name, (_, text) in FILTERS.items():
            if name.startswith(begun.lower()):
                yield CompletionItem(f"{sign}{name}:", help=text)


def _of_filter(ctx: click.Context, name: str, value: str, prefix: str) -> Iterator[CompletionItem[str]]:
    """Complete the *value* of a filter, of which an earlier alternative may be written; *prefix* stands before it."""
    earlier, bar, begun = value.rpartition("|")
    before = f"{prefix}{earlier}{bar}"
    if name == "in" and begun.startswith(_PATH_STARTS):
        yield from _directories(begun, before)
    elif name in _NAMES_OF:
        yield from _named(ctx, (_NAMES_OF[name],), begun, before)
    else:
        yield from _matching(_fixed_values(name), begun, before)


def _fixed_values(name: str) -> Sequence[str]:
    from query.language import filters, times

    known: dict[str, Sequence[str]] = {
        **dict.fromkeys(("date", "added", "after", "before"), times.DAY_WORDS),
        "format": tuple(filters.FORMATS),
        "orientation": filters.SHAPES,
        "is": tuple(filters.STATES),
        "has": tuple(filters.FACTS),
        "month": times.MONTHS,
        "weekday": times.WEEKDAYS,
        "time": tuple(times.TIMES_OF_DAY),
    }
    return known.get(name, ())


def _named(ctx: click.Context, kinds: Sequence[str], begun: str, before: str) -> Iterator[CompletionItem[str]]:
    for kind in kinds:
        if kind in {FILES, FOLDERS}:
            yield CompletionItem(begun, type=kind)
        else:
            yield from _matching(_names(ctx, kind), begun, before)


def _matching(names: Sequence[str], begun: str, before: str) -> Iterator[CompletionItem[str]]:
    folded = begun.casefold()
    return (CompletionItem(f"{before}{name}") for name in names if name.casefold().startswith(folded))


def _names(ctx: click.Context, kind: str) -> Sequence[str]:
    from photos.errors import PhotosError
    from photos.operations.searching.completion import Naming, names

    invocation = ctx.find_object(Invocation) or Invocation()
    given = ctx.find_root().params
    invocation.library = invocation.library or given.get("library")
    invocation.catalog = invocation.catalog or given.get("catalog")
    # A library that cannot be read completes nothing; the command itself will say why.
    with suppress(PhotosError, OSError), invocation.open_library() as library:
        return names(library, Naming(kind))
    return ()


def _directories(begun: str, before: str) -> Iterator[CompletionItem[str]]:
    parent, slash, name = begun.rpartition("/")
    with suppress(OSError), os.scandir(os.path.expanduser(parent + slash) or ".") as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name.startswith(name) and entry.is_dir() and not entry.name.startswith(".") | name.startswith("."):
                yield CompletionItem(f"{before}{parent}{slash}{entry.name}/")
