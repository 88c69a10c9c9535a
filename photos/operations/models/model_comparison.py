"""Comparison of two models of a library on the user's own searches and tags. It says nothing of which one is right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from photos.errors import NothingFound
from photos.library import OpenLibrary
from photos.model_errors import SpaceAnswers
from photos.operations.progress import SILENT, Progress, Stage, steps
from photos.spaces import find_space, space_names
from query.search import RankedPair, ranked_pairs, shared_photos
from query.tagging import photos_by_label
from store import Photo, Space, Transaction

from .trials import unnamed_space

if TYPE_CHECKING:
    from photos.output.sheet_rows import Row

#: Past searches that are compared, the newest first.
_SEARCHES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareModelsRequest:
    """Texts to search for, or the newest past searches if there are none; and the other model.

    That is the one of the name *model*, or if it is None the one that is tried, or the one before the last switch, or
    else the only other one.
    """

    queries: Sequence[str] = ()
    model: str | None = None
    #: Photos that count as found.
    count: int = 10


@dataclass(frozen=True, slots=True)
class QueryComparison:
    """One query in both models."""

    text: str
    pair: RankedPair

    @property
    def best_now(self) -> int | None:
        """The rank with the other model of the photo that is best with the one that answers."""
        first = self.pair.before.photo_ids[:1]
        return next((after for photo_id, _, after in self.pair.moved if photo_id in first), None)

    @property
    def shift(self) -> float:
        """The median distance between the two ranks of a photo that either model finds."""
        distances = [abs(after - before) for _, before, after in self.pair.moved]
        return float(np.median(distances)) if distances else 0.0


@dataclass(frozen=True, slots=True)
class LabelComparison:
    """Photos that have a label by either model, and those that only one gives it."""

    label: str
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model that is compared: bytes of a photo's vector and scores, and seconds of encoding one, if measured."""

    name: str
    photos: int
    bytes_a_photo: int
    seconds_a_photo: float | None


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """The model that answers, the other one, and how they differ on the photos that both have.

    `labels` come by falling number of photos that gained or lost them, those without a difference last.
    """

    answering: ComparedModel
    other: ComparedModel
    photos: int
    count: int
    queries: tuple[QueryComparison, ...]
    labels: tuple[LabelComparison, ...]
    #: The photos that any query found, by id.
    found: dict[int, Photo]

    @property
    def overlap(self) -> float | None:
        """The mean share of found photos that both models find; None without a query."""
        shares = [
            each.pair.overlap / len(each.pair.before.photo_ids) for each in self.queries if each.pair.before.photo_ids
        ]
        return sum(shares) / len(shares) if shares else None


def compare_models(library: OpenLibrary, request: CompareModelsRequest, progress: Progress = SILENT) -> ModelComparison:
    """Compare the model that answers with another one, on the photos that both have.

    Raises `EmptyLibrary`, `UnknownSpace`, `SpaceAnswers`, `NothingTried` if there is no other one, and `NothingFound`
    if no photo has an embedding of both.
    """
    answering = library.space
    with library.catalog.read() as t:
        other, names = _other(t, request.model), space_names(t.spaces.all())
        if other.id == answering.id:
            raise SpaceAnswers(names[other.id])
        if not len(shared_photos(t, answering, other)):
            raise NothingFound("No photo has embeddings of both models yet; `photos model try` goes on.")
        texts = list(request.queries) or [text for text, _ in t.texts.searched()[:_SEARCHES]]
    spaces = (answering, other)
    # Texts of a comparison are no searches to be remembered.
    on_text = steps(progress, Stage.ENCODE_LABELS)
    vectors = tuple(library.text_vectors(space).matrix(texts, on_text) for space in spaces)
    with library.catalog.read() as t:
        photo_ids = shared_photos(t, *spaces)
        pairs = ranked_pairs(t, spaces, (vectors[0], vectors[1]), photo_ids, request.count) if texts else []
        labels = _labels(t, spaces, set(photo_ids.tolist()))
        ids = sorted({photo_id for pair in pairs for photo_id, _, _ in pair.moved})
        return ModelComparison(
            answering=_compared(t, answering, names[answering.id]),
            other=_compared(t, other, names[other.id]),
            photos=len(photo_ids),
            count=request.count,
            queries=tuple(QueryComparison(text, pair) for text, pair in zip(texts, pairs, strict=True)),
            labels=labels,
            found={photo.id: photo for photo in t.photos.get(ids)},
        )


def write_comparison(library: OpenLibrary, comparison: ModelComparison, path: Path, *, overwrite: bool = False) -> None:
    """Write a contact sheet to *path*: for each query, what the two models find, side by side.

    Raises `FileExistsError` if something is there and *overwrite* is False.
    """
    from photos.output.contact_sheets import pictures_of, write_html  # noqa: PLC0415 - this loads decoders
    from photos.output.sheet_rows import Section  # noqa: PLC0415 - as above
    from photos.thumbnails import Thumbnails  # noqa: PLC0415 - as above

    one, other = comparison.answering.name, comparison.other.name
    sections = [
        Section(
            each.text,
            f"{each.pair.overlap} of {len(each.pair.before.photo_ids)} in both",
            [
                _row(comparison, one, each.pair.before.photo_ids, each.pair.before.cosines, each.pair.after.photo_ids),
                _row(comparison, other, each.pair.after.photo_ids, each.pair.after.cosines, each.pair.before.photo_ids),
            ],
            is_paired=True,
        )
        for each in comparison.queries
    ]
    lead = f"{comparison.photos} photos, {one} on the left and {other} on the right"
    with Thumbnails.of(library) as thumbnails:
        write_html(path, f"{one} and {other}", lead, sections, pictures_of(thumbnails), overwrite=overwrite)


def _row(
    comparison: ModelComparison,
    name: str,
    photo_ids: Sequence[int],
    cosines: Sequence[float],
    others: Collection[int],
) -> Row:
    from photos.output.sheet_rows import Cell, Row  # noqa: PLC0415 - as above

    cells = [
        Cell(key, comparison.found[key].paths[0], f"{cosine:.3f}", remark="" if key in others else "only here")
        for key, cosine in zip(photo_ids, cosines, strict=True)
        if key in comparison.found and comparison.found[key].paths
    ]
    return Row(name, "", cells)


def _other(t: Transaction, name: str | None) -> Space:
    if name is not None:
        return find_space(t.spaces.all(), name)
    previous = t.library.previous_space_id()
    if previous is not None and t.library.trial() is None:
        return t.spaces.get(previous)
    return unnamed_space(t)


def _compared(t: Transaction, space: Space, name: str) -> ComparedModel:
    seconds = t.spaces.seconds_a_picture(space.id)
    return ComparedModel(name, t.embeddings.count(space.id), t.spaces.bytes_a_photo(space.id), seconds)


def _labels(t: Transaction, spaces: tuple[Space, Space], within: Collection[int]) -> tuple[LabelComparison, ...]:
    before, after = (photos_by_label(t, space, within) for space in spaces)
    none: frozenset[int] = frozenset()
    compared = [
        LabelComparison(label, len(one), len(two), len(two - one), len(one - two))
        for label in before.keys() | after.keys()
        for one, two in [(before.get(label, none), after.get(label, none))]
    ]
    return tuple(sorted(compared, key=lambda each: (-each.gained - each.lost, -each.before, each.label)))
