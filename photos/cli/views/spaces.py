"""Models side by side: what is tried, switched to, and forgotten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, duration, shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import prose
from photos.errors import FileExists, UnwritableFile, safe
from photos.records.models import comparison_record, forget_record, switch_record, try_record
from photos.sizes import readable_size

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from photos.operations.models.model_comparison import ModelComparison
    from photos.operations.models.spaces import ForgetResult, SpaceStatus, SwitchResult
    from photos.operations.models.trials import TryResult

#: Labels that are named.
_NAMED = 8
#: Labels of a comparison that are shown.
_LABELS = 20


def space_lines(spaces: Sequence[SpaceStatus]) -> list[str]:
    """The table of the library's models, and what each lacks."""
    rows = [
        (
            safe(each.name),
            str(each.role),
            f"{each.photos} of {each.total}",
            each.space.identity.precision,
            str(each.bytes_a_photo),
            "" if each.seconds_a_photo is None else f"{each.seconds_a_photo:.3f}",
        )
        for each in spaces
    ]
    headings = ("model", "", "photos", "precision", "bytes a photo", "seconds a photo")
    lines = list(table([headings, *rows], right=(2, 4, 5)))
    for each in spaces:
        if each.trial is not None and not each.trial.is_whole:
            lines.append(f"{safe(each.name)} is tried {_limits(each)}.")
        if each.missing:
            lines.append(f"{safe(each.name)} is not ready to answer: {', '.join(each.missing)}.")
        if each.problem is not None:
            lines.append(prose(safe(each.problem)))
    return lines


def _limits(status: SpaceStatus) -> str:
    trial = status.trial
    assert trial is not None
    parts = [] if trial.sample is None else [f"with {counted(trial.sample, 'photo')}"]
    parts += [] if trial.folder is None else [f"in {shown_path(trial.folder)}"]
    return " ".join(parts)


def show_try(result: TryResult, *, as_json: bool) -> None:
    """Print what was embedded, and the next commands."""
    if as_json:
        write_json(try_record(result))
        return
    name = safe(result.name)
    click.echo(
        prose(
            f"{name} has {counted(result.photos, 'photo')}; {result.embedded} embedded, in {duration(result.seconds)}."
            " Searches and tags are those of before."
        )
    )
    if result.lacking:
        away = counted(result.lacking, "photo")
        click.echo(prose(f"{away} could not be embedded: the files are away, cannot be read, or have changed."))
    rest = "" if result.is_whole else f", photos model try {name} for all photos"
    click.echo(prose(f"Next: photos model compare, photos search --model {name} WORDS{rest}, photos model switch"))


def show_comparison(comparison: ModelComparison, *, as_json: bool) -> None:
    """Print how two models differ."""
    if as_json:
        write_json(comparison_record(comparison))
        return
    one, other = comparison.answering, comparison.other
    rows = [
        (
            safe(each.name),
            str(each.photos),
            str(each.bytes_a_photo),
            "" if each.seconds_a_photo is None else f"{each.seconds_a_photo:.3f}",
        )
        for each in (one, other)
    ]
    for line in table([("model", "photos", "bytes a photo", "seconds a photo"), *rows], right=(1, 2, 3)):
        click.echo(line)
    _show_queries(comparison)
    _show_labels(comparison)


def _show_queries(comparison: ModelComparison) -> None:
    if not comparison.queries:
        click.echo(prose("There are no past searches to compare; name some: photos model compare QUERY..."))
        return
    rows = [
        (
            safe(each.text),
            f"{each.pair.overlap} of {len(each.pair.before.photo_ids)}",
            "" if each.best_now is None else str(each.best_now),
            f"{each.shift:g}",
            f"{each.pair.before.matches} -> {each.pair.after.matches}",
        )
        for each in comparison.queries
    ]
    click.echo()
    headings = ("query", "in both", "the best is now", "moved by", "matches")
    for line in table([headings, *rows], right=(1, 2, 3, 4)):
        click.echo(line)
    assert comparison.overlap is not None
    share = f"{comparison.overlap:.0%} of the first {comparison.count} are the same, on average"
    click.echo(prose(f"{share}, of {counted(comparison.photos, 'photo')}."))


def _show_labels(comparison: ModelComparison) -> None:
    changed = [each for each in comparison.labels if each.gained or each.lost]
    same = len(comparison.labels) - len(changed)
    if changed:
        rows = [
            (safe(each.label), str(each.before), str(each.after), f"+{each.gained}", f"-{each.lost}")
            for each in changed[:_LABELS]
        ]
        click.echo()
        for line in table([("label", "photos", "then", "gained", "lost"), *rows], right=(1, 2, 3, 4)):
            click.echo(line)
    if len(changed) > _LABELS:
        click.echo(f"{len(changed) - _LABELS} more labels differ; --json has all.")
    if comparison.labels:
        click.echo(f"{counted(same, 'label')} with the same photos.")


def write_comparison_sheet(library: OpenLibrary, comparison: ModelComparison, file: str, *, force: bool) -> None:
    """Write the contact sheet of two columns, and say so. Raises `FileExists` or `UnwritableFile`."""
    from photos.operations.models.model_comparison import write_comparison

    path = Path(os.path.expanduser(file))
    try:
        write_comparison(library, comparison, path, overwrite=force)
    except FileExistsError:
        raise FileExists(file, "--force") from None
    except OSError as error:
        raise UnwritableFile(file, error.strerror or str(error)) from error
    click.echo(f"The sheet is {shown_path(os.fsencode(path))}.", err=True)


def show_switch(result: SwitchResult, *, as_json: bool, is_back: bool = False) -> None:
    """Print which model answers, and what does not count with it."""
    if as_json:
        write_json(switch_record(result))
        return
    back = "" if is_back else " photos model rollback goes back at once."
    click.echo(prose(f"{safe(result.name)} answers, in place of {safe(result.before)}.{back}"))
    if result.missing:
        click.echo(prose(f"It is not complete: {', '.join(result.missing)}."))
    if result.untuned:
        click.echo(
            prose(
                f"Tuned thresholds of the other model do not count with it: {_some(result.untuned)}. "
                "They are kept; photos vocab tune LABEL tunes one for this model."
            )
        )
    if owners := _owners("label", result.written) + _owners("vocabulary", result.written_vocabularies):
        click.echo(
            prose(
                "Thresholds written into vocabularies are probabilities, which other scores reach with this model: "
                f"{', and '.join(owners)}."
            )
        )
    if not is_back:
        click.echo("Sidecars are as they were; photos xmp write --dry-run says what would change.")


def _owners(noun: str, names: Sequence[str]) -> list[str]:
    """A clause on the thresholds of what has those *names*; none if there are no names."""
    if not names:
        return []
    nouns = {"label": "labels", "vocabulary": "vocabularies"}[noun]
    return [f"that of the {noun} {_some(names)}" if len(names) == 1 else f"those of the {nouns} {_some(names)}"]


def show_forgotten(result: ForgetResult, *, as_json: bool) -> None:
    """Print how much was freed."""
    if as_json:
        write_json(forget_record(result))
        return
    click.echo(
        prose(
            f"The embeddings of {counted(result.photos, 'photo')} by {safe(result.name)} are deleted: "
            f"{readable_size(result.catalog_bytes)} of the catalog are free for what comes next, and "
            f"{readable_size(result.index_bytes)} of index files are gone."
        )
    )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(safe(name) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
