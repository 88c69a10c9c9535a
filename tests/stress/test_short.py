"""Stress trials, shortened. `tests/e2e/test_daemon.py` covers the others."""

from __future__ import annotations

import resource

import pytest

from tests.photos.encoders import make_checkpoint

from . import models, moves, packets, rollbacks, trials
from .library import Library


@pytest.mark.parametrize(("trial", "count"), [("kills", 3), ("retags", 3), ("renamed", 50)])
def test_a_short_stress_trial(tmp_path, trial, count):
    getattr(trials, trial)(tmp_path / "trial", count)


def test_killed_trials_and_switches_leave_the_answers_of_one_model(tmp_path):
    assert "20 calls, 20 killed" in models.models(tmp_path / "trial", 20, by_clock=False)


def test_killed_rollbacks_that_embed_are_ended_by_the_next(tmp_path):
    assert "4 rollbacks of " in rollbacks.rollbacks(tmp_path / "trial", 4)


def test_killed_moves_of_duplicates_lose_no_file(tmp_path):
    moves.moves(tmp_path / "trial", 3)


def test_a_full_disk_ends_a_trial_with_a_sentence(tmp_path):
    library = Library(tmp_path / "trial")
    library.make(40)
    assert library.run("add", library.pictures, "--model", library.model) == 0
    other = make_checkpoint(tmp_path / "turned", seed=3)
    tried = library.start("model", "try", other, limit=(resource.RLIMIT_FSIZE, 1 << 15))
    assert tried.wait(timeout=600) == 1
    assert "Traceback" not in library.log.read_text()
    assert library.log.read_text().count("\n") == 1
    assert library.run("verify") == 0
    assert library.run("model", "try", other) == 0
    assert library.run("model", "switch") == 0


def test_of_two_trials_at_once_one_embeds_and_one_says_so(tmp_path):
    library = Library(tmp_path / "trial")
    library.make(200)
    assert library.run("add", library.pictures, "--model", library.model) == 0
    other = make_checkpoint(tmp_path / "turned", seed=3)
    both = [library.start("model", "try", other) for _ in range(2)]
    statuses = sorted(process.wait(timeout=600) for process in both)
    # The second one may begin after the first one's end, and has nothing to do then.
    said = library.log.read_text()
    assert (statuses, said.count("Another process works on the other models")) in [([0, 1], 1), ([0, 0], 0)]
    assert said.count("\n") == sum(statuses)
    assert library.run("verify") == 0
    assert library.run("model", "switch") == 0
    assert library.run("verify") == 0


def test_short_trials_of_packets(tmp_path):
    packets.packets(tmp_path, 1000)
    packets.hostile(tmp_path, 1)
