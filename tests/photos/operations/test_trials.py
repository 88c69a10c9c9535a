"""Trials of a second model, and changes by other processes at the same time."""

import pytest

from indexer import fill_space
from photos.model_errors import NothingTried
from photos.operations.models.trials import destination_beside, fill_trial, finish_tags, lacking
from photos.operations.progress import SILENT
from query.tagging import faulty_scores, undamaged_photos
from store import MAIN_SLOT, Trial
from tests.photos.encoders import COLOURS, make_checkpoint
from tests.photos.operations.test_retag import opened


def test_a_trial_that_was_forgotten_a_moment_ago_is_no_fault(filled):
    with opened(filled) as library, pytest.raises(NothingTried):
        fill_trial(library, Trial(99))


def test_photos_that_come_at_the_first_re_tag_get_scores(filled, tmp_path):
    filled("model", "try", make_checkpoint(tmp_path / "turned", seed=3), "--sample", 1)
    with opened(filled) as library:
        with library.catalog.write() as t:
            trial = t.library.trial()
            space, files, folders = t.spaces.get(trial.space_id), lacking(t, Trial(trial.space_id)), t.folders.all()
            t.scores.drop_in(space.id)
            t.slots.of(space.id).mark_all_stale()
        beside = destination_beside(library, library.space)
        finish_tags(library, space)
        preprocessing = library.checkpoint_of(space).preprocessing
        with library.readers(preprocessing) as readers:
            fill_space(library.catalog, beside, files, folders, readers=readers, progress=SILENT)
        with library.catalog.read() as t:
            assert t.embeddings.count(space.id) == len(COLOURS)
            assert not t.slots.of(space.id).pending()
            assert faulty_scores(t, space, t.scores.current(space.id, MAIN_SLOT), undamaged_photos(t, space)) == []
