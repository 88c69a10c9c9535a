"""What a vocabulary has no word for is found, and named."""

import numpy as np
import pytest

from query import TextVectors, retag, suggest, words_beyond
from store import Catalog, Facts, LabelDefinition, SpaceIdentity, Stamp, VocabularyDefinition

DIMENSION = 64
IDENTITY = SpaceIdentity("tiny", "hash", "squash-32-bilinear-1", "float32", DIMENSION, 4.0, -20.0)
#: What photos show; a text that names one has its direction.
THINGS = ("dog", "beach", "snow", "kite", "piano")


def direction(name):
    seed = sum(ord(mark) * 31**at for at, mark in enumerate(name))
    row = np.random.default_rng(seed).normal(size=DIMENSION)
    return row / np.linalg.norm(row)


class DirectionEncoder:
    """A text lies where the thing lies that it names, and all texts lie near each other."""

    def __init__(self):
        self.asked = []

    def encode_text(self, texts):
        self.asked += texts
        rows = np.array([direction(text.split()[-1]) + direction("text") for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def vocabulary(*names, name="v"):
    return VocabularyDefinition(name, tuple(LabelDefinition(each, (each,)) for each in names))


#: Words that nothing in the library shows, and those that something does.
WORDS = vocabulary("whale", "violin", "tractor", *THINGS, "castle", name="words")


class Library:
    """Photos of one thing or two each, some of them of nothing that has a word."""

    def __init__(self, path, count=400):
        random = np.random.default_rng(3)
        self.catalog = Catalog.open(path)
        self.encoder = DirectionEncoder()
        self.shows = {}
        with self.catalog.write() as t:
            self.space = t.spaces.ensure(IDENTITY)
            folder = t.folders.add(b"/photos")
            for number in range(count):
                things = {THINGS[at] for at in range(len(THINGS)) if random.random() < 0.08}
                row = direction("photo") + 0.12 * random.normal(size=DIMENSION)
                row = row + sum((1.2 * direction(thing) for thing in sorted(things)), np.zeros(DIMENSION))
                photo_id = t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "JPEG"))
                t.embeddings.put(self.space.id, photo_id, (row / np.linalg.norm(row)).astype(np.float32))
                t.files.indexed(folder.id, b"%d.jpg" % number, Stamp(1, 1, 1, number), photo_id)
                self.shows[photo_id] = things
        self.texts = TextVectors(self.catalog, self.space, lambda: self.encoder)

    def gaps(self, *names, words=WORDS, count=8, threshold=0.01):
        held = VocabularyDefinition("v", vocabulary(*names).labels, threshold)
        with self.catalog.write() as t:
            revision = t.vocabularies.put(held)
        retag(self.catalog, self.space, revision, self.texts)
        return suggest(self.catalog, self.space, held, words, self.texts, count)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = Library(tmp_path_factory.mktemp("suggesting") / "catalog.db")
    yield made
    made.catalog.close()


def named(gaps):
    return [gap.words[0][0] for gap in gaps.named]


@pytest.mark.parametrize("removed", [{"kite"}, {"snow", "piano"}, set(THINGS)])
def test_what_was_taken_out_of_the_vocabulary_comes_back(library, removed):
    gaps = library.gaps(*(thing for thing in THINGS if thing not in removed))
    assert set(named(gaps)) == removed
    for gap in gaps.named:
        word = gap.words[0][0]
        assert all(word in library.shows[photo.id] for photo in gap.photos)
        assert gap.count >= 0.6 * sum(word in things for things in library.shows.values())


def test_a_whole_vocabulary_lacks_nothing(library):
    gaps = library.gaps(*THINGS)
    assert gaps.named == ()
    assert (gaps.looked_at, gaps.total) == (400, 400)
    assert gaps.untagged == sum(not things for things in library.shows.values())


def test_photos_that_look_alike_and_fit_no_word_are_shown_without_one(library):
    words = vocabulary("whale", "tractor", name="words")
    gaps = library.gaps("dog", "beach", "snow", "piano", words=words)
    assert gaps.named == ()
    kites = {key for key, things in library.shows.items() if things == {"kite"}}
    assert any({photo.id for photo in gap.photos} <= kites for gap in gaps.nameless)


def test_no_more_than_were_asked_for_and_the_same_each_time(library):
    one, other = library.gaps(count=2), library.gaps(count=2)
    assert len(one.named) == 2
    assert one == other


def test_words_that_the_vocabulary_knows_by_any_name_are_not_tried():
    held = VocabularyDefinition("v", (LabelDefinition("boat", ("boat",), aliases=("ship",)),))
    words = (*vocabulary("Boats", "ship", "car").labels, LabelDefinition("vessel", ("x",), aliases=("boat",)))
    left = words_beyond(held, VocabularyDefinition("w", words))
    assert [label.name for label in left.labels] == ["car"]


def test_a_library_without_tags_or_words_is_no_trouble(library):
    gaps = library.gaps("whale", words=vocabulary("whale", name="words"))
    assert gaps.named == ()
