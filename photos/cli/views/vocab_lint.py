"""Shows what is doubtful about a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted
from photos.cli.kit.output import write_json
from photos.errors import safe
from photos.operations import vocabularies
from query import Doubt, lint

if TYPE_CHECKING:
    from photos.library import OpenLibrary


def lint_and_tell(app: OpenLibrary, name: str | None, *, as_json: bool) -> bool:
    """Show the doubts. Returns whether there are none."""
    space = app.space
    definition = vocabularies.definition_of(app.catalog_if_any, name)
    tower = app.text_encoder(app.checkpoint_of(space))
    prompts = [(label.name, text) for label in definition.labels for text in label.texts]
    found = [
        Doubt(name, f"has a prompt of which the model does not see the end: {text[:60]!r}")
        for (name, text), is_cut in zip(prompts, tower.cut([text for _, text in prompts]), strict=True)
        if is_cut
    ]
    found += lint(app.catalog, space, definition, app.text_vectors(space), vocabularies.folders_of(app.catalog, name))
    for doubt in found:
        if as_json:
            write_json({"label": doubt.label, "doubt": doubt.what})
        else:
            click.echo(f"{safe(doubt.label)} {safe(doubt.what)}")
    if not as_json:
        click.echo(f"{counted(len(found), 'doubt')} about {counted(len(definition.labels), 'label')}.")
    return not found
