"""Tags of SigLIP's rule and of an oracle describer, on drawings of known content.

The oracle describes a picture by the labels that are true of it, a stated share of which is replaced by others of the
same kind: another place, another time, another thing, a thing in another colour. A picture has the same wrong labels
whatever the number of pictures, and those of a smaller share are among those of a larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from indexer.models import Checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from photos.demo.captions import facts_of
from photos.demo.splits import scene_at
from query.similarity import cosine_of
from query.tagging import Accuracy, Agreement, minimum_of, spread_of
from query.tagging.effective.effective_tags import FLOOR
from query.vocabulary import fill_templates

from .pictures import seen
from .quick import labels

#: Start of the seeds of the oracle's errors.
_SEED = 18_000_000
#: Shares of wrong labels that are measured.
SHARES = (0.0, 0.3, 0.6)

Table = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Drawings:
    """Pictures by labels: those that are true, bool (n, k), and SigLIP's cosines, float32 (n, k).

    `minima` are the least cosines of SigLIP's tags, float64 (k,), and `floor` that of a label that is verified.
    `kinds` has the kind of each label.
    """

    truth: Table
    cosines: NDArray[np.float32]
    minima: NDArray[np.float64]
    floor: float
    kinds: tuple[str, ...]

    @property
    def siglip(self) -> Table:
        """SigLIP's tags, by the calibrated rule."""
        tags: Table = self.cosines >= self.minima
        return tags

    def verified(self, tags: Table) -> Table:
        """The *tags* whose probability reaches the floor."""
        kept: Table = tags & (self.cosines >= self.floor)
        return kept

    def confirmed(self, tags: Table) -> Table:
        """The *tags* that SigLIP's rule gives, too."""
        kept: Table = tags & self.siglip
        return kept


def drawings(checkpoint: Checkpoint, pictures: int) -> Drawings:
    """Draw and score *pictures* test scenes, which training never saw."""
    scenes = [scene_at("test", index) for index in range(pictures)]
    known = labels()
    facts = [facts_of(scene) for scene in scenes]
    truth = np.array([[fact in of_one for _, _, fact in known] for of_one in facts])
    images = SiglipImageEncoder(checkpoint, "cpu").encode(seen(scenes, checkpoint.preprocessing))
    cosines = images @ _vectors(checkpoint, [name for _, name, _ in known]).T
    identity = checkpoint.identity("float32", "")
    minima = np.array([minimum_of(each, identity) for each in spread_of(cosines)])
    floor = cosine_of(FLOOR, identity)
    assert floor is not None
    return Drawings(truth, cosines, minima, floor, tuple(kind for kind, _, _ in known))


def oracle(truth: Table, kinds: Sequence[str], share: float) -> Table:
    """The labels that the oracle gives, bool (n, k), with this *share* of the true ones replaced by wrong ones.

    A wrong label is of the same kind, and neither true of the picture nor there already.
    """
    given = truth.copy()
    for number, row in enumerate(truth):
        random = Random(_SEED + number)
        for at in np.flatnonzero(row).tolist():
            lot, order = random.random(), random.sample(range(len(kinds)), len(kinds))
            free = [
                other for other in order if kinds[other] == kinds[at] and not row[other] and not given[number, other]
            ]
            if lot < share and free:
                given[number, at], given[number, free[0]] = False, True
    return given


def accuracy(tags: Table, truth: Table) -> Accuracy:
    """The accuracy of *tags* over all labels."""
    return Accuracy(int((tags & truth).sum()), int((tags & ~truth).sum()), int((truth & ~tags).sum()))


def agreement(one: Table, other: Table) -> Agreement:
    """The agreement of two taggers over all labels."""
    return Agreement(one.size, int((one & other).sum()), int((one & ~other).sum()), int((other & ~one).sum()))


def removed(before: Table, after: Table, truth: Table) -> tuple[float | None, float]:
    """The parts of the wrong and of the right tags *before* that are not there *after*; None without a wrong one."""
    gone, wrong = before & ~after, before & ~truth
    right = before & truth
    of_wrong = float((gone & wrong).sum() / wrong.sum()) if wrong.any() else None
    return of_wrong, float((gone & right).sum() / right.sum())


def _vectors(checkpoint: Checkpoint, names: Sequence[str]) -> NDArray[np.float32]:
    """A vector for each name, made as for labels of a vocabulary, float32 (n, d)."""
    encoder = TorchTextEncoder(checkpoint, "cpu")
    means = np.stack([encoder.encode_text(fill_templates([name])).mean(0) for name in names])
    unit: NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit
