"""A library for programs of one's own: searches, tags, vocabularies and embeddings, reading and writing.

Example:
    from photos.api import Library

    with Library.open() as library:
        for match in library.search("beach at sunset", 5).matches:
            print(match.photo.paths[0], match.cosine)

Each method calls one operation of `photos.operations`, as the command of the same name does.
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
from photos.operations import embed, explain, photos, search, similar, tag_import, tags
from photos.operations.explain import ExplainResult
from photos.operations.photos import PhotoReference
from photos.operations.requests import SearchRequest, SimilarRequest
from photos.operations.search import SearchResult
from photos.operations.tag_import import SourceComparison, TagImport
from photos.operations.tags import PhotoHistory, PhotoTags, TagCount
from store.records import Photo, SpaceIdentity, Vectors

_Value = TypeVar("_Value")
_Path = str | os.PathLike[str]


class Library:
    """One open library. Another process may index or re-tag it at the same time; each call sees what was committed.

    Photos are named by id or by the path of a file. Labels, texts and several photos are given as lists. Methods raise
    `photos.errors.EmptyLibrary` where no photo was ever added, and the errors of `photos.errors`, `query.errors`,
    `store.errors` and `indexer.errors`. `str` of each is a sentence for people.
    """

    def __init__(self, library: OpenLibrary) -> None:
        self._library = library

    @classmethod
    def open(cls, folder: _Path | None = None, **settings: object) -> Library:
        """Open the library in *folder*, or the one that the command line would use.

        *settings* are those of docs/commands.md, such as `device="cpu"`. All others are read from the environment and
        the configuration file. Raises `photos.errors.SettingError`.
        """
        library = None if folder is None else Path(folder)
        return cls(OpenLibrary(load({"library": library, **settings}, dict(os.environ))))

    # Searches

    def search(
        self,
        query: str,
        count: int = 10,
        offset: int = 0,
        *,
        sort: str = "relevance",
        min_score: float | None = None,
        stands_out: bool = False,
        group: bool = False,
        exact: bool = False,
    ) -> SearchResult:
        """Return the *count* photos after *offset* better ones that *query* finds, with their scores and tags.

        The query is one line, see docs/searching.md; filters alone list photos, newest first. The other arguments are
        the options of `photos search`; *stands_out* is `--min-score auto`. Raises `query.errors.BadQuery`.
        """
        request = SearchRequest(
            query=query,
            directory=os.getcwd(),
            top=count,
            offset=offset,
            sort=sort,
            min_score=min_score,
            stands_out=stands_out,
            group=group,
            exact=exact,
        )
        return search.search(self._library, request)

    def similar(self, path: _Path, count: int = 10, *, group: bool = False) -> SearchResult:
        """Return the *count* photos most like the picture at *path*, which need not be in the library."""
        request = SimilarRequest(image=os.fspath(path), directory=os.getcwd(), top=count, group=group)
        return similar.similar(self._library, request)

    def explain(self, path: _Path, query: str) -> ExplainResult:
        """Explain a photo's score and rank for *query*, which has no filters. Raises `query.errors.NotInLibrary`."""
        request = explain.ExplainRequest(image=os.fspath(path), query=query, directory=os.getcwd())
        return explain.explain(self._library, request)

    # Tags

    def tags(self, photos: Sequence[PhotoReference | _Path], threshold: float | None = None) -> list[PhotoTags]:
        """Return the tags of photos, in the order given. *threshold* is a probability."""
        return tags.photo_tags(self._library, tags.TagsRequest(photos=_references(photos), threshold=threshold))

    def tag(
        self,
        photos: Sequence[PhotoReference | _Path],
        *,
        add: Sequence[str] = (),
        reject: Sequence[str] = (),
        clear: Sequence[str] = (),
    ) -> list[PhotoTags]:
        """Change manual tags, all or none, and return the photos' tags afterwards. Raises `query.errors.BadLabel`."""
        added, rejected, cleared = (tuple(_several(labels)) for labels in (add, reject, clear))
        request = tags.TagRequest(photos=_references(photos), add=added, reject=rejected, clear=cleared)
        return tags.tag(self._library, request)

    def tag_counts(self, threshold: float | None = None) -> list[TagCount]:
        """Return the library's tags and the number of photos of each, most frequent first."""
        return tags.tag_counts(self._library, threshold)

    def tag_history(self, photos: Sequence[PhotoReference | _Path]) -> list[PhotoHistory]:
        """Return the manual and imported changes of photos' tags, oldest first."""
        return tags.tag_history(self._library, _references(photos))

    def import_tags(self, file: _Path, source: str) -> TagImport:
        """Import the tags of another program, *source*, from a CSV file or a file of JSON objects."""
        return tag_import.import_tags(self._library, tag_import.ImportTagsRequest(os.fspath(file), source))

    def import_keywords(self, source: str = tag_import.KEYWORDS) -> TagImport:
        """Import the keywords in pictures and sidecars as tags of *source*."""
        return tag_import.import_keywords(self._library, source)

    def compare_sources(self, one: str, other: str) -> SourceComparison:
        """Compare two sources of tags: "auto", "user", or the source of an import."""
        return tag_import.compare_sources(self._library, tag_import.CompareRequest(one, other))

    # Photos and embeddings

    def photos(self, photo_ids: Sequence[int]) -> list[Photo]:
        """Return photos with their paths, metadata and content hashes. Unknown ids are left out."""
        return photos.photos_by_id(self._library, [int(photo_id) for photo_id in photo_ids])

    def find(self, path: _Path) -> Photo:
        """Return the photo of the file at *path*, by its path or its content. Raises `query.errors.NotInLibrary`."""
        return photos.find_photo(self._library, os.fspath(path))

    @property
    def space(self) -> SpaceIdentity:
        """The space of the embeddings: model, dimension, precision, logit scale and bias."""
        return self._library.space.identity

    def embeddings(self, batch_size: int = 4096) -> Iterator[Vectors]:
        """Yield the stored embeddings of all photos by ascending id, at most *batch_size* at a time.

        Each batch has `ids`, int64 (b,), and `matrix`, float32 (b, d), of unit vectors.
        """
        return embed.stored_embeddings(self._library, batch_size)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 (n, d). New texts are encoded and stored."""
        return embed.embed_texts(self._library, _several(texts))

    def embed_images(self, paths: Sequence[_Path], batch_size: int = 16) -> Iterator[NDArray[np.float32]]:
        """Yield unit vectors of picture files, float32 (b, d), at most *batch_size* at a time. Nothing is stored.

        Raises `photos.errors.UnreadablePicture` at the batch of a file that is no picture.
        """
        return embed.embed_images(self._library, [os.fspath(path) for path in _several(paths)], batch_size)

    def scores(self, vectors: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float32]:
        """Return cosines, float32 (n, k), of *vectors*, float32 (n, d), with labels, encoded as in a vocabulary."""
        return embed.label_scores(self._library, vectors, _several(labels))

    def probabilities(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the model's probabilities, of the shape of *cosines*: sigmoid(cosine * exp(scale) + bias)."""
        return embed.model_probabilities(self._library, cosines)

    def close(self) -> None:
        """Close the library."""
        self._library.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _references(photos: Sequence[PhotoReference | _Path]) -> tuple[PhotoReference, ...]:
    return tuple(os.fspath(each) if isinstance(each, str | os.PathLike) else int(each) for each in _several(photos))


def _several(values: Sequence[_Value]) -> Sequence[_Value]:
    """Return *values*. Raises `TypeError` for a single text or path, which would pass for a list of its letters."""
    if isinstance(values, str | bytes | os.PathLike):
        raise TypeError(f"give a list, even of one: [{values!r}]")
    return values
