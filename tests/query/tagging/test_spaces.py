"""Tags in two spaces of one library: each has its own scores, re-tags and tuned thresholds."""

from dataclasses import replace

import pytest

from query.similarity import TextVectors, cosine_of
from query.tagging import RetagOptions, StoredTagger, photo_tags, remake_taught_labels, retag, rule_in_force
from store import LabelDefinition, VocabularyDefinition
from tests.fakes import vector_of


@pytest.fixture
def other(library):
    """A second space, in which photos have other vectors."""
    with library.catalog.write() as t:
        return t.spaces.ensure(replace(library.space.identity, weights_hash="another", logit_bias=-6.0))


def fill(library, other):
    with library.catalog.write() as t:
        for photo_id in t.embeddings.ids(library.space.id).tolist():
            t.embeddings.put(other.id, photo_id, vector_of(b"turned %d" % photo_id))


def texts_in(library, space):
    return TextVectors(library.catalog, space, lambda: library.encoder.encode_text)


def vocabulary(library, *thresholds):
    labels = tuple(
        LabelDefinition(name, (name,), threshold=each)
        for name, each in zip(("dog", "cat", "car"), thresholds, strict=True)
    )
    return library.put(VocabularyDefinition("things", labels))


def test_a_retag_in_one_space_leaves_the_other_as_it_is(library, other):
    revision = vocabulary(library, None, None, None)
    ids = [library.add(name, revision) for name in ("dog", "cat", "a tree")]
    fill(library, other)
    before, rows = photo_tags(library.catalog, library.space, ids), library.rows()
    assert all(not tags for tags in photo_tags(library.catalog, other, ids).values())
    report = retag(library.catalog, other, revision, texts_in(library, other), RetagOptions(rows=2))
    assert report.photos == 3
    assert photo_tags(library.catalog, library.space, ids) == before
    assert library.rows() == rows
    with library.catalog.read() as t:
        assert (t.slots.pending(), t.slots.of(other.id).pending()) == ({}, {})
        assert t.scores.current(other.id, "").revision_id == revision.id


def test_another_vocabulary_is_owed_in_both_spaces(library, other):
    first, second = vocabulary(library, None, None, None), vocabulary(library, 0.5, None, None)
    library.add("dog", first)
    fill(library, other)
    retag(library.catalog, other, first, texts_in(library, other))
    retag(library.catalog, library.space, second, library.texts)
    with library.catalog.read() as t:
        assert (t.slots.pending(), t.slots.of(other.id).pending()) == ({}, {"": second.id})
    retag(library.catalog, other, second, texts_in(library, other))
    with library.catalog.read() as t:
        assert t.slots.of(other.id).pending() == {}


def test_photos_that_come_into_a_space_without_tags_begin_none_there(library, other):
    revision = vocabulary(library, None, None, None)
    photo_id = library.add("dog", revision)
    fill(library, other)
    tagger = StoredTagger(library.catalog, other, revision, texts_in(library, other))
    with library.catalog.write() as t:
        tagger.tag(t, t.embeddings.get(other.id, [photo_id]))
        assert t.scores.stamps(other.id) == {}
        assert t.slots.of(other.id).pending() == {"": revision.id}


def test_a_calibration_makes_a_retag_pending_in_its_space_alone(library, other):
    revision = vocabulary(library, None, None, None)
    library.add("dog", revision)
    fill(library, other)
    retag(library.catalog, other, revision, texts_in(library, other), RetagOptions(calibrate_anew=True))
    with library.catalog.read() as t:
        assert t.calibrations.current(library.space.id) is None
        assert t.slots.pending() == {}


def test_a_tuned_threshold_counts_in_its_own_space_alone(library, other):
    with library.catalog.write() as t:
        t.tuned_thresholds.note(library.space.id, "things", "dog", 0.25)
        t.tuned_thresholds.note(other.id, "things", "cat", 0.125)
        t.tuned_thresholds.note(other.id, "things", "cat", 0.5)
        t.tuned_thresholds.note(library.space.id, "things", "cat", 0.75)
    revision = vocabulary(library, 0.25, 0.75, 0.1)
    dog, cat, car = (label.id for label in revision.labels)
    with library.catalog.read() as t:
        here, there = (rule_in_force(t, space, revision).minimums for space in (library.space, other))
    assert here == {key: cosine_of(p, library.space.identity) for key, p in ((dog, 0.25), (cat, 0.75), (car, 0.1))}
    assert there == {key: cosine_of(p, other.identity) for key, p in ((cat, 0.5), (car, 0.1))}, "the newest of it"


def test_examples_that_come_into_a_second_space_leave_the_first_as_it_is(library, other):
    ids = [library.add(name) for name in ("one dog", "two dogs", "a cat", "a car")]
    shown = tuple(name.encode().ljust(32).hex() for name in ("one dog", "two dogs"))
    revision = library.put(VocabularyDefinition("taught", (LabelDefinition("dog", ("dog",), examples=shown),)))
    retag(library.catalog, library.space, revision, library.texts)
    rows, (label,) = library.rows(), revision.labels
    with library.catalog.write() as t:
        t.embeddings.put(other.id, ids[0], vector_of(b"turned 0"))
    retag(library.catalog, other, revision, texts_in(library, other))
    with library.catalog.read() as t:
        before = t.labels.vectors(other.id, [label.id]).matrix
        assert t.labels.fits(other.id, [label.id])[label.id].examples == 1
    fill(library, other)
    remake_taught_labels(library.catalog, other)
    with library.catalog.read() as t:
        assert t.slots.of(other.id).pending() == {"": revision.id}
    retag(library.catalog, other, revision, texts_in(library, other))
    with library.catalog.read() as t:
        assert t.labels.fits(other.id, [label.id])[label.id].examples == 2
        assert not (t.labels.vectors(other.id, [label.id]).matrix == before).all()
        assert t.slots.pending() == {}
    assert library.rows() == rows
