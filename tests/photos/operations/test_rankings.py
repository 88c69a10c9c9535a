"""Rankings are kept between pages, as long as the photos stay the same."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.searching.rankings import Rankings, RememberedIndex


class CountingIndex:
    """An index that counts the searches of its snapshots."""

    def __init__(self, index):
        self.index = index
        self.searches = 0

    @contextmanager
    def read(self):
        with self.index.read() as snapshot:
            yield CountingSnapshot(self, snapshot)


class CountingSnapshot:
    """A snapshot of a `CountingIndex`."""

    def __init__(self, counting, snapshot):
        self.counting = counting
        self.snapshot = snapshot
        self.t = snapshot.t

    def search(self, vector, count, among=None, *, exact=False):
        self.counting.searches += 1
        return self.snapshot.search(vector, count, among, exact=exact)


@pytest.fixture
def library(filled):
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders) as opened:
        yield opened


def searched(index, vector, count, among=None, exact=True):
    with index.read() as snapshot:
        return snapshot.search(vector, count, among, exact=exact)


def vectors(library, count):
    found = np.random.default_rng(1).standard_normal((count, library.space.identity.dimension)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def same(one, other):
    return one.photo_ids.tolist() == other.photo_ids.tolist() and one.cosines.tolist() == other.cosines.tolist()


def test_a_whole_ranking_answers_all_later_pages(library):
    counting = CountingIndex(library.index)
    index = RememberedIndex(counting, library.space, Rankings())
    (vector,) = vectors(library, 1)
    first = searched(index, vector, 2)
    whole = searched(index, vector, 100)
    assert counting.searches == 2
    assert same(searched(index, vector, 100), whole)
    assert same(searched(index, vector, 2), first)
    assert counting.searches == 2
    # An approximate search is asked anew, and so is one among other photos, or with another vector.
    searched(index, vector, 2, exact=False)
    some = whole.photo_ids[:2].copy()
    some.sort()
    among = searched(index, vector, 2, some)
    assert counting.searches == 4
    assert same(among, searched(library.index, vector, 2, some))
    assert same(searched(index, vector, 2, some), among)
    searched(index, -vector, 100)
    assert counting.searches == 5


def test_a_change_of_the_photos_is_seen(filled, library, pictures):
    counting = CountingIndex(library.index)
    index = RememberedIndex(counting, library.space, Rankings())
    (vector,) = vectors(library, 1)
    before = searched(index, vector, 100)
    Image.new("RGB", (40, 30), (9, 99, 199)).save(pictures / "more.png")
    assert filled("index").status == 0
    after = searched(index, vector, 100)
    assert len(after.photo_ids) == len(before.photo_ids) + 1
    (pictures / "more.png").unlink()
    assert filled("index").status == 0
    assert same(searched(index, vector, 100), before)
    assert counting.searches == 3


def test_few_rankings_are_kept(library):
    counting = CountingIndex(library.index)
    index = RememberedIndex(counting, library.space, Rankings())
    some = vectors(library, 9)
    for vector in some:
        searched(index, vector, 100)
    searched(index, some[8], 100)
    assert counting.searches == 9
    searched(index, some[0], 100)
    assert counting.searches == 10
