"""Keywords of several vocabularies do not mix, and labels of none are written as they are."""

from datetime import UTC, datetime

from photos.sidecars.hierarchy import Levels
from photos.sidecars.merge import merge, paths
from query import SlotView
from query.tagging.effective.namespaces import qualified
from store import Label, LabelDefinition, Revision

from .packets import values


def view(namespace, **parents):
    labels = tuple(
        Label(at, LabelDefinition(name, (), parents=above)) for at, (name, above) in enumerate(parents.items())
    )
    return SlotView(namespace, qualified(Revision(1, "v", 1, datetime.now(UTC), None, labels), namespace), ())


LEVELS = Levels([view("", dog=("animal",), animal=()), view("zoo", dog=("animal",), animal=(), cat=())])


def written(*labels):
    keywords = LEVELS.of(labels)
    return paths(keywords.above, "|", keywords.words)


def test_a_namespace_stands_above_its_labels_alone():
    assert written("dog", "animal") == ["animal|dog"]
    assert written("zoo:dog", "zoo:animal") == ["zoo|animal|dog"]
    assert written("zoo:dog") == ["zoo|dog"]
    assert written("dog", "animal", "zoo:dog", "zoo:cat") == ["animal|dog", "zoo|dog", "zoo|cat"]


def test_a_persons_own_label_stands_below_the_namespace_that_it_begins_with():
    assert written("zoo:mine", "other:mine", "mine", "zoo:") == ["zoo|mine", "other:mine", "mine", "zoo:"]


def test_a_label_of_the_main_vocabulary_is_no_namespaces():
    levels = Levels([view("", **{"zoo:dog": ()}), view("zoo", cat=())])
    keywords = levels.of(["zoo:dog", "zoo:cat"])
    assert paths(keywords.above, "|", keywords.words) == ["zoo:dog", "zoo|cat"]


def test_what_no_longer_holds_is_taken_out_and_a_word_that_another_vocabulary_gives_stays():
    both, one = LEVELS.of(["dog", "zoo:dog"]), LEVELS.of(["dog"])
    first = merge(None, both.above, (), both.words)
    assert values(first.content) == [["dog", "zoo"], ["dog", "zoo|dog"], ["dog", "zoo/dog"]]
    assert first.added == ("dog", "zoo", "zoo|dog")
    assert merge(first.content, both.above, (), both.words) is None
    second = merge(first.content, one.above, (), one.words)
    assert values(second.content) == [["dog"]] * 3
    assert set(second.removed) == {"zoo", "zoo|dog"}
