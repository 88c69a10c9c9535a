"""Sources of tags, compared with each other and with what the user said."""

import random
from datetime import datetime
from itertools import combinations

import pytest

from query.errors import RepeatedSource, UnknownSource
from query.tagging import (
    Accuracy,
    Agreement,
    ImportedTags,
    RetagOptions,
    compare_sources,
    follow_descriptions,
    import_tags,
    record_manual_tags,
    retag,
)
from store import LabelDefinition, StoredDescription, VocabularyDefinition


def hash_of(name: str) -> str:
    return name.encode().ljust(32).hex()


NOW = datetime(2026, 1, 1)  # noqa: DTZ001 - as the catalog has times


@pytest.fixture
def give(library):
    """Makes tags those of a program: labels by photo."""

    def import_from(origin, of_photos):
        given = [ImportedTags(None, str(key), tuple(labels)) for key, labels in of_photos.items()]
        import_tags(library.catalog, given, origin, lambda t, path: int(path))

    return import_from


@pytest.fixture
def use(library):
    """Puts labels in force, all of which every photo has as automatic tags."""

    def put_in_force(*definitions, slot="", folders=None):
        revision = library.put(VocabularyDefinition(slot or "mine", definitions, 0))
        retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot=slot, folders=folders))

    return put_in_force


def label(name, **more):
    return LabelDefinition(name, (name,), **more)


def compare(library, *names, **more):
    return compare_sources(library.catalog, library.space, names, **more)


def test_three_sources_count_over_the_photos_and_labels_of_all(library, give):
    one, two, three, four = (library.add(name) for name in ("one", "two", "three", "four"))
    give("a", {one: ["dog", "cat"], two: ["dog"], three: ["cat"], four: ["dog"]})
    give("b", {one: ["Dogs"], two: ["cat"], three: ["cat", "sea"]})
    give("c", {one: ["dog"], two: ["dog", "cat", "sea"], three: ["cat"], four: ["sea"]})
    # Nobody asked b about photo four, and a does not know the sea.
    found = compare(library, "a", "b", "c")
    assert (found.sources, found.photos) == (("a", "b", "c"), 3)
    assert [(each.label, each.given, each.by_all, each.by_any) for each in found.labels] == [
        ("cat", (2, 2, 2), 1, 3),
        ("dog", (2, 1, 2), 1, 2),
    ]
    assert found.pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found.labels[1].pairs == (Agreement(3, 1, 1, 0), Agreement(3, 2, 0, 0), Agreement(3, 1, 0, 1))
    assert found.overall.pairs[0] == Agreement(6, 2, 2, 1)
    kappas = [each.kappa for each in found.labels[1].pairs]
    assert found.labels[1].kappa == pytest.approx(sum(kappas) / 3)


def test_random_sources_agree_as_counted_one_by_one(library, give):
    chance = random.Random(11)
    names, photos = ["dog", "cat", "sea", "sky"], [library.add(f"photo{number}") for number in range(12)]
    truth = {
        origin: {key: chance.sample(names, chance.randrange(1, 5)) for key in chance.sample(photos, 10)}
        for origin in "abc"
    }
    for origin, of_photos in truth.items():
        give(origin, of_photos)
    found = compare(library, *"abc")
    shared = set.intersection(*(set(of_photos) for of_photos in truth.values()))
    assert found.photos == len(shared)
    for each in found.labels:
        for (one, other), pair in zip(combinations("abc", 2), each.pairs, strict=True):
            rows = [(each.label in truth[one][key], each.label in truth[other][key]) for key in shared]
            counts = [rows.count(kind) for kind in ((True, True), (True, False), (False, True))]
            assert pair == Agreement(len(shared), *counts)
        assert each.disputed == sum(len({each.label in truth[origin][key] for origin in "abc"}) == 2 for key in shared)


def test_siglip_is_another_name_unless_an_import_has_it(library, give, use):
    one = library.add("one")
    use(label("dog"), label("cat"))
    give("ram++", {one: ["dog"]})
    assert compare(library, "siglip", "ram++").overall.given == (1, 1)
    with pytest.raises(RepeatedSource, match="siglip and auto are the same"):
        compare(library, "siglip", "auto")
    give("siglip", {one: ["cat"]})
    found = compare(library, "siglip", "auto")
    assert [(each.label, each.given) for each in found.labels] == [("cat", (1, 1))]


def test_an_unknown_source_is_refused_with_the_known_ones(library, give, use):
    library.add("one")
    use(label("heron"), slot="birds")
    with pytest.raises(UnknownSource, match="there are auto, auto:birds, user"):
        compare(library, "auto", "ram++")
    with pytest.raises(UnknownSource):
        compare(library, "siglip:moods", "user")


def test_only_photos_within_the_choice_count(library, give):
    one, two = library.add("one"), library.add("two")
    for origin in ("a", "b"):
        give(origin, {one: ["dog"], two: ["dog"]})
    assert compare(library, "a", "b", within=[two]).photos == 1
    assert compare(library, "a", "b", within=[]).photos == 0


def test_a_source_is_measured_by_tags_and_rejections(library, give):
    one, two, three, four = (library.add(name) for name in ("one", "two", "three", "four"))
    give("a", {one: ["dog"], two: ["dog"], three: ["cat"], four: ["dog"]})
    give("b", {one: ["cat"], two: ["dog"], three: ["dog"], four: ["cat"]})
    record_manual_tags(library.catalog, [one, three], added=["dog"])
    record_manual_tags(library.catalog, [two], rejected=["Dogs"])
    found = {each.label: each for each in compare(library, "a", "b").labels}
    assert (found["dog"].shown, found["dog"].absent) == (2, 1)
    assert found["dog"].accuracies == (Accuracy(1, 1, 1), Accuracy(1, 1, 1))
    # Without a word of the user nothing is known, which is not the same as nothing right.
    assert found["cat"].accuracies == (Accuracy(0, 0, 0), Accuracy(0, 0, 0))
    assert [each.precision for each in found["cat"].accuracies] == [None, None]


def test_the_users_own_tags_are_no_source_to_be_measured(library, give):
    one = library.add("one")
    give("a", {one: ["dog"]})
    record_manual_tags(library.catalog, [one], added=["dog"])
    found = compare(library, "user", "a")
    assert found.overall.accuracies == (None, Accuracy(1, 0, 0))


def test_examples_count_as_the_users_words_below_tags_by_hand(library, give, use):
    shown, absent, both, taken_back = (library.add(name) for name in ("shown", "absent", "both", "taken back"))
    ours = label(
        "ours",
        examples=(hash_of("shown"), hash_of("taken back"), "00" * 32),
        counterexamples=(hash_of("absent"), hash_of("both")),
    )
    use(ours)
    give("a", {key: ["ours"] for key in (shown, absent, both, taken_back)})
    record_manual_tags(library.catalog, [both], added=["ours"])
    record_manual_tags(library.catalog, [taken_back], rejected=["ours"])
    (found,) = compare(library, "auto", "a").labels
    assert (found.shown, found.absent, found.taught) == (2, 2, 2)
    assert found.accuracies[1] == Accuracy(2, 2, 0)


def test_two_words_that_contradict_each_other_count_as_none(library, give):
    one = library.add("one")
    give("a", {one: ["kite"]})
    give("b", {one: ["kites"]})
    record_manual_tags(library.catalog, [one], added=["kite"], rejected=["kites"])
    assert compare(library, "a", "b").overall.shown == 0


def test_words_on_a_slots_labels_count_for_that_slot(library, give, use):
    one, two = library.add("birds/one"), library.add("two")
    use(label("dog"))
    use(label("heron"), slot="birds", folders=[b"/photos/birds"])
    give("ram++", {one: ["heron"], two: ["heron"]})
    record_manual_tags(library.catalog, [one, two], added=["birds:heron"])
    (found,) = compare(library, "auto:birds", "ram++").labels
    assert (found.label, found.photos, found.shown, found.accuracies[0]) == ("heron", 1, 1, Accuracy(1, 0, 0))


def test_photos_with_most_differences_come_with_words_and_scores(library, give, use):
    one, two, three = (library.add(name) for name in ("one", "two", "three"))
    use(label("dog"), label("cat"))
    give("a", {one: ["dog", "cat", "sea"], two: ["dog"], three: ["dog", "sea"]})
    give("b", {one: ["dog"], two: ["dog"], three: ["cat", "sea"]})
    record_manual_tags(library.catalog, [three], rejected=["cat"])
    found = compare(library, "a", "b", disputed=5)
    assert [(each.photo.id, each.disputes) for each in found.disputed] == [(one, 2), (three, 2)]
    assert len(compare(library, "a", "b", disputed=1).disputed) == 1
    last = found.disputed[-1]
    assert [[(word.label, word.is_disputed, word.decision) for word in words] for words in last.words] == [
        [("dog", True, None), ("sea", False, None)],
        [("cat", True, False), ("sea", False, None)],
    ]
    assert [word.label for word in last.decided] == ["cat"]
    with library.catalog.read() as t:
        label_ids = t.vocabularies.labels_called("dog")
    (stored,) = (cosine for photo_id, key, cosine in library.rows() if photo_id == three and key in label_ids)
    dog, sea = last.words[0]
    assert dog.cosine == pytest.approx(stored, abs=1e-6)
    assert sea.cosine is None, "no vocabulary in force has this label"


def test_a_photo_in_whose_description_no_label_is_counts(library, give, use):
    one, two, three, four = (library.add(name) for name in ("one", "two", "three", "four"))
    use(label("dog"))
    give("a", {key: ["dog"] for key in (one, two, three, four)})
    tasks = {one: "caption", two: "objects", three: "text"}
    with library.catalog.write() as t:
        for photo_id, task in tasks.items():
            caption = "a dog" if photo_id == one else None
            described = StoredDescription("florence@1", frozenset({task}), caption, (), None, NOW)
            t.descriptions.put(photo_id, described)
        follow_descriptions(t)
    # The describer was asked for words about two, and gave none; about three it was asked for the text alone.
    (found,) = compare(library, "a", "florence@1").labels
    assert (found.photos, found.given) == (2, (2, 1))


def test_photos_without_a_file_do_not_count(library, give):
    one, two = library.add("one"), library.add("two")
    for origin in ("a", "b"):
        give(origin, {one: ["dog"], two: ["dog"]})
    with library.catalog.write() as t:
        t.files.forget([file.id for file in t.files.known(library.folder.id) if file.photo_id == two])
    assert compare(library, "a", "b").photos == 1
