"""Keywords of several vocabularies do not mix, and labels of no vocabulary are written unchanged."""

from datetime import UTC, datetime

from photos.sidecars.merge import KeywordHierarchy, paths
from query.tagging import SlotView
from query.tagging.effective.slots import qualified
from store import Label, LabelDefinition, Revision

from .packets import merge, values


def view(slot, **parents):
    labels = tuple(
        Label(at, LabelDefinition(name, (), parents=above)) for at, (name, above) in enumerate(parents.items())
    )
    return SlotView(slot, qualified(Revision(1, "v", 1, datetime.now(UTC), None, labels), slot), ())


HIERARCHY = KeywordHierarchy([view("", dog=("animal",), animal=()), view("zoo", dog=("animal",), animal=(), cat=())])


def written(*labels):
    keywords = HIERARCHY.keywords(labels)
    return paths(keywords.parents, "|", keywords.words)


def test_a_slot_is_above_its_own_labels_only():
    assert written("dog", "animal") == ["animal|dog"]
    assert written("zoo:dog", "zoo:animal") == ["zoo|animal|dog"]
    assert written("zoo:dog") == ["zoo|dog"]
    assert written("dog", "animal", "zoo:dog", "zoo:cat") == ["animal|dog", "zoo|dog", "zoo|cat"]


def test_a_manual_label_is_below_the_slot_in_its_name():
    assert written("zoo:mine", "other:mine", "mine", "zoo:") == ["zoo|mine", "other:mine", "mine", "zoo:"]


def test_a_label_of_the_main_vocabulary_has_no_slot():
    hierarchy = KeywordHierarchy([view("", **{"zoo:dog": ()}), view("zoo", cat=())])
    keywords = hierarchy.keywords(["zoo:dog", "zoo:cat"])
    assert paths(keywords.parents, "|", keywords.words) == ["zoo:dog", "zoo|cat"]


def test_a_word_stays_while_another_vocabulary_gives_it():
    both, one = HIERARCHY.keywords(["dog", "zoo:dog"]), HIERARCHY.keywords(["dog"])
    first = merge(None, both.parents, {}, both.words)
    assert values(first.content) == [["dog", "zoo"], ["dog", "zoo|dog"], ["dog", "zoo/dog"]]
    assert first.added == ("dog", "zoo", "zoo|dog")
    assert merge(first.content, both.parents, {}, both.words) is None
    second = merge(first.content, one.parents, {}, one.words)
    assert values(second.content) == [["dog"]] * 3
    assert set(second.removed) == {"zoo", "zoo|dog"}
