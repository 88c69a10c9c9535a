"""`photos serve`."""

from __future__ import annotations

import os

import click

from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Serve the gallery and the HTTP API until interrupted.")
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="N", help="Port; 8470 unless set, or if that is taken, any."
)
@click.option(
    "--listen",
    "address",
    metavar="ADDRESS",
    default="127.0.0.1",
    help="Address to listen at, such as 0.0.0.0 for other machines; only this one unless set.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Another name of this machine, such as a proxy's; repeatable.",
)
@click.option("--allow-edits", is_flag=True, help="Let other machines change tags and ratings, and start work.")
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Let pages of this origin read, with a token; repeatable.",
)
@pass_invocation
def serve(
    invocation: Invocation,
    port: int | None,
    address: str,
    hosts: tuple[str, ...],
    allow_edits: bool,
    origins: tuple[str, ...],
) -> None:
    """Serve the gallery and the HTTP API, in the foreground, until interrupted.

    A daemon serves both already: `photos open` asks it. Browsers are let in by the address that is printed, once, and
    programs by `photos token`. `photos help http` has the API.

    Other machines are let in only with --listen, and with a password in the environment variable PHOTOS_PASSWORD or a
    token. They change nothing unless --allow-edits is given. Nothing is encrypted: let a proxy do that, and name it
    with --host.

    \b
    photos serve
    PHOTOS_PASSWORD=… photos serve --listen 0.0.0.0
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.gallery import show_address
    from photos.daemon.gallery import gallery_address
    from photos.http.access.access_control import AccessRules
    from photos.http.server.tcp import LOOPBACK, is_loopback
    from photos.http.serving import ServeRequest
    from photos.http.serving import serve as serve_library

    settings = invocation.settings()
    is_plain = port is None and address == LOOPBACK and not (hosts or allow_edits or origins)
    if is_plain and (there := gallery_address(settings.library, catalog=settings.catalog)) is not None:
        show_address(there, serves_here=False)
        return
    password = invocation.environment.get("PHOTOS_PASSWORD") or None
    access = AccessRules(
        not is_loopback(address), tuple(name.lower() for name in hosts), allow_edits, origins, password
    )
    # Before numpy is loaded: its threads wait for each other by spinning.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with invocation.open_library() as library:
        request = ServeRequest(address, port, None, access)
        serve_library(library, request, lambda ready: show_address(ready.once, serves_here=True))
