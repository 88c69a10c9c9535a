"""A part of a revision: a few labels and all that they imply."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import LabelDefinition, VocabularyDefinition

NAMES = ["animal", "bird", "kestrel", "rock", 'it\'s "odd"', "été", "cliff"]


@st.composite
def vocabularies(draw):
    """Labels in any order, each of which may imply some that stand before it in `NAMES`, and some that are nowhere."""
    labels = []
    for at, name in enumerate(NAMES):
        parents = draw(st.lists(st.sampled_from([*NAMES[:at], "nothing"]), unique=True, max_size=3))
        labels.append(
            LabelDefinition(name, (name,), parents=tuple(parents), threshold=0.1 * at, aliases=(f"a {name}",))
        )
    there = draw(st.permutations(labels))[: draw(st.integers(1, len(labels)))]
    return VocabularyDefinition("mine", tuple(there), exclusive=(("rock", "bird"),))


def with_all_implied(definition, wanted):
    """Return the wanted names and all that they imply, by the simplest method."""
    parents = {label.name: label.parents for label in definition.labels}
    found = {name for name in wanted if name in parents}
    while True:
        more = {parent for name in found for parent in parents[name] if parent in parents} - found
        if not more:
            return [name for name in parents if name in found]
        found |= more


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    vocabularies(),
    st.sets(st.sampled_from([*NAMES, "nobody"])),
    st.sets(st.sampled_from([*NAMES, "nobody"])),
)
def test_a_part_holds_the_asked_labels_and_all_they_imply(catalog, definition, some, others):
    with catalog.write() as t:
        # Another revision has labels of the same names and ids.
        t.vocabularies.put(VocabularyDefinition("other", definition.labels[::-1]))
        revision = t.vocabularies.put(definition)
    ids = {label.definition.name: label.id for label in revision.labels}
    asked = {ids.get(name, 10**9) for name in some}
    with catalog.read() as t:
        kept = t.vocabularies.part(revision.id, asked, others)
    with type(catalog).open(catalog.path) as anew, anew.read() as t:
        stored = t.vocabularies.part(revision.id, asked, others)
        assert t.vocabularies.revision(revision.id) == revision
    assert [label.definition.name for label in stored.labels] == with_all_implied(definition, some | others)
    assert stored.labels == tuple(label for label in revision.labels if label in stored.labels)
    assert kept == stored
    assert (stored.exclusive, stored.number) == (revision.exclusive, revision.number)
