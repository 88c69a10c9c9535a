"""The program itself: what all commands have in common."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import update_wrapper
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from photos.cli.kit.streams import hush_logs, native_noise_hushed
from photos.exits import ClosedPipe

if TYPE_CHECKING:  # the parts are loaded by the commands that need them, so that --help is quick
    from indexer.models.protocols import EncoderFactory
    from photos.config import Settings
    from photos.library import MakeReaders, OpenLibrary

P = ParamSpec("P")

#: The order is that of their use.
_COMMANDS = (
    "add",
    "remove",
    "index",
    "watch",
    "daemon",
    "search",
    "similar",
    "duplicates",
    "why",
    "tags",
    "tag",
    "teach",
    "retag",
    "vocab",
    "xmp",
    "embed",
    "model",
    "status",
    "failed",
    "verify",
    "prune",
    "doctor",
    "demo",
)


@dataclass(slots=True)
class Invocation:
    """One run of the command line: what was said before the command, and what the program is built with."""

    debug: bool = False
    library: Path | None = None
    #: What makes encoders of checkpoints; None for the real ones.
    towers: EncoderFactory | None = None
    #: What makes readers of files; None for processes.
    make_readers: MakeReaders | None = None
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def settings(self, **options: object) -> Settings:
        """What these *options*, the environment and the configuration file say together."""
        from photos.config import load

        return load({"library": self.library, **options}, self.environment)

    @contextmanager
    def app(self, **options: object) -> Iterator[OpenLibrary]:
        """The program's parts, put together for these *options*; closed at the end."""
        from photos.library import OpenLibrary

        if not gc.isenabled():
            # What was loaded until now stays, and need not be looked through.
            gc.freeze()
            gc.enable()
        settings = self.settings(**options)
        if not self.debug:
            hush_logs()
        with (
            nullcontext() if self.debug else native_noise_hushed(),
            OpenLibrary(settings, self.towers, self.make_readers) as app,
        ):
            yield app


class Program(click.Group):
    """A group whose commands, each of a module of its own name, are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their use."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        # Of a name that is none, Click looks for the nearest among those that are loaded.
        for name in [cmd_name] if cmd_name in _COMMANDS else _COMMANDS:
            if name not in self.commands:
                self.add_command(getattr(import_module(f"photos.cli.commands.{name}"), name))
        return super().get_command(ctx, cmd_name)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As Click does; a pipe that was closed while help was shown is none of its errors."""
        with _pipe_is_ours():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """As Click does, but for a closed pipe."""
        with _pipe_is_ours():
            return super().invoke(ctx)


@contextmanager
def _pipe_is_ours() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipe from error


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"photos {_version()}")
        ctx.exit()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("photos")
    except PackageNotFoundError:
        return "(a checkout that is not installed)"


@click.group(
    name="photos", cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--library",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The library to use: a folder of its own, made when needed. Also PHOTOS_LIBRARY.",
)
@click.option("--debug", is_flag=True, help="Show where an error came from. Also PHOTOS_DEBUG=1.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def program(ctx: click.Context, library: Path | None, debug: bool) -> None:
    """Find photos by what is in them.

    \b
    Index a folder, then search it:
        photos add ~/Pictures
        photos search beach at sunset
    Tag it with words of your own, without reading a picture again:
        photos retag --vocabulary birds.txt
    See it work first, on drawings, with nothing to download:
        photos demo

    Results go to standard output, everything else to standard error. Exit status: 0 done, 1 nothing found or a
    problem, 2 wrong usage, 130 interrupted.
    """  # noqa: D301 - \b is how Click is told to keep lines
    invocation = ctx.ensure_object(Invocation)
    invocation.library = library
    invocation.debug = debug or invocation.environment.get("PHOTOS_DEBUG", "0") not in {"", "0"}


def pass_invocation(command: Callable[Concatenate[Invocation, P], None]) -> Callable[P, None]:
    """Hand the run to a command as its first argument."""

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        invocation = click.get_current_context().find_object(Invocation)
        assert invocation is not None
        command(invocation, *args, **kwargs)

    return update_wrapper(call, command)
