"""Quality of searches with captions, on drawings of known content with captions of which a known part is wrong.

A caption states all facts of its drawing or, if it is wrong, those of a scene that differs in one attribute. Beside the
program's own order stand others, for comparison: BM25 by SQLite's FTS5 over the captions' words, and sums of
reciprocal ranks (Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank
Learning Methods", 2009).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.models import Checkpoint
from photos.demo.captions import full_caption, mutated
from query.search import caption_cosines, fused_ranking, fused_values
from store import StoredDescription
from store.words import words_of

from .questions import HELD_OUT, SCENES, THINGS
from .retrieval import Asked, Retrieval, average_precision

IMAGES: Final = "pictures alone"
FUSED: Final = "pictures and captions, as --with-captions"
WEIGHTED: Final = "the same with captions' weight {}"
#: Weights beside the program's own.
WEIGHTS: Final = (0.25, 0.5, 0.75)
VECTORS: Final = "vectors of captions alone"
BM25: Final = "BM25 alone"
RANKS_BM25: Final = "reciprocal ranks of pictures and BM25"
RANKS_VECTORS: Final = "reciprocal ranks of pictures and vectors"
#: The most that captions may cost, in mean average precision, where 60 % of them are wrong.
MOST_LOST: Final = 0.02
#: The constant of reciprocal ranks, from the paper.
_K: Final = 60
#: Ranks that the average precision uses.
_DEPTH: Final = 100


class CaptionRetrieval(Retrieval):
    """A library of *pictures* drawings in *folder*, described, and *questions* captions of other scenes and more."""

    def __init__(self, checkpoint: Checkpoint, folder: Path, pictures: int, questions: int) -> None:
        super().__init__(checkpoint, folder, pictures)
        asked = [*self.questions(questions, 0), *self._plain_questions()]
        self.asked = [each for each in asked if each.answers.any()]
        self._queries = self._vectors([each.text for each in self.asked])

    def precisions(self, wrong: float, draws: int) -> dict[str, float]:
        """Return the mean average precision of each order, over *draws* sets of captions, *wrong* of them wrong."""
        each = [self._of_draw(wrong, draw) for draw in range(draws)]
        return {name: float(np.mean([found[name] for found in each])) for name in each[0]}

    def _of_draw(self, wrong: float, draw: int) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        with closing(_indexed(self._describe(wrong, draw))) as words:
            for asked, vector in zip(self.asked, self._queries, strict=True):
                for name, order in self._orders(vector, _by_words(words, asked.text)).items():
                    # Photos that an order leaves out come after all others, and answer nothing.
                    hits = np.zeros(min(_DEPTH, len(self.scenes)), np.bool_)
                    best = order[: len(hits)]
                    hits[: len(best)] = asked.answers[best - 1]
                    found.setdefault(name, []).append(average_precision(hits, int(asked.answers.sum())))
        return {name: float(np.mean(values)) for name, values in found.items()}

    def _plain_questions(self) -> list[Asked]:
        return [
            Asked(text, np.array([frozenset(wanted) <= facts for facts in self._facts]), "with an answer")
            for text, wanted in {**SCENES, **THINGS, **HELD_OUT}.items()
        ]

    def _describe(self, wrong: float, draw: int) -> list[str]:
        """Store a caption of each drawing and its vector; returns the captions."""
        random = Random(draw)
        captions = [
            full_caption(random, mutated(random, scene) if random.random() < wrong else scene).text
            for scene in self.scenes
        ]
        vectors, now = self._vectors(captions), datetime(2026, 1, 1)  # noqa: DTZ001 - the catalog's times have no zone
        with self._catalog.write() as t:
            for photo_id, caption in enumerate(captions, 1):
                described = StoredDescription("drawn", frozenset({"caption"}), caption, (), None, now)
                t.descriptions.put(photo_id, described)
            rows = zip(range(1, len(captions) + 1), captions, vectors, strict=True)
            t.descriptions.put_caption_vectors(self._space.id, rows)
        return captions

    def _orders(self, vector: NDArray[np.float32], by_words: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Return ids of drawings in each order, best first. The one by words has only those that have any of them."""
        with self._index.read() as snapshot:
            found = snapshot.search(vector, len(self.scenes))
            images = found.photo_ids
            fused = fused_ranking(snapshot, self._space, vector).photo_ids
            ids, cosines = caption_cosines(snapshot.t, self._space, vector)
            known = np.argsort(images)
            values = {
                WEIGHTED.format(weight): fused_values(found.cosines[known].astype(np.float64), cosines, weight)
                for weight in WEIGHTS
            }
        vectors = ids[np.argsort(-cosines, kind="stable")]
        return {
            IMAGES: images,
            FUSED: fused,
            **{name: ids[np.argsort(-each, kind="stable")] for name, each in values.items()},
            VECTORS: vectors,
            BM25: by_words,
            RANKS_BM25: _by_ranks(images, by_words),
            RANKS_VECTORS: _by_ranks(images, vectors),
        }


def _indexed(captions: list[str]) -> sqlite3.Connection:
    words = sqlite3.connect(":memory:")
    words.execute("CREATE VIRTUAL TABLE caption USING fts5 (words)")
    rows = ((number, " ".join(words_of(caption))) for number, caption in enumerate(captions, 1))
    words.executemany("INSERT INTO caption (rowid, words) VALUES (?, ?)", rows)
    return words


def _by_words(words: sqlite3.Connection, text: str) -> NDArray[np.int64]:
    """Ids of the captions that have a word of *text*, best first by BM25."""
    query = " OR ".join(f'"{word}"' for word in words_of(text))
    rows = words.execute("SELECT rowid FROM caption WHERE words MATCH ? ORDER BY bm25(caption), rowid", (query,))
    return np.array([number for (number,) in rows], np.int64)


def _by_ranks(*orders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids by the sums of their reciprocal ranks, highest first. An order without an id adds nothing to it."""
    ids = np.unique(np.concatenate(orders))
    sums = np.zeros(len(ids))
    for order in orders:
        sums[np.searchsorted(ids, order)] += 1 / (_K + np.arange(1, len(order) + 1))
    return ids[np.lexsort((ids, -sums))]
