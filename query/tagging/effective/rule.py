"""The tag rule: it decides which of a photo's labels are tags.

The catalog keeps a photo's best labels, ranked by how far their cosines are above their thresholds, whether they reach
them or not. A label is a tag if its probability reaches the threshold of the command, the label or the vocabulary. If
none of these has a threshold and the library is calibrated, a label is a tag if its cosine exceeds the label's median
by `STANDS_OUT` spreads: but never below a floor, where the model all but rules the label out, and always from a cap on,
where the model is all but sure, since a label that most photos show never stands out. So a threshold can change without
scoring again, as far down as the kept labels reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from query.similarity import cosine_of, probability
from query.vocabulary.labels import Ancestors
from store import CosineSpread, PhotoScores, Revision, SpaceIdentity, Tag, TagSource

#: Probability from which a label is a tag, unless the vocabulary, the label or the user says otherwise.
DEFAULT_THRESHOLD = 1e-3
#: Spreads above the label's median from which a label counts in a calibrated library.
STANDS_OUT = 4.0
#: Probability from which a label counts, however usual its score is.
SURE = 0.9
#: Probability below which nothing stands out.
FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class ScoredTag:
    """A tag as it is shown: `score` is the cosine; the numbers are None if no score is kept for the label."""

    label: str
    score: float | None
    probability: float | None
    source: TagSource
    #: The label that implies this one, if that is the only reason for the tag.
    implied_by: str | None = None
    #: The program that an imported tag came from.
    origin: str | None = None
    #: Spreads that the score lies above the label's median in the library; None where it is not calibrated.
    calibrated: float | None = None
    #: Cosine from which the label counts.
    minimum: float | None = None


class TagRule:
    """The rule for one vocabulary revision in one space. *fitted* are cosines from which labels with examples count."""

    def __init__(
        self,
        revision: Revision,
        identity: SpaceIdentity,
        threshold: float | None = None,
        spreads: Mapping[int, CosineSpread] | None = None,
        fitted: Mapping[int, float] | None = None,
    ) -> None:
        self._identity = identity
        self._spreads = spreads or {}
        default = DEFAULT_THRESHOLD if revision.threshold is None else revision.threshold
        own = {
            label.id: label.definition.threshold for label in revision.labels if label.definition.threshold is not None
        }
        chosen = default if threshold is None else threshold
        #: Cosine from which a label is a tag; labels with a threshold of their own are in `minimums`.
        self.minimum = cosine_of(chosen, identity)
        self.minimums: dict[int, float] = {}
        if threshold is None:
            calibrated = {} if revision.threshold is not None else self._spreads
            self.minimums = {key: minimum_of(spread, identity) for key, spread in calibrated.items()}
            self.minimums |= fitted or {}
            self.minimums |= {key: cosine_of(value, identity) for key, value in own.items()}
        self._ids = {label.definition.name: label.id for label in revision.labels}
        self._ancestors = Ancestors(label.definition for label in revision.labels)
        self._groups = [frozenset(group) for group in revision.exclusive]

    def knows(self, name: str) -> bool:
        """Return whether the vocabulary has a label of exactly that name."""
        return name in self._ids

    def offsets(self, label_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The offsets of labels' cosines, so that labels are ranked by how far they are above their thresholds.

        float64 (k,); 0 for labels that have none of their own. A threshold that no cosine can reach counts as
        the nearest that one can.
        """
        minima = np.array([self.minimums.get(label_id, self.minimum) for label_id in label_ids.tolist()], np.float64)
        offsets: NDArray[np.float64] = np.clip(minima, -1, 1) - min(max(self.minimum, -1.0), 1.0)
        return offsets

    def automatic(self, kept: PhotoScores, names: Mapping[int, str]) -> Iterator[list[Tag]]:
        """Each photo's automatic tags that reach their thresholds; labels without a name are left out."""
        known, at = np.unique(kept.label_ids, return_inverse=True)
        minima = np.array([self.minimums.get(key, self.minimum) for key in known.tolist()], np.float64)
        minima[[key not in names for key in known.tolist()]] = np.inf
        reached = kept.cosines >= minima[at.reshape(kept.label_ids.shape)]
        for photo_id, labels, cosines, mask in zip(
            kept.photo_ids.tolist(), kept.label_ids, kept.cosines, reached, strict=True
        ):
            pairs = zip(labels[mask].tolist(), cosines[mask].tolist(), strict=True)
            yield [Tag(photo_id, key, names[key], TagSource.AUTO, cosine) for key, cosine in pairs]

    def shown(self, tags: Iterable[Tag]) -> list[ScoredTag]:
        """The tags of one photo that are shown: in the order given, and then those that they imply.

        A rejected label is not shown, whatever its texts. Of labels that rule each other out the first
        stays; manual tags come before others.
        """
        held = list(tags)
        rejected = {tag.label for tag in held if tag.source is TagSource.REJECTED}
        said = [tag for tag in held if tag.source in {TagSource.USER, TagSource.IMPORTED}]
        named = {tag.label for tag in said}
        automatic = [tag for tag in held if self._is_shown(tag) and tag.label not in rejected | named]
        shown = _once([*said, *self._without_excluded(automatic, named)])
        scores = {tag.label: tag.cosine for tag in held if tag.source is TagSource.AUTO}
        return [self._scored(tag, scores.get(tag.label)) for tag in shown] + [
            self._implied(parent, child, scores.get(parent)) for parent, child in self._parents(shown, rejected)
        ]

    def groups_of(self, name: str) -> list[frozenset[str]]:
        """The groups of mutually exclusive labels that contain the label."""
        return [group for group in self._groups if name in group]

    def minima(self, label_ids: Iterable[int]) -> NDArray[np.float64]:
        """The cosine from which each label counts, by its id, float64 (largest id + 1,); infinity for all others."""
        held = list(label_ids)
        minima = np.full(max(held, default=-1) + 1, np.inf)
        minima[held] = [self.minimums.get(key, self.minimum) for key in held]
        return minima

    def _is_shown(self, tag: Tag) -> bool:
        return (
            tag.source is TagSource.AUTO
            and tag.cosine is not None
            and tag.cosine >= self.minimums.get(tag.label_id, self.minimum)
        )

    def _without_excluded(self, automatic: Sequence[Tag], named: AbstractSet[str]) -> list[Tag]:
        best_first = sorted(automatic, key=lambda tag: -(tag.cosine or 0.0))
        excluded: set[str] = set()
        for group in self._groups:
            there = [tag.label for tag in best_first if tag.label in group]
            excluded.update(there if group & named else there[1:])
        return [tag for tag in automatic if tag.label not in excluded]

    def _parents(self, shown: Sequence[Tag], rejected: AbstractSet[str]) -> Iterator[tuple[str, str]]:
        """Parents that are neither shown nor ruled out, each with the first child that implies it."""
        there = {tag.label for tag in shown} | rejected
        for tag in shown:
            for parent in self._ancestors.of(tag.label):
                rivals = {name for group in self._groups if parent in group for name in group}
                # A kitchen implies indoors, but not if outdoors is shown.
                if parent not in there and not rivals & there:
                    there.add(parent)
                    yield parent, tag.label

    def _implied(self, parent: str, child: str, cosine: float | None) -> ScoredTag:
        return self._with_scores(ScoredTag(parent, cosine, None, TagSource.AUTO, implied_by=child))

    def _scored(self, tag: Tag, cosine: float | None) -> ScoredTag:
        return self._with_scores(ScoredTag(tag.label, cosine, None, tag.source, origin=tag.origin))

    def _with_scores(self, tag: ScoredTag) -> ScoredTag:
        """*tag* with the numbers that follow from its cosine."""
        if tag.score is None:
            return tag
        label_id = self._ids.get(tag.label, -1)
        spread = self._spreads.get(label_id)
        return replace(
            tag,
            probability=probability(tag.score, self._identity),
            calibrated=None if spread is None else (tag.score - spread.median) / spread.spread,
            minimum=self.minimums.get(label_id, self.minimum),
        )


def minimum_of(spread: CosineSpread, identity: SpaceIdentity) -> float:
    """The cosine from which a label with this distribution counts."""
    stands_out = spread.median + STANDS_OUT * spread.spread
    return min(max(stands_out, cosine_of(FLOOR, identity)), cosine_of(SURE, identity))


def _once(tags: Iterable[Tag]) -> list[Tag]:
    """The first tag of each label: a manual tag may belong to another wording of it."""
    return list({tag.label: tag for tag in reversed(list(tags))}.values())[::-1]
