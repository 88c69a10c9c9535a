"""A label by example: its vector, its threshold, and changes of both."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from query.tagging import (
    RetagOptions,
    photo_tags,
    refresh_taught_labels,
    retag,
    tag_counts,
    tagged,
    taught_label_report,
)
from query.tagging.learning.taught_vector import Background, taught_vector
from query.vocabulary import difference, parse_vocabulary, write_vocabulary
from store import LabelDefinition, VocabularyDefinition

DIMENSION = 48


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


class World:
    """Photos in one cone and texts in another, as SigLIP has them; some photos show a thing that has a direction."""

    def __init__(self, seed=0, count=900, having=40):
        random = np.random.default_rng(seed)
        pictures, texts, self.thing = (unit(random.normal(size=DIMENSION)) for _ in range(3))
        self.has = np.zeros(count, bool)
        self.has[random.choice(count, having, replace=False)] = True
        others = random.normal(size=(count, DIMENSION)) * np.linspace(0.25, 0.02, DIMENSION)
        self.photos = unit(pictures + others + 0.7 * self.has[:, np.newaxis] * self.thing)
        # Texts are nearly alike: their cosines with photos are small and close together.
        self.knowing = unit(texts + 0.15 * self.thing)
        self.ignorant = unit(texts + 0.15 * unit(random.normal(size=DIMENSION)))
        self.background = Background(self.photos)

    def lesson(self, text, examples=(), counterexamples=()):
        return taught_vector(self.background, text, self.photos[list(examples)], self.photos[list(counterexamples)])

    def precision_and_recall(self, lesson):
        found = self.photos @ lesson.vector >= lesson.minimum
        return self.has[found].mean(), found[self.has].mean()


@pytest.fixture
def world():
    return World()


def test_without_examples_the_vector_is_the_texts(world):
    lesson = world.lesson(world.knowing)
    assert np.array_equal(lesson.vector, world.knowing)
    assert (lesson.minimum, lesson.text_share, lesson.used) == (None, 1.0, 0)
    assert np.array_equal(world.lesson(world.knowing, counterexamples=[1]).vector, world.knowing)


def test_a_few_photos_find_the_others_despite_a_useless_text(world):
    examples = np.flatnonzero(world.has)[:5]
    precision, recall = world.precision_and_recall(world.lesson(world.ignorant, examples))
    assert precision > 0.8
    assert recall > 0.8


def test_a_good_text_keeps_its_weight_and_a_poor_one_loses_it(world):
    examples = np.flatnonzero(world.has)[:8]
    shares = [world.lesson(text, examples).text_share for text in (world.knowing, world.ignorant)]
    assert shares[0] > 1.5 * shares[1]


def test_the_texts_weight_falls_with_unknown_examples(world):
    having = np.flatnonzero(world.has)
    shares = [world.lesson(world.ignorant, having[:count]).text_share for count in (1, 3, 10, 30)]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("count", [1, 3, 20])
def test_its_scores_are_cosines_on_the_scale_of_the_texts(world, count):
    examples = np.flatnonzero(world.has)[:count]
    vector = world.lesson(world.ignorant, examples, np.flatnonzero(~world.has)[:2]).vector
    before, after = (world.photos.astype(np.float64) @ each for each in (world.ignorant, vector))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert after.mean() == pytest.approx(before.mean(), abs=0.2 * before.std())
    assert after.std() == pytest.approx(before.std(), rel=0.2)


def test_counterexamples_separate_similar_things(world):
    alike = unit(world.photos[:30] + 0.5 * world.thing + 0.6 * unit(np.ones(DIMENSION)))
    examples = world.photos[np.flatnonzero(world.has)[:4]]
    one = taught_vector(world.background, world.ignorant, examples, alike[:0])
    other = taught_vector(world.background, world.ignorant, examples, alike[:4])
    fooled = [(alike[4:] @ each.vector >= each.minimum).mean() for each in (one, other)]
    assert fooled[0] > fooled[1]


def test_photos_that_are_all_alike_teach_nothing():
    photo = unit(np.ones((1, DIMENSION)))
    text = unit(np.arange(DIMENSION))
    lesson = taught_vector(Background(np.repeat(photo, 4, axis=0)), text, photo, photo[:0])
    assert np.array_equal(lesson.vector, text)
    assert np.isfinite(
        taught_vector(Background(np.eye(DIMENSION, dtype=np.float32)[:2]), text, photo, photo[:0]).vector
    ).all()


def hash_of(name):
    return name.encode().ljust(32).hex()


def vocabulary(*examples, not_of=()):
    shown = LabelDefinition("ours", ("ours",), examples=tuple(map(hash_of, examples)))
    label = LabelDefinition("ours", ("ours",), None, (), None, (), shown.examples, tuple(map(hash_of, not_of)))
    return VocabularyDefinition("v", (LabelDefinition("dog", ("dog",)), label))


@pytest.fixture
def stocked(library):
    for number in range(40):
        library.add(f"photo{number}")
    return library


def retagged(library, definition):
    revision = library.put(definition)
    retag(
        library.catalog, library.space, refresh_taught_labels(library.catalog, library.space, revision), library.texts
    )
    with library.catalog.read() as t:
        return t.vocabularies.revision(t.slots.current_revision_id(""))


def report(library, definition):
    return taught_label_report(library.catalog, library.space, definition.labels[-1], library.texts)


def test_a_taught_label_tags_at_once_and_costs_one_column(stocked):
    first = retagged(stocked, vocabulary())
    second = retagged(stocked, vocabulary("photo1", "photo2", not_of=["photo3"]))
    assert first.labels[0].id == second.labels[0].id
    assert first.labels[1].id != second.labels[1].id
    ours = report(stocked, second.definition)
    assert ours.used == 3
    with stocked.catalog.read() as t:
        rows = next(t.embeddings.scan(stocked.space.id))
    expected = set(rows.ids[rows.matrix @ ours.vector >= ours.minimum].tolist())
    tags = photo_tags(stocked.catalog, stocked.space, rows.ids.tolist())
    assert {key for key, of_one in tags.items() if "ours" in [tag.label for tag in of_one]} == expected
    assert 0 < len(expected) < len(rows.ids)


def test_the_order_of_examples_does_not_matter(stocked):
    one, other = vocabulary("photo1", "photo2"), vocabulary("photo2", "photo1")
    assert not difference(one, other)
    assert retagged(stocked, one).number == retagged(stocked, other).number
    assert difference(one, vocabulary("photo1")).changed == (("ours", ("examples",)),)


def test_digests_without_examples_do_not_change(stocked):
    assert [label.id for label in stocked.put(vocabulary()).labels] == [
        label.id for label in stocked.put(parse_vocabulary("dog:: dog\nours:: ours\n", "w", Path("w.txt"))).labels
    ]


def test_rolling_back_restores_vector_and_threshold(stocked):
    first = retagged(stocked, vocabulary("photo1", "photo2"))
    rows = stocked.rows()
    retagged(stocked, vocabulary("photo7"))
    assert stocked.rows() != rows
    retag(stocked.catalog, stocked.space, first, stocked.texts)
    assert stocked.rows() == rows


def test_a_pruned_example_goes_on_working(stocked):
    definition = retagged(stocked, vocabulary("photo1", "photo2")).definition
    before = report(stocked, definition)
    with stocked.catalog.write() as t:
        t.files.forget([file.id for file in t.files.known(stocked.folder.id) if file.path == b"photo1"])
        t.photos.delete([2])
    after = report(stocked, retagged(stocked, definition).definition)
    assert np.array_equal(before.vector, after.vector)
    assert (before.minimum, after.used) == (after.minimum, 2)
    assert [example.photo is None for example in after.examples] == [True, False]


def test_later_examples_are_learnt_from(library):
    for number in range(20):
        library.add(f"photo{number}")
    definition = vocabulary("photo1", "photo30")
    assert report(library, retagged(library, definition).definition).used == 1
    before = library.rows()
    for number in range(20, 40):
        library.add(f"photo{number}")
    newest = retagged(library, definition)
    assert newest.number == 1
    assert report(library, newest.definition).used == 2
    kept = {(photo, label): cosine for photo, label, cosine in library.rows()}
    label_id = newest.labels[1].id
    vector = report(library, definition).vector
    with library.catalog.read() as t:
        rows = t.embeddings.get(library.space.id, [1, 40])
    assert [kept[key, label_id] for key in (1, 40)] == pytest.approx((rows.matrix @ vector).tolist(), abs=1e-6)
    assert {label for _, label, _ in before} != {label for _, label, _ in library.rows()}


def test_a_refreshed_label_makes_its_retag_pending(library):
    for number in range(20):
        library.add(f"photo{number}")
    revision = retagged(library, vocabulary("photo1", "photo30"))
    for number in range(20, 40):
        library.add(f"photo{number}")
    again = refresh_taught_labels(library.catalog, library.space, revision)
    assert again.labels[1].id != revision.labels[1].id
    with library.catalog.read() as t:
        assert t.slots.pending().get("") == revision.id


def test_a_shared_label_is_taught_again_in_all_slots(library):
    for number in range(20):
        library.add(f"photo{number}")
    retagged(library, vocabulary("photo1", "photo30"))
    beside = library.put(replace(vocabulary("photo1", "photo30"), name="beside"))
    retag(library.catalog, library.space, beside, library.texts, RetagOptions(slot="n"))
    for number in range(20, 40):
        library.add(f"photo{number}")
    retagged(library, vocabulary("photo1", "photo30"))
    with library.catalog.read() as t:
        assert t.slots.pending() == {"n": beside.id}
        newest = t.vocabularies.revision(beside.id)
    retag(library.catalog, library.space, newest, library.texts, RetagOptions(slot="n"))
    assert library.rows("n") == library.rows()


def test_until_a_retag_ends_tags_stay_as_they_were(library):
    for number in range(20):
        library.add(f"photo{number}")
    definition = vocabulary("photo1", "photo30")
    revision = retagged(library, definition)
    beside = library.put(replace(definition, name="beside"))
    retag(library.catalog, library.space, beside, library.texts, RetagOptions(slot="n"))
    for number in range(20, 40):
        library.add(f"photo{number}", revision)
    ids = list(range(1, 41))
    before = photo_tags(library.catalog, library.space, ids)
    assert "ours" in {tag.label for tags in before.values() for tag in tags}

    def killed(*_):
        raise KeyboardInterrupt

    again = refresh_taught_labels(library.catalog, library.space, revision)
    with pytest.raises(KeyboardInterrupt):
        retag(library.catalog, library.space, again, library.texts, RetagOptions(make_scorer=killed))
    assert photo_tags(library.catalog, library.space, ids) == before
    assert refresh_taught_labels(library.catalog, library.space, revision) == again, "it is not made anew again"
    with library.catalog.read() as t:
        assert t.slots.pending() == {"": revision.id, "n": beside.id}
    retag(library.catalog, library.space, revision, library.texts)
    after = photo_tags(library.catalog, library.space, ids)
    assert of_label(after, "ours") != of_label(before, "ours")
    assert of_label(after, "n:ours") == of_label(before, "n:ours")
    retag(library.catalog, library.space, beside, library.texts, RetagOptions(slot="n"))
    assert library.rows("n") == library.rows()
    with library.catalog.read() as t:
        assert t.slots.pending() == {}
        assert t.vocabularies.revision(revision.id).labels == again.labels


def of_label(tags, name):
    return {key: tag.score for key, of_one in tags.items() for tag in of_one if tag.label == name}


def test_examples_that_come_during_a_retag_leave_it_pending(library):
    for number in range(20):
        library.add(f"photo{number}")
    retagged(library, vocabulary("photo1", "photo30"))
    for number in range(20, 40):
        library.add(f"photo{number}")
    definition = vocabulary("photo1", "photo30")
    revision = library.put(replace(definition, labels=(LabelDefinition("new", ("new",)), *definition.labels)))

    def come(*_):
        refresh_taught_labels(library.catalog, library.space, revision)

    retag(library.catalog, library.space, revision, library.texts, text_progress=come)
    assert {label for _, label, _ in library.rows()} == {label.id for label in revision.labels}
    with library.catalog.read() as t:
        assert t.slots.pending().get("") == revision.id
    retag(library.catalog, library.space, revision, library.texts)
    with library.catalog.read() as t:
        assert t.slots.pending().get("") is None
        newest = t.vocabularies.revision(revision.id)
    assert newest.labels[2].id != revision.labels[2].id
    assert {label for _, label, _ in library.rows()} == {label.id for label in newest.labels}


def test_an_earlier_revision_learns_from_new_examples_too(library):
    for number in range(20):
        library.add(f"photo{number}")
    first = retagged(library, vocabulary("photo1", "photo30"))
    for number in range(20, 40):
        library.add(f"photo{number}")
    definition = vocabulary("photo1", "photo30")
    retagged(library, replace(definition, labels=(*definition.labels, LabelDefinition("new", ("new",)))))
    retag(library.catalog, library.space, first, library.texts)
    with library.catalog.read() as t:
        back = t.vocabularies.revision(first.id)
        assert (
            t.slots.pending().get(""),
            t.labels.fits(library.space.id, [back.labels[1].id]).popitem()[1].examples,
        ) == (
            None,
            2,
        )
    assert back.labels[1].id != first.labels[1].id


def test_equal_photos_are_not_learnt_from_repeatedly(library):
    library.add("photo0")
    revision = retagged(library, vocabulary("photo0"))
    assert refresh_taught_labels(library.catalog, library.space, revision) is revision


def test_a_photo_with_a_new_rating_is_the_same_example(stocked):
    with stocked.catalog.write() as t:
        photo = t.photos.get([2])[0]
        t.photos.replace_content(2, b"other".ljust(32), 1, photo.facts)
    assert report(stocked, vocabulary("photo1", "photo2")).used == 2


TEXT = f"""dog
> our dog
% example {"ab" * 32}
% example {"CD" * 32}
% counterexample {"ef" * 32}
cat
"""


def test_every_form_of_a_vocabulary_has_examples():
    read = parse_vocabulary(TEXT, "v", Path("v.txt"))
    label = read.labels[1]
    assert label.examples == ("ab" * 32, "cd" * 32)
    assert label.counterexamples == ("ef" * 32,)
    assert parse_vocabulary(write_vocabulary(read), "v", Path("v.txt")) == read
    table = f"label,parents,examples,counterexamples\ndog,,,\nour dog,dog,{'ab' * 32};{'cd' * 32},{'ef' * 32}\ncat,,,\n"
    assert parse_vocabulary(table, "v", Path("v.csv")) == read
    tree = (
        "labels:\n- dog\n- label: our dog\n  parents: [dog]\n"
        f"  examples: [{'ab' * 32}, {'cd' * 32}]\n  counterexamples: [{'ef' * 32}]\n- cat\n"
    )
    assert parse_vocabulary(tree, "v", Path("v.yaml")) == read


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"% example {'ab' * 32}\ndog\n", "line 1: there is no label above this example"),
        ("dog\n% example abc\n", "line 2: the example 'abc' is not the SHA-256"),
        (f"dog\n% example {'ab' * 32}\n% counterexample {'ab' * 32}\n", "as example and as counterexample"),
    ],
)
def test_invalid_examples_are_reported(text, what):
    with pytest.raises(Exception, match="is not taken as a vocabulary") as caught:
        parse_vocabulary(text, "v", Path("v.txt"))
    assert what in str(caught.value)


@pytest.mark.parametrize(("first", "second"), [("", "n"), ("n", "")])
def test_a_revision_in_two_slots_shows_its_tags_between_two_retags(library, first, second):
    for number in range(20):
        library.add(f"photo{number}")
    revision = retagged(library, vocabulary("photo1", "photo30"))
    retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot="n"))
    for number in range(20, 40):
        library.add(f"photo{number}", revision)
    ids, names = list(range(1, 41)), {"": "ours", "n": "n:ours"}
    before = photo_tags(library.catalog, library.space, ids)
    refresh_taught_labels(library.catalog, library.space, revision)
    retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot=first))
    between = photo_tags(library.catalog, library.space, ids)
    assert of_label(between, names[second]) == of_label(before, names[second]) != {}
    assert of_label(between, names[first]) != of_label(before, names[first])
    with library.catalog.read() as t:
        assert t.slots.pending() == {second: revision.id}
        found = tagged(t, library.space, names[second]).tolist()
    assert found == sorted(of_label(between, names[second]))
    assert dict(tag_counts(library.catalog, library.space))[names[second]] == len(found)
    retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot=second))
    after = photo_tags(library.catalog, library.space, ids)
    assert of_label(after, "ours") == of_label(after, "n:ours") == of_label(between, names[first])
