"""`photos token`."""

from __future__ import annotations

import click

from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Print the key of programs for the HTTP API.")
@click.option("--new", is_flag=True, help="Make a new one. The one before lets nobody in any more.")
@pass_invocation
def token(invocation: Invocation, new: bool) -> None:
    """Print the token by which programs are let in, made at the first call.

    Send it in the header `Authorization: Bearer TOKEN`. It is in the file `http-token` of the library, which only you
    can read.
    """
    from photos.http.access.credentials import make_token, read_token

    settings = invocation.settings()
    with invocation.open_library() as library:
        if library.is_new:
            raise library.empty_error()
    click.echo((None if new else read_token(settings.library)) or make_token(settings.library))
