"""A library of a few pictures, and decoder processes that all tests of a module share."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.decode import FACTS_READER
from indexer.files.scan import stamp_of
from photos.config import load
from photos.library import OpenLibrary
from photos.operations.indexing.index import AddRequest, add
from photos.operations.tagging.vocabularies import UseRequest, use_vocabulary
from photos.thumbnails.decoders import Decoders
from store import Facts
from tests.photos.conftest import read_here
from tests.photos.encoders import ColourEncoders, make_checkpoint


class Pictures:
    """A library, and the folder that it indexes."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.folder = folder / "pictures"
        self.folder.mkdir()
        self.model = str(make_checkpoint(folder / "model"))
        settings = {"library": folder / "library", "precision": "float32", "batch_size": 4, **options}
        self.library = OpenLibrary(load(settings, {}), ColourEncoders(), read_here)
        # To put the thousands of labels of the included vocabulary into a new library takes a second.
        (folder / "words.txt").write_text("red\n")
        use_vocabulary(self.library, UseRequest(vocabulary=str(folder / "words.txt")))

    def index(self, **files: bytes):
        """Write these files, a dot for each "__" of their names, and index the folder."""
        for name, data in files.items():
            (self.folder / name.replace("__", ".")).write_bytes(data)
        return add(self.library, AddRequest([str(self.folder)], model=self.model)).report

    def photo(self, name: str):
        with self.library.catalog.read() as t:
            return t.photos.at(bytes(self.folder / name))

    def pretend(self, name: str, content_hash: bytes) -> None:
        """Let the catalog hold a photo with that content, whatever the file is."""
        path = self.folder / name
        with self.library.catalog.write() as t:
            photo = t.photos.add(content_hash, 9, Facts(width=40, height=30, format="PNG"), FACTS_READER)
            t.files.indexed(t.folders.all()[0].id, name.encode(), stamp_of(path.lstat()), photo)

    @property
    def cache(self) -> Path:
        return self.library.settings.library / "thumbnails.sqlite"

    @property
    def previews(self) -> Path:
        return self.library.settings.library / "previews.sqlite"


@pytest.fixture
def pictures(tmp_path):
    made = Pictures(tmp_path)
    yield made
    made.library.close()


@pytest.fixture(scope="module")
def decoders():
    with Decoders(2) as started:
        yield started
