"""`photos completion`."""

from __future__ import annotations

import os

import click

from photos.cli.kit.program import Invocation, pass_invocation

_SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print the script that completes commands with the Tab key.")
@click.argument("shell", required=False, type=click.Choice(_SHELLS), metavar="[SHELL]")
@pass_invocation
def completion(invocation: Invocation, shell: str | None) -> None:
    """Print the script that completes commands with the Tab key: in SHELL (bash, zsh or fish), or in yours.

    It completes commands, options, labels, vocabularies, models, filters and their values, and file names.

    \b
    eval "$(photos completion bash)"                                  in ~/.bashrc
    eval "$(photos completion zsh)"                                   in ~/.zshrc, after compinit
    photos completion fish > ~/.config/fish/completions/photos.fish   once
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.program import program
    from photos.cli.kit.shells import SHELLS

    name = shell or os.path.basename(invocation.environment.get("SHELL", ""))
    if name not in SHELLS:
        raise click.UsageError(f"Name the shell: {', '.join(_SHELLS)}.")
    click.echo(SHELLS[name](program, {}, "photos", "_PHOTOS_COMPLETE").source(), nl=False)
