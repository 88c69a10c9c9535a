"""Three of the stress trials, shortened. `tests/e2e/test_daemon.py` covers the others."""

from __future__ import annotations

import pytest

from . import models, packets, trials


@pytest.mark.parametrize(("trial", "count"), [("kills", 3), ("retags", 3), ("renamed", 50)])
def test_a_short_stress_trial(tmp_path, trial, count):
    getattr(trials, trial)(tmp_path / "trial", count)


def test_killed_trials_and_switches_leave_the_answers_of_one_model(tmp_path):
    models.models(tmp_path / "trial", 20)


def test_short_trials_of_packets(tmp_path):
    packets.packets(tmp_path, 1000)
    packets.hostile(tmp_path, 1)
