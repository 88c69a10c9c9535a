"""Tags out of descriptions: which words become tags, and when they follow what they depend on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from query.errors import DescriberSource, SourceTaken
from query.similarity import cosine_of
from query.tagging import (
    ImportedTags,
    RetagOptions,
    StoredTagger,
    WordState,
    check_describer,
    described_words,
    follow_descriptions,
    import_tags,
    limit_slot,
    outdated_photos,
    record_manual_tags,
    retag,
    tagged,
    tags_of,
    unnamed_words,
)
from query.tagging.effective.effective_tags import FLOOR
from store import LabelDefinition, Stamp, StoredDescription, TagSource, VocabularyDefinition
from tests.conftest import new_database
from tests.fakes import vector_of
from tests.query.conftest import IDENTITY, Library

#: With it, about half of all random vectors reach the floor.
STRICT = replace(IDENTITY, weights_hash="other", logit_scale=3.0, logit_bias=-9.5)
DESCRIBER = "florence@1"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None)


def label(name, *aliases):
    return LabelDefinition(name, (name,), aliases=aliases)


def vocabulary(*labels, name="v"):
    return VocabularyDefinition(
        name, tuple(each if isinstance(each, LabelDefinition) else label(each) for each in labels)
    )


def describe(library, photo_id, labels=(), caption=None, origin=DESCRIBER):
    with library.catalog.write() as t:
        tasks = frozenset({"objects", "caption"})
        t.descriptions.put(photo_id, StoredDescription(origin, tasks, caption, tuple(labels), None, NOON))
        follow_descriptions(t, [photo_id])


def use(library, definition, slot="", folders=None):
    revision = library.put(definition)
    retag(library.catalog, library.space, revision, library.texts, RetagOptions(slot=slot, folders=folders))


def derived(library, origin=None):
    """The tags out of descriptions: photo, describer and label."""
    with library.catalog.read() as t:
        tags = [tag for tags in t.tags.of(t.tags.photos()).values() for tag in tags]
    return {
        (tag.photo_id, tag.origin, tag.label)
        for tag in tags
        if tag.source is TagSource.IMPORTED and origin in {None, tag.origin}
    }


def states(library, photo_id, origin=DESCRIBER):
    with library.catalog.read() as t:
        words = described_words(t, library.space, [photo_id])[photo_id][origin]
    return [(word.word, word.label, word.state.value) for word in words]


def test_words_that_are_labels_become_tags_of_their_describer(library):
    use(library, vocabulary(label("dog", "hound"), "fire hydrant", "bus"))
    photo_id = library.add("photo")
    describe(library, photo_id, ["Dogs", "HOUND", "Fire  hydrants", "human face", "a dog"])
    assert derived(library) == {(photo_id, DESCRIBER, "dog"), (photo_id, DESCRIBER, "fire hydrant")}
    with library.catalog.read() as t:
        assert tagged(t, library.space, "dog").tolist() == [photo_id]
        shown = {tag.label: tag for tag in tags_of(t, library.space, [photo_id])[photo_id]}
        assert t.tags.history(photo_id) == []
    assert (shown["dog"].source, shown["dog"].origin) == (TagSource.IMPORTED, DESCRIBER)


def test_only_the_longest_labels_of_a_caption_count(library):
    use(
        library, vocabulary("retriever", "golden retriever", label("beach", "sea shore"), "café", "t-shirt", "猫", "he")
    )
    photo_id = library.add("photo")
    caption = "Two Golden-Retrievers, near the sea\nshore by a cafe; she has T-shirts. 黒い猫"
    describe(library, photo_id, caption=caption)
    assert states(library, photo_id) == [
        ("golden retrievers", "golden retriever", "tag"),
        ("sea shore", "beach", "tag"),
        ("cafe", "café", "tag"),
        ("t shirts", "t-shirt", "tag"),
        ("猫", "猫", "tag"),
    ]


def test_a_word_whose_score_is_below_the_floor_is_no_tag(strict):
    names = [f"label{number}" for number in range(20)]
    use(strict, vocabulary(*names))
    photo_id = strict.add("photo")
    describe(strict, photo_id, [*names, "nothing"])
    with strict.catalog.read() as t:
        words = described_words(t, strict.space, [photo_id])[photo_id][DESCRIBER]
        vector = t.embeddings.get(strict.space.id, [photo_id]).matrix[0]
    floor = cosine_of(FLOOR, STRICT)
    for word, name in zip(words, names, strict=False):
        assert word.score == pytest.approx(float(vector @ strict.encoder.encode_text([name])[0]), abs=1e-3)
        assert word.state is (WordState.TAG if word.score >= floor else WordState.UNVERIFIED)
        assert (word.probability >= FLOOR) == (word.state is WordState.TAG)
    assert words[-1].state is WordState.UNKNOWN
    assert derived(strict) == {(photo_id, DESCRIBER, word.label) for word in words if word.state is WordState.TAG}
    assert 4 < len(derived(strict)) < 16


def test_without_a_bias_the_median_decides_once_it_is_known(tmp_path, database):
    library = library_in(tmp_path, database, replace(IDENTITY, weights_hash="other", logit_bias=None))
    ids = [library.add(f"photo {number}") for number in range(520)]
    definition = vocabulary("dog", "cat")
    revision = library.put(definition)
    with library.catalog.write() as t:
        t.slots.put_in_force("", revision.id)
    for photo_id in ids[:40]:
        describe(library, photo_id, ["dog"])
    assert derived(library) == set()
    assert states(library, ids[0])[0][2] == "unverified"
    use(library, definition)
    with library.catalog.read() as t:
        calibration = t.calibrations.current(library.space.id)
        dog = t.vocabularies.revision(t.slots.current_revision_id("")).labels[0]
        median = t.calibrations.of(calibration.id, [dog.id])[dog.id].median
        scores = {key: described_words(t, library.space, [key])[key][DESCRIBER][0].score for key in ids[:40]}
    assert derived(library) == {(key, DESCRIBER, "dog") for key in ids[:40] if scores[key] >= median}
    assert 5 < len(derived(library)) < 35
    towards = library.encoder.encode_text(["dog"])[0]
    for number in range(600):
        photo_id = library.add(f"dog {number}")
        with library.catalog.write() as t:
            t.embeddings.put(library.space.id, photo_id, towards)
    retag(library.catalog, library.space, library.put(definition), library.texts, RetagOptions(calibrate_anew=True))
    assert derived(library) == set()
    library.catalog.close()


def test_a_rejection_hides_the_word_and_stays(library):
    use(library, vocabulary("dog", "cat"))
    photo_id = library.add("photo")
    record_manual_tags(library.catalog, [photo_id], rejected=["dog"])
    describe(library, photo_id, ["dog", "cat"])
    assert states(library, photo_id) == [("dog", "dog", "rejected"), ("cat", "cat", "tag")]
    use(library, vocabulary("cat"))
    use(library, vocabulary("dog", "cat", "bus"))
    assert states(library, photo_id)[0][2] == "rejected"
    with library.catalog.read() as t:
        assert tagged(t, library.space, "dog").tolist() == []
        assert [each.what for each in t.tags.history(photo_id)] == ["rejected"]


def test_each_vocabulary_gives_its_own_label_in_its_folders(library):
    use(library, vocabulary("bird", "heron"))
    use(library, vocabulary(label("heron", "egret"), "grey heron", name="b"), "birds", [b"/photos/pond"])
    inside, outside = library.add("pond/one"), library.add("two")
    for photo_id in (inside, outside):
        describe(library, photo_id, ["heron", "egret", "bird"], "a grey heron")
    assert states(library, inside) == [
        ("heron", "heron", "tag"),
        ("heron", "birds:heron", "tag"),
        ("egret", "birds:heron", "tag"),
        ("bird", "bird", "tag"),
        ("grey heron", "birds:grey heron", "tag"),
    ]
    assert states(library, outside) == [
        ("heron", "heron", "tag"), ("egret", None, "unknown"), ("bird", "bird", "tag"),
    ]  # fmt: skip
    with library.catalog.write() as t:
        t.files.indexed(library.folder.id, b"pond/two", Stamp(1, 2, 3, 4), outside)
        assert outdated_photos(t) == [outside]
        assert follow_descriptions(t) == 2
    with library.catalog.write() as t:
        limit_slot(t, "birds", [b"/elsewhere"])
    assert {name for _, _, name in derived(library)} == {"heron", "bird"}


def test_forgetting_a_describer_removes_its_tags_alone(library):
    use(library, vocabulary("dog"))
    photo_id = library.add("photo")
    import_tags(library.catalog, [ImportedTags(1, "photo", ("dog",))], "ram++", lambda *_: photo_id)
    for origin in (DESCRIBER, "other@2"):
        describe(library, photo_id, ["dog"], origin=origin)
    with library.catalog.write() as t:
        assert t.descriptions.forget(DESCRIBER) == 1
        # It never described a photo, so its tags are an import's.
        assert t.descriptions.forget("ram++") == 0
    assert derived(library) == {(photo_id, "ram++", "dog"), (photo_id, "other@2", "dog")}


def test_a_describer_and_an_import_have_different_names(library):
    use(library, vocabulary("dog"))
    photo_id = library.add("photo")
    describe(library, photo_id, ["dog"])
    with pytest.raises(DescriberSource, match="is a describer here"):
        import_tags(library.catalog, [], DESCRIBER, lambda *_: None)
    import_tags(library.catalog, [ImportedTags(1, "photo", ("dog",))], "ram++", lambda *_: photo_id)
    with library.catalog.read() as t:
        check_describer(t, DESCRIBER)
        check_describer(t, "new@3")
        with pytest.raises(SourceTaken, match="were imported from 'ram\\+\\+'"):
            check_describer(t, "ram++")


def test_a_new_embedding_is_verified_at_once(strict):
    use(strict, vocabulary("dog"))
    photo_id = strict.add("photo", vector=b"dog's photo")
    describe(strict, photo_id, ["dog"])
    with strict.catalog.read() as t:
        revision = t.vocabularies.revision(t.slots.current_revision_id(""))
    towards = strict.encoder.encode_text(["dog"])[0]
    for vector, expected in ((towards, {(photo_id, DESCRIBER, "dog")}), (-towards, set())):
        tagger = StoredTagger(strict.catalog, strict.space, revision, strict.texts)
        tagger.prepare()
        with strict.catalog.write() as t:
            t.embeddings.put(strict.space.id, photo_id, vector)
            tagger.tag(t, t.embeddings.get(strict.space.id, [photo_id]))
        assert derived(strict) == expected


def test_tags_stay_with_the_description_when_a_picture_is_edited(library):
    use(library, vocabulary("dog"))
    before, now = library.add("before"), library.add("now")
    describe(library, before, ["dog"])
    record_manual_tags(library.catalog, [before], added=["our dog"])
    with library.catalog.write() as t:
        t.edits.carry_over(before, now, keep=False)
    assert derived(library) == {(before, DESCRIBER, "dog")}
    with library.catalog.read() as t:
        assert [tag.label for tag in t.tags.of([now])[now]] == ["our dog"]


def test_words_that_no_label_is_called_are_counted_by_photos(library):
    use(library, vocabulary("dog"))
    ids = [library.add(f"photo {number}") for number in range(6)]
    for at, photo_id in enumerate(ids):
        describe(library, photo_id, ["dog", "Kites" if at == 0 else "kite", "kite", "lamp post"][: 4 if at < 2 else 3])
    describe(library, ids[0], ["kites"], "a lamp post", origin="other@2")
    with library.catalog.write() as t:
        t.files.forget([t.files.at(library.folder.id, b"photo 5").id])
    with library.catalog.read() as t:
        found = unnamed_words(t, 2, 10)
        assert [(each.word, each.photos, each.by_describer) for each in found] == [
            ("kite", 5, ((DESCRIBER, 5), ("other@2", 1))),
            ("lamp post", 2, ((DESCRIBER, 2),)),
        ]
        assert [each.word for each in unnamed_words(t, 3, 10)] == ["kite"]
        assert len(unnamed_words(t, 1, 1)) == 1


def test_a_changed_label_is_sought_in_every_spelling(library):
    """Few changed labels: only descriptions that may hold their names are read."""
    words = [
        "Cities",
        "CITY",
        "caf\u00e9",
        "cafe\u0301",
        "\uff23\uff29\uff34\uff39",
        "t-shirts",
        "\u732b",
        "stra\u00dfe",
        "bus",
    ]
    ids = [library.add(f"photo {number}") for number in range(2 * len(words))]
    use(library, vocabulary("nothing"))
    for at, word in enumerate(words):
        describe(library, ids[2 * at], [word])
        describe(library, ids[2 * at + 1], caption=f"one {word}, there")
    names = ["nothing", "city", "caf\u00e9", "t-shirt", "\u732b", "strasse"]
    for count in range(2, len(names) + 1):
        use(library, vocabulary(*names[:count]))
        with library.catalog.read() as t:
            assert outdated_photos(t) == []
    assert len({photo_id for photo_id, _, _ in derived(library)}) == len(ids) - 2
    for count in range(len(names) - 1, 0, -1):
        use(library, vocabulary(*names[:count]))
        with library.catalog.read() as t:
            assert outdated_photos(t) == []
    assert derived(library) == set()


def test_the_order_of_labels_decides_on_a_common_alias(library):
    use(library, vocabulary(label("dog", "pet"), label("cat", "pet")))
    photo_id = library.add("photo")
    describe(library, photo_id, ["pet"])
    assert derived(library) == {(photo_id, DESCRIBER, "cat")}
    use(library, vocabulary(label("cat", "pet"), label("dog", "pet")))
    assert derived(library) == {(photo_id, DESCRIBER, "dog")}


WORDS = ["dog", "dogs", "cat", "hound", "golden retriever", "retriever", "bus", "tree", "caf\u00e9", "\u732b"]
VOCABULARIES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5, unique=True)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5)
PHOTOS = 4
STEPS = st.one_of(
    st.tuples(st.just("describe"), st.integers(0, PHOTOS - 1), TEXTS, TEXTS),
    st.tuples(st.just("use"), st.sampled_from(["", "more"]), VOCABULARIES),
    st.tuples(st.just("drop")),
    st.tuples(st.just("reject"), st.integers(0, PHOTOS - 1), st.sampled_from(WORDS)),
    st.tuples(st.just("add"), st.integers(0, PHOTOS - 1), st.sampled_from(WORDS)),
    st.tuples(st.just("forget")),
)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=2, max_size=8))
@example([("use", "", ["cat", "tree", "bus"]), ("use", "more", ["dog"])])
def test_tags_follow_in_any_order_of_changes(request, tmp_path_factory, kind, steps):
    folder = tmp_path_factory.mktemp("library")
    with new_database(request, kind, folder) as database:
        library = library_in(folder, database, STRICT)
        check_that_tags_follow(library, steps)
        library.catalog.close()


def check_that_tags_follow(library, steps):
    use(library, vocabulary("dog", "retriever"))
    ids = [library.add(f"photo {number}") for number in range(PHOTOS)]
    with library.catalog.write() as t:
        t.files.indexed(library.folder.id, b"pond/photo 1", Stamp(1, 2, 3, 4), ids[1])
    for photo_id in ids:
        describe(library, photo_id, WORDS, " and ".join(WORDS))
    for step, *how in steps:
        if step == "describe":
            describe(library, ids[how[0]], how[1], " and ".join(how[2]) or None)
        elif step == "use":
            use(library, vocabulary(*how[1]), how[0], [b"/photos/pond"] if how[0] else None)
        elif step in {"reject", "add"}:
            record_manual_tags(library.catalog, [ids[how[0]]], **{f"{step}ed": [how[1]]})
        else:
            with library.catalog.write() as t:
                if step == "forget":
                    t.descriptions.forget(DESCRIBER)
                else:
                    t.slots.drop("more")
                    t.scores.drop("more")
                    follow_descriptions(t)
    by_hand = manual(library)
    found = derived(library)
    assert found == expected(library, ids)
    with library.catalog.write() as t:
        for origin in t.descriptions.origins():
            t.tags.drop_derived(origin)
        follow_descriptions(t)
    assert derived(library) == found
    with library.catalog.write() as t:
        assert follow_descriptions(t) == 0
    assert manual(library) == by_hand


def manual(library):
    with library.catalog.read() as t:
        return {key: [tag for tag in tags if tag.origin is None] for key, tags in t.tags.of(t.tags.photos()).items()}


def expected(library, ids):
    """Tags out of descriptions, derived word by word in the plainest way."""
    found = set()
    with library.catalog.read() as t:
        slots = {each.name: t.vocabularies.revision(each.revision_id) for each in t.slots.in_force()}
        for row in t.descriptions.words():
            for slot, revision in slots.items():
                if slot and row.photo_id != ids[1]:
                    continue
                names = [each.definition.name for each in revision.labels]
                said = {name for word in row.labels for name in named(names, word)}
                for phrase in (row.caption or "").split(" and "):
                    said |= set(named(names, phrase) or (named(names, phrase.split()[-1]) if phrase else ()))
                for name in said:
                    vector = vector_of(f"photo {ids.index(row.photo_id)}".encode()).astype(np.float16)
                    cosine = float(vector.astype(np.float32) @ library.encoder.encode_text([name])[0])
                    if cosine >= cosine_of(FLOOR, STRICT):
                        found.add((row.photo_id, row.origin, f"{slot}:{name}" if slot else name))
    return found


def named(names, word):
    """The label called *word*: exactly, or with either in the plural."""
    exact = [name for name in names if name == word]
    return exact or [name for name in names if name.removesuffix("s") == word.removesuffix("s")][-1:]


def library_in(folder, database, identity):
    library = Library(folder, database)
    with library.catalog.write() as t:
        library.space = t.spaces.ensure(identity)
        t.library.set_space(library.space.id)
    library.texts = library.new_texts()
    return library


@pytest.fixture
def library(tmp_path, database):
    """A library where every score reaches the floor."""
    library = library_in(tmp_path, database, replace(IDENTITY, weights_hash="other", logit_bias=2.0))
    yield library
    library.catalog.close()


@pytest.fixture
def strict(tmp_path, database):
    library = library_in(tmp_path, database, STRICT)
    yield library
    library.catalog.close()
