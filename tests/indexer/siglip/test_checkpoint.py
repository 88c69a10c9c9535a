"""Opening checkpoints: what is read, and what is refused with one sentence."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from indexer.siglip import CheckpointDamaged, CheckpointUnsupported, DeviceUnavailable, open_checkpoint
from indexer.siglip.devices import choose
from indexer.siglip.image_tower import ImageTower

from ...checkpoints import make_naflex


@pytest.fixture
def copy(checkpoints, tmp_path):
    return shutil.copytree(checkpoints["v2"], tmp_path / "copy")


def edit(path, **changes):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))


def test_what_a_checkpoint_is_follows_from_its_files(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v1 of 16 tokens"], "mine")
    assert (checkpoint.name, checkpoint.dimension, checkpoint.image_size, checkpoint.text_length) == (
        "mine",
        32,
        32,
        16,
    )
    assert checkpoint.preprocessing.name == "squash-32-bicubic-1"
    assert open_checkpoint(checkpoints["v2"]).preprocessing.name == "squash-32-bilinear-1"


def test_opening_loads_neither_torch_nor_transformers(checkpoints):
    script = (
        "import sys; from pathlib import Path; from indexer.siglip import open_checkpoint;"
        f"open_checkpoint(Path({str(checkpoints['v2'])!r})).weights_hash();"
        "print([name for name in ('torch', 'transformers', 'faiss') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "['faiss']"


def test_the_hash_is_of_the_weights_and_the_stamp_of_their_files(checkpoints, copy):
    before = open_checkpoint(copy)
    edit(copy / "tokenizer_config.json", model_max_length=63)
    stamp, digest = before.weights_stamp(), before.weights_hash()
    assert open_checkpoint(copy).weights_hash() == digest == open_checkpoint(checkpoints["v2"]).weights_hash()
    weights = load_file(copy / "model.safetensors")
    weights["logit_bias"] += 1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    after = open_checkpoint(copy)
    assert after.weights_hash() != digest
    assert after.weights_stamp() != stamp
    assert after.logit_bias == -15.5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_scale_and_bias_of_half_precision_files_are_read_exactly(copy, dtype):
    weights = {name: tensor.to(dtype) for name, tensor in load_file(copy / "model.safetensors").items()}
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    checkpoint = open_checkpoint(copy)
    assert checkpoint.logit_scale == weights["logit_scale"].float().item()
    assert checkpoint.logit_bias == weights["logit_bias"].float().item()


def test_naflex_comes_later_and_says_so(tmp_path):
    with pytest.raises(CheckpointUnsupported, match="NaFlex.*comes in a later version"):
        open_checkpoint(make_naflex(tmp_path / "naflex"))


def test_a_pickle_is_never_read(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(CheckpointUnsupported, match="not in safetensors form"):
        open_checkpoint(copy)


def test_code_of_a_checkpoint_is_never_run(copy):
    edit(copy / "config.json", auto_map={"AutoModel": "evil.Model"})
    with pytest.raises(CheckpointUnsupported, match="code of its own"):
        open_checkpoint(copy)


def test_another_kind_of_model_is_named(copy):
    edit(copy / "config.json", model_type="clip")
    with pytest.raises(CheckpointUnsupported, match="'clip'"):
        open_checkpoint(copy)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(CheckpointDamaged) as caught:
        open_checkpoint(copy)
    assert str(copy) in str(caught.value)
    assert "missing" in str(caught.value)


@pytest.mark.parametrize("kept", [0, 5, 200, 20_000])
def test_cut_weights_are_refused(copy, kept):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointDamaged, match="model.safetensors cannot be read"):
        open_checkpoint(copy)


def test_settings_that_are_no_json_are_refused(copy):
    (copy / "config.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(CheckpointDamaged, match="config.json cannot be read"):
        open_checkpoint(copy)


def test_weights_that_lack_a_tensor_are_refused_when_the_tower_is_loaded(copy):
    weights = load_file(copy / "model.safetensors")
    del weights["vision_model.post_layernorm.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointDamaged, match="post_layernorm"):
        ImageTower(open_checkpoint(copy), "cpu")


def test_an_image_processor_of_another_size_or_filter_is_refused(copy):
    edit(copy / "preprocessor_config.json", size={"height": 64, "width": 64})
    with pytest.raises(CheckpointDamaged, match="32 x 32"):
        open_checkpoint(copy)
    edit(copy / "preprocessor_config.json", size={"height": 32, "width": 32}, resample=1)
    with pytest.raises(CheckpointUnsupported, match="filter 1"):
        open_checkpoint(copy)


def test_the_nested_form_of_image_processor_settings_is_read_too(copy):
    settings = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").unlink()
    (copy / "processor_config.json").write_text(json.dumps({"image_processor": settings}))
    assert open_checkpoint(copy).preprocessing.name == "squash-32-bilinear-1"


def test_small_models_run_in_float32_everywhere_and_wishes_are_checked(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    assert choose(checkpoint, "cpu")[1] == "float32"
    assert choose(checkpoint, "cpu", "bfloat16") == ("cpu", "bfloat16")
    with pytest.raises(DeviceUnavailable, match="'toaster'"):
        choose(checkpoint, "toaster")
    with pytest.raises(DeviceUnavailable, match="'int3'"):
        choose(checkpoint, "cpu", "int3")


def test_loading_says_nothing_on_stderr(checkpoints):
    script = (
        "from pathlib import Path; from indexer.siglip import open_checkpoint;"
        "from indexer.siglip.image_tower import ImageTower; from indexer.siglip.text_tower import TextTower;"
        f"c = open_checkpoint(Path({str(checkpoints['v1'])!r}));"
        "ImageTower(c, 'cpu'); TextTower(c, 'cpu').encode_text(['a'])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stderr == ""
