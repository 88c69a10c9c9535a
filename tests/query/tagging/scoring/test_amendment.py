"""A vocabulary that changes a little: after any history, photos have the tags that scoring again would give."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from query.tagging import StoredTagger, retag
from query.tagging.scoring.scorer import ExactScorer, columns_in_force
from store import MAIN_SLOT, LabelDefinition, VocabularyDefinition
from store.sql import schema as tables
from tests.fakes import vector_of
from tests.query.conftest import Library

FIRST = [f"label{number}" for number in range(34)]


def labels_of(*names):
    return VocabularyDefinition("mine", tuple(LabelDefinition(name, (name,)) for name in names), 0.5)


def test_a_photo_that_regains_its_embedding_is_scored(library):
    photo_id = library.add("photo")
    library.add("other")
    retag(library.catalog, library.space, library.put(labels_of(*FIRST)), library.texts)
    with library.catalog.write() as t:
        t.connection.execute(tables.embedding.delete().where(tables.embedding.c.photo_id == photo_id))
    retag(library.catalog, library.space, library.put(labels_of(*FIRST, "one")), library.texts)
    assert photo_id not in {row[0] for row in library.rows()}
    with library.catalog.write() as t:
        t.embeddings.put(library.space.id, photo_id, vector_of(b"photo"))
    retag(library.catalog, library.space, library.put(labels_of(*FIRST, "one", "two")), library.texts)
    assert photo_id in {row[0] for row in library.rows()}


class ChangingLibrary(RuleBasedStateMachine):
    """A library whose photos, files, embeddings, vocabulary and index change."""

    @initialize()
    def begin(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.temporary.name))
        self.labels: dict[str, float | None] = dict.fromkeys(FIRST)
        self.made = len(FIRST)
        self.photos: dict[int, bytes] = {}
        self.use()
        for _ in range(6):
            self.add_photo()

    def use(self):
        labels = tuple(LabelDefinition(name, (name,), threshold=own) for name, own in self.labels.items())
        self.revision = self.library.put(VocabularyDefinition("mine", labels, 0.5))
        retag(self.library.catalog, self.library.space, self.revision, self.library.texts)

    @rule()
    def add_photo(self):
        name = f"photo{self.made}"
        self.made += 1
        self.photos[self.library.add(name, self.revision)] = name.encode()

    @rule(count=st.integers(1, 3), own=st.sampled_from([None, 0.3]))
    def add_labels(self, count, own):
        for _ in range(count):
            self.labels[f"new{self.made}"] = own
            self.made += 1
        self.use()

    @rule(at=st.integers(0, 20))
    def remove_label(self, at):
        if len(self.labels) > 30:
            del self.labels[list(self.labels)[at]]
            self.use()

    @rule(at=st.integers(0, 20), own=st.sampled_from([None, 0.2, 0.9]))
    def change_threshold(self, at, own):
        self.labels[list(self.labels)[at]] = own
        self.use()

    @rule(at=st.integers(0, 50), is_tagged=st.booleans())
    def change_photo(self, at, is_tagged):
        if self.photos:
            photo_id = sorted(self.photos)[at % len(self.photos)]
            self.made += 1
            with self.library.catalog.write() as t:
                t.embeddings.put(self.library.space.id, photo_id, vector_of(b"%d" % self.made))
                if is_tagged:
                    self.tag(t, photo_id)
                else:
                    t.scores.forget(t.scores.current(self.library.space.id, MAIN_SLOT).id, [photo_id])
            if not is_tagged:
                self.use()

    def tag(self, t, photo_id):
        tagger = StoredTagger(self.library.catalog, self.library.space, self.revision, self.library.texts)
        tagger.tag(t, t.embeddings.get(self.library.space.id, [photo_id]))

    @rule(at=st.integers(0, 50), is_pruned=st.booleans())
    def remove_files(self, at, is_pruned):
        if self.photos:
            photo_id = sorted(self.photos)[at % len(self.photos)]
            with self.library.catalog.write() as t:
                held = [file.id for file in t.files.known(self.library.folder.id) if file.photo_id == photo_id]
                t.files.forget(held)
                if is_pruned:
                    t.photos.delete([photo_id])
            if is_pruned:
                del self.photos[photo_id]

    @rule()
    def map_rows(self):
        self.library.index.refresh()

    @invariant()
    def tags_are_those_that_scoring_anew_gives(self):
        library = self.library
        columns, _ = columns_in_force(library.catalog, library.space, self.revision, library.texts)
        with library.catalog.read() as t:
            vectors = t.embeddings.get(library.space.id, sorted(self.photos))
        expected = ExactScorer(columns).kept(vectors)
        rows = [
            (photo_id, *pair)
            for photo_id, labels, cosines in expected.rows()
            for pair in zip(labels.tolist(), cosines.tolist(), strict=True)
        ]
        assert library.rows() == rows

    @invariant()
    def what_new_labels_must_reach_is_what_was_kept(self):
        with self.library.catalog.read() as t:
            scoring = t.scores.current(self.library.space.id, MAIN_SLOT)
            kept = t.scores.of(scoring.id, sorted(self.photos))
            least = t.scores.least_ranks(scoring)
        expected = scoring.ranks(kept).min(axis=1, initial=np.inf)
        np.testing.assert_allclose(least.of(kept.photo_ids), expected, atol=1e-6)
        assert set(kept.photo_ids.tolist()) <= set(least.photo_ids().tolist())

    def teardown(self):
        if hasattr(self, "library"):
            self.library.catalog.close()
            self.temporary.cleanup()


TestChangingLibrary = ChangingLibrary.TestCase
TestChangingLibrary.settings = settings(
    max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
