"""`photos vocab tune`: answers move a label's threshold and stay as tags by hand."""

from __future__ import annotations

import io
import json

import pytest


@pytest.fixture
def tune(filled, tmp_path, monkeypatch):
    """The command with these answers typed, in a library whose labels count from low on."""
    (tmp_path / "two.txt").write_text("% threshold 0.0001\nred\nblue\n")
    filled("retag", "--vocabulary", tmp_path / "two.txt")

    def typed(answers, *arguments):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        return filled("vocab", "tune", *arguments)

    return typed


def photos_with(filled, label):
    lines = filled("tags", "--json").lines
    return next((record["photos"] for record in map(json.loads, lines) if record["label"] == label), 0)


def test_the_threshold_follows_answers_that_become_manual_tags(filled, tune, pictures):
    result = tune(["y", *"nnnnn"], "red")
    assert result.status == 0, result.err
    assert "6 of 6 answers fit" in result.out
    assert "Tagged 6 photos with two (2 labels, revision 2)" in result.out
    assert photos_with(filled, "red") == 1
    record = json.loads(filled("vocab", "show", "--json").lines[0])
    assert record["label"] == "red"
    assert record["threshold"] > 0.0001
    said = filled("tags", pictures / "blue.png", "--history").out
    assert "red" in said
    assert filled("vocab", "rollback").status == 0
    assert json.loads(filled("vocab", "show", "--json").lines[0])["threshold"] is None


def test_tuning_without_answers_changes_nothing(filled, tune):
    result = tune(["s", "q"], "red", "--photos", "4")
    assert result.status == 0
    assert "red stays as it is" in result.out
    assert "for these 4 photos" in result.out
    assert filled("vocab", "history").out.count("two@") == 1


def test_an_unknown_label_is_refused_in_one_sentence(tune):
    result = tune([], "reds and blues")
    assert (result.status, result.out) == (1, "")
    assert "has no label 'reds and blues'" in result.err


def test_preview_shows_each_picture_to_be_judged(tune):
    result = tune(["y", "n", "q"], "red", "--preview=sixel")
    assert result.status == 0, result.err
    # One for each question: two that were answered, and the one after them.
    assert result.out.count("\x1bP") == 3
    assert "\x1bP" not in tune(["q"], "blue").out
