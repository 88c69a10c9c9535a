"""A library for programs of one's own: embeddings, scores, tags and searches as NumPy arrays and plain records.

As in:

    from photos.api import Library

    with Library.open() as library:
        for match in library.search("beach at sunset", 5):
            print(match.photo.paths[0], match.cosine)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.search import searcher
from photos.operations.search_by_image import as_vector, embed_pictures, find_similar, photo_at
from query import Match, NotInLibrary, Page, ScoredTag, parse_line, photo_tags
from query.search.scores import probability
from store import Photo, SpaceIdentity, Vectors

_Value = TypeVar("_Value")


class Library:
    """One library, opened. What it gives is of the moment: another process may index or re-tag beside it.

    Everything here raises `photos.errors.EmptyLibrary` where no photo was ever added, and what its parts raise: see
    `query.errors`, `store.errors` and `indexer.errors`. `str` of each is a sentence for people.
    """

    def __init__(self, app: OpenLibrary) -> None:
        self._app = app

    @classmethod
    def open(cls, folder: str | os.PathLike[str] | None = None, **settings: object) -> Library:
        """The library in *folder*, or the one that the command line would use.

        *settings* are those of docs/commands.md, such as `device="cpu"`; what is not given is read from the
        environment and the configuration file. Raises `photos.config.SettingError`.
        """
        library = None if folder is None else Path(folder)
        return cls(OpenLibrary(load({"library": library, **settings}, dict(os.environ))))

    @property
    def space(self) -> SpaceIdentity:
        """What the embeddings were made with: model, dimension, precision, logit scale and bias."""
        return self._app.space.identity

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d). Those of texts that were asked for before are remembered."""
        return self._app.text_vectors(self._app.space).matrix(_several(texts))

    def embed_images(
        self, paths: Sequence[str | os.PathLike[str]], batch_size: int = 16
    ) -> Iterator[NDArray[np.float32]]:
        """Unit vectors of picture files, float32 (b, d), at most *batch_size* at a time. Nothing is kept.

        Raises `photos.errors.UnreadablePicture` at the batch of a file that is no picture.
        """
        checkpoint = self._app.checkpoint_of(self._app.space)
        embedder = self._app.space_image_encoder(self._app.space)
        named = [os.fspath(path) for path in _several(paths)]
        return embed_pictures(embedder, checkpoint.preprocessing, named, batch_size)

    def embeddings(self, batch_size: int = 4096) -> Iterator[Vectors]:
        """The stored embeddings of all photos, by ascending id, at most *batch_size* at a time.

        Each is `ids`, int64 (b,), and `matrix`, float32 (b, d), of unit vectors.
        """
        with self._app.catalog.read() as t:
            yield from t.embeddings.scan(self._app.space.id, batch_size)

    def photos(self, photo_ids: Sequence[int]) -> list[Photo]:
        """What is known of these photos: paths, facts, content. Ids that are not known are left out."""
        with self._app.catalog.read() as t:
            return t.photos.get([int(photo_id) for photo_id in photo_ids])

    def find(self, path: str | os.PathLike[str]) -> Photo:
        """The photo that the file at *path* is, by its name or its content. Raises `query.NotInLibrary`."""
        with self._app.catalog.read() as t:
            photo = photo_at(t, os.fspath(path))
        if photo is None:
            raise NotInLibrary(os.fsencode(path))
        return photo

    def scores(self, vectors: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float32]:
        """Cosines, float32 (n, k), of *vectors*, float32 (n, d), with labels, each encoded as in a vocabulary."""
        texts = self._app.text_vectors(self._app.space)
        matrix = [texts.label_vector(label) for label in _several(labels)]
        columns = np.stack(matrix) if matrix else np.empty((0, self.space.dimension), np.float32)
        cosines: NDArray[np.float32] = np.asarray(vectors, np.float32) @ columns.T
        return cosines

    def probabilities(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's own probabilities, of the shape of *cosines*: sigmoid(cosine * exp(scale) + bias)."""
        flat = [probability(cosine, self.space) for cosine in np.ravel(cosines).tolist()]
        return np.array(flat, np.float32).reshape(np.shape(cosines))

    def tags(self, photo_ids: Sequence[int], threshold: float | None = None) -> dict[int, list[ScoredTag]]:
        """The tags of photos as `photos tags` shows them, by photo. *threshold* is a probability."""
        ids = [int(photo_id) for photo_id in photo_ids]
        return photo_tags(self._app.catalog, self._app.space, ids, threshold=threshold)

    def search(self, query: str, count: int = 10, offset: int = 0, min_score: float | None = None) -> list[Match]:
        """The *count* photos after *offset* others that *query* asks for, best first, with their scores and tags.

        It is written as on the command line, see docs/searching.md: a text, or texts and pictures with signs and
        weights, and filters; filters alone list photos, newest first. Photos whose cosine is below *min_score* are
        left out. Raises `query.BadQuery` for what cannot be read.
        """
        answering = searcher(self._app, os.getcwd(), [])
        return answering.search(parse_line(query), Page(count, offset, min_score=min_score)).matches

    def similar(self, path: str | os.PathLike[str], count: int = 10) -> list[Match]:
        """The *count* photos most like the picture at *path*, which need not be in the library."""
        return find_similar(self._app, as_vector(self._app, self._app.space, os.fspath(path)), count)

    def close(self) -> None:
        """Give back what is held open."""
        self._app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _several(values: Sequence[_Value]) -> Sequence[_Value]:
    """*values*, of which a single text would be taken for as many as it has letters. Raises `TypeError` for one."""
    if isinstance(values, str | bytes | os.PathLike):
        raise TypeError(f"give a list, even of one: [{values!r}]")
    return values
