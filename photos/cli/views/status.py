"""Shows how the library stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.views.vocabulary import under
from photos.errors import safe
from photos.operations.models import in_bytes
from photos.operations.status import Standing, record, standing
from photos.records.photos import text_of
from store import Outcome, Problem

if TYPE_CHECKING:
    from photos.library import OpenLibrary


def show_status(app: OpenLibrary, *, as_json: bool) -> None:
    """Everything at a glance."""
    now = standing(app)
    if as_json:
        write_json(record(now))
        return
    for line in table(list(_rows(now))):
        click.echo(line)
    if not now.photos:
        click.echo("The library is empty; run `photos add FOLDER`, or `photos demo` to try it on drawings.", err=True)


def show_problems(app: OpenLibrary, *, as_json: bool) -> None:
    """Every file that could not be indexed, and why."""
    problems: list[Problem] = []
    if not app.is_new:
        with app.catalog.read() as t:
            problems = t.files.problems()
    for problem in problems:
        if as_json:
            outcome = str(problem.outcome)
            write_json({"path": text_of(problem.path), "outcome": outcome, "reason": problem.reason})
        else:
            click.echo(f"{shown_path(problem.path)}: {problem.outcome}: {safe(problem.reason)}")
    if not problems and not as_json:
        click.echo("Every file was indexed.", err=True)


def _rows(now: Standing) -> Iterator[tuple[str, str]]:
    yield "library", f"{shown_path(os.fsencode(now.library))} ({in_bytes(now.size)})"
    if now.keeper is not None:
        also = " and answers searches" if now.keeper.answers else ""
        yield "daemon", f"process {now.keeper.pid} keeps it up to date{also}"
    for each in now.folders:
        known = f"{counted(each.files, 'file')} known"
        state = "offline; its photos are kept as they were" if each.offline else known
        yield "folder", f"{shown_path(each.folder.path)} ({state})"
        if each.folder.excludes:
            yield "", f"without {safe(', '.join(each.folder.excludes))}"
    yield "photos", f"{now.photos} in {counted(now.files.get(Outcome.INDEXED, 0), 'file')}"
    if beside := now.files.get(Outcome.COMPANION, 0):
        yield "", f"{counted(beside, 'companion')} beside them: RAW files, live videos, sidecars, originals"
    for outcome, count in now.files.items():
        if outcome.is_problem:
            yield "", f"{counted(count, 'file')} {outcome} (photos failed)"
    if now.space is None:
        yield "model", now.model or "none yet"
        return
    identity = now.space.identity
    yield "model", f"{safe(now.model or identity.model)} ({identity.dimension} numbers in {identity.precision})"
    lacking = now.photos - now.embeddings
    yield "embeddings", f"{now.embeddings}" + (f"; {lacking} to be made by `photos index`" if lacking else "")
    if now.index is not None:
        yield "index", _index(now)
    yield from _vocabularies(now)


def _vocabularies(now: Standing) -> Iterator[tuple[str, str]]:
    def pending(namespace: str) -> str:
        return "; a re-tag is not finished: run `photos retag`" if namespace in now.pending_revision_ids else ""

    if now.vocabulary is not None:
        revision = now.vocabulary
        labels = counted(len(revision.labels), "label")
        yield "vocabulary", f"{safe(revision.vocabulary)}, revision {revision.number} ({labels}){pending('')}"
    for each in now.beside:
        labels = counted(each.label_count, "label")
        where = f"{safe(each.vocabulary)}, revision {each.number} ({labels}){under(each)}"
        yield "", f"{where}{pending(each.namespace)}"
    for namespace in sorted(now.pending_revision_ids - {"", *(each.namespace for each in now.beside)}):
        yield "", f"nothing is in force as {namespace} yet{pending(namespace)}"


def _index(now: Standing) -> str:
    assert now.index is not None
    if not now.index.valid:
        return "made at the next search"
    newer = f", {counted(now.index.newer, 'change')} since" if now.index.newer else ""
    return f"{counted(now.index.rows, 'row')}, {in_bytes(now.index.bytes)}{newer}"
