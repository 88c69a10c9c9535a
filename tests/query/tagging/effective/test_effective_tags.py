"""The tag rule: scores, manual tags, parents and exclusive labels as they are shown."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.errors import BadLabel
from query.tagging import (
    photo_tags,
    record_manual_tags,
    retag,
    tag_counts,
    tagged,
    tags_of,
)
from query.tagging.effective.effective_tags import TagRule
from query.vocabulary import parse_vocabulary
from store import (
    CosineSpread,
    Label,
    LabelDefinition,
    Revision,
    Tag,
    TagSource,
)
from store.sql import schema as tables
from store.tagging.vocabularies import CachedMembers, about
from tests.query.conftest import IDENTITY
from tests.query.tagging.vocabularies import NAMES, vocabulary


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


def test_an_imported_label_that_a_person_rejects_is_no_tag(library):
    revision = library.put(vocabulary("dog", threshold=0.05))
    with library.catalog.write() as t:
        t.slots.put_in_force("", revision.id)
    photo_id, other = library.add("dog", revision), library.add("another dog", revision)
    with library.catalog.write() as t:
        for key in (photo_id, other):
            t.tags.replace_imported(key, "program", [t.vocabularies.label_called(name) for name in ("dog", "cat")])
    record_manual_tags(library.catalog, [photo_id], rejected=["dog"])
    with library.catalog.read() as t:
        assert [tag.label for tag in tags_of(t, library.space, [photo_id])[photo_id]] == ["cat"]
        assert tagged(t, library.space, "dog").tolist() == [other]
        assert tagged(t, library.space, "cat").tolist() == [photo_id, other]
    record_manual_tags(library.catalog, [photo_id], cleared=["dog"])
    with library.catalog.read() as t:
        assert tagged(t, library.space, "dog").tolist() == [photo_id, other]
