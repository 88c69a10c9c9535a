"""Tags are a pure function of embeddings and vocabulary, also where re-tags are interrupted or overlap."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.errors import Superseded
from query.tagging import (
    RetagOptions,
    StoredTagger,
    photo_tags,
    retag,
    tag_counts,
)
from query.tagging.scoring.scorer import ExactScorer
from store import (
    MAIN_SLOT,
    PhotoScores,
    Tag,
    TagSource,
)
from store.sql import schema as tables
from tests.fakes import vector_of
from tests.query.tagging.vocabularies import NAMES, vocabulary


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
        retag(library.catalog, library.space, first, library.texts, progress=another)
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
            came.append(retag(library.catalog, library.space, many, library.new_texts(), RetagOptions(rows=2)))
            with library.catalog.write() as t:
                t.slots.set_target("", more.id)
            if is_done:
                retag(library.catalog, library.space, more, library.new_texts(), RetagOptions(only_if_target=True))

    with pytest.raises(Superseded):
        retag(library.catalog, library.space, many, library.texts, RetagOptions(rows=2), progress=interfere)
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
            assert retag(library.catalog, library.space, many, library.new_texts(), RetagOptions(rows=2)).changed == 6

    assert (
        retag(library.catalog, library.space, many, library.texts, RetagOptions(rows=2), progress=interfere).photos == 6
    )
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
        retag(library.catalog, library.space, first, library.texts, RetagOptions(only_if_target=True))
    assert library.rows() == before
    with library.catalog.read() as t:
        assert t.slots.pending().get("") == second.id
    retag(library.catalog, library.space, second, library.texts, RetagOptions(only_if_target=True))
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
        retag(library.catalog, library.space, second, library.texts, RetagOptions(rows=2), progress=interrupt)
    with library.catalog.read() as t:
        assert (t.slots.current_revision_id(""), t.slots.pending()) == (first.id, {"": second.id})
    assert library.rows() == before
    with library.catalog.write() as t:
        t.embeddings.put(library.space.id, 1, vector_of(b"another"))
        tagger = StoredTagger(library.catalog, library.space, first, library.texts)
        tagger.tag(t, t.embeddings.get(library.space.id, [1]))
    retag(library.catalog, library.space, second, library.texts, RetagOptions(rows=2))
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

    retag(library.catalog, library.space, second, library.texts, RetagOptions(rows=4), progress=interfere)
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
            retag(library.catalog, library.space, second, library.new_texts(), RetagOptions(rows=4))

    retag(library.catalog, library.space, second, library.texts, RetagOptions(rows=4), progress=interfere)
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
            retag(library.catalog, library.space, third, library.new_texts(), RetagOptions(rows=4))

    with pytest.raises(Superseded):
        retag(library.catalog, library.space, second, library.texts, RetagOptions(rows=4), progress=interfere)
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
    report = retag(
        library.catalog, library.space, second, library.texts, RetagOptions(rows=1, only_if_target=True), progress=claim
    )
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
        retag(library.catalog, library.space, second, library.texts, RetagOptions(rows=2), progress=interrupt)
    with library.catalog.read() as t:
        assert (t.slots.current_revision_id(""), t.slots.pending().get("")) == (first.id, second.id)
    assert library.rows() == before
    steps = []
    retag(
        library.catalog,
        library.space,
        second,
        library.texts,
        RetagOptions(rows=2),
        progress=lambda *seen: steps.append(seen),
    )
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

    retag(library.catalog, library.space, second, library.texts, progress=change)
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
            retag(library.catalog, library.space, second, library.new_texts(), RetagOptions(rows=1), progress=interrupt)

    def late(columns, photos):
        return Late(columns, change_and_retag)

    retag(library.catalog, library.space, second, library.texts, RetagOptions(make_scorer=late, rows=1))
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

    retag(library.catalog, library.space, second, library.texts, progress=add)
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


def test_a_library_without_photos_can_be_tagged(library):
    report = retag(library.catalog, library.space, library.put(vocabulary("dog")), library.texts)
    assert (report.photos, report.changed) == (0, 0)


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

    retag(
        library.catalog,
        library.space,
        second,
        library.texts,
        RetagOptions(make_scorer=lambda columns, photos: Pruning()),
    )
    assert [photo for photo, _, _ in library.rows()] == [kept]


def tag(at, label, cosine, source=TagSource.AUTO):
    return Tag(1, at, label, source, cosine)
