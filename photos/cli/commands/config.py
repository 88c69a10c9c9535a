"""`photos config`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Show the settings in force, and where each comes from.")
@click.argument("names", nargs=-1, metavar="[SETTING]...")
@click.option("--path", "only_path", is_flag=True, help="Print the path of the configuration file only.")
@options.as_json
@pass_invocation
def config(invocation: Invocation, names: tuple[str, ...], only_path: bool, as_json: bool) -> None:
    """Show the settings in force, or the SETTINGs named, and where each comes from.

    An option overrides the environment, which overrides the configuration file, which overrides the default. In the
    environment a setting is called PHOTOS_ and its name in capitals; in the file, a line such as `top = 20` sets it.
    `photos help commands` says what each setting means.

    \b
    photos config
    photos config library --json
    $EDITOR "$(photos config --path)"
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.config import show_settings
    from photos.config import config_path, settings_in_force

    path = config_path(invocation.environment)
    if only_path:
        click.echo(str(path))
        return
    found = settings_in_force(invocation.options, invocation.environment, names)
    show_settings(found, path, as_json=as_json)
