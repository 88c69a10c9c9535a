"""The program, run within the test, on encoders that see nothing but colour."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from indexer import ThreadReaders
from photos.__main__ import main
from photos.cli import Invocation
from photos.config import load
from photos.library import OpenLibrary

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


@pytest.fixture
def pictures(tmp_path):
    """A folder with a plain picture of each colour, and one file that is no picture."""
    folder = tmp_path / "pictures"
    (folder / "bright").mkdir(parents=True)
    for name, colour in COLOURS.items():
        below = folder / "bright" if name in {"yellow", "white"} else folder
        Image.new("RGB", (40, 30), colour).save(below / f"{name}.png")
    (folder / "notes.txt").write_text("not a picture\n")
    return folder


@pytest.fixture
def filled(photos, pictures, checkpoint, vocabulary):
    """The program with those pictures in its library."""
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", pictures, "--model", checkpoint).status == 0
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
