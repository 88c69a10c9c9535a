"""`photos daemon`."""

from __future__ import annotations

import os

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.group(short_help="Keep the library up to date in the background.")
def daemon() -> None:
    """Run `photos watch` in the background: now, or with `install` whenever you log in."""


@daemon.command(short_help="Start it.")
@options.nice
@pass_invocation
def start(invocation: Invocation, nice: int) -> None:
    """Start it, and return when it watches. What it has to say goes to `watch.log` in the library."""
    from photos.cli.kit.format import shown_path
    from photos.daemon.process import start as begin

    with invocation.app() as app:
        keeper = begin(app, nice)
        click.echo(f"Process {keeper.pid} keeps {shown_path(os.fsencode(app.settings.library))} up to date.")


@daemon.command(short_help="Stop it.")
@pass_invocation
def stop(invocation: Invocation) -> None:
    """Ask it to end, and return when it has. No finished work is lost."""
    from photos.daemon.process import stop as end

    with invocation.app() as app:
        click.echo(f"Process {end(app)} has ended.")


@daemon.command(short_help="Say whether it runs, and what it does.")
@options.as_json
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Say whether a process keeps the library up to date, and what it does. Status 1 if there is none."""
    from photos.cli.views.daemon import show

    with invocation.app() as app:
        show(app, as_json=as_json)


@daemon.command(short_help="Have it start whenever you log in.")
@pass_invocation
def install(invocation: Invocation) -> None:
    """Write a systemd user unit (Linux) or a launchd agent (macOS), and say how to switch it on."""
    from photos.daemon.autostart import install as write

    with invocation.app() as app:
        path, commands = write(app.settings.library, invocation.environment)
        click.echo(f"Wrote {path}. Switch it on with:")
        for command in commands:
            click.echo(f"  {command}")


@daemon.command(short_help="Take that back.")
@pass_invocation
def uninstall(invocation: Invocation) -> None:
    """Remove what `install` wrote, and say how to switch it off."""
    from photos.daemon.autostart import uninstall as remove

    with invocation.app() as app:
        path, commands = remove(app.settings.library, invocation.environment)
        click.echo(f"Removed {path}. If it runs, end it with:")
        for command in commands:
            click.echo(f"  {command}")
