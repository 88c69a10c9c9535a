"""Several vocabularies, some of whose labels have examples, in a library that changes: tags equal new scores."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from query.tagging import StoredTagger, refresh_taught_labels, retag
from query.tagging.learning.calibration import calibrate
from query.tagging.learning.label_matrix import label_matrix
from query.tagging.scoring.scorer import ExactScorer, columns_in_force
from store import LabelDefinition, VocabularyDefinition
from tests.fakes import vector_of
from tests.query.conftest import Library

NAMES = [f"label{number}" for number in range(36)]
SPACES = st.sampled_from(["", "a", "b"])


class ManyVocabularies(RuleBasedStateMachine):
    """Three slots whose vocabularies share labels, of which some are taught by photos that may come later."""

    @initialize()
    def begin(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.temporary.name))
        self.made = 0
        self.labels = {slot: dict.fromkeys(NAMES[at:], (None, ())) for at, slot in enumerate(["", "a"])}
        for _ in range(5):
            self.add_photo()
        for slot in self.labels:
            self.use(slot)

    def revision(self, slot):
        labels = tuple(
            LabelDefinition(name, (name,), threshold=own, examples=examples)
            for name, (own, examples) in self.labels[slot].items()
        )
        # Labels of two slots are one label if their texts and examples are equal.
        return self.library.put(VocabularyDefinition(f"of {slot}", labels, None))

    def use(self, slot):
        library = self.library
        revision = refresh_taught_labels(library.catalog, library.space, self.revision(slot))
        retag(library.catalog, library.space, revision, library.texts, slot=slot)

    @rule(count=st.integers(1, 3))
    def add_photos(self, count):
        for _ in range(count):
            self.add_photo()

    def add_photo(self):
        self.made += 1
        with self.library.catalog.read() as t:
            revision_id = t.slots.current_revision_id("")
            revision = None if revision_id is None else t.vocabularies.revision(revision_id)
        self.library.add(f"photo{self.made}", revision)

    @rule(slot=SPACES, name=st.sampled_from(NAMES), ahead=st.integers(0, 4))
    def teach(self, slot, name, ahead):
        held = self.labels.setdefault(slot, dict.fromkeys(NAMES[:34], (None, ())))
        examples = [f"photo{number}".encode().ljust(32).hex() for number in (1, self.made + ahead)]
        held[name] = None, tuple(dict.fromkeys(examples))
        self.use(slot)

    @rule(one=SPACES, other=SPACES, name=st.sampled_from(NAMES))
    def share(self, one, other, name):
        if one in self.labels and other in self.labels and name in self.labels[one]:
            self.labels[other][name] = self.labels[one][name]
            self.use(other)

    @rule(slot=SPACES, name=st.sampled_from(NAMES))
    def remove_label(self, slot, name):
        if slot in self.labels and len(self.labels[slot]) > 30:
            self.labels[slot].pop(name, None)
            self.use(slot)

    @rule(slot=SPACES, name=st.sampled_from(NAMES), own=st.sampled_from([None, 0.2]))
    def change_threshold(self, slot, name, own):
        if name in self.labels.get(slot, {}):
            self.labels[slot][name] = own, self.labels[slot][name][1]
            self.use(slot)

    @rule(at=st.integers(0, 50), is_tagged=st.booleans())
    def embed_again(self, at, is_tagged):
        self.made += 1
        library = self.library
        with library.catalog.write() as t:
            ids = t.embeddings.ids(library.space.id).tolist()
            if not ids:
                return
            t.embeddings.put(library.space.id, ids[at % len(ids)], vector_of(b"%d" % self.made))
            tagger = StoredTagger(library.catalog, library.space, None, library.texts)
            tagger.tag(t, t.embeddings.get(library.space.id, [ids[at % len(ids)]]))

    @rule(at=st.integers(0, 50), is_pruned=st.booleans())
    def remove_files(self, at, is_pruned):
        with self.library.catalog.write() as t:
            files = list(t.files.known(self.library.folder.id))
            if len(files) > 2:
                file = files[at % len(files)]
                t.files.forget([file.id])
                if is_pruned:
                    t.photos.delete([file.photo_id])

    @rule()
    def calibrate_again(self):
        library = self.library
        with library.catalog.read() as t:
            revision = t.vocabularies.revision(t.slots.current_revision_id(""))
        calibrate(library.catalog, library.space, label_matrix(library.catalog, library.space, revision, library.texts))

    @rule()
    def map_rows(self):
        self.library.index.refresh()

    @rule(slot=SPACES)
    def drop(self, slot):
        if slot and slot in self.labels:
            with self.library.catalog.write() as t:
                t.slots.drop(slot)
                t.scores.drop(slot)
            del self.labels[slot]

    @invariant()
    def only_pending_slots_differ_from_new_scores(self):
        library = self.library
        # A pass over the folders also begins with labels that have new examples.
        with library.catalog.read() as t:
            used = [(each.name, t.vocabularies.revision(each.revision_id)) for each in t.slots.in_force()]
        for _, revision in used:
            refresh_taught_labels(library.catalog, library.space, revision)
        with library.catalog.read() as t:
            waiting = {name: t.vocabularies.revision(key) for name, key in t.slots.pending().items()}
        for slot, revision in waiting.items():
            retag(library.catalog, library.space, revision, library.texts, slot=slot)
        for slot, before in used:
            with library.catalog.read() as t:
                revision = t.vocabularies.revision(before.id)
                scoring = t.scores.current(library.space.id, slot)
                kept = t.scores.of(scoring.id, list(range(1, self.made + 1)))
                least = t.scores.least_ranks(scoring)
                vectors = t.embeddings.uncached.get(library.space.id, list(range(1, self.made + 1)))
            columns, _ = columns_in_force(library.catalog, library.space, revision, library.texts)
            expected = ExactScorer(columns).kept(vectors)
            assert kept.photo_ids.tolist() == expected.photo_ids.tolist()
            assert np.array_equal(kept.label_ids, expected.label_ids)
            assert np.array_equal(kept.cosines, expected.cosines)
            ranks = scoring.ranks(kept).min(axis=1, initial=np.inf)
            np.testing.assert_allclose(least.of(kept.photo_ids), ranks, atol=1e-6)

    def teardown(self):
        if hasattr(self, "library"):
            self.library.catalog.close()
            self.temporary.cleanup()


TestManyVocabularies = ManyVocabularies.TestCase
TestManyVocabularies.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
