"""The program: its commands, the state of one run, and the standard streams."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import update_wrapper
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from photos.cli.kit.terminal import is_forced
from photos.errors import safe
from photos.exits import ClosedPipe

if TYPE_CHECKING:  # commands load the parts that they need, so that --help is quick
    from indexer.models.protocols import EncoderFactory
    from photos.config import Settings
    from photos.library import MakeReaders, OpenLibrary
    from photos.thumbnails import Thumbnails

P = ParamSpec("P")

_STDERR = 2
#: Options of the program that take a value, and may stand behind the command.
_WITH_VALUE = ("--library", "--catalog")
#: In the order of their use.
_COMMANDS = (
    "add",
    "remove",
    "index",
    "watch",
    "daemon",
    "worker",
    "open",
    "serve",
    "token",
    "mcp",
    "search",
    "saved",
    "similar",
    "duplicates",
    "why",
    "facets",
    "tags",
    "tag",
    "rate",
    "teach",
    "retag",
    "vocab",
    "describe",
    "captions",
    "xmp",
    "embed",
    "model",
    "status",
    "failed",
    "verify",
    "prune",
    "history",
    "catalog",
    "doctor",
    "demo",
    "config",
    "completion",
    "help",
)


@dataclass(slots=True)
class Invocation:
    """State of one run: the options before the command, and the parts that tests substitute."""

    debug: bool = False
    library: Path | None = None
    #: The address of a catalog on a server; an empty one is the file in the library.
    catalog: str | None = field(default=None, repr=False)
    #: Makes encoders of checkpoints; None for the SigLIP ones.
    encoders: EncoderFactory | None = None
    #: Makes readers of files; None for processes.
    make_readers: MakeReaders | None = None
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def options(self) -> dict[str, object]:
        """The settings among the options before the command; None where one was not given."""
        return {"library": self.library, "catalog": self.catalog}

    def settings(self, **options: object) -> Settings:
        """Read the settings from these *options*, the environment and the configuration file."""
        from photos.config import load

        return load({**self.options, **options}, self.environment)

    @property
    def has_server(self) -> bool:
        """True if the environment or the file names a catalog on a server.

        It takes the place of the catalog in any folder, so a command for such a one needs an empty `--catalog`.
        """
        return self.settings(catalog=None).catalog is not None

    @contextmanager
    def open_library(
        self, *, on_notice: Callable[[str], None] | None = None, **options: object
    ) -> Iterator[OpenLibrary]:
        """Open the library with the settings for these *options*, and close it at the end.

        Sentences that a person should read are written to standard error, unless *on_notice* takes them.
        """
        from photos.library import OpenLibrary

        if not gc.isenabled():
            # The modules loaded so far stay, so the collector need not scan them.
            gc.freeze()
            gc.enable()
        settings = self.settings(**options)
        if not self.debug:
            hush_logs()
        with (
            nullcontext() if self.debug else native_noise_hushed(),
            OpenLibrary(
                settings,
                self.encoders,
                self.make_readers,
                lambda: _tell_tightened(settings.library),
                on_notice or tell,
            ) as library,
        ):
            yield library

    @contextmanager
    def open_thumbnails(self) -> Iterator[Thumbnails]:
        """Open the library for its small pictures alone."""
        from photos.thumbnails import Thumbnails

        with self.open_library() as library, Thumbnails.of(library) as thumbnails:
            yield thumbnails


def tell(sentence: str) -> None:
    """Write a sentence for a person to standard error."""
    from photos.cli.kit.terminal import prose

    click.echo(prose(safe(sentence), sys.stderr), err=True)


def _tell_tightened(library: Path) -> None:
    click.echo(
        f"Other users of this machine could read files of the library {safe(str(library))}; now only you can."
        " To share it, set shared = true and their permissions.",
        err=True,
    )


def lower_priority(nice: int) -> None:
    """Let other programs run first: *nice* from 0 to 19, the lowest priority. Windows has no such thing."""
    if nice and hasattr(os, "nice"):
        os.nice(nice)


class Program(click.Group):
    """The group of all commands. Each is in a module of its name, which is imported when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of their use."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        # For an unknown name Click suggests the nearest among the loaded ones, so all are loaded.
        for name in [cmd_name] if cmd_name in _COMMANDS else _COMMANDS:
            if name not in self.commands:
                self.add_command(getattr(import_module(f"photos.cli.commands.{name}"), name))
        return super().get_command(ctx, cmd_name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as Click does, with the program's own options taken from behind the command, too."""
        return super().parse_args(ctx, _in_front(args))

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Make the context. A closed pipe raises `ClosedPipe`: Click may show help here."""
        with _closed_pipe_translated():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A closed pipe raises `ClosedPipe`."""
        with _closed_pipe_translated():
            return super().invoke(ctx)


def _in_front(args: list[str]) -> list[str]:
    """Return *args* with the options of the program before the command. What follows `--` stays.

    Raises `click.BadOptionUsage` for one without its value.
    """
    end = args.index("--") if "--" in args else len(args)
    front: list[str] = []
    rest: list[str] = []
    waiting = args[:end]
    while waiting:
        word = waiting.pop(0)
        if word in _WITH_VALUE:
            if not waiting:
                raise click.BadOptionUsage(word, f"Option {word!r} requires an argument.")
            front += [word, waiting.pop(0)]
        elif word == "--debug" or word.partition("=")[0] in _WITH_VALUE:
            front.append(word)
        else:
            rest.append(word)
    return [*front, *rest, *args[end:]]


@contextmanager
def _closed_pipe_translated() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipe from error


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from photos.installed_version import installed_version

        click.echo(f"photos {installed_version() or '(a checkout that is not installed)'}")
        ctx.exit()


@click.group(
    name="photos", cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--library",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of the library, created when needed. Also PHOTOS_LIBRARY.",
)
@click.option(
    "--catalog",
    metavar="ADDRESS",
    help="Catalog on a PostgreSQL server, postgresql://user@host/database. Also PHOTOS_CATALOG.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks of errors. Also PHOTOS_DEBUG=1.")
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def program(ctx: click.Context, library: Path | None, catalog: str | None, debug: bool) -> None:
    """Find photos by their content.

    \b
    Index a folder, then search it:
        photos add ~/Pictures
        photos search beach at sunset
    Tag it with your own words, without reading a picture again:
        photos retag --vocabulary birds.txt
    Try it on drawings first, without a download:
        photos demo
    Read more:
        photos help, photos help search, photos help searching

    Every command also takes --library, --catalog and --debug.

    Results go to standard output, everything else to standard error. Exit status: 0 done, 1 nothing found or a
    problem, 2 wrong usage, 130 interrupted.
    """  # noqa: D301 - Click keeps the lines after \b
    if is_forced(os.environ):
        # Click would take the colours off where there is no terminal.
        ctx.color = True
    invocation = ctx.ensure_object(Invocation)
    invocation.library, invocation.catalog = library, catalog
    invocation.debug = debug or invocation.environment.get("PHOTOS_DEBUG", "0") not in {"", "0"}


def pass_invocation(command: Callable[Concatenate[Invocation, P], None]) -> Callable[P, None]:
    """Pass the run to a command as its first argument."""

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        invocation = click.get_current_context().find_object(Invocation)
        assert invocation is not None
        command(invocation, *args, **kwargs)

    return update_wrapper(call, command)


def ensure_streams() -> None:
    """Replace standard streams that were closed (`2>&-`) by the null device."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as above


def hush_logs() -> None:
    """Keep log messages of libraries off standard error, where `logging` writes them if no handler is set."""
    import logging

    logging.getLogger().addHandler(logging.NullHandler())


@contextmanager
def native_noise_hushed() -> Iterator[None]:
    """Discard what C libraries write to standard error. libtiff writes hundreds of lines about one damaged file."""
    stderr = sys.stderr
    try:
        ours = os.dup(_STDERR)
    except OSError:
        yield
        return
    with open(os.devnull, "wb") as nothing:
        stderr.flush()
        os.dup2(nothing.fileno(), _STDERR)
    try:
        with open(ours, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False) as own:
            if stderr is sys.__stderr__:
                sys.stderr = own
            yield
    finally:
        sys.stderr = stderr
        os.dup2(ours, _STDERR)
        os.close(ours)
