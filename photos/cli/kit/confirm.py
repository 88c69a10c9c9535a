"""Confirmation of what cannot be undone: a question on a terminal, and an option for scripts."""

from __future__ import annotations

import sys

import click

from photos.errors import NotConfirmed
from photos.exits import PROBLEM

yes = click.option("-y", "--yes", is_flag=True, help="Do it without asking.")


def confirm(what: str) -> None:
    """Ask whether to do *what*, a sentence without its full stop. Ends with status 1 if the answer is no.

    Raises `NotConfirmed` where no person can answer.
    """
    if not sys.stdin.isatty():
        raise NotConfirmed(what)
    # On standard error: the result may go to another program.
    if not click.confirm(f"{what}. Go on?", err=True):
        click.echo("Nothing was changed.", err=True)
        click.get_current_context().exit(PROBLEM)
