"""Checks and upkeep of a library: findings of the doctor, differences found by verification, pruned photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from photos.cli.kit.format import counted
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import paint, prose
from photos.cli.views.index import show_result
from photos.errors import safe
from photos.records.library import NO_DIFFERENCE, finding_record, library_difference_record, prune_record

if TYPE_CHECKING:
    from photos.operations.doctor import Finding
    from photos.operations.indexing.prune import PruneResult
    from photos.operations.verify import LibraryDifference, VerifyResult

_MARKS: Final = {"good": " ", "note": "-", "problem": "!"}


def show_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print each finding, marked by its severity."""
    for finding in findings:
        if as_json:
            write_json(finding_record(finding))
        else:
            remedy = f" → {finding.remedy}" if finding.remedy else ""
            mark = paint(_MARKS[finding.state], "bad" if _MARKS[finding.state] == "!" else "note")
            line = prose(f"  {finding.about:<9} {finding.text}{remedy}", hang=12)
            click.echo(mark + line[1:])


def show_verification(result: VerifyResult, *, as_json: bool) -> None:
    """Print the differences that were found, and the result of the repair."""
    _show_differences(result.found, as_json=as_json)
    if result.repair is not None:
        show_result(result.repair, as_json=as_json)
    if as_json and result.repair is not None:
        _show_differences(result.left, as_json=True)
    if as_json and not result.left:
        write_json(NO_DIFFERENCE)
    if not result.left:
        click.echo("Disk, catalog and index agree.", err=True)
    elif result.repair is not None:
        click.echo("Not everything could be repaired; `photos verify` lists the rest.", err=True)


def _show_differences(differences: Sequence[LibraryDifference], *, as_json: bool) -> None:
    for difference in differences:
        if as_json:
            write_json(library_difference_record(difference))
        else:
            of = "" if difference.model is None else f" of {safe(difference.model)}"
            click.echo(f"{counted(difference.count, difference.one, difference.many)}{of}: {difference.remedy}")


def show_pruned(result: PruneResult, *, as_json: bool) -> None:
    """Print the number of photos that were deleted, or would be."""
    if as_json:
        write_json(prune_record(result))
        return
    done = "Would delete" if result.dry_run else "Deleted"
    kept = f"; {counted(result.kept, 'photo')} that went later kept" if result.kept else ""
    click.echo(f"{done} {_pruned(result)}{kept}.")


def pruning_question(would: PruneResult) -> str:
    """Say what would be deleted for ever: a sentence without its full stop."""
    return f"This deletes the data of {_pruned(would)}, for ever"


def _pruned(result: PruneResult) -> str:
    tagged = f", {result.tagged} of them tagged or rated by hand" if result.tagged else ""
    return f"{counted(result.deleted, 'photo')} gone for more than {result.days:g} days{tagged}"
