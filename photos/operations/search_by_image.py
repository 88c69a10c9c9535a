"""Pictures as questions: an image file as a vector, whether or not it is in the library."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from indexer import DecodeError, ImageEncoder
from indexer.decode import read_photo
from indexer.files.open_file import open_file
from indexer.models import Preprocessing
from indexer.workers.file_reader import MOST_BYTES
from photos import models
from photos.errors import MissingFolder, UnreadablePicture
from photos.library import OpenLibrary
from photos.operations.folders import absolute
from query import Match, search_vector
from query.search.search import grouped
from store import Photo, Space, Transaction

#: Pictures that are encoded at once.
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's unit vector, float32 (d,), and the photo that it is, if it is in the library."""

    vector: NDArray[np.float32]
    photo_id: int | None


class NamedPictures:
    """Vectors of pictures as the library that *app* is of has or makes them. Relative paths begin in *directory*."""

    def __init__(self, app: OpenLibrary, directory: str) -> None:
        self._app = app
        self._directory = directory

    def vector(self, path: str) -> NDArray[np.float32]:
        """The unit vector, float32 (d,). Raises `UnreadablePicture`, or `MissingFolder` if there is none."""
        return as_vector(self._app, self._app.space, located(path, self._directory)).vector


def located(path: str, directory: str) -> str:
    """The absolute path of the picture that a query names as *path*, where relative ones begin in *directory*."""
    expanded = os.path.expanduser(path) if path.startswith("~/") else path
    return os.path.normpath(os.path.join(directory, expanded))


def is_of_one_process(path: str) -> bool:
    """Whether the absolute *path* means something else in every process: <(…) of a shell is such a name."""
    return os.path.normpath(path).startswith(("/dev/", "/proc/"))


def find_similar(app: OpenLibrary, picture: Picture, count: int) -> list[Match]:
    """The *count* photos most like *picture*, which is not among them."""
    return search_vector(app.catalog, app.index, app.space, picture.vector, count, exclude=picture.photo_id)


def find_similar_groups(app: OpenLibrary, picture: Picture, count: int) -> list[list[Match]]:
    """As `find_similar`, of which near-duplicates and bursts count as one: groups, each led by its best."""

    def nearest(wanted: int) -> list[Match]:
        return search_vector(app.catalog, app.index, app.space, picture.vector, wanted, exclude=picture.photo_id)

    return grouped(app.catalog, app.space, nearest, count)


def as_vector(app: OpenLibrary, space: Space, path: str, *, named: str | None = None) -> Picture:
    """The picture at *path* in *space*: the stored embedding if its content is known, else one made now.

    Raises `UnreadablePicture`, or `MissingFolder` if there is none; they call it *named*, or else *path*.
    """
    named = named or path
    content = _read(path, named)
    with app.catalog.read() as t:
        photo_id = t.photos.find(hashlib.sha256(content).digest())
        stored = t.embeddings.get(space.id, [photo_id]) if photo_id is not None else None
    if stored is not None and len(stored):
        return Picture(stored.matrix[0], photo_id)
    preprocessing = app.checkpoint_of(space).preprocessing
    # What is no picture is told before the encoder is loaded.
    pixels = _pixels(preprocessing, named, content)
    return Picture(app.space_image_encoder(space).encode(pixels[np.newaxis])[0], photo_id)


def _pixels(preprocessing: Preprocessing, named: str, content: bytes) -> NDArray[np.uint8]:
    try:
        return read_photo(content, preprocessing).pixels
    except DecodeError as error:
        raise UnreadablePicture(named, str(error)) from error


def embed_pictures(
    embedder: ImageEncoder, preprocessing: Preprocessing, paths: Sequence[str], batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Unit vectors, float32 (b, d), of the pictures at *paths*, at most *batch_size* at a time.

    Raises `UnreadablePicture`.
    """
    for start in range(0, len(paths), batch_size):
        pixels = [_pixels(preprocessing, path, _read(path, path)) for path in paths[start : start + batch_size]]
        yield embedder.encode(np.stack(pixels))


def embed(
    app: OpenLibrary, asked: str | None, *, images: Sequence[str], texts: Sequence[str]
) -> tuple[str, NDArray[np.float32]]:
    """The checkpoint's name, and the unit vectors, float32 (n, d), that it makes of pictures or else of *texts*.

    The checkpoint is the one *asked* for, the library's, or the default. Nothing is kept.
    """
    checkpoint = models.pick(app.settings, asked, app.model_reference)
    if texts:
        return checkpoint.name, app.text_encoder(checkpoint).encode_text(texts)
    embedder = app.image_encoder(checkpoint, app.settings.precision)
    return checkpoint.name, np.concatenate(list(embed_pictures(embedder, checkpoint.preprocessing, images, _BATCH)))


def photo_at(t: Transaction, path: str) -> Photo | None:
    """The photo that the file at *path* is, by its name or else by its content."""
    photo = t.photos.at(absolute(path))
    if photo is not None or not Path(path).is_file():
        return photo
    photo_id = t.photos.find(hashlib.sha256(_read(path, path)).digest())
    return t.photos.get([photo_id])[0] if photo_id is not None else None


def _read(path: str, named: str) -> bytes:
    if Path(path).is_dir():
        raise UnreadablePicture(named, "it is a folder; `photos add` indexes folders")
    try:
        with _opened(path) as opened:
            # What the program is asked to compare with may be a film.
            if (size := os.fstat(opened.fileno()).st_size) > MOST_BYTES:
                raise UnreadablePicture(named, f"it has {size / 1e9:.1f} GB")
            return opened.read()
    except FileNotFoundError:
        raise MissingFolder(named, "does not exist; check the name") from None
    except PermissionError:
        raise UnreadablePicture(named, "permission denied") from None
    except OSError as error:
        raise UnreadablePicture(named, error.strerror or str(error)) from error
    except ValueError as error:
        raise UnreadablePicture(named, str(error)) from error


def _opened(path: str) -> BinaryIO:
    """The file at *path*, or the pipe that a shell made for a <(…). Any other may never give anything."""
    if is_of_one_process(path) and stat.S_ISFIFO(os.stat(path).st_mode):
        return open(path, "rb")
    return open_file(os.fsencode(path))
