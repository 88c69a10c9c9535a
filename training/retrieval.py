"""Quality of searches on drawings of known content, by the program's own catalog, index and chance limit.

The pictures are scenes that training never saw, and the questions are of four kinds: captions of yet other scenes that
some picture here fits; the like that none fits, which are the hardest to tell; words that no drawing shows, most of
which were used as false texts in training; and a few that were not even that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.models import Checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from photos.demo import words
from photos.demo.captions import Caption, caption, facts_of, full_caption, name_of
from photos.demo.splits import scene_at
from query.search import score_distribution
from query.vocabulary import shipped_vocabulary
from store import Catalog, Facts, FaissIndex, Stamp

from .pictures import seen
from .questions import NEVER_SEEN
from .quick import labels

#: Test scenes from this number on are used for questions, not as pictures.
_ASKED: Final = 50_000
#: Ranks that the mean average precision uses.
_DEPTH: Final = 100
_TEXTS: Final = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its text, whether each picture answers it, bool (n,), and its kind."""

    text: str
    answers: NDArray[np.bool_]
    kind: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of one question: best cosine, threshold, and whether it had an answer."""

    kind: str
    best: float
    least: float
    has_answer: bool

    @property
    def is_match(self) -> bool:
        """True if the program reports a match."""
        return self.best >= self.least


class Retrieval:
    """A library of *pictures* drawings in *folder*, and questions to it."""

    def __init__(self, checkpoint: Checkpoint, folder: Path, pictures: int) -> None:
        self.scenes = [scene_at("test", index) for index in range(pictures)]
        self._facts = [facts_of(scene) for scene in self.scenes]
        self._texts = TorchTextEncoder(checkpoint, "cpu")
        self._catalog = Catalog.open(folder / "catalog.db")
        images = SiglipImageEncoder(checkpoint, "cpu").encode(seen(self.scenes, checkpoint.preprocessing))
        with self._catalog.write() as t:
            self._space = t.spaces.ensure(checkpoint.identity("float32", ""))
            held = t.folders.add(b"/drawings")
            for number, image in enumerate(images):
                name = str(number).encode()
                photo_id = t.photos.add(name.ljust(32), 1, Facts(640, 480, "JPEG"))
                t.embeddings.put(self._space.id, photo_id, image)
                t.files.indexed(held.id, name, Stamp(1, 2, 3, 4), photo_id)
        self._index = FaissIndex(folder / "index", self._catalog, self._space)

    def known_items(self, count: int) -> dict[str, float]:
        """Return how often a full caption finds its own picture first, and among five, over *count* pictures."""
        random = Random(9)
        captions: dict[str, int] = {}
        for number, scene in enumerate(self.scenes[:count]):
            captions.setdefault(full_caption(random, scene).text, number)
        ranks = []
        for vector, number in zip(self._vectors(list(captions)), captions.values(), strict=True):
            found = self._found(vector)
            ranks.append(found.index(number) if number in found else _DEPTH)
        return {f"recall@{k}": float(np.mean([rank < k for rank in ranks])) for k in (1, 5)}

    def ranking(self, asked: list[Asked]) -> dict[str, float]:
        """Return precision at 1, hits among 5, and mean average precision over questions with answers."""
        asked = [each for each in asked if each.answers.any()]
        hits = [
            each.answers[self._found(vector)]
            for each, vector in zip(asked, self._vectors([each.text for each in asked]), strict=True)
        ]
        found = {f"right among {k}": float(np.mean([hit[:k].any() for hit in hits])) for k in (1, 5)}
        precisions = [average_precision(hit, int(each.answers.sum())) for hit, each in zip(hits, asked, strict=True)]
        return found | {"mean average precision": float(np.mean(precisions))}

    def verdicts(self, asked: list[Asked]) -> list[Verdict]:
        """Return the program's result for each question."""
        made = []
        for each, vector in zip(asked, self._vectors([each.text for each in asked]), strict=True):
            with self._index.read() as snapshot:
                best = float(snapshot.search(vector, 1).cosines[0])
                least = score_distribution(snapshot.t, self._space, vector).threshold(self._space.identity)
            made.append(Verdict(each.kind, best, least, bool(each.answers.any())))
        return made

    def questions(self, count: int, strange: int) -> list[Asked]:
        """Return *count* captions of other scenes, *strange* words that no drawing shows, and words not in training."""
        random = Random(5)
        asked: dict[str, Asked] = {}
        for number in range(count):
            self._ask(asked, caption(random, scene_at("test", _ASKED + number)))
        none = np.zeros(len(self.scenes), np.bool_)
        for word in strangers(strange):
            asked.setdefault(word, Asked(word, none, "strange words"))
        for word in NEVER_SEEN:
            asked.setdefault(word, Asked(word, none, "words never seen"))
        return list(asked.values())

    def close(self) -> None:
        """Close the catalog."""
        self._catalog.close()

    def _ask(self, asked: dict[str, Asked], said: Caption) -> None:
        answers = np.array([said.facts <= facts for facts in self._facts])
        kind = "with an answer" if answers.any() else "near misses"
        asked.setdefault(said.text, Asked(said.text, answers, kind))

    def _vectors(self, texts: list[str]) -> NDArray[np.float32]:
        parts = [self._texts.encode_text(texts[at : at + _TEXTS]) for at in range(0, len(texts), _TEXTS)]
        vectors: NDArray[np.float32] = np.concatenate(parts)
        return vectors

    def _found(self, vector: NDArray[np.float32]) -> list[int]:
        """Return the numbers of the pictures found, best first. Photo ids count from 1."""
        with self._index.read() as snapshot:
            return [int(photo_id) - 1 for photo_id in snapshot.search(vector, _DEPTH).photo_ids]


def average_precision(hits: NDArray[np.bool_], right: int) -> float:
    """Return the average precision of the ranked *hits*, of *right* right answers or as many as are ranked."""
    places = np.flatnonzero(hits) + 1
    return float((np.arange(1, len(places) + 1) / places).sum() / min(right, len(hits)))


def area(verdicts: list[Verdict], kind: str) -> float:
    """Return the area under the ROC curve: questions with an answer against those of *kind*, which have none."""
    margin = np.array([each.best - each.least for each in verdicts])
    answered = margin[[each.has_answer for each in verdicts]]
    empty = margin[[each.kind == kind for each in verdicts]]
    return float((answered[:, np.newaxis] > empty).mean() + 0.5 * (answered[:, np.newaxis] == empty).mean())


def strangers(count: int) -> list[str]:
    """Return labels of the default vocabulary that share no word with labels of drawings."""
    tables = (words.PLACE_NAMES, words.TIME_NAMES, words.WEATHER_NAMES)
    shown = {word for table in tables for names in table.values() for name in names for word in name.split()}
    shown |= {word for _, label, _ in labels() for word in label.split()}
    shown |= {word for _, _, fact in labels() if fact[0] == "thing" for word in name_of(str(fact[1])).split()}
    near = {"sea", "sky", "cloud", "road", "coast", "water", "building", "animal", "vehicle", "plant", "flower", "tree"}
    names = [label.name for label in shipped_vocabulary("photographic").labels]
    far = [name for name in names if not any(word in name.lower() for word in shown | near if len(word) > 2)]
    return [far[at] for at in np.random.default_rng(0).choice(len(far), count, replace=False)]
