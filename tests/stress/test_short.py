"""Three of the trials in short; what the others try is among the tests of the process in the background."""

from __future__ import annotations

import pytest

from . import trials


@pytest.mark.parametrize(("trial", "count"), [("kills", 3), ("retags", 3), ("renamed", 50)])
def test_a_short_trial(tmp_path, trial, count):
    getattr(trials, trial)(tmp_path / "trial", count)
