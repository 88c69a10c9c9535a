"""Three of the stress trials, shortened. `tests/e2e/test_daemon.py` covers the others."""

from __future__ import annotations

import pytest

from . import trials


@pytest.mark.parametrize(("trial", "count"), [("kills", 3), ("retags", 3), ("renamed", 50)])
def test_a_short_stress_trial(tmp_path, trial, count):
    getattr(trials, trial)(tmp_path / "trial", count)
