"""Trials of a second model, and changes by other processes at the same time."""

import pytest

from photos.errors import NothingTried
from photos.operations.trials import fill_trial
from store import Trial
from tests.photos.operations.test_retag import opened


def test_a_trial_that_was_forgotten_a_moment_ago_is_no_fault(filled):
    with opened(filled) as library, pytest.raises(NothingTried):
        fill_trial(library, Trial(99))
