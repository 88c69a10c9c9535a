"""Teaches a label, and shows what it was taught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path, table
from photos.cli.kit.format import probability as shown_probability
from photos.cli.kit.output import write_json
from photos.cli.views.retag import finish_and_tell
from photos.cli.views.vocab_try import trial_lines, trial_record
from photos.errors import safe
from photos.operations import vocabularies
from photos.operations.teach import Shown, find_label, say_so, shown, taught_label, with_taught
from photos.operations.vocabulary_changes import revise
from photos.output.json_records import rounded, text_of
from query import TaughtLabelReport, UnknownLabel, full_name, probability, taught_label_report, try_label

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from query import Example
    from store import LabelDefinition, Revision, SpaceIdentity, VocabularyDefinition

#: Characters of a hash that are shown: enough to tell it from others.
_SHORT = 12


def teach_and_tell(
    app: OpenLibrary,
    name: str,
    yes: Sequence[str],
    no: Sequence[str],
    forget: Sequence[str],
    *,
    is_trial: bool,
    as_json: bool,
) -> None:
    """Add to what the label *name* is taught, tag with it, and show how it does; if *is_trial* only the last.

    Raises `NotInLibrary`, `NotAnExample` or `NoExample`, and then keeps nothing.
    """
    _ = app.space
    revision, namespace, own = _in_force(app, name)

    def taught(definition: VocabularyDefinition) -> tuple[LabelDefinition, Shown]:
        before = find_label(definition, own)
        named = shown(app.catalog, before, yes, no, forget)
        _check(named, before)
        return taught_label(before, named), named

    label, named = taught(revision.definition)
    full = full_name(namespace, label.name)
    if not is_trial:
        # The examples are recorded as tags with the revision: both are kept, or neither if it is refused.
        revision = revise(
            app.catalog,
            lambda last: with_taught(last, taught(last)[0]),
            namespace,
            also=lambda t: say_so(t, full, named),
        )
        label = find_label(revision.definition, own)
        finish_and_tell(app, revision, namespace, beside=as_json)
    _tell(app, label, full, revision.threshold, as_json=as_json, is_trial=is_trial)
    if is_trial:
        click.echo("Nothing was kept; the same without --dry-run keeps it.", err=True)


def show_and_tell(app: OpenLibrary, name: str, *, as_json: bool) -> None:
    """Show what the label *name* was taught and how it does. Raises `UnknownLabel`."""
    _ = app.space
    revision, namespace, own = _in_force(app, name)
    label = find_label(revision.definition, own)
    if all(each.name != label.name for each in revision.definition.labels):
        raise UnknownLabel(own, revision.vocabulary, [each.name for each in revision.definition.labels])
    _tell(app, label, full_name(namespace, label.name), revision.threshold, as_json=as_json, is_trial=False)


def _in_force(app: OpenLibrary, name: str) -> tuple[Revision, str, str]:
    """The vocabulary that a label called *name* is of, its namespace, and the label's name there."""
    with app.catalog.read() as t:
        reference = t.library.model() or app.space.identity.model
        namespace, own = vocabularies.meant(t, name)
        revision = vocabularies.target_revision(t, namespace)
    return revision or vocabularies.ensure_one(app.catalog, reference), namespace, own


def _check(named: Shown, label: LabelDefinition) -> None:
    both = {photo.id: photo for photo in named.yes}.keys() & {photo.id for photo in named.no}
    if both:
        path = next(photo.paths[0] for photo in named.yes if photo.id in both)
        raise click.UsageError(f"{shown_path(path)} cannot be both --yes and --no.")
    if set(named.former) & set(named.forget):
        raise click.UsageError(f"A photo cannot be an example of {safe(label.name)} and be forgotten at once.")


def _tell(
    app: OpenLibrary, label: LabelDefinition, full: str, usual: float | None, *, as_json: bool, is_trial: bool
) -> None:
    """Show how *label* does, whose *full* name has its namespace; *usual* is its vocabulary's threshold."""
    space = app.space
    threshold = usual if label.threshold is None else label.threshold
    standing = taught_label_report(app.catalog, space, label, app.texts(space))
    # A threshold of the label's own goes before what its examples say, and these before the vocabulary's.
    minimum = standing.minimum if label.threshold is None else None
    trial = try_label(app.catalog, space, standing.vector, threshold, minimum=minimum)
    if as_json:
        record = _record(standing, space.identity)
        write_json({**trial_record(full, trial, space.identity), **record})
        return
    click.echo(_sentence(label, full, standing))
    for line in table([*_rows(standing, space.identity)], right=(2, 3)):
        click.echo(line)
    verb = "would be on" if is_trial else "is, by its scores, on"
    for line in trial_lines(f"{safe(full)} {verb}", trial, space.identity):
        click.echo(line)


def _sentence(label: LabelDefinition, full: str, standing: TaughtLabelReport) -> str:
    name = safe(full)
    if not label.is_taught:
        return f"{name} was taught nothing; its words alone score it."
    photos = counted(len(label.examples), "photo")
    count = len(label.counterexamples)
    others = f" and by {count} that {'shows' if count == 1 else 'show'} something else" if count else ""
    if not standing.used:
        return f"{name} is taught by {photos}{others}; none can be used here, so its words alone score it."
    share = f"{100 * standing.text_share:.0f} % of its score comes from its words, the rest from the photos."
    return f"{name} is taught by {photos}{others}. {share}"


def _rows(standing: TaughtLabelReport, identity: SpaceIdentity) -> Iterator[tuple[str, str, str, str, str]]:
    for example in standing.examples:
        kind = "yes" if example.is_shown else "no"
        score = "" if example.cosine is None else f"{example.cosine:z.3f}"
        chance = "" if example.cosine is None else shown_probability(probability(example.cosine, identity))
        yield "", kind, score, chance, _place(example)


def _place(example: Example) -> str:
    if example.photo is not None and example.photo.paths:
        return shown_path(example.photo.paths[0])
    there = "it is gone" if example.photo is not None else "it is not in the library"
    return f"{example.content_hash[:_SHORT]}… ({there})"


def _record(standing: TaughtLabelReport, identity: SpaceIdentity) -> dict[str, object]:
    def of(example: Example) -> dict[str, object]:
        photo = example.photo
        return {
            "path": text_of(photo.paths[0]) if photo is not None and photo.paths else None,
            "photo": None if photo is None else photo.id,
            "hash": example.content_hash,
            "score": rounded(example.cosine),
            "probability": None if example.cosine is None else rounded(probability(example.cosine, identity)),
        }

    return {
        "examples": [of(each) for each in standing.examples if each.is_shown],
        "counterexamples": [of(each) for each in standing.examples if not each.is_shown],
        "used": standing.used,
        "text_share": rounded(standing.text_share),
    }
