"""Preview of a vocabulary's tags over the whole library; nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from query.similarity import TextVectors
from query.tagging.effective.effective_tags import TagRule, minimums_of, names_of, own_thresholds
from query.tagging.learning.calibration import measure
from query.tagging.learning.label_matrix import matrix_of
from query.tagging.scoring.parts import scorer_for
from query.tagging.scoring.scorer import Columns
from store import Catalog, Label, Revision, Space, Vectors, VocabularyDefinition

#: Photos that are scored at once.
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class TagPreview:
    """The names of each photo's automatic tags, and the number of photos with each label."""

    of_photos: dict[int, frozenset[str]]
    counts: Counter[str]


def preview_tags(
    catalog: Catalog,
    space: Space,
    definition: VocabularyDefinition,
    texts: TextVectors,
    progress: Callable[[int, int], None] | None = None,
    folders: Sequence[bytes] = (),
) -> TagPreview:
    """The tags that *definition* would give the library's photos. *progress* gets texts encoded and in all.

    Only photos below *folders*, absolute, count, if there are any.
    """
    revision = as_revision(definition)
    labels = matrix_of(catalog, space, revision, texts, progress)
    with catalog.read() as t:
        is_calibrated = t.calibrations.current(space.id) is not None
        own = own_thresholds(t, space, revision)
    spreads = measure(catalog, space, labels) if is_calibrated else None
    rule = TagRule(revision, space.identity, spreads=spreads, fitted=minimums_of(labels.fits), own=own)
    columns, names = Columns.of(labels, rule.offsets(labels.label_ids)), names_of(revision)
    with catalog.read() as t:
        scorer = scorer_for(columns, t.embeddings.count(space.id))
    of_photos = {
        photo_id: frozenset(tag.label for tag in rule.shown(tags))
        for vectors in _embeddings_of(catalog, space, folders)
        for photo_id, tags in zip(vectors.ids.tolist(), rule.automatic(scorer.kept(vectors), names), strict=True)
    }
    return TagPreview(of_photos, Counter(label for tags in of_photos.values() for label in tags))


def as_revision(definition: VocabularyDefinition) -> Revision:
    """*definition* as a revision that no catalog knows. Its labels' ids are their places."""
    labels = tuple(Label(at, label) for at, label in enumerate(definition.labels))
    now = datetime.now(UTC).replace(tzinfo=None)
    return Revision(0, definition.name, 0, now, definition.threshold, labels, definition.exclusive)


def _embeddings_of(catalog: Catalog, space: Space, folders: Sequence[bytes]) -> Iterator[Vectors]:
    """The embeddings of all photos that have a file, or one below *folders*, if there are any."""
    with catalog.read() as t:
        gone, within = t.photos.gone(), t.scopes.photos(folders)
        for vectors in t.embeddings.scan(space.id, _CHUNK):
            there = np.isin(vectors.ids, within) if folders else ~np.isin(vectors.ids, gone)
            yield Vectors(vectors.ids[there], vectors.matrix[there])
