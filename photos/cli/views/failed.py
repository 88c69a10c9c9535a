"""Files that could not be indexed: each with its reason, or grouped by reason where there are many."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from photos.cli.kit.format import counted, shown_path
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import show_lines
from photos.errors import safe
from photos.records.library import problem_record
from store.records import Outcome

if TYPE_CHECKING:
    from photos.operations.indexing.failed import FailedFiles
    from store.records import Problem

#: Files that are named one by one.
_FEW: Final = 20
#: Files that are named for each reason.
_NAMED: Final = 3
#: Brackets with a number at the end of a reason.
_FIGURES = re.compile(r" \([^()]*\d[^()]*\)$")
_NUMBER = re.compile(r"\d[\d., ]*\d|\d")


def show_failed(found: FailedFiles, *, every: bool, as_json: bool) -> None:
    """Print the files with their reasons; with *every* one by one, otherwise grouped if there are many."""
    if as_json:
        for problem in found.problems:
            write_json(problem_record(problem))
        return
    if every or len(found.problems) <= _FEW:
        show_lines(f"{shown_path(each.path)}: {each.outcome}: {safe(each.reason)}" for each in found.problems)
    else:
        show_lines(_grouped(found.problems))
        click.echo("`photos failed --all` names every file, and `photos failed damaged` only such files.", err=True)
    if not found.problems:
        click.echo(_none(found), err=True)
    if found.not_pictures and Outcome.NOT_A_PICTURE not in found.outcomes:
        click.echo(f"{not_pictures(found.not_pictures)}: `photos failed not-pictures` lists them.", err=True)


def not_pictures(count: int) -> str:
    """Say that *count* files are something else."""
    return f"{counted(count, 'file')} {'is not a picture' if count == 1 else 'are not pictures'}"


def by_reason(problems: Sequence[Problem]) -> list[tuple[Outcome, str, list[Problem]]]:
    """Group files by outcome and reason, most frequent first. Figures in brackets are left out where they differ."""
    groups: defaultdict[tuple[Outcome, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[problem.outcome, _NUMBER.sub("…", _FIGURES.sub("", problem.reason))].append(problem)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [(outcome, _common(reason, of_one), of_one) for (outcome, reason), of_one in ordered]


def _common(reason: str, problems: Sequence[Problem]) -> str:
    """The reason of all *problems*, as exact as it is the same; *reason* is the least exact form."""
    exact = {problem.reason for problem in problems}
    without = {_FIGURES.sub("", each) for each in exact}
    return next((each.pop() for each in (exact, without) if len(each) == 1), reason).rstrip(".")


def _grouped(problems: Sequence[Problem]) -> Iterator[str]:
    for outcome, reason, of_one in by_reason(problems):
        yield f"{counted(len(of_one), 'file')} {outcome}: {safe(reason)}"
        for problem in of_one[:_NAMED]:
            yield f"  {shown_path(problem.path)}"
        if len(of_one) > _NAMED:
            yield f"  and {counted(len(of_one) - _NAMED, 'more', 'more')}"


def _none(found: FailedFiles) -> str:
    if not found.outcomes:
        return "Every picture was indexed."
    return f"No file is {' or '.join(str(outcome) for outcome in found.outcomes)}."
