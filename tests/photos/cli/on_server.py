"""A small library on a server, and the program on copies of it."""

from __future__ import annotations

from contextlib import contextmanager

from PIL import Image

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.indexing.index import AddRequest, add
from photos.operations.progress import SILENT
from photos.operations.tagging.vocabularies import UseRequest, use_vocabulary
from tests.photos.conftest import Program, read_here
from tests.photos.encoders import COLOURS, ColourEncoders

ENVIRONMENT = {"PHOTOS_PRECISION": "float32", "PHOTOS_BATCH_SIZE": "2"}


class OnServer(Program):
    """The program with the library of the database at *address*. `pictures` is the folder that was added to it."""

    def __init__(self, server, address, folder, pictures, capsys):
        super().__init__(folder / "library", capsys, ColourEncoders(), PHOTOS_CATALOG=address, **ENVIRONMENT)
        self.server, self.address, self.pictures = server, address, pictures
        self.name = name_of(address)

    def settings(self, **options):
        return load({"library": self.library, "catalog": self.address, **options}, ENVIRONMENT)

    @contextmanager
    def opened(self):
        with OpenLibrary(self.settings(), self.encoders, read_here) as library:
            yield library

    def ask(self, statement):
        """Run *statement* in the catalog's database as the server's owner."""
        return self.server.run(statement, self.name)

    def cut(self):
        """End all connections."""
        self.server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")

    def let_in(self, allowed):
        """Accept connections, or refuse them and end those that there are."""
        self.server.run(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS {str(allowed).lower()}')
        if not allowed:
            self.cut()


def name_of(address):
    """The database of an address of the tests' server."""
    return address.partition("?")[0].rpartition("/")[2]


def with_parameter(address, parameter):
    return f"{address}{'&' if '?' in address else '?'}{parameter}"


def paint(folder, names=COLOURS):
    """Make a folder with a plain picture of each of these colours."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (40, 30 + number), COLOURS.get(name, (number, number, number))).save(folder / f"{name}.png")
    return folder


def fill(address, folder, checkpoint, vocabulary):
    """Make a library of a picture of each colour in the database, and return the folder of the pictures."""
    pictures = paint(folder / "pictures")
    settings = load({"catalog": address, "library": folder / "filling"}, ENVIRONMENT)
    with OpenLibrary(settings, ColourEncoders(), read_here) as library:
        use_vocabulary(library, UseRequest(vocabulary=str(vocabulary)))
        add(library, AddRequest((str(pictures),), model=str(checkpoint)), SILENT)
    return pictures
