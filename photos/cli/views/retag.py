"""Tags again, with a bar while it lasts and the times at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, duration
from photos.cli.kit.progress import Bar
from photos.errors import safe
from photos.operations import vocabularies
from photos.operations.index import tag_again
from query import Superseded, UnknownNamespace

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from query import RetagReport
    from store import Revision


def retag_and_tell(
    app: OpenLibrary,
    revision: Revision,
    *,
    namespace: str = "",
    folders: Sequence[bytes] | None = None,
    calibrate_anew: bool = False,
    only_if_target: bool = False,
    beside: bool = False,
) -> None:
    """Put *revision* in force and say what changed and how long it took; see `tag_again`.

    It is said on standard error if it stands *beside* results.
    """
    others: list[str] = []
    with Bar("Encoding labels", None, "text") as texts, Bar("Tagging", None, "photo") as photos:
        report = tag_again(
            app,
            revision,
            texts.reach,
            photos.reach,
            namespace=namespace,
            folders=folders,
            calibrate_anew=calibrate_anew,
            only_if_target=only_if_target,
            tell_others=lambda name, other, of_other: others.append(sentence(other, of_other, name)),
        )
    for line in (sentence(revision, report, namespace), *others):
        click.echo(line, err=beside)


def finish_and_tell(
    app: OpenLibrary, revision: Revision, namespace: str = "", *, calibrate_anew: bool = False, beside: bool = False
) -> None:
    """As `retag_and_tell`, of the *revision* that photos are to be tagged with: one that was made for it, or is owed.

    Where another process has gone on to a later one of the vocabulary meanwhile, that is said, and is left to it.
    """
    try:
        retag_and_tell(
            app, revision, namespace=namespace, calibrate_anew=calibrate_anew, only_if_target=True, beside=beside
        )
    except Superseded:
        with app.catalog.read() as t:
            later = vocabularies.target_revision(t, namespace)
        if later is None or later.vocabulary != revision.vocabulary or later.number <= revision.number:
            raise
        click.echo(
            f"{safe(revision.vocabulary)} went on to revision {later.number} meanwhile: another process changed it, "
            f"too, and tags with that.",
            err=True,
        )


def retag_all_and_tell(app: OpenLibrary, namespace: str | None) -> None:
    """Bring the vocabularies in force up to date, or that of *namespace*. Raises `UnknownNamespace`."""
    space = app.space
    with app.catalog.read() as t:
        names = t.slots.names()
        reference = t.library.model() or space.identity.model
    if namespace is not None and namespace not in names:
        raise UnknownNamespace(namespace, [name for name in names if name])
    if namespace is None:
        vocabularies.ensure_one(app.catalog, reference)
    for name in names if namespace is None else [namespace]:
        with app.catalog.read() as t:
            revision = vocabularies.target_revision(t, name)
        # It may have been dropped since.
        if revision is not None:
            finish_and_tell(app, revision, name)


def sentence(revision: Revision, report: RetagReport, namespace: str = "") -> str:
    """What a re-tag did, and the time of its parts."""
    encoded = (
        f"{counted(report.labels_encoded, 'label')} encoded in {duration(report.encoding_seconds)}, "
        if report.labels_encoded
        else ""
    )
    under = f" as {namespace}" if namespace else ""
    changed = f"the scores of {counted(report.changed, 'photo')}" if report.changed else "no score"
    return (
        f"Tagged {counted(report.photos, 'photo')} with {revision.vocabulary}{under} "
        f"({counted(len(revision.labels), 'label')}, revision {revision.number}): {encoded}"
        f"scored in {duration(report.scoring_seconds)}, "
        f"{changed} changed, written in {duration(report.writing_seconds)}. "
        "No picture was opened."
    )
