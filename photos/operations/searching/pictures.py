"""Picture files that a user names: their vectors, and the photos of the library that they are."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer import DecodeError, ImageEncoder, Preprocessor
from indexer.decode import read_photo
from indexer.workers.file_reader import MOST_BYTES
from photos.errors import MissingFolder, UnreadablePicture
from photos.library import OpenLibrary
from photos.operations.folders import absolute
from query.errors import NotInLibrary
from store import Photo, Space, Transaction
from store.open_file import open_input

#: A photo by its number, in the place of a path. As many digits as an id has.
_BY_NUMBER = re.compile(r"photo:(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class PictureVector:
    """A picture's unit vector, float32 (d,), and the id of its photo if it is in the library."""

    vector: NDArray[np.float32]
    photo_id: int | None


class NamedPictures:
    """Vectors of the pictures that a query names. Relative paths begin in *directory*."""

    def __init__(self, library: OpenLibrary, directory: str) -> None:
        self._library = library
        self._directory = directory

    def vector(self, path: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,). Raises `UnreadablePicture`, or `MissingFolder` if there is no file."""
        return picture_vector(self._library, self._library.space, located(path, self._directory)).vector


class LibraryPictures:
    """Vectors of the library's own photos that a query names as `photo:NUMBER` or by a path. No file is opened."""

    def __init__(self, library: OpenLibrary) -> None:
        self._library = library

    def vector(self, path: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,). Raises `NotInLibrary`."""
        return self.picture(path).vector

    def picture(self, path: str) -> PictureVector:
        """Return the photo's vector and id. Raises `NotInLibrary`."""
        with self._library.catalog.read() as t:
            photo_id = self._photo_id(t, path)
            found = None if photo_id is None else t.embeddings.get(self._library.space.id, [photo_id])
        if found is None or not len(found):
            raise NotInLibrary(os.fsencode(path))
        return PictureVector(found.matrix[0], photo_id)

    @staticmethod
    def _photo_id(t: Transaction, path: str) -> int | None:
        if (numbered := _BY_NUMBER.fullmatch(path)) is not None:
            return int(numbered[1])
        photo = t.photos.at(absolute(path)) if os.path.isabs(path) else None
        return None if photo is None else photo.id


def located(path: str, directory: str) -> str:
    """Return the absolute path of a picture in a query. Relative paths begin in *directory*, ~/ in the home folder."""
    expanded = os.path.expanduser(path) if path.startswith("~/") else path
    return os.path.normpath(os.path.join(directory, expanded))


def is_of_one_process(path: str) -> bool:
    """True if the absolute *path* names another file in every process, as the <(…) of a shell does."""
    return os.path.normpath(path).startswith(("/dev/", "/proc/"))


def picture_vector(library: OpenLibrary, space: Space, path: str, *, named: str | None = None) -> PictureVector:
    """Return the picture at *path*: the stored embedding if its content is known, otherwise a new one.

    A companion, such as a RAW photo beside its JPEG, is the picture that it belongs to.

    Raises `UnreadablePicture`, or `MissingFolder` if there is no file. Their sentences call it *named*.
    """
    named = named or path
    content = _read(path, named)
    with library.catalog.read() as t:
        photo_id = t.photos.find(hashlib.sha256(content).digest())
        if photo_id is None and (beside := t.photos.of_companion(absolute(path))) is not None:
            photo_id = beside.id
        stored = t.embeddings.get(space.id, [photo_id]) if photo_id is not None else None
    if stored is not None and len(stored):
        return PictureVector(stored.matrix[0], photo_id)
    preprocessing = library.checkpoint_of(space).preprocessing
    # Decoded first: a file that is no picture is reported before the encoder is loaded.
    pixels = _pixels(preprocessing, named, content)
    return PictureVector(library.space_image_encoder(space).encode([pixels])[0], photo_id)


def encode_pictures(
    encoder: ImageEncoder, preprocessing: Preprocessor, paths: Sequence[str], batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Yield unit vectors, float32 (b, d), of the pictures at *paths*, at most *batch_size* at a time.

    Raises `UnreadablePicture`.
    """
    for start in range(0, len(paths), batch_size):
        yield encoder.encode(
            [_pixels(preprocessing, path, _read(path, path)) for path in paths[start : start + batch_size]]
        )


def photo_at(t: Transaction, path: str) -> Photo | None:
    """Return the photo of the file at *path*; None if it is not in the library.

    It is found by its path, by the picture that the file is a companion of, or by its content.
    """
    photo = t.photos.at(absolute(path)) or t.photos.of_companion(absolute(path))
    if photo is not None or not Path(path).is_file():
        return photo
    photo_id = t.photos.find(hashlib.sha256(_read(path, path)).digest())
    return t.photos.get([photo_id])[0] if photo_id is not None else None


def known_photo(t: Transaction, path: str) -> Photo:
    """Return the photo of the file at *path*. Raises `NotInLibrary`."""
    photo = photo_at(t, path)
    if photo is None:
        raise NotInLibrary(os.fsencode(path))
    return photo


def _pixels(preprocessing: Preprocessor, named: str, content: bytes) -> NDArray[np.uint8]:
    try:
        return read_photo(content, preprocessing).pixels
    except DecodeError as error:
        raise UnreadablePicture(named, str(error)) from error


def _read(path: str, named: str) -> bytes:
    if Path(path).is_dir():
        raise UnreadablePicture(named, "it is a folder; `photos add` indexes folders")
    try:
        with open_input(path) as opened:
            # A user may name a film.
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
