"""Re-tags: a sentence for each that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, duration

if TYPE_CHECKING:
    from photos.operations.tagging.retag import Overtaken, RetagResult, SlotRetag


def show_retags(result: RetagResult, *, err: bool = False) -> None:
    """Write a line for each re-tag; with *err* to standard error, because results go to standard output."""
    for each in result.retags:
        click.echo(retag_sentence(each), err=err)
    for overtaken in result.overtaken:
        click.echo(overtaken_sentence(overtaken), err=True)


def retag_sentence(done: SlotRetag) -> str:
    """A sentence on a re-tag: photos, labels, what changed, and the time of its parts."""
    revision, report = done.revision, done.report
    encoded = (
        f"{counted(report.labels_encoded, 'label')} encoded in {duration(report.encoding_seconds)}, "
        if report.labels_encoded
        else ""
    )
    under = f" as {done.slot}" if done.slot else ""
    tagged = (
        f"Tagged {counted(report.photos, 'photo')} with {revision.vocabulary}{under} "
        f"({counted(len(revision.labels), 'label')}, revision {revision.number}): {encoded}"
    )
    if report.changed is None:
        return f"{tagged}scored by workers in {duration(report.scoring_seconds)}. No picture was opened."
    changed = f"the scores of {counted(report.changed, 'photo')}" if report.changed else "no score"
    return (
        f"{tagged}scored in {duration(report.scoring_seconds)}, "
        f"{changed} changed, written in {duration(report.writing_seconds)}. "
        "No picture was opened."
    )


def overtaken_sentence(overtaken: Overtaken) -> str:
    """A sentence on a re-tag that another process does instead."""
    return (
        f"Another process changed {overtaken.revision.vocabulary} to revision {overtaken.later} at the same time, and "
        "tags with that."
    )
