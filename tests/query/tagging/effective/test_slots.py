"""Several vocabularies in force are independent views of the embeddings: none changes the tags of another."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.errors import BadSlotName, Superseded
from query.tagging import (
    ImportedTags,
    RetagOptions,
    StoredTagger,
    checked_slot_name,
    compare_sources,
    import_tags,
    photo_tags,
    record_manual_tags,
    retag,
    tag_counts,
)
from query.tagging.scoring.scorer import KEPT_MOST
from store import LabelDefinition, Stamp, VocabularyDefinition

NAMES = [f"label{number}" for number in range(60)]
OTHERS = [f"label{number}" for number in range(30, 80)]


def vocabulary(*names, called="mine", threshold=0, exclusive=(), **parents):
    labels = tuple(
        LabelDefinition(name, (name, f"a photo of {name}"), aliases=(f"{name} alias",), parents=parents.get(name, ()))
        for name in names
    )
    return VocabularyDefinition(called, labels, threshold, exclusive)


@pytest.fixture
def put(library):
    """Puts a vocabulary in force in a slot, and returns its revision."""

    def put_in_force(slot, *names, folders=None, **more):
        revision = library.put(vocabulary(*names, called=slot or "mine", **more))
        retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot=slot, folders=folders))
        return revision

    return put_in_force


def shown(library, photo_id, threshold=None):
    tags = photo_tags(library.catalog, library.space, [photo_id], threshold=threshold)
    return [tag.label for tag in tags[photo_id]]


def drop(library, slot):
    with library.catalog.write() as t:
        t.slots.drop(slot)
        t.scores.drop(slot)


def move(library, photo_id, path):
    """The photo's only file lies at *path*, relative to the library's folder, from now on."""
    with library.catalog.write() as t:
        t.files.indexed(library.folder.id, path, Stamp(1, 2, 3, 4), photo_id)
        t.files.forget(
            [file.id for file in t.files.known(library.folder.id) if file.photo_id == photo_id and file.path != path]
        )


def test_labels_are_shown_and_counted_under_their_full_names(library, put):
    one = library.add("one")
    put("", "dog")
    put("birds", "heron", "dog")
    assert set(shown(library, one)) == {"dog", "birds:heron", "birds:dog"}
    assert dict(tag_counts(library.catalog, library.space)) == {"dog": 1, "birds:heron": 1, "birds:dog": 1}


def test_automatic_tags_of_all_vocabularies_come_by_falling_score(library, put):
    one = library.add("one")
    put("", *NAMES)
    put("more", *OTHERS)
    tags = photo_tags(library.catalog, library.space, [one])[one]
    assert [tag.score for tag in tags] == sorted((tag.score for tag in tags), reverse=True)
    # Each keeps its best labels: none displaces those of others.
    assert len(tags) == 2 * KEPT_MOST
    assert sum(tag.label.startswith("more:") for tag in tags) == KEPT_MOST


def test_a_slots_scores_are_those_of_the_vocabulary_alone(library, put):
    for number in range(8):
        library.add(f"photo{number}")
    put("", *OTHERS)
    alone = library.rows()
    put("", *NAMES)
    put("more", *OTHERS)
    assert library.rows("more") == alone


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(["", "birds", "moods"]), st.integers(1, 7), st.data())
def test_rows_do_not_depend_on_order_or_parts(library, order, rows, data):
    labels = {"": NAMES, "birds": OTHERS, "moods": ["calm", "wild", "label3"]}
    revisions = {name: library.put(vocabulary(*some, called=name or "mine")) for name, some in labels.items()}
    if not library.rows():
        for number in range(9):
            library.add(f"photo{number}")
    for name, revision in revisions.items():
        retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot=name))
    expected = {name: library.rows(name) for name in revisions}
    library.forget_scores()
    for name in order:
        if name and data.draw(st.booleans()):
            drop(library, name)
        if data.draw(st.booleans()):
            # An amendment gives the same as scoring again.
            fewer = library.put(vocabulary(*labels[name][1:], called=name or "mine"))
            retag(library.catalog, library.space, fewer, library.texts, RetagOptions(slot=name, rows=rows))
        retag(library.catalog, library.space, revisions[name], library.texts, RetagOptions(slot=name, rows=rows))
    assert {name: library.rows(name) for name in revisions} == expected


def test_a_dropped_slot_leaves_nothing_and_comes_back_equal(library, put):
    for number in range(5):
        library.add(f"photo{number}")
    put("", "dog")
    main = library.rows()
    put("birds", *OTHERS, folders=[b"/photos"])
    before, tags = library.rows("birds"), shown(library, 1)
    drop(library, "birds")
    assert (library.rows("birds"), library.rows(), shown(library, 1)) == ([], main, ["dog"])
    with library.catalog.read() as t:
        assert t.slots.names() == [""]
    put("birds", *OTHERS)
    assert (library.rows("birds"), shown(library, 1)) == (before, tags)


def test_a_retag_ends_where_its_slot_was_dropped_and_made_again(library, put):
    for number in range(4):
        library.add(f"photo{number}")
    put("birds", "heron")
    second = library.put(vocabulary(*NAMES, called="birds"))
    made = []

    def make_again(done, total):
        if not made:
            drop(library, "birds")
            made.append(retag(library.catalog, library.space, second, library.new_texts(), RetagOptions(slot="birds")))

    with pytest.raises(Superseded):
        retag(
            library.catalog,
            library.space,
            second,
            library.texts,
            RetagOptions(slot="birds", rows=2),
            progress=make_again,
        )
    with library.catalog.read() as t:
        assert (t.slots.pending(), t.slots.current_revision_id("birds")) == ({}, second.id)


def test_an_interruption_in_one_slot_leaves_the_others(library, put):
    for number in range(5):
        library.add(f"photo{number}")
    put("", "dog")
    first = put("birds", "heron")
    put("moods", "calm")
    before = {name: library.rows(name) for name in ("", "birds", "moods")}
    second = library.put(vocabulary(*NAMES, called="birds"))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retag(
            library.catalog,
            library.space,
            second,
            library.texts,
            RetagOptions(slot="birds", rows=2),
            progress=interrupt,
        )
    with library.catalog.read() as t:
        assert t.slots.pending() == {"birds": second.id}
        assert (t.slots.pending().get(""), t.slots.current_revision_id("birds")) == (None, first.id)
    assert {name: library.rows(name) for name in before} == before
    third = put("", "cat")
    put("moods", "wild")
    with library.catalog.read() as t:
        assert t.slots.pending() == {"birds": second.id}, "others do not give it up"
        assert t.slots.current_revision_id("") == third.id
    steps = []
    retag(
        library.catalog,
        library.space,
        second,
        library.texts,
        RetagOptions(slot="birds", rows=2),
        progress=lambda *seen: steps.append(seen),
    )
    assert steps == [(2, 3), (3, 3)], "it goes on where it was"
    with library.catalog.read() as t:
        assert t.slots.pending() == {}


def test_an_interrupted_first_retag_shows_nothing_and_keeps_folders(library, put):
    for number in range(3):
        library.add(f"photo{number}")
    put("", "dog")
    revision = library.put(vocabulary(*NAMES, called="birds"))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retag(
            library.catalog,
            library.space,
            revision,
            library.texts,
            RetagOptions(slot="birds", folders=[b"/elsewhere"], rows=2),
            progress=interrupt,
        )
    assert shown(library, 1) == ["dog"]
    with library.catalog.read() as t:
        assert [each.name for each in t.slots.in_force()] == [""]
        assert (t.slots.pending(), t.slots.names()) == ({"birds": revision.id}, ["", "birds"])
    # A photo added in between has the tags in force now, and those of the pending re-tag at its end.
    library.add("new", put("", "dog"))
    retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot="birds"))
    with library.catalog.read() as t:
        assert t.slots.folders("birds") == (b"/elsewhere",)
    assert len({photo for photo, *_ in library.rows("birds")}) == 4


def test_a_slot_dropped_during_a_retag_stays_dropped(library, put):
    for number in range(3):
        library.add(f"photo{number}")
    revision = library.put(vocabulary(*NAMES, called="birds"))
    with pytest.raises(Superseded):
        retag(
            library.catalog,
            library.space,
            revision,
            library.texts,
            RetagOptions(slot="birds", rows=2),
            progress=lambda *_: drop(library, "birds"),
        )
    with library.catalog.read() as t:
        assert t.slots.names() == [""]


def test_a_slot_dropped_while_labels_are_encoded_stays_dropped(library, put):
    library.add("photo")
    put("birds", "heron")
    revision = library.put(vocabulary("crane", called="birds"))
    with pytest.raises(Superseded):
        retag(
            library.catalog,
            library.space,
            revision,
            library.texts,
            RetagOptions(slot="birds"),
            text_progress=lambda *_: drop(library, "birds"),
        )
    with library.catalog.read() as t:
        assert (t.slots.names(), t.scores.stamps(library.space.id)) == ([""], {})


def test_new_photos_are_tagged_with_the_slots_of_that_moment(library, put):
    library.add("first")
    main = put("", "dog")
    put("birds", "heron")
    tagger = StoredTagger(library.catalog, library.space, main, library.texts)
    tagger.prepare()

    def add(name):
        photo_id = library.add(name)
        with library.catalog.write() as t:
            tagger.tag(t, t.embeddings.get(library.space.id, [photo_id]))
        return set(shown(library, photo_id))

    assert add("second") == {"dog", "birds:heron"}
    put("moods", "calm")
    drop(library, "birds")
    assert add("third") == {"dog", "moods:calm"}


def test_vocabularies_chosen_before_any_photo_tag_the_first(library):
    main, birds = library.put(vocabulary("dog")), library.put(vocabulary("heron", called="birds"))
    with library.catalog.write() as t:
        t.slots.put_in_force("", main.id)
        t.slots.put_in_force("birds", birds.id)
    photo_id = library.add("photo", main)
    assert set(shown(library, photo_id)) == {"dog", "birds:heron"}
    with library.catalog.read() as t:
        assert t.slots.pending() == {}


def test_a_slot_chosen_during_indexing_is_pending(library):
    main, birds = library.put(vocabulary("dog")), library.put(vocabulary("heron", called="birds"))
    tagger = StoredTagger(library.catalog, library.space, main, library.texts)
    tagger.prepare()
    with library.catalog.write() as t:
        t.slots.put_in_force("birds", birds.id)
    photo_id = library.add("photo")
    with library.catalog.write() as t:
        tagger.tag(t, t.embeddings.get(library.space.id, [photo_id]))
    with library.catalog.read() as t:
        assert t.slots.pending() == {"birds": birds.id}


def test_a_slot_is_shown_in_its_folders_and_moves_score_nothing(library, put):
    inside, outside = library.add("birds/one"), library.add("birds2/two")
    put("", "dog")
    put("birds", "heron", folders=[b"/photos/birds"])
    before = library.rows("birds")
    assert (set(shown(library, inside)), shown(library, outside)) == ({"dog", "birds:heron"}, ["dog"])
    assert dict(tag_counts(library.catalog, library.space)) == {"dog": 2, "birds:heron": 1}
    move(library, inside, b"elsewhere/one")
    move(library, outside, b"birds/deep/two")
    assert (shown(library, inside), set(shown(library, outside))) == (["dog"], {"dog", "birds:heron"})
    assert library.rows("birds") == before
    with library.catalog.write() as t:
        t.slots.limit("birds", [])
    assert dict(tag_counts(library.catalog, library.space)) == {"dog": 2, "birds:heron": 2}


def test_manual_tags_hold_by_full_name_in_every_folder(library, put):
    one, other = library.add("one"), library.add("two")
    put("", "dog")
    put("birds", "heron", "bird", folders=[b"/elsewhere"], heron=("bird",))
    assert record_manual_tags(library.catalog, [one], added=["Birds: herons"], rejected=["dog"]) == [
        "birds:heron",
        "dog",
    ]
    assert shown(library, one) == ["birds:heron", "birds:bird"]
    assert record_manual_tags(library.catalog, [one], cleared=["birds:heron alias"]) == ["birds:heron"]
    assert record_manual_tags(library.catalog, [one], cleared=["Birds: my own"]) == ["birds:my own"]
    assert shown(library, one) == []
    with library.catalog.write() as t:
        t.slots.limit("birds", [])
    record_manual_tags(library.catalog, [one], rejected=["birds:heron"])
    put("birds", "heron", "bird", "dog", heron=("bird",))
    assert set(shown(library, one)) == {"birds:bird", "birds:dog"}
    drop(library, "birds")
    record_manual_tags(library.catalog, [other], added=["birds:heron"])
    assert shown(library, other) == ["birds:heron", "dog"], "a person's word outlives the vocabulary"


def test_groups_and_parents_hold_within_a_slot(library, put):
    photo_id = library.add("one")
    put("", "day", "night", "scene", exclusive=(("day", "night"),), day=("scene",), threshold=0)
    main = set(shown(library, photo_id))
    assert len(main & {"day", "night"}) == 1
    put("sky", "day", "night", "scene", exclusive=(("day", "night"),))
    both = set(shown(library, photo_id))
    assert main < both
    assert {name for name in both if name.startswith("sky:")} == {f"sky:{name}" for name in main}
    record_manual_tags(library.catalog, [photo_id], added=["sky:night"])
    assert "sky:day" not in shown(library, photo_id)
    assert main <= set(shown(library, photo_id))


def test_names_with_a_colon_are_names_like_others(library, put):
    photo_id = library.add("one")
    put("", "a:b", "birds:heron", ":", "c:")
    assert set(shown(library, photo_id)) == {"a:b", "birds:heron", ":", "c:"}
    assert record_manual_tags(library.catalog, [photo_id], rejected=["A:B"], added=["x:y"]) == ["x:y", "a:b"]
    put("birds", "heron", "a:b", "crane", crane=("heron",))
    # One name is one label: the main vocabulary's.
    assert sorted(shown(library, photo_id)) == [":", "birds:a:b", "birds:crane", "birds:heron", "c:", "x:y"]
    counts = dict(tag_counts(library.catalog, library.space))
    assert (counts["birds:heron"], counts["birds:crane"]) == (1, 1)
    assert record_manual_tags(library.catalog, [photo_id], rejected=["birds:a:b"]) == ["birds:a:b"]
    assert "birds:a:b" not in shown(library, photo_id)


def test_a_new_calibration_knows_the_labels_of_every_slot(library, put):
    for number in range(20):
        library.add(f"photo{number}")
    put("", "dog", threshold=None)
    birds = put("birds", "heron", "dog", threshold=None)
    main = library.put(vocabulary("dog", threshold=None))
    retag(library.catalog, library.space, main, library.texts, RetagOptions(calibrate_anew=True))
    with library.catalog.read() as t:
        current = t.calibrations.current(library.space.id)
        ids = [label.id for label in birds.labels]
        assert set(t.calibrations.of(current.id, ids)) == set(ids)
        assert t.slots.pending() == {"birds": birds.id}
    retag(library.catalog, library.space, birds, library.texts, RetagOptions(slot="birds"))
    kept = library.rows("birds")
    library.forget_scores()
    retag(library.catalog, library.space, birds, library.texts, RetagOptions(slot="birds"))
    assert library.rows("birds") == kept


def test_imported_tags_are_compared_with_all_slots_or_one(library, put):
    inside, outside = library.add("birds/one"), library.add("two")
    put("", "dog")
    put("birds", "heron", folders=[b"/photos/birds"])
    by_path = {"one": inside, "two": outside}
    given_tags = [ImportedTags(1, "one", ("heron", "dog", "birds:herons")), ImportedTags(2, "two", ("sky",))]
    import_tags(library.catalog, given_tags, "ram++", lambda t, path: by_path[path])
    found = compare_sources(library.catalog, library.space, ["auto", "ram++"])
    assert [(each.label, each.photos, each.by_all, each.given) for each in found.labels] == [
        ("dog", 2, 1, (2, 1)),
        ("birds:heron", 1, 1, (1, 1)),
    ]
    alone = compare_sources(library.catalog, library.space, ["auto:birds", "ram++"])
    assert [(each.label, each.photos, each.by_all) for each in alone.labels] == [("heron", 1, 1)]


@pytest.mark.parametrize(
    ("name", "kept"), [("birds", "birds"), ("Birds:", "birds"), ("a-b_3", "a-b_3"), ("Vögel", "vögel")]
)
def test_a_slot_is_stored_in_lower_case(name, kept):
    assert checked_slot_name(name) == kept


@pytest.mark.parametrize("name", ["", ":", "a b", "a:b", "a/b", "a|b", "x" * 41, "-\n"])
def test_an_impossible_slot_is_refused(name):
    with pytest.raises(BadSlotName, match="cannot be the name of a slot"):
        checked_slot_name(name)


def test_tags_of_a_few_photos_equal_those_of_the_library(library, put):
    photos = [library.add(f"photo {number}") for number in range(12)]
    parents = {"heron": ("bird",), "bird": ("animal",), "label3": ("animal",)}
    put("", "animal", "birds:heron", "rock", "birds:rival", *NAMES[:8], threshold=0.4, exclusive=(("rock", "animal"),))
    put(
        "birds",
        *("animal", "bird", "heron", "rock", "rival"),
        *NAMES[:9],
        threshold=0.4,
        exclusive=(("rival", "animal"), ("label1", "label2")),
        **parents,
    )
    for photo_id, added in zip(photos, ("birds:heron", "birds:bird", "rock", "nobody", "birds:rival"), strict=False):
        record_manual_tags(library.catalog, [photo_id], added=[added])
    for photo_id, rejected in zip(photos[4:], ("birds:rival", "birds:animal", "animal", "birds:heron"), strict=False):
        record_manual_tags(library.catalog, [photo_id], rejected=[rejected])
    found = Counter(label for photo_id in photos for label in shown(library, photo_id))
    assert found == dict(tag_counts(library.catalog, library.space))
    assert "birds:animal" in found
