"""Shows what is doubtful about a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos import models, vocabularies
from photos.cli.output import write_json
from photos.cli.render import counted
from photos.errors import safe
from query import Doubt, lint

if TYPE_CHECKING:
    from photos.app import App


def lint_and_tell(app: App, name: str | None, *, as_json: bool) -> bool:
    """Show the doubts. Returns whether there are none."""
    space = app.space
    definition = vocabularies.definition_of(app.catalog_if_any, name)
    tower = app.text_tower(models.reopen(app.catalog, app.settings, space))
    found = [
        Doubt(label.name, f"has a prompt of which the model does not see the end: {text[:60]!r}")
        for label in definition.labels
        for text in label.texts
        if tower.is_cut(text)
    ]
    found += lint(app.catalog, space, definition, app.texts(space))
    for doubt in found:
        if as_json:
            write_json({"label": doubt.label, "doubt": doubt.what})
        else:
            click.echo(f"{safe(doubt.label)} {safe(doubt.what)}")
    if not as_json:
        click.echo(f"{counted(len(found), 'doubt')} about {counted(len(definition.labels), 'label')}.")
    return not found
