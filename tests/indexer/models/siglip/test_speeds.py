"""Speeds of an image encoder in each precision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer.models import CheckpointDamaged, open_checkpoint
from indexer.models.backends.int8 import fastest_int8
from indexer.models.siglip.speeds import speeds
from tests.checkpoints import make_v2


def test_each_precision_of_a_cpu_is_measured_and_float32_is_the_first(checkpoints):
    found = speeds(open_checkpoint(checkpoints["v2"]), "cpu")
    assert [each.precision for each in found] == ["float32", "bfloat16", fastest_int8()]
    assert all(each.seconds > 0 for each in found)


def test_other_precisions_are_measured_when_they_are_named(checkpoints):
    found = speeds(open_checkpoint(checkpoints["v2 of odd sizes"]), "cpu", ["int8", "int8-narrow", "float32"])
    assert sorted(each.precision for each in found) == ["bfloat16", "float32", "int8", "int8-narrow"]


def test_layers_that_are_not_run_count(tmp_path):
    shape = {"hidden_size": 192, "intermediate_size": 768, "num_attention_heads": 3, "image_size": 128, "patch_size": 8}
    checkpoint = open_checkpoint(make_v2(tmp_path / "deep", vision={**shape, "num_hidden_layers": 8}))
    whole = speeds(checkpoint, "cpu", layers=8)[0].seconds
    part = speeds(checkpoint, "cpu", layers=2)[0].seconds
    assert 0.5 < part / whole < 2.5


def test_missing_weights_are_damage(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    deeper = replace(checkpoint, vision=replace(checkpoint.vision, layers=5))
    with pytest.raises(CheckpointDamaged):
        speeds(deeper, "cpu", layers=5)
