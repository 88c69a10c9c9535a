"""Suggestions of labels that a vocabulary lacks."""

import numpy as np
import pytest

from query.similarity import TextVectors
from query.tagging import retag
from query.vocabulary_design import missing_labels, suggest_labels
from store import Catalog, Facts, LabelDefinition, SpaceIdentity, Stamp, VocabularyDefinition
from tests.store.sqlite import empty_catalog

DIMENSION = 64
IDENTITY = SpaceIdentity("tiny", "hash", "squash-32-bilinear-1", "float32", DIMENSION, 4.0, -20.0)
#: Things in photos. A text that ends with one has its direction.
THINGS = ("dog", "beach", "snow", "kite", "piano")


def direction(name):
    seed = sum(ord(mark) * 31**at for at, mark in enumerate(name))
    row = np.random.default_rng(seed).normal(size=DIMENSION)
    return row / np.linalg.norm(row)


class DirectionEncoder:
    """Encodes a text as the direction of its last word plus one common to all texts."""

    def __init__(self):
        self.asked = []

    def encode_text(self, texts):
        self.asked += texts
        rows = np.array([direction(text.split()[-1]) + direction("text") for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def vocabulary(*names, name="v"):
    return VocabularyDefinition(name, tuple(LabelDefinition(each, (each,)) for each in names))


#: Words for things that are in the library, and for things that are not.
WORDS = vocabulary("whale", "violin", "tractor", *THINGS, "castle", name="words")


class Library:
    """Photos of one or two things each, or of none."""

    def __init__(self, path, count=400):
        random = np.random.default_rng(3)
        self.catalog = Catalog.open(empty_catalog(path))
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
        self.texts = TextVectors(self.catalog, self.space, lambda: self.encoder.encode_text)

    def suggestions(self, *names, words=WORDS, count=8, threshold=0.01):
        held = VocabularyDefinition("v", vocabulary(*names).labels, threshold)
        with self.catalog.write() as t:
            revision = t.vocabularies.put(held)
        retag(self.catalog, self.space, revision, self.texts)
        return suggest_labels(self.catalog, self.space, held, words, self.texts, count)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = Library(tmp_path_factory.mktemp("suggesting") / "catalog.db")
    yield made
    made.catalog.close()


def named(suggestions):
    return [suggestion.labels[0][0] for suggestion in suggestions.named]


@pytest.mark.parametrize("removed", [{"kite"}, {"snow", "piano"}, set(THINGS)])
def test_labels_removed_from_the_vocabulary_are_suggested(library, removed):
    suggestions = library.suggestions(*(thing for thing in THINGS if thing not in removed))
    assert set(named(suggestions)) == removed
    for suggestion in suggestions.named:
        word = suggestion.labels[0][0]
        assert all(word in library.shows[photo.id] for photo in suggestion.photos)
        assert suggestion.count >= 0.6 * sum(word in things for things in library.shows.values())


def test_a_complete_vocabulary_gets_no_suggestions(library):
    suggestions = library.suggestions(*THINGS)
    assert suggestions.named == ()
    assert (suggestions.sampled, suggestions.total) == (400, 400)
    assert suggestions.untagged == sum(not things for things in library.shows.values())


def test_similar_photos_that_fit_no_word_have_no_label(library):
    words = vocabulary("whale", "tractor", name="words")
    suggestions = library.suggestions("dog", "beach", "snow", "piano", words=words)
    assert suggestions.named == ()
    kites = {key for key, things in library.shows.items() if things == {"kite"}}
    assert any({photo.id for photo in suggestion.photos} <= kites for suggestion in suggestions.unnamed)


def test_suggestions_are_limited_and_deterministic(library):
    one, other = library.suggestions(count=2), library.suggestions(count=2)
    assert len(one.named) == 2
    assert one == other


def test_known_names_and_aliases_are_not_suggested():
    held = VocabularyDefinition("v", (LabelDefinition("boat", ("boat",), aliases=("ship",)),))
    words = (*vocabulary("Boats", "ship", "car").labels, LabelDefinition("vessel", ("x",), aliases=("boat",)))
    left = missing_labels(held, VocabularyDefinition("w", words))
    assert [label.name for label in left.labels] == ["car"]


def test_a_library_without_tags_gets_no_suggestions(library):
    suggestions = library.suggestions("whale", words=vocabulary("whale", name="words"))
    assert suggestions.named == ()
