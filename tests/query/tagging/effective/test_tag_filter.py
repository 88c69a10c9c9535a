"""Photos by their tags: exactly those that show them."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from query.tagging import TagNames, record_manual_tags, retag, tagged, tags_of
from query.tagging.effective.effective_tags import scored_slots
from store import LabelDefinition, Stamp, TagSource, VocabularyDefinition

NAMES = ["animal", "dog", "puppy", "bird", "day", "night", "sunset", "kitchen", "indoors", "outdoors", "car"]
PARENTS = {
    "dog": ("animal",),
    "puppy": ("dog",),
    "bird": ("animal",),
    "kitchen": ("indoors",),
    "sunset": ("outdoors", "day"),
}
GROUPS = (("day", "night"), ("indoors", "outdoors"), ("night", "outdoors", "bird"))


def vocabulary(picked, groups=GROUPS):
    labels = tuple(
        LabelDefinition(name, (name,), aliases=("hound",) if name == "dog" else (),
                        threshold=picked.choice([0.02, 0.05, 0.1, None]), parents=PARENTS.get(name, ()))
        for name in NAMES
    )  # fmt: skip
    return VocabularyDefinition("v", labels, 0.05, groups)


@pytest.fixture(params=range(5))
def tagged_library(library, request):
    return filled(library, random.Random(request.param), GROUPS)


def filled(library, picked, groups):
    """The library with 50 photos, some of them with tags by hand and of another program, and the photos' ids."""
    revision = library.put(vocabulary(picked, groups))
    with library.catalog.write() as t:
        t.slots.put_in_force("", revision.id)
    ids = [library.add(f"photo {number}", revision) for number in range(50)]
    for photo_id in picked.sample(ids, 20):
        added, rejected = (picked.sample([*NAMES, "our cat"], picked.randrange(3)) for _ in range(2))
        record_manual_tags(
            library.catalog, [photo_id], added=added, rejected=[name for name in rejected if name not in added]
        )
    with library.catalog.write() as t:
        for photo_id in picked.sample(ids, 10):
            t.tags.take(photo_id, "other", [t.vocabularies.label_called(name) for name in picked.sample(NAMES, 2)])
    return library, ids


def test_a_tag_finds_exactly_the_photos_that_show_it(tagged_library):
    library, ids = tagged_library
    with library.catalog.read() as t:
        shown = {key: {tag.label for tag in tags} for key, tags in tags_of(t, library.space, ids).items()}
        counts = []
        for name in [*NAMES, "our cat", "never given"]:
            expected = [key for key in ids if name in shown[key]]
            found = tagged(t, library.space, name)
            assert found.tolist() == expected, name
            assert found.dtype == np.int64
            counts.append(len(expected))
        assert sum(count > 0 for count in counts) > 8
        assert tagged(t, library.space, None).tolist() == [key for key in ids if shown[key]]


@pytest.mark.parametrize("seed", range(12))
def test_tags_find_their_photos_whatever_the_groups(library, seed):
    picked = random.Random(seed)
    groups = tuple(tuple(picked.sample(NAMES, picked.randrange(2, 5))) for _ in range(picked.randrange(1, 7)))
    _, ids = filled(library, picked, groups)
    rivals = {name: {each for group in groups if name in group for each in group} - {name} for name in NAMES}
    with library.catalog.read() as t:
        held = tags_of(t, library.space, ids)
        said = t.tags.of(ids)
        shown = {key: {tag.label for tag in tags} for key, tags in held.items()}
        for name in NAMES:
            assert tagged(t, library.space, name).tolist() == [key for key in ids if name in shown[key]], name
        rule = scored_slots(t, library.space)[0]
        kept = rule.of(t, ids)
    for key in ids:
        by_hand = {tag.label for tag in said[key] if tag.source is not TagSource.REJECTED}
        rejected = {tag.label for tag in said[key] if tag.source is TagSource.REJECTED}
        reached = {tag.label: tag.cosine for tag in kept[key]
                   if tag.cosine >= rule.rule.minimums.get(tag.label_id, rule.rule.minimum)}  # fmt: skip
        for name in reached.keys() - rejected - by_hand:
            better = {each for each in rivals[name] & shown[key]
                      if each in by_hand or reached.get(each, -1) > reached[name]}  # fmt: skip
            assert (name in shown[key]) == (not better), (key, name, groups)


def test_a_tag_finds_its_photos_in_slots_with_folders(tagged_library):
    library, ids = tagged_library
    picked = random.Random(len(ids))
    with library.catalog.read() as t:
        main = t.vocabularies.revision(t.slots.current_revision_id(""))
    retag(library.catalog, library.space, main, library.texts)
    for slot, folders in (("birds", [b"/photos/photo 1"]), ("more", None)):
        revision = library.put(replace(vocabulary(picked), name=slot))
        retag(library.catalog, library.space, revision, library.texts, slot=slot, folders=folders)
    with library.catalog.write() as t:
        for photo_id in ids[::3]:
            t.files.indexed(library.folder.id, b"photo 1/%d" % photo_id, Stamp(1, 2, 3, 4), photo_id)
    names = [f"{slot}:{name}" for slot in ("birds", "more") for name in NAMES]
    for photo_id in picked.sample(ids, 20):
        added, rejected = (picked.sample(names, picked.randrange(4)) for _ in range(2))
        record_manual_tags(
            library.catalog, [photo_id], added=added, rejected=[name for name in rejected if name not in added]
        )
    with library.catalog.read() as t:
        shown = {key: {tag.label for tag in tags} for key, tags in tags_of(t, library.space, ids).items()}
        for name in [*NAMES, *names, "our cat"]:
            assert tagged(t, library.space, name).tolist() == [key for key in ids if name in shown[key]], name
        assert tagged(t, library.space, None).tolist() == [key for key in ids if shown[key]]
        of_birds = {key for key in ids if any(name.startswith("birds:") for name in shown[key])}
        assert 1 < len(of_birds) < len(ids)


def test_tags_are_found_without_a_vocabulary_or_scores(library):
    photo_id = library.add("photo")
    record_manual_tags(library.catalog, [photo_id], added=["dog"])
    for expected in ([], [photo_id]):
        with library.catalog.read() as t:
            for name in ("dog", "animal"):
                shown = {tag.label for tag in tags_of(t, library.space, [photo_id])[photo_id]}
                assert tagged(t, library.space, name).tolist() == expected
                assert (name in shown) == bool(expected)
        with library.catalog.write() as t:
            t.slots.put_in_force("", t.vocabularies.put(vocabulary(random.Random(1))).id)


def test_tags_are_found_by_aliases_plurals_and_manual_names(tagged_library):
    library, ids = tagged_library
    record_manual_tags(library.catalog, ids[:1], added=["Grandma's house"])
    with library.catalog.read() as t:
        names = TagNames(t)
        assert [names.label(name) for name in ("DOG", "dogs", "hounds", "grandma's house")] == [
            "dog", "dog", "dog", "Grandma's house",
        ]  # fmt: skip
        assert names.label("dgo") is None
        assert names.nearest("outdoor") == "outdoors"
        assert names.nearest("House") == "Grandma's house"
        assert names.nearest("zzzz") is None


@pytest.fixture
def spelt_otherwise(tagged_library):
    """A library with a photo that a person tagged before the vocabulary had a label of a similar name."""
    library, ids = tagged_library
    with library.catalog.write() as t:
        t.tags.say(ids[0], t.vocabularies.label_called("Dogs"), TagSource.USER)
    return library, ids[0]


def test_manual_tags_are_found_under_their_own_spelling(spelt_otherwise):
    library, photo_id = spelt_otherwise
    with library.catalog.read() as t:
        names = TagNames(t)
        assert [names.label(name) for name in ("Dogs", "dogs", "DOGS", "dog")] == ["Dogs", "dog", "dog", "dog"]
        assert tagged(t, library.space, names.label("Dogs")).tolist() == [photo_id]


@pytest.mark.parametrize(("how", "said"), [("cleared", None), ("rejected", "rejected"), ("added", "user")])
def test_such_a_tag_is_taken_back_by_its_name(spelt_otherwise, how, said):
    library, photo_id = spelt_otherwise
    assert record_manual_tags(library.catalog, [photo_id], **{how: ["Dogs"]}) == ["dog"]
    with library.catalog.read() as t:
        tags = {tag.label: tag.source.value for tag in t.tags.of([photo_id])[photo_id] if tag.origin is None}
    assert (tags.get("Dogs"), tags.get("dog")) == (None, said)
