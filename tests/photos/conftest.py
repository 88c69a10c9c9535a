"""The program, run within the test, on encoders that see nothing but colour."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from indexer import ThreadReaders
from indexer.files.scan import stamp_of
from photos.__main__ import main
from photos.cli import Invocation
from photos.config import load
from photos.library import OpenLibrary
from store.private_files import CATALOG_FILE
from tests.store.sqlite import empty_catalog

from .encoders import COLOURS, ColourEncoders, make_checkpoint

#: Whether the program's catalogs are on a server in all tests, for a run by hand: tests of the file itself then fail.
ON_SERVER = os.environ.get("PHOTOS_TEST_PROGRAM") == "postgres"


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()


class Program:
    """Runs commands on one library, in this process, with *encoders*: those of the program itself if they are None.

    Variables of the test's own environment come before those of *environment*.
    """

    def __init__(self, library: Path, capsys, encoders=None, **environment: str):
        self.library = library
        self.encoders = encoders
        self._capsys = capsys
        self._environment = environment

    def __call__(self, *arguments: object) -> Result:
        self._capsys.readouterr()
        environment = {**self._environment, **os.environ}
        invocation = Invocation(encoders=self.encoders, make_readers=read_here, environment=environment)
        status = main(["--library", str(self.library), *map(str, arguments)], invocation)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Result(status, out, err)

    def make_catalog(self) -> None:
        """Make the library, with an empty catalog; the first command takes far longer for it."""
        self.library.mkdir(mode=0o700)
        empty_catalog(self.library / CATALOG_FILE)

    def on(self, library: Path, encoders: ColourEncoders) -> Program:
        """Return the program on another library, with other encoders."""
        return Program(library, self._capsys, encoders, **self._environment)

    def embeddings(self):
        """The stored embedding of each file, by its name."""
        catalog = self._environment.get("PHOTOS_CATALOG")
        with OpenLibrary(load({"library": self.library, "catalog": catalog}, {})) as library, library.read() as t:
            return {
                os.path.basename(os.fsdecode(path)): t.embeddings.get(library.space.id, [photo.id]).matrix[0]
                for page in t.embeddings.scan(library.space.id)
                for photo in t.photos.get([int(photo_id) for photo_id in page.ids])
                for path in photo.paths
            }


def read_here(preprocessing, count, beside=None):
    """Readers in threads: processes of their own would load the test runner each time."""
    return nullcontext(ThreadReaders(preprocessing, count, beside))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "colours")


@pytest.fixture(scope="session")
def vocabulary(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabularies") / "colours.txt"
    path.write_text("\n".join(COLOURS) + "\n")
    return path


@pytest.fixture
def photos(request, tmp_path, capsys):
    """The program with an empty library."""
    # To ask the machine for the best precision loads torch.
    settings = {"PHOTOS_PRECISION": "float32"}
    if not ON_SERVER:
        yield Program(tmp_path / "library", capsys, ColourEncoders(), **settings)
        return
    running = request.getfixturevalue("server")
    with running.database(running.template) as address:
        yield Program(tmp_path / "library", capsys, ColourEncoders(), PHOTOS_CATALOG=address, **settings)


def make_pictures(folder: Path) -> Path:
    """Write a plain picture of each colour, and one file that is no picture, and return the folder."""
    (folder / "bright").mkdir(parents=True)
    for name, colour in COLOURS.items():
        below = folder / "bright" if name in {"yellow", "white"} else folder
        Image.new("RGB", (40, 30), colour).save(below / f"{name}.png")
    (folder / "notes.txt").write_text("not a picture\n")
    return folder


@pytest.fixture
def pictures(tmp_path):
    """A folder with a plain picture of each colour, and one file that is no picture."""
    return make_pictures(tmp_path / "pictures")


class FilledLibrary:
    """A library with such pictures. It is indexed once, in *folder*, and copied from there: that takes far less."""

    def __init__(self, folder: Path, checkpoint: Path, vocabulary: Path) -> None:
        self._folder = folder
        self._checkpoint = checkpoint
        self._vocabulary = vocabulary
        self._encoders: ColourEncoders | None = None

    def copy_for(self, photos: Program, pictures: Path) -> None:
        """Give the program the library that it would have after it had added *pictures*."""
        if ON_SERVER:
            self._fill(photos, pictures)
            return
        encoders = self._encoders or self._index(photos)
        shutil.copytree(self._folder / "library", photos.library)
        photos.encoders.images, photos.encoders.texts = encoders.images, encoders.texts
        with closing(sqlite3.connect(photos.library / CATALOG_FILE)) as connection, connection:
            connection.execute("UPDATE folder SET path = ?", [bytes(pictures)])
            paths = [path for (path,) in connection.execute("SELECT path FROM file")]
            stamps = [(stamp_of(os.lstat(os.path.join(bytes(pictures), path))), path) for path in paths]
            connection.executemany(
                "UPDATE file SET mtime_ns = ?, ctime_ns = ?, inode = ? WHERE path = ?",
                [(stamp.mtime_ns, stamp.ctime_ns, stamp.inode, path) for stamp, path in stamps],
            )

    def _index(self, photos: Program) -> ColourEncoders:
        pictures = make_pictures(self._folder / "pictures")
        first = photos.on(self._folder / "library", ColourEncoders())
        self._fill(first, pictures)
        self._encoders = first.encoders
        return first.encoders

    def _fill(self, photos: Program, pictures: Path) -> None:
        assert photos("vocab", "use", self._vocabulary).status == 0
        assert photos("add", pictures, "--model", self._checkpoint).status == 0


@pytest.fixture(scope="session")
def filled_library(tmp_path_factory, checkpoint, vocabulary):
    return FilledLibrary(tmp_path_factory.mktemp("filled"), checkpoint, vocabulary)


@pytest.fixture
def filled(photos, pictures, filled_library):
    """The program with those pictures in its library."""
    filled_library.copy_for(photos, pictures)
    return photos


@pytest.fixture
def other_checkpoint(tmp_path):
    return make_checkpoint(tmp_path / "other", seed=2)


@pytest.fixture
def unreadable(tmp_path):
    """Makes a path unreadable; skips for a user who may read everything."""

    def deny(path: Path):
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")

    yield deny
    for path in tmp_path.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o700)
