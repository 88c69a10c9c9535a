"""Report of a taught label: its vector, its threshold and its examples in the library now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query.similarity import TextVectors
from query.tagging.learning.label_matrix import matrix_of, photos_of
from store import Catalog, LabelDefinition, LabelFit, Photo, Space, VocabularyDefinition

from .tag_counts import as_revision


@dataclass(frozen=True, slots=True)
class Example:
    """An example or counterexample. *photo* and *cosine* are None where it is not in the library."""

    content_hash: str
    is_shown: bool
    photo: Photo | None
    cosine: float | None


@dataclass(frozen=True, slots=True)
class TaughtLabelReport:
    """The label's unit vector, float32 (d,), and the cosine from which it counts if its examples give one.

    `text_share` is how much of its score is its texts', from 0 to 1; `used` how many examples its vector was made of.
    """

    vector: NDArray[np.float32]
    minimum: float | None
    text_share: float
    used: int
    examples: tuple[Example, ...]


def taught_label_report(
    catalog: Catalog, space: Space, label: LabelDefinition, texts: TextVectors
) -> TaughtLabelReport:
    """The report of *label*: as it was made, if the catalog knows it, or as it would be. Only its texts are cached."""
    matrix = matrix_of(catalog, space, as_revision(VocabularyDefinition("", (label,))), texts)
    vector: NDArray[np.float32] = matrix.matrix[0].astype(np.float32)
    fit = matrix.fits.get(0, LabelFit(0, None, 1.0))
    held = [(each, True) for each in label.examples] + [(each, False) for each in label.counterexamples]
    with catalog.read() as t:
        ids = photos_of(t, [each for each, _ in held])
        photos = {photo.id: photo for photo in t.photos.get(list(ids.values()))}
        embeddings = t.embeddings.get(space.id, list(ids.values()))
    cosines = dict(zip(embeddings.ids.tolist(), (embeddings.matrix @ vector).tolist(), strict=True))
    examples = (
        Example(each, is_shown, photos.get(ids.get(each, 0)), cosines.get(ids.get(each, 0))) for each, is_shown in held
    )
    return TaughtLabelReport(vector, fit.minimum, fit.text_share, fit.examples, tuple(examples))
