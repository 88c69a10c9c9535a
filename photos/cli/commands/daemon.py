"""`photos daemon`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation, tell


@click.group(short_help="Keep the library up to date in the background.")
def daemon() -> None:
    """Run `photos watch` in the background: now, or with `install` at every login."""


@daemon.command(short_help="Start the daemon.")
@options.nice
@options.log_level
@pass_invocation
def start(invocation: Invocation, nice: int, log_level: str | None) -> None:
    """Start the daemon, and return when it watches.

    It logs to `watch.log` in the library, at most 10 MB with its predecessor `watch.log.1`.
    """
    from photos.cli.kit.format import shown_path
    from photos.daemon.process import start as start_daemon
    from photos.errors import safe

    with invocation.open_library() as library:
        info = start_daemon(library, nice, log_level)
        name = library.settings.catalog_place.name
        where = safe(name) if isinstance(name, str) else shown_path(bytes(library.settings.library))
        click.echo(f"Process {info.pid} keeps {where} up to date.")


@daemon.command(short_help="Stop the daemon.")
@pass_invocation
def stop(invocation: Invocation) -> None:
    """Stop the daemon, and return when it has ended. No finished work is lost."""
    from photos.daemon.process import stop as stop_daemon

    with invocation.open_library() as library:
        click.echo(f"Process {stop_daemon(library)} has ended.")


@daemon.command(short_help="Show the daemon's state and the place of its log.")
@options.as_json
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Show the state of the process that keeps the library up to date, and the place of its log.

    Exit status 1 if there is no such process.
    """
    from photos.cli.views.daemon import show_daemon
    from photos.operations.status import daemon_status

    with invocation.open_library() as library:
        show_daemon(daemon_status(library), as_json=as_json)


@daemon.command(short_help="Start the daemon at every login.")
@pass_invocation
def install(invocation: Invocation) -> None:
    """Write a systemd user unit (Linux) or a launchd agent (macOS), and print the commands that enable it."""
    from photos.daemon.autostart import install as install_service

    with invocation.open_library() as library:
        place = library.settings.catalog_place
        catalog = place.address_without_password
        if catalog is None and invocation.has_server:
            # Or the service would take the one of the settings.
            catalog = ""
        path, commands = install_service(library.settings.library, invocation.environment, catalog=catalog)
    if catalog:
        tell("The file has no password: where the server asks for one, put it into ~/.pgpass.")
    click.echo(f"Wrote {path}. Enable it with:")
    for command in commands:
        click.echo(f"  {command}")


@daemon.command(short_help="Undo `install`.")
@pass_invocation
def uninstall(invocation: Invocation) -> None:
    """Remove the file that `install` wrote, and print the commands that disable it."""
    from photos.daemon.autostart import uninstall as uninstall_service

    with invocation.open_library() as library:
        path, commands = uninstall_service(library.settings.library, invocation.environment)
    click.echo(f"Removed {path}. If the service runs, stop it with:")
    for command in commands:
        click.echo(f"  {command}")
