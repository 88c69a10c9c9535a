"""Tags are a pure function of embeddings and vocabulary, and manual tags override them."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.errors import BadLabel, Superseded
from query.similarity import cosine_of, logit, probability
from query.tagging import (
    StoredTagger,
    label_matrix,
    lint,
    photo_tags,
    preview_tags,
    record_manual_tags,
    retag,
    tag_counts,
)
from query.tagging.effective.effective_tags import TagRule
from query.tagging.learning.label_matrix import LabelMatrix, on_grid
from query.tagging.scoring.retag import scorer_for
from query.tagging.scoring.scorer import KEPT_MOST, Columns, ExactScorer
from query.tagging.scoring.shortlist import ShortlistScorer
from query.vocabulary import parse_vocabulary
from query.vocabulary_design import preview_label
from store import (
    MAIN_SLOT,
    CosineSpread,
    Label,
    LabelDefinition,
    PhotoScores,
    Revision,
    Tag,
    TagSource,
    Vectors,
    VocabularyDefinition,
)
from store.sql import schema as tables
from store.tagging.vocabularies import CachedMembers, about
from tests.fakes import vector_of
from tests.query.conftest import IDENTITY


def units(generator, count):
    rows = generator.normal(size=(count, 768))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def unit_rows(rows):
    return np.array(rows, np.float32)


def vocabulary(*names, threshold=None, **own):
    labels = tuple(LabelDefinition(name, (name, f"a photo of {name}"), threshold=own.get(name)) for name in names)
    return VocabularyDefinition("mine", labels, threshold)


NAMES = [f"label{number}" for number in range(60)]


def test_scores_follow_the_formula():
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
def test_scores_do_not_depend_on_the_batch(count, part, random):
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


def test_an_index_begun_before_a_retag_uses_the_current_labels(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    tagger = StoredTagger(library.catalog, library.space, first, library.texts)
    tagger.prepare()
    library.add("before", first)
    retag(library.catalog, library.space, second, library.texts)
    photo_id = library.add("after")
    with library.catalog.write() as t:
        tagger.tag(t, t.embeddings.get(library.space.id, [photo_id]))
    tags = photo_tags(library.catalog, library.space, [1, 2])
    assert {tag.label for of_one in tags.values() for tag in of_one} == {"car"}
    assert all(tags.values())


def test_a_vocabulary_chosen_during_the_first_index_is_pending(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    with library.catalog.write() as t:
        t.slots.put_in_force("", second.id)
    library.add("photo", first)
    with library.catalog.read() as t:
        assert t.slots.pending().get("") == second.id
    retag(library.catalog, library.space, second, library.texts)
    with library.catalog.read() as t:
        assert t.slots.pending().get("") is None
    assert [tag.label for tag in photo_tags(library.catalog, library.space, [1])[1]] == ["car"]


def test_of_two_simultaneous_retags_the_later_one_wins(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    photo_id = library.add("photo")

    def another(done, total):
        retag(library.catalog, library.space, second, library.new_texts())

    with pytest.raises(Superseded, match="with 'mine', and that stays so"):
        retag(library.catalog, library.space, first, library.texts, another)
    with library.catalog.read() as t:
        assert t.slots.current_revision_id("") == second.id
    assert [tag.label for tag in photo_tags(library.catalog, library.space, [photo_id])[photo_id]] == ["car"]


@pytest.mark.parametrize("is_done", [False, True])
def test_the_slower_of_two_equal_retags_undoes_no_later_change(library, is_done):
    few, many, more = (library.put(vocabulary(*names, threshold=0.02)) for names in (["x"], NAMES, [*NAMES, "new"]))
    for number in range(6):
        library.add(f"photo{number}", few)
    retag(library.catalog, library.space, few, library.texts)
    came = []

    def interfere(done, total):
        if not came:
            came.append(retag(library.catalog, library.space, many, library.new_texts(), rows=2))
            with library.catalog.write() as t:
                t.slots.set_target("", more.id)
            if is_done:
                retag(library.catalog, library.space, more, library.new_texts(), only_if_target=True)

    with pytest.raises(Superseded):
        retag(library.catalog, library.space, many, library.texts, interfere, rows=2)
    with library.catalog.read() as t:
        assert t.slots.target_revision_id("") == more.id
        assert t.slots.pending().get("") == (None if is_done else more.id)
    retag(library.catalog, library.space, more, library.texts)
    held = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, more, library.texts)
    assert library.rows() == held


def test_the_slower_of_two_equal_retags_ends_with_the_other(library):
    few, many = (library.put(vocabulary(*names, threshold=0.02)) for names in (["x"], NAMES))
    for number in range(6):
        library.add(f"photo{number}", few)
    retag(library.catalog, library.space, few, library.texts)
    steps = []

    def interfere(done, total):
        steps.append(done)
        if len(steps) == 1:
            assert retag(library.catalog, library.space, many, library.new_texts(), rows=2).changed == 6

    assert retag(library.catalog, library.space, many, library.texts, interfere, rows=2).photos == 6
    assert steps == [2]
    with library.catalog.read() as t:
        assert (t.slots.pending().get(""), t.slots.current_revision_id("")) == (None, many.id)


def test_a_retag_of_an_old_target_scores_nothing(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    library.add("photo", first)
    retag(library.catalog, library.space, first, library.texts)
    before = library.rows()
    with library.catalog.write() as t:
        t.slots.set_target("", second.id)
        assert (t.slots.target_revision_id(""), t.slots.current_revision_id("")) == (second.id, first.id)
    with pytest.raises(Superseded):
        retag(library.catalog, library.space, first, library.texts, only_if_target=True)
    assert library.rows() == before
    with library.catalog.read() as t:
        assert t.slots.pending().get("") == second.id
    retag(library.catalog, library.space, second, library.texts, only_if_target=True)
    with library.catalog.read() as t:
        assert (t.slots.pending().get(""), t.slots.target_revision_id("")) == (None, second.id)


def test_a_change_while_labels_are_encoded_is_not_overridden(library):
    first, used, taught = (library.put(vocabulary(name, threshold=0)) for name in ("dog", "car", "ship"))
    library.add("photo", first)
    retag(library.catalog, library.space, first, library.texts)

    def change(done, total):
        with library.catalog.write() as t:
            assert t.slots.target_revision_id("") == used.id, "what changes it begins with it"
            t.slots.set_target("", taught.id)

    with pytest.raises(Superseded):
        retag(library.catalog, library.space, used, library.texts, text_progress=change)
    with library.catalog.read() as t:
        assert (t.slots.current_revision_id(""), t.slots.pending()) == (first.id, {"": taught.id})


def amended(library, names, more, count=12):
    """Two revisions: photos are tagged with the first, and the second is an amendment of it."""
    first, second = (library.put(vocabulary(*some, threshold=0.02)) for some in (names, more))
    for number in range(count):
        library.add(f"photo{number}")
    retag(library.catalog, library.space, first, library.texts)
    return first, second


AMENDMENTS = [(NAMES, [*NAMES, "new"]), (NAMES, NAMES[1:]), (NAMES, ["new", *NAMES[2:]]), (NAMES[:8], NAMES[:9])]


@pytest.mark.parametrize(("names", "more"), AMENDMENTS)
def test_an_interrupted_amendment_changes_no_tag_and_goes_on(library, names, more):
    first, second = amended(library, names, more)
    before = library.rows()

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retag(library.catalog, library.space, second, library.texts, interrupt, rows=2)
    with library.catalog.read() as t:
        assert (t.slots.current_revision_id(""), t.slots.pending()) == (first.id, {"": second.id})
    assert library.rows() == before
    with library.catalog.write() as t:
        t.embeddings.put(library.space.id, 1, vector_of(b"another"))
        tagger = StoredTagger(library.catalog, library.space, first, library.texts)
        tagger.tag(t, t.embeddings.get(library.space.id, [1]))
    retag(library.catalog, library.space, second, library.texts, rows=2)
    kept = library.rows()
    assert kept != before
    library.forget_scores()
    retag(library.catalog, library.space, second, library.texts)
    assert library.rows() == kept


@pytest.mark.parametrize(("names", "more"), AMENDMENTS)
def test_others_write_between_the_parts_of_an_amendment(library, names, more):
    first, second = amended(library, names, more)
    steps = []

    def interfere(done, total):
        steps.append(done)
        if len(steps) > 2:
            return
        library.add(f"new{done}", first)
        library.add(f"unscored{done}")
        with library.catalog.write() as t:
            t.embeddings.put(library.space.id, 2, vector_of(b"another"))
            t.files.forget([file.id for file in t.files.known(library.folder.id) if file.photo_id == 3])
            t.photos.delete([3])

    retag(library.catalog, library.space, second, library.texts, interfere, rows=4)
    kept = library.rows()
    with library.catalog.read() as t:
        ids = t.embeddings.ids(library.space.id).tolist()
        scoring = t.scores.current(library.space.id, MAIN_SLOT)
        held, least = t.scores.of(scoring.id, ids), t.scores.least_ranks(scoring)
        assert t.slots.pending() == {}
    assert {row[0] for row in kept} == set(ids)
    assert len(ids) > 12
    np.testing.assert_allclose(least.of(held.photo_ids), scoring.ranks(held).min(axis=1), atol=1e-6)
    library.forget_scores()
    retag(library.catalog, library.space, second, library.texts)
    assert library.rows() == kept
    assert steps


def test_the_slower_of_two_equal_amendments_ends(library):
    _, second = amended(library, NAMES, ["new", *NAMES[2:]])
    steps = []

    def interfere(done, total):
        steps.append(done)
        if len(steps) == 1:
            retag(library.catalog, library.space, second, library.new_texts(), rows=4)

    retag(library.catalog, library.space, second, library.texts, interfere, rows=4)
    with library.catalog.read() as t:
        assert t.slots.pending() == {}
    kept = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, second, library.texts)
    assert library.rows() == kept


@pytest.mark.parametrize("is_dropped", [True, False])
def test_amendments_leave_no_scores_of_former_labels_where_embeddings_are_damaged(library, is_dropped):
    _, second = amended(library, NAMES, NAMES[1:])
    with library.catalog.write() as t:
        damaged = t.connection.execute(
            tables.embedding.update().where(tables.embedding.c.photo_id == 2).values(checksum=1)
        )
        assert damaged.rowcount == 1
        if is_dropped:
            t.embeddings.drop_damaged(library.space.id)
    fewer = [library.put(vocabulary(*NAMES[1:-count], threshold=0.02)) for count in (3, 6, 9)]
    for revision in (second, *fewer):
        retag(library.catalog, library.space, revision, library.texts)
        known = {label.id for label in revision.labels}
        assert {label_id for _, label_id, _ in library.rows()} <= known
    with library.catalog.write() as t:
        t.embeddings.put(library.space.id, 2, vector_of(b"photo1"))
    retag(library.catalog, library.space, fewer[-1], library.texts)
    held = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, fewer[-1], library.texts)
    assert library.rows() == held


def test_of_two_amendments_at_once_the_later_one_stands(library):
    _, second = amended(library, NAMES, ["new", *NAMES[2:]])
    third = library.put(vocabulary("newer", *NAMES[2:], threshold=0.02))
    steps = []

    def interfere(done, total):
        steps.append(done)
        if len(steps) == 1:
            retag(library.catalog, library.space, third, library.new_texts(), rows=4)

    with pytest.raises(Superseded):
        retag(library.catalog, library.space, second, library.texts, interfere, rows=4)
    with library.catalog.read() as t:
        assert (t.slots.current_revision_id(""), t.slots.pending()) == (third.id, {})
    kept = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, third, library.texts)
    assert library.rows() == kept


def test_setting_the_same_target_does_not_restart_a_retag(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary(*NAMES, threshold=0.02))
    for number in range(3):
        library.add(f"photo{number}", first)
    retag(library.catalog, library.space, first, library.texts)

    def claim(done, total):
        with library.catalog.write() as t:
            t.slots.set_target("", second.id)

    claim(0, 3)
    report = retag(library.catalog, library.space, second, library.texts, claim, rows=1, only_if_target=True)
    assert (report.photos, report.changed) == (3, 3)


def test_indexing_parts_and_retags_give_the_same_rows(library):
    revision = library.put(vocabulary(*NAMES, threshold=0.02))
    for number in range(25):
        library.add(f"photo{number}", revision)
    as_indexed = library.rows()
    assert len(as_indexed) > 100
    report = retag(library.catalog, library.space, revision, library.texts)
    assert (report.changed, report.photos) == (0, 25)
    library.forget_scores()
    retag(library.catalog, library.space, revision, library.texts)
    assert library.rows() == as_indexed
    tagger = StoredTagger(library.catalog, library.space, revision, library.texts)
    tagger.prepare()
    library.forget_scores()
    with library.catalog.write() as t:
        for page in t.embeddings.scan(library.space.id, rows=3):
            tagger.tag(t, page)
    assert library.rows() == as_indexed


def test_another_vocabulary_replaces_the_first_without_pictures(library):
    first, second = library.put(vocabulary("dog", "cat", threshold=0)), library.put(vocabulary("car", threshold=0))
    photo_id = library.add("photo", first)
    retag(library.catalog, library.space, second, library.texts)
    assert [tag.label for tag in photo_tags(library.catalog, library.space, [photo_id])[photo_id]] == ["car"]
    report = retag(library.catalog, library.space, first, library.texts)
    assert report.labels_encoded == 0
    assert {tag.label for tag in photo_tags(library.catalog, library.space, [photo_id])[photo_id]} == {"dog", "cat"}


def test_an_interrupted_retag_is_pending_and_goes_on(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary(*NAMES, threshold=0.02))
    for number in range(5):
        library.add(f"photo{number}", first)
    retag(library.catalog, library.space, first, library.texts)
    before = library.rows()

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retag(library.catalog, library.space, second, library.texts, interrupt, rows=2)
    with library.catalog.read() as t:
        assert (t.slots.current_revision_id(""), t.slots.pending().get("")) == (first.id, second.id)
    assert library.rows() == before
    steps = []
    retag(library.catalog, library.space, second, library.texts, lambda *seen: steps.append(seen), rows=2)
    assert steps == [(2, 3), (3, 3)]
    with library.catalog.read() as t:
        assert (t.slots.current_revision_id(""), t.slots.pending().get("")) == (second.id, None)
    kept = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, second, library.texts)
    assert library.rows() == kept


def test_a_photo_changed_during_a_retag_is_tagged_again(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary(*NAMES, threshold=0.02))
    one, other = library.add("one", first), library.add("other", first)

    def change(done, total):
        with library.catalog.write() as t:
            t.embeddings.put(library.space.id, one, vector_of(b"other"))

    retag(library.catalog, library.space, second, library.texts, change)
    tags = photo_tags(library.catalog, library.space, [one, other])
    assert tags[one] == tags[other] != []


class Late:
    """A scorer that calls *meanwhile* after it has scored the first photos, before these scores are stored."""

    def __init__(self, columns, meanwhile):
        self._exact = ExactScorer(columns)
        self._meanwhile = [meanwhile]

    def kept(self, vectors):
        kept = self._exact.kept(vectors)
        if self._meanwhile:
            self._meanwhile.pop()()
        return kept


def test_scores_of_an_older_embedding_do_not_survive_a_second_retag(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary(*NAMES, threshold=0.02))
    one, other = library.add("one", first), library.add("other", first)

    def interrupt(done, total):
        raise KeyboardInterrupt

    def change_and_retag():
        with library.catalog.write() as t:
            t.embeddings.put(library.space.id, one, vector_of(b"other"))
        with pytest.raises(KeyboardInterrupt):
            retag(library.catalog, library.space, second, library.new_texts(), interrupt, rows=1)

    def late(columns, photos):
        return Late(columns, change_and_retag)

    retag(library.catalog, library.space, second, library.texts, make_scorer=late, rows=1)
    tags = photo_tags(library.catalog, library.space, [one, other])
    assert tags[one] == tags[other] != []


def test_photos_added_during_a_retag_are_tagged_at_its_end(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    library.add("one", first)
    gone = library.add("gone", first)
    with library.catalog.write() as t:
        t.files.forget([file.id for file in t.files.known(library.folder.id) if file.photo_id == gone])

    def add(done, total):
        if done <= 2:
            library.add("new", first)

    retag(library.catalog, library.space, second, library.texts, add)
    tags = photo_tags(library.catalog, library.space, [1, 2, 3])
    assert {tag.label for of_one in tags.values() for tag in of_one} == {"car"}
    assert all(tags.values())
    assert tag_counts(library.catalog, library.space) == [("car", 2)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(range(50)), min_size=20, unique=True),
    st.lists(st.sampled_from(range(50)), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(range(50)), max_size=3, unique=True),
    st.sampled_from([0.3, 0.9]),
)
def test_an_amendment_equals_scoring_all_labels(library, before, changed, gone, threshold):
    if not library.rows():
        for number in range(12):
            library.add(f"photo{number}")

    def put(numbers, own):
        return library.put(vocabulary(*(f"label{number}" for number in sorted(numbers)), threshold=0.5, **own))

    first = put(before, {})
    retag(library.catalog, library.space, first, library.texts)
    wanted = (set(before) - set(gone)) | set(changed)
    second = put(wanted, {f"label{number}": threshold for number in changed})
    retag(library.catalog, library.space, second, library.texts)
    amended = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, second, library.texts)
    assert library.rows() == amended


def test_only_a_new_label_is_scored(library):
    revision = library.put(vocabulary(*NAMES, threshold=0.02))
    for number in range(5):
        library.add(f"photo{number}", revision)
    with library.catalog.read() as t:
        before = t.scores.stamp(library.space.id, MAIN_SLOT)
    report = retag(
        library.catalog, library.space, library.put(vocabulary(*NAMES, "dog", threshold=0.02)), library.texts
    )
    with library.catalog.read() as t:
        assert t.scores.stamp(library.space.id, MAIN_SLOT) == (before[0], before[1] + 1), "the same scoring, amended"
    assert report.changed == len({photo for photo, label, _ in library.rows() if label > len(NAMES)}) > 0


@settings(max_examples=20, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from([65, 129, 300, 1033]),
    st.sampled_from([0.0, 0.05, 1.0]),
    st.sampled_from([0.0, 1e-3, 0.2]),
    st.sampled_from([-1.0, 0.0, 1.0]),
)
def test_the_shortlist_keeps_the_same_labels_as_exact_scoring(random, count, spread, alike, side):
    generator = np.random.default_rng(random.getrandbits(32))
    common = units(generator, 1)
    matrix = units(generator, count) * (alike or 1) + (common if alike else 0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[7] = matrix[3]
    columns = Columns(np.arange(1, count + 1), on_grid(matrix), np.clip(generator.normal(0, spread, count), -2, 2))
    rows = units(generator, 40) + side * common
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    vectors = Vectors(np.arange(40), rows)
    exact = ExactScorer(columns)
    one, other = exact.kept(vectors), ShortlistScorer(columns, exact).kept(vectors)
    np.testing.assert_array_equal(one.label_ids, other.label_ids)
    np.testing.assert_array_equal(one.cosines, other.cosines)


def test_a_shortlist_by_several_threads_keeps_the_order_of_photos():
    generator = np.random.default_rng(3)
    columns = Columns(np.arange(100), on_grid(units(generator, 100)), np.zeros(100))
    rows = units(generator, 2100).astype(np.float16).astype(np.float32)
    vectors = Vectors(np.arange(7, 2107), rows)
    exact, threads = ExactScorer(columns), torch.get_num_threads()
    one, other = exact.kept(vectors), ShortlistScorer(columns, exact).kept(vectors)
    np.testing.assert_array_equal(one.photo_ids, other.photo_ids)
    np.testing.assert_array_equal(one.label_ids, other.label_ids)
    np.testing.assert_array_equal(one.cosines, other.cosines)
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == torch.get_num_threads() == threads


def test_large_libraries_are_scored_by_shortlist():
    columns = Columns(np.arange(100), np.zeros((100, 4)), np.zeros(100))
    assert isinstance(scorer_for(columns, 1000), ExactScorer)
    assert isinstance(scorer_for(columns, 10**6), ShortlistScorer)


def test_a_library_without_photos_can_be_tagged(library):
    report = retag(library.catalog, library.space, library.put(vocabulary("dog")), library.texts)
    assert (report.photos, report.changed) == (0, 0)


def test_the_most_specific_threshold_counts_when_tags_are_read(library):
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


def test_the_best_labels_are_kept_up_to_the_maximum(library):
    revision = library.put(vocabulary(*NAMES, threshold=0))
    photo_id = library.add("photo", revision)
    retag(library.catalog, library.space, revision, library.texts)
    assert len(library.rows()) == KEPT_MOST
    shown = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert len(shown) == KEPT_MOST
    assert [tag.score for tag in shown] == sorted((tag.score for tag in shown), reverse=True)
    assert all(tag.probability == pytest.approx(probability(tag.score, IDENTITY)) for tag in shown)


def test_equal_scores_keep_the_order_of_the_labels():
    row = unit_rows([[1.0, 0.0]])
    columns = Columns(np.array([3, 5, 7]), np.array([[0.5, 0.0], [0.875, 0.0], [0.5, 0.0]]), np.zeros(3))
    kept = ExactScorer(columns).kept(Vectors(np.array([1]), row))
    assert kept.label_ids.tolist() == [[5, 3, 7]]


def test_manual_tags_and_rejections_are_never_undone(library):
    revision = library.put(vocabulary("dog", "cat", threshold=0))
    photo_id = library.add("photo", revision)
    dog, cat = (label.id for label in revision.labels)
    with library.catalog.write() as t:
        t.connection.execute(tables.tag.insert().values(photo_id=photo_id, label_id=dog, source="rejected"))
        t.connection.execute(tables.tag.insert().values(photo_id=photo_id, label_id=cat, source="user"))
    retag(library.catalog, library.space, revision, library.texts)
    shown = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    score = next(cosine for _, label, cosine in library.rows() if label == cat)
    assert [(tag.label, tag.source, tag.score) for tag in shown] == [("cat", TagSource.USER, score)]
    retag(library.catalog, library.space, library.put(vocabulary("car", threshold=1)), library.texts)
    shown = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert [(tag.label, tag.score) for tag in shown] == [("cat", None)]


def test_a_label_above_its_threshold_is_kept_before_others(library):
    high = dict.fromkeys(NAMES[:40], 0.99)
    revision = library.put(vocabulary(*NAMES[:40], "low", low=1.5e-4, **high))
    ids = np.array([label.id for label in revision.labels])
    matrix = np.zeros((41, 2))
    matrix[:, 0] = cosine_of(0.5, IDENTITY)
    matrix[40] = cosine_of(2e-4, IDENTITY), 0
    columns = Columns.of(LabelMatrix(ids, matrix, 0), TagRule(revision, IDENTITY).offsets(ids))
    kept = ExactScorer(columns).kept(Vectors(np.array([1]), unit_rows([[1.0, 0.0]])))
    assert kept.cosines.shape == (1, KEPT_MOST)
    assert kept.label_ids[0, -1] == ids[40]
    assert kept.cosines[0].tolist() == sorted(kept.cosines[0].tolist(), reverse=True)


def test_pruned_photos_do_not_end_a_retag(library):
    first, second = library.put(vocabulary("dog", threshold=0)), library.put(vocabulary("car", threshold=0))
    kept, gone = library.add("kept", first), library.add("gone", first)

    class Pruning:
        """Prunes a photo when the re-tag has read it and not yet written."""

        def kept(self, vectors):
            with library.catalog.write() as t:
                t.files.forget([file.id for file in t.files.known(library.folder.id) if file.photo_id == gone])
                t.photos.delete([gone])
            return PhotoScores(vectors.ids, np.full((len(vectors), 1), 2), np.full((len(vectors), 1), 0.5, np.float32))

    retag(library.catalog, library.space, second, library.texts, make_scorer=lambda columns, photos: Pruning())
    assert [photo for photo, _, _ in library.rows()] == [kept]


def tag(at, label, cosine, source=TagSource.AUTO):
    return Tag(1, at, label, source, cosine)


def rule_of(library, text):
    return TagRule(library.put(parse_vocabulary(text, "v", Path("v.txt"))), IDENTITY, threshold=0)


def shown_by(rule, *tags):
    return [(each.label, each.implied_by) for each in rule.shown(tags)]


def test_a_child_implies_its_parents_unless_they_are_rejected(library):
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


@given(st.lists(st.sampled_from(["animal", "bird", "kestrel", "heron", "rock", "stone"]), unique=True), st.data())
def test_a_rule_of_a_few_labels_equals_the_whole_rule(names, data):
    definitions = [
        LabelDefinition("animal", ("animal",), threshold=0.2),
        LabelDefinition("bird", ("bird",), parents=("animal",)),
        LabelDefinition("kestrel", ("kestrel",), parents=("bird",)),
        LabelDefinition("heron", ("heron",), parents=("bird",), threshold=0.01),
        LabelDefinition("rock", ("rock",)),
    ]
    labels = tuple(Label(number, definition) for number, definition in enumerate(definitions, 1))
    revision = Revision(1, "mine", 1, datetime(2026, 1, 1, tzinfo=UTC), None, labels, (("bird", "rock"),))
    spreads = {number: CosineSpread(0.05 * number, 0.02) for number in range(1, 5)}
    ids = {label.definition.name: label.id for label in labels}
    sources = st.sampled_from(list(TagSource))
    cosines = st.floats(-0.2, 1)
    tags = [tag(ids.get(name, 9), name, data.draw(cosines), data.draw(sources)) for name in names]
    near = replace(revision, labels=about(CachedMembers(labels), (), names))
    assert {label.definition.name for label in near.labels} <= {*names, "animal", "bird"}
    kept = {label.id: spreads[label.id] for label in near.labels if label.id in spreads}
    for threshold in (None, 0.1):
        whole = TagRule(revision, IDENTITY, threshold, spreads)
        assert TagRule(near, IDENTITY, threshold, kept).shown(tags) == whole.shown(tags)


def test_an_implied_tag_has_its_own_score_if_one_is_kept(library):
    revision = library.put(parse_vocabulary("animal @ 0.9\n> bird\n", "v", Path("v.txt")))
    ids = {label.definition.name: label.id for label in revision.labels}
    rule = TagRule(revision, IDENTITY)
    found = rule.shown([tag(ids["bird"], "bird", 0.9), tag(ids["animal"], "animal", 0.1)])
    assert [(each.label, each.score, each.implied_by) for each in found] == [
        ("bird", 0.9, None),
        ("animal", 0.1, "bird"),
    ]


def test_of_exclusive_labels_a_manual_one_or_the_best_stays(library):
    rule = rule_of(library, "% exclusive day, night, dusk\nday\nnight\ndusk\ndog\n")
    day, night, dog = tag(1, "day", 0.5), tag(2, "night", 0.6), tag(4, "dog", 0.1)
    assert shown_by(rule, night, day, dog) == [("night", None), ("dog", None)]
    assert shown_by(rule, tag(9, "dusk", None, TagSource.USER), night, day) == [("dusk", None)]
    rule = rule_of(library, "% exclusive indoors, outdoors\nindoors\n> kitchen\noutdoors\n> meadow\n")
    kitchen, meadow, outdoors = tag(1, "kitchen", 0.5), tag(2, "meadow", 0.4), tag(3, "outdoors", 0.1)
    assert shown_by(rule, kitchen, outdoors) == [("kitchen", None), ("outdoors", None)]
    assert shown_by(rule, kitchen, meadow) == [("kitchen", None), ("meadow", None), ("indoors", "kitchen")]


def test_a_rejected_rival_rules_nothing_out(library):
    rule = rule_of(library, "% exclusive indoors, outdoors\nindoors\n> kitchen\noutdoors\n")
    rejected = tag(3, "outdoors", None, TagSource.REJECTED)
    kitchen, outdoors = tag(1, "kitchen", 0.5), tag(3, "outdoors", 0.6)
    assert shown_by(rule, rejected, kitchen, outdoors) == [("kitchen", None), ("indoors", "kitchen")]
    assert shown_by(rule, rejected, tag(2, "indoors", 0.4)) == [("indoors", None)]


def test_a_label_that_is_ruled_out_rules_nothing_out(library):
    rule = rule_of(library, "% exclusive day, dusk\n% exclusive dusk, night\nday\ndusk\nnight\n")
    day, dusk, night = tag(1, "day", 0.6), tag(2, "dusk", 0.5), tag(3, "night", 0.4)
    assert shown_by(rule, day, dusk, night) == [("day", None), ("night", None)]
    assert shown_by(rule, dusk, night) == [("dusk", None)]
    by_hand = tag(1, "day", None, TagSource.USER)
    assert shown_by(rule, by_hand, dusk, night) == [("day", None), ("night", None)]


def test_a_rejected_label_stays_rejected_under_other_texts(library):
    first = library.put(vocabulary("dog", threshold=0))
    photo_id = library.add("photo", first)
    record_manual_tags(library.catalog, [photo_id], rejected=["dog"])
    other = library.put(parse_vocabulary("% threshold 0\ndog: a hound\n", "v", Path("v.txt")))
    assert other.labels[0].id != first.labels[0].id
    retag(library.catalog, library.space, other, library.texts)
    assert photo_tags(library.catalog, library.space, [photo_id])[photo_id] == []
    record_manual_tags(library.catalog, [photo_id], cleared=["dog"])
    assert [each.label for each in photo_tags(library.catalog, library.space, [photo_id])[photo_id]] == ["dog"]


def test_manual_labels_are_the_vocabularys_where_it_knows_them(library):
    revision = library.put(parse_vocabulary("% threshold 1\nfox = Reineke\n", "v", Path("v.txt")))
    photo_id = library.add("photo", revision)
    retag(library.catalog, library.space, revision, library.texts)
    assert record_manual_tags(library.catalog, [photo_id], added=["Foxes", "our  cat"]) == ["fox", "our cat"]
    assert record_manual_tags(library.catalog, [photo_id], added=["reineke"]) == ["fox"]
    found = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert [(each.label, each.source) for each in found] == [("fox", TagSource.USER), ("our cat", TagSource.USER)]
    for name in ("", " ", "x" * 201, "a\nb\x00"):
        with pytest.raises(BadLabel):
            record_manual_tags(library.catalog, [photo_id], added=[name])


def test_counts_of_a_preview_equal_those_after_a_re_tag(library):
    definition = vocabulary(*NAMES, threshold=0.02)
    ids = [library.add(f"photo{number}") for number in range(5)]
    counted = preview_tags(library.catalog, library.space, definition, library.texts)
    retag(library.catalog, library.space, library.put(definition), library.texts)
    kept = photo_tags(library.catalog, library.space, ids)
    assert counted.of_photos == {key: frozenset(each.label for each in tags) for key, tags in kept.items()}
    assert dict(counted.counts) == dict(tag_counts(library.catalog, library.space))


def test_a_trial_counts_the_photos_of_the_label(library):
    ids = [library.add(f"photo{number}") for number in range(9)]
    vector = library.texts.label_vector("stained glass")
    trial = preview_label(library.catalog, library.space, vector, 0.02, count=2, bars=4)
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
