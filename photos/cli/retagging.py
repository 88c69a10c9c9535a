"""Tags again, with a bar while it lasts and the times at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos.cli.progress import Bar
from photos.cli.render import counted, duration
from photos.indexing import tag_again

if TYPE_CHECKING:
    from photos.app import App
    from query import RetagReport
    from store import Revision


def retag_and_tell(app: App, revision: Revision, *, calibrate_anew: bool = False, beside: bool = False) -> None:
    """Put *revision* in force and say what changed and how long it took; *beside* the results, if these are others."""
    with Bar("Encoding labels", None, "text") as texts, Bar("Tagging", None, "photo") as photos:
        report = tag_again(app, revision, texts.reach, photos.reach, calibrate_anew=calibrate_anew)
    click.echo(sentence(revision, report), err=beside)


def sentence(revision: Revision, report: RetagReport) -> str:
    """What a re-tag did, and the time of its parts."""
    encoded = (
        f"{counted(report.labels_encoded, 'label')} encoded in {duration(report.encoding_seconds)}, "
        if report.labels_encoded
        else ""
    )
    return (
        f"Tagged {counted(report.photos, 'photo')} with {revision.vocabulary} "
        f"({counted(len(revision.labels), 'label')}, revision {revision.number}): {encoded}"
        f"scored in {duration(report.scoring_seconds)}, "
        f"the scores of {counted(report.changed, 'photo')} changed, written in {duration(report.writing_seconds)}. "
        "No picture was opened."
    )
