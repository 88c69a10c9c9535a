"""Tags are a pure function of embeddings and vocabulary, and a person's word is above them."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query import (
    BadLabel,
    StoredTagger,
    Superseded,
    census,
    lint,
    parse_vocabulary,
    photo_tags,
    retag,
    say,
    tag_counts,
    try_label,
)
from query.scores import cosine_of, logit, probability
from query.tagging import label_matrix
from query.tagging.labels import LabelMatrix, on_grid
from query.tagging.rule import KEPT_MOST, TagRule
from store import LabelDefinition, Tag, TagSource, VocabularyDefinition
from store import schema as tables

from .conftest import IDENTITY


def units(generator, count):
    rows = generator.normal(size=(count, 768))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def vocabulary(*names, threshold=None, **own):
    labels = tuple(LabelDefinition(name, (name, f"a photo of {name}"), threshold=own.get(name)) for name in names)
    return VocabularyDefinition("mine", labels, threshold)


NAMES = [f"label{number}" for number in range(60)]


def test_scores_are_the_formula():
    assert logit(0.1, IDENTITY) == pytest.approx(math.exp(2.3) * 0.1 - 4, abs=1e-5)
    assert probability(0.4, IDENTITY) == pytest.approx(1 / (1 + math.exp(4 - 0.4 * math.exp(2.3))), abs=1e-6)
    assert 0 < probability(-1, IDENTITY) < 1e-5
    for p in (0.5, 0.01, 0.9999):
        assert probability(cosine_of(p, IDENTITY), IDENTITY) == pytest.approx(p, rel=1e-4)
    assert (cosine_of(0, IDENTITY), cosine_of(1, IDENTITY)) == (-math.inf, math.inf)


def test_a_labels_vector_is_the_mean_of_its_texts_made_a_unit_vector(library):
    revision = library.put(vocabulary("dog"))
    got = label_matrix(library.catalog, library.space, revision, library.texts)
    mean = library.texts.matrix(["dog", "a photo of dog"]).mean(0)
    np.testing.assert_allclose(got.matrix[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert got.encoded == 1
    assert label_matrix(library.catalog, library.space, revision, library.new_texts()).encoded == 0
    assert library.encoders_made == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 7), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_what_is_computed_together(count, part, random):
    generator = np.random.default_rng(random.getrandbits(32))
    labels = LabelMatrix(np.arange(50), on_grid(units(generator, 50)), 0)
    vectors = units(generator, count).astype(np.float16).astype(np.float32)
    together = labels.cosines(vectors)
    parts = np.concatenate([labels.cosines(vectors[start : start + part]) for start in range(0, count, part)])
    np.testing.assert_array_equal(together, parts)


def test_scores_are_exact_until_they_are_rounded_once():
    generator = np.random.default_rng(1)
    labels, vectors = on_grid(units(generator, 5)), units(generator, 4).astype(np.float16).astype(np.float64)
    grid = 2**28
    for vector in vectors:
        for label in labels:
            exact = sum(int(a * 2**24) * int(b * grid) for a, b in zip(vector, label, strict=True)) / (2**24 * grid)
            assert vector @ label == exact
            assert vector[::-1] @ label[::-1] == exact


def test_an_indexing_that_began_before_a_retag_tags_with_what_is_in_force(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    with library.catalog.write() as t:
        t.library.set_revision(second.id)
    library.add("before", first)
    with library.catalog.read() as t:
        assert t.library.retag_pending(), "no vector of the other label is cached yet"
    retag(library.catalog, library.space, second, library.texts)
    library.add("after", first)
    tags = photo_tags(library.catalog, library.space, [1, 2])
    assert {tag.label for of_one in tags.values() for tag in of_one} == {"car"}
    assert all(tags.values())


def test_of_two_retags_at_once_the_later_one_stands(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    photo_id = library.add("photo")

    def another(done, total):
        retag(library.catalog, library.space, second, library.new_texts())

    with pytest.raises(Superseded, match="with 'mine', and stays so"):
        retag(library.catalog, library.space, first, library.texts, another)
    with library.catalog.read() as t:
        assert t.library.revision_id() == second.id
    assert [tag.label for tag in photo_tags(library.catalog, library.space, [photo_id])[photo_id]] == ["car"]


def test_tagging_as_indexed_in_parts_and_from_scratch_gives_the_same_rows(library):
    revision = library.put(vocabulary(*NAMES, threshold=0.02))
    for number in range(25):
        library.add(f"photo{number}", revision)
    as_indexed = library.rows()
    assert len(as_indexed) > 100
    report = retag(library.catalog, library.space, revision, library.texts)
    assert (report.rows_changed, report.photos) == (0, 25)
    with library.catalog.write() as t:
        t.connection.execute(tables.tag.delete())
    retag(library.catalog, library.space, revision, library.texts)
    assert library.rows() == as_indexed
    tagger = StoredTagger(library.catalog, library.space, revision, library.texts)
    tagger.prepare()
    with library.catalog.write() as t:
        t.connection.execute(tables.tag.delete())
        for page in t.embeddings.scan(library.space.id, rows=3):
            tagger.write(t, page, tagger.score(page))
    assert library.rows() == as_indexed


def test_another_vocabulary_takes_the_place_of_the_first_without_reading_a_picture(library):
    first, second = library.put(vocabulary("dog", "cat", threshold=0)), library.put(vocabulary("car", threshold=0))
    photo_id = library.add("photo", first)
    retag(library.catalog, library.space, second, library.texts)
    assert [tag.label for tag in photo_tags(library.catalog, library.space, [photo_id])[photo_id]] == ["car"]
    report = retag(library.catalog, library.space, first, library.texts)
    assert report.labels_encoded == 0
    assert {tag.label for tag in photo_tags(library.catalog, library.space, [photo_id])[photo_id]} == {"dog", "cat"}


def test_an_interrupted_retag_is_owed_and_can_be_finished(library):
    revision = library.put(vocabulary(*NAMES, threshold=0.02))
    for number in range(3):
        library.add(f"photo{number}")

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retag(library.catalog, library.space, revision, library.texts, interrupt)
    with library.catalog.read() as t:
        assert t.library.retag_pending()
        assert t.library.revision_id() == revision.id
    retag(library.catalog, library.space, revision, library.texts)
    with library.catalog.read() as t:
        assert not t.library.retag_pending()


def test_a_library_without_photos_can_be_tagged(library):
    report = retag(library.catalog, library.space, library.put(vocabulary("dog")), library.texts)
    assert (report.photos, report.rows_changed) == (0, 0)


def test_thresholds_are_read_time_and_the_most_particular_one_counts(library):
    revision = library.put(vocabulary(*NAMES, threshold=0.05, label3=1.0, label4=0.0))
    photo_id = library.add("photo", revision)
    retag(library.catalog, library.space, revision, library.texts)
    before = library.rows()

    def shown(threshold=None):
        return {
            tag.label for tag in photo_tags(library.catalog, library.space, [photo_id], threshold=threshold)[photo_id]
        }

    assert "label4" in shown()
    assert "label3" not in shown()
    assert shown(0.2) < shown(0.05)
    assert shown(1.0) == set()
    assert library.rows() == before
    assert {label for label, _ in tag_counts(library.catalog, library.space)} == shown()


def test_the_best_come_first_and_no_more_than_the_most_are_kept(library):
    revision = library.put(vocabulary(*NAMES, threshold=0))
    photo_id = library.add("photo", revision)
    retag(library.catalog, library.space, revision, library.texts)
    assert len(library.rows()) == KEPT_MOST
    shown = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert len(shown) == KEPT_MOST
    assert [tag.score for tag in shown] == sorted((tag.score for tag in shown), reverse=True)
    assert all(tag.probability == pytest.approx(probability(tag.score, IDENTITY)) for tag in shown)


def test_equal_scores_are_kept_in_the_order_of_the_labels(library):
    rule = TagRule(library.put(vocabulary("a", threshold=0)), IDENTITY)
    ids = np.array([7, 3, 5])
    assert [label for label, _ in rule.kept(ids, np.array([0.5, 0.5, 0.9], np.float32))] == [5, 3, 7]


def test_a_rejected_tag_never_comes_back_and_a_persons_tag_is_never_removed(library):
    revision = library.put(vocabulary("dog", "cat", threshold=0))
    photo_id = library.add("photo", revision)
    dog, cat = (label.id for label in revision.labels)
    with library.catalog.write() as t:
        t.connection.execute(tables.tag.delete())
        t.connection.execute(tables.tag.insert().values(photo_id=photo_id, label_id=dog, source="rejected"))
        t.connection.execute(tables.tag.insert().values(photo_id=photo_id, label_id=cat, source="user"))
    retag(library.catalog, library.space, revision, library.texts)
    shown = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert [(tag.label, tag.source, tag.score) for tag in shown] == [("cat", TagSource.USER, None)]
    retag(library.catalog, library.space, library.put(vocabulary("car", threshold=1)), library.texts)
    shown = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert [tag.label for tag in shown] == ["cat"]


def test_a_label_that_reaches_its_own_threshold_is_kept_before_many_that_do_not(library):
    high = dict.fromkeys(NAMES[:40], 0.99)
    revision = library.put(vocabulary(*NAMES[:40], "low", low=1.5e-4, **high))
    rule = TagRule(revision, IDENTITY)
    ids = np.array([label.id for label in revision.labels])
    cosines = np.full(41, cosine_of(0.5, IDENTITY), np.float32)
    cosines[40] = cosine_of(2e-4, IDENTITY)
    kept = rule.kept(ids, cosines)
    assert len(kept) == KEPT_MOST
    assert kept[-1][0] == ids[40]
    assert [score for _, score in kept] == sorted((score for _, score in kept), reverse=True)


def test_photos_that_are_pruned_while_a_re_tag_scores_them_do_not_end_it(library):
    revision = library.put(vocabulary("dog", threshold=0))
    kept, gone = library.add("kept"), library.add("gone")
    tagger = StoredTagger(library.catalog, library.space, revision, library.texts)
    tagger.prepare()
    with library.catalog.read() as t:
        vectors = t.embeddings.get(library.space.id, [kept, gone])
    rows = tagger.score(vectors)
    with library.catalog.write() as t:
        t.files.forget([file.id for file in t.files.known(library.folder.id) if file.photo_id == gone])
        t.photos.delete([gone])
        assert tagger.write(t, vectors, rows) == 1


def tag(at, label, cosine, source=TagSource.AUTO):
    return Tag(1, at, label, source, cosine)


def rule_of(library, text):
    return TagRule(library.put(parse_vocabulary(text, "v", Path("v.txt"))), IDENTITY, threshold=0)


def shown_by(rule, *tags):
    return [(each.label, each.implied_by) for each in rule.shown(tags)]


def test_a_child_implies_its_parents_unless_a_person_says_otherwise(library):
    rule = rule_of(library, "animal\n> bird\n>> kestrel\n>> heron\nrock\n")
    kestrel, heron, bird = tag(3, "kestrel", 0.5), tag(4, "heron", 0.4), tag(2, "bird", 0.3)
    assert shown_by(rule, kestrel, heron) == [
        ("kestrel", None),
        ("heron", None),
        ("bird", "kestrel"),
        ("animal", "kestrel"),
    ]
    assert shown_by(rule, kestrel, bird) == [("kestrel", None), ("bird", None), ("animal", "kestrel")]
    rejected = tag(9, "bird", None, TagSource.REJECTED)
    assert shown_by(rule, kestrel, bird, rejected) == [("kestrel", None), ("animal", "kestrel")]
    by_hand = tag(9, "kestrel", None, TagSource.USER)
    assert shown_by(rule, by_hand) == [("kestrel", None), ("bird", "kestrel"), ("animal", "kestrel")]


def test_an_implied_tag_has_its_own_score_where_it_is_kept(library):
    revision = library.put(parse_vocabulary("animal @ 0.9\n> bird\n", "v", Path("v.txt")))
    ids = {label.definition.name: label.id for label in revision.labels}
    rule = TagRule(revision, IDENTITY)
    found = rule.shown([tag(ids["bird"], "bird", 0.9), tag(ids["animal"], "animal", 0.1)])
    assert [(each.label, each.score, each.implied_by) for each in found] == [
        ("bird", 0.9, None),
        ("animal", 0.1, "bird"),
    ]


def test_of_labels_that_rule_each_other_out_the_best_stays_and_a_persons_word_goes_before(library):
    rule = rule_of(library, "% exclusive day, night, dusk\nday\nnight\ndusk\ndog\n")
    day, night, dog = tag(1, "day", 0.5), tag(2, "night", 0.6), tag(4, "dog", 0.1)
    assert shown_by(rule, night, day, dog) == [("night", None), ("dog", None)]
    assert shown_by(rule, tag(9, "dusk", None, TagSource.USER), night, day) == [("dusk", None)]
    rule = rule_of(library, "% exclusive indoors, outdoors\nindoors\n> kitchen\noutdoors\n> meadow\n")
    kitchen, meadow, outdoors = tag(1, "kitchen", 0.5), tag(2, "meadow", 0.4), tag(3, "outdoors", 0.1)
    assert shown_by(rule, kitchen, outdoors) == [("kitchen", None), ("outdoors", None)]
    assert shown_by(rule, kitchen, meadow) == [("kitchen", None), ("meadow", None), ("indoors", "kitchen")]


def test_what_a_person_rejected_stays_away_under_other_texts(library):
    first = library.put(vocabulary("dog", threshold=0))
    photo_id = library.add("photo", first)
    say(library.catalog, [photo_id], rejected=["dog"])
    other = library.put(parse_vocabulary("% threshold 0\ndog: a hound\n", "v", Path("v.txt")))
    assert other.labels[0].id != first.labels[0].id
    retag(library.catalog, library.space, other, library.texts)
    assert photo_tags(library.catalog, library.space, [photo_id])[photo_id] == []
    say(library.catalog, [photo_id], cleared=["dog"])
    assert [each.label for each in photo_tags(library.catalog, library.space, [photo_id])[photo_id]] == ["dog"]


def test_labels_by_hand_are_those_of_the_vocabulary_where_it_knows_them(library):
    revision = library.put(parse_vocabulary("% threshold 1\nfox = Reineke\n", "v", Path("v.txt")))
    photo_id = library.add("photo", revision)
    retag(library.catalog, library.space, revision, library.texts)
    assert say(library.catalog, [photo_id], added=["Foxes", "our  cat"]) == ["fox", "our cat"]
    assert say(library.catalog, [photo_id], added=["reineke"]) == ["fox"]
    found = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert [(each.label, each.source) for each in found] == [("fox", TagSource.USER), ("our cat", TagSource.USER)]
    for name in ("", " ", "x" * 201, "a\nb\x00"):
        with pytest.raises(BadLabel):
            say(library.catalog, [photo_id], added=[name])


def test_a_census_says_what_a_re_tag_would(library):
    definition = vocabulary(*NAMES, threshold=0.02)
    ids = [library.add(f"photo{number}") for number in range(5)]
    counted = census(library.catalog, library.space, definition, library.texts)
    retag(library.catalog, library.space, library.put(definition), library.texts)
    kept = photo_tags(library.catalog, library.space, ids)
    assert counted.of_photos == {key: frozenset(each.label for each in tags) for key, tags in kept.items()}
    assert dict(counted.counts) == dict(tag_counts(library.catalog, library.space))


def test_a_trial_counts_what_the_label_would_be_on(library):
    ids = [library.add(f"photo{number}") for number in range(9)]
    vector = library.texts.label_vector("stained glass")
    trial = try_label(library.catalog, library.space, vector, 0.02, count=2, bars=4)
    revision = library.put(parse_vocabulary("stained glass @ 0.02", "v", Path("v.txt")))
    retag(library.catalog, library.space, revision, library.texts)
    tagged = [key for key, tags in photo_tags(library.catalog, library.space, ids).items() if tags]
    assert 0 < trial.tagged == len(tagged) < trial.total == 9
    assert int(trial.heights.sum()) == 9
    assert [cosine for _, cosine in trial.clearest] == sorted((c for _, c in trial.clearest), reverse=True)
    assert sum(cosine >= trial.minimum for _, cosine in trial.borderline) == min(2, trial.tagged)


def test_doubts_about_a_vocabulary_are_named(library):
    for number in range(6):
        library.add(f"photo{number}")
    text = "% threshold 0\ndog:: a\nhound:: a\n> puppy:: a\nfox\nfoxes\nnever @ 1\n"
    found = {
        (doubt.label, doubt.what.split(" ")[0])
        for doubt in lint(library.catalog, library.space, parse_vocabulary(text, "v", Path("v.txt")), library.texts)
    }
    assert ("dog", "says") in found
    assert ("hound", "says") not in found
    assert ("foxes", "is,") in found
    assert ("never", "is") in found
