"""Opening checkpoints, and refusing unsupported or damaged ones with one sentence."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor

from indexer.models import (
    CheckpointDamaged,
    CheckpointUnsupported,
    DeviceUnavailable,
    NumbersOverflowed,
    open_checkpoint,
)
from indexer.models.backends.devices import choose_device, computes_bfloat16
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder


@pytest.fixture
def copy(checkpoints, tmp_path):
    return shutil.copytree(checkpoints["v2"], tmp_path / "copy")


def edit(path, **changes):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))


def test_a_checkpoint_is_described_by_its_files(checkpoints):
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
        "import sys; from pathlib import Path; from indexer.models import open_checkpoint;"
        f"open_checkpoint(Path({str(checkpoints['v2'])!r})).weights_hash();"
        "print([name for name in ('torch', 'transformers', 'faiss') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "[]"


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


def test_a_pickle_is_never_read(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(CheckpointUnsupported, match="not in safetensors form"):
        open_checkpoint(copy)


def test_code_of_a_checkpoint_is_never_run(copy):
    edit(copy / "config.json", auto_map={"AutoModel": "evil.Model"})
    with pytest.raises(CheckpointUnsupported, match="code of its own"):
        open_checkpoint(copy)


def test_another_model_type_is_refused_by_name(copy):
    edit(copy / "config.json", model_type="clip")
    with pytest.raises(CheckpointUnsupported, match="'clip'"):
        open_checkpoint(copy)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "preprocessor_config.json"])
def test_code_of_a_tokenizer_or_image_processor_is_never_run(copy, name):
    edit(copy / name, auto_map={"AutoTokenizer": ["evil.Tokenizer", None]})
    with pytest.raises(CheckpointUnsupported, match="code of its own"):
        open_checkpoint(copy)


def test_an_image_encoder_without_a_pooling_head_is_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    edit(copy / "config.json", vision_config={**config["vision_config"], "vision_use_head": False})
    with pytest.raises(CheckpointUnsupported, match="pooling head"):
        open_checkpoint(copy)


@pytest.mark.parametrize(
    "change",
    [
        {"num_attention_heads": 3},
        {"num_attention_heads": "many"},
        {"max_position_embeddings": 32},
        {"intermediate_size": 65},
    ],
)
def test_a_text_encoder_that_contradicts_its_settings_is_refused(copy, change):
    config = json.loads((copy / "config.json").read_text())
    edit(copy / "config.json", text_config={**config["text_config"], **change})
    with pytest.raises(CheckpointDamaged):
        TorchTextEncoder(open_checkpoint(copy), "cpu")


@pytest.mark.parametrize("wrong", [0, -1, "64", 1.5, True])
def test_invalid_sizes_are_refused(copy, wrong):
    config = json.loads((copy / "config.json").read_text())
    edit(copy / "config.json", text_config={**config["text_config"], "max_position_embeddings": wrong})
    with pytest.raises(CheckpointDamaged, match="max_position_embeddings"):
        open_checkpoint(copy)


def test_encoders_with_vectors_of_different_lengths_are_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    edit(copy / "config.json", text_config={**config["text_config"], "projection_size": 48})
    with pytest.raises(CheckpointDamaged, match="different length"):
        open_checkpoint(copy)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(CheckpointDamaged) as caught:
        open_checkpoint(copy)
    assert str(copy) in str(caught.value)
    assert "missing" in str(caught.value)


@pytest.mark.parametrize("kept", [0, 5, 200, 20_000])
def test_truncated_weights_are_refused(copy, kept):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointDamaged, match="model.safetensors cannot be read"):
        open_checkpoint(copy)


@pytest.mark.parametrize("header", [b'{"a": []}', b'{"a": {"dtype": "F32"}}', b'{"logit_scale": 1}', b"[]"])
def test_headers_of_another_form_are_refused(copy, header):
    (copy / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointDamaged, match="model.safetensors cannot be read"):
        open_checkpoint(copy)


def test_settings_that_are_not_json_are_refused(copy):
    (copy / "config.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(CheckpointDamaged, match="config.json cannot be read"):
        open_checkpoint(copy)


def test_a_missing_tensor_is_refused_when_the_encoder_is_loaded(copy):
    weights = load_file(copy / "model.safetensors")
    del weights["vision_model.post_layernorm.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointDamaged, match="post_layernorm"):
        SiglipImageEncoder(open_checkpoint(copy), "cpu")


def test_an_image_processor_of_another_size_or_filter_is_refused(copy):
    edit(copy / "preprocessor_config.json", size={"height": 64, "width": 64})
    with pytest.raises(CheckpointDamaged, match="32 x 32"):
        open_checkpoint(copy)
    edit(copy / "preprocessor_config.json", size={"height": 32, "width": 32}, resample=1)
    with pytest.raises(CheckpointUnsupported, match="filter 1"):
        open_checkpoint(copy)


@pytest.mark.parametrize("value", [None, "left out"])
def test_settings_that_are_left_out_are_those_of_transformers(copy, value):
    usual = open_checkpoint(copy).preprocessing
    path = copy / "preprocessor_config.json"
    settings = json.loads(path.read_text())
    names = ("image_mean", "image_std", "resample", "rescale_factor", "do_rescale", "do_normalize", "do_resize")
    for name in names:
        settings.pop(name, None)
        if value is None and name in {"image_mean", "image_std"}:
            settings[name] = None
    path.write_text(json.dumps(settings))
    processor = AutoImageProcessor.from_pretrained(copy, backend="pil")
    found = open_checkpoint(copy).preprocessing
    assert (found.mean, found.std, found.rescale) == (usual.mean, usual.std, usual.rescale)
    if value is not None:
        assert (list(found.mean), list(found.std)) == (list(processor.image_mean), list(processor.image_std))
    assert found.resample == {2: "bilinear", 3: "bicubic"}[int(processor.resample)]


def test_another_pixel_scaling_is_applied_and_names_another_preprocessing(copy):
    usual = open_checkpoint(copy).preprocessing
    edit(copy / "preprocessor_config.json", image_mean=[0.4, 0.5, 0.6], do_rescale=False)
    other = open_checkpoint(copy).preprocessing
    assert (other.mean, other.rescale) == ((0.4, 0.5, 0.6), 1)
    assert other.name.startswith(usual.name + "-")
    edit(copy / "preprocessor_config.json", image_std=[0.5, 0, 0.5])
    with pytest.raises(CheckpointDamaged, match="divides by zero"):
        open_checkpoint(copy)


@pytest.mark.parametrize("change", [{"do_resize": False}, {"do_center_crop": True}])
def test_image_processors_that_do_not_squash_are_refused(copy, change):
    edit(copy / "preprocessor_config.json", **change)
    with pytest.raises(CheckpointUnsupported, match="squash"):
        open_checkpoint(copy)


def test_the_nested_form_of_image_processor_settings_is_read_too(copy):
    settings = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").unlink()
    (copy / "processor_config.json").write_text(json.dumps({"image_processor": settings}))
    assert open_checkpoint(copy).preprocessing.name == "squash-32-bilinear-1"


def test_small_models_run_in_float32_and_requested_precisions_are_checked(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    assert choose_device(checkpoint, "cpu")[1] == "float32"
    assert choose_device(checkpoint, "cpu", "bfloat16") == ("cpu", "bfloat16")
    with pytest.raises(DeviceUnavailable, match="'toaster'"):
        choose_device(checkpoint, "toaster")
    with pytest.raises(DeviceUnavailable, match="'int3'"):
        choose_device(checkpoint, "cpu", "int3")


def test_large_models_run_in_the_precision_of_the_hardware(checkpoints):
    large = dataclasses.replace(open_checkpoint(checkpoints["v2"]), vision_parameters=92_900_000)
    assert choose_device(large, "cpu")[1] == ("bfloat16" if computes_bfloat16() else "float32")


def test_an_overflow_in_float16_is_an_error_and_never_a_vector(copy):
    weights = load_file(copy / "model.safetensors")
    weights["vision_model.head.layernorm.weight"] *= 1e4
    weights["vision_model.head.mlp.fc1.weight"] *= 1e4
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    checkpoint = open_checkpoint(copy)
    pixels = np.full((1, 32, 32, 3), 200, np.uint8)
    with pytest.raises(NumbersOverflowed, match="--precision float32"):
        SiglipImageEncoder(checkpoint, "cpu", "float16").encode(pixels)
    assert np.isfinite(SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels)).all()


def test_loading_prints_nothing_and_uses_no_network(checkpoints):
    script = (
        "import socket, sys; from pathlib import Path; from indexer.models import open_checkpoint;"
        "socket.socket.connect = lambda *_: print('connected', file=sys.stderr)\n"
        "from indexer.models.siglip.torch_encoders import SiglipImageEncoder\n"
        "from indexer.models.siglip.torch_encoders import TorchTextEncoder\n"
        f"for folder in {[str(checkpoints['v1']), str(checkpoints['v2'])]!r}:\n"
        " c = open_checkpoint(Path(folder)); SiglipImageEncoder(c, 'cpu')\n"
        " print(TorchTextEncoder(c, 'cpu').encode_text(['a']).shape)"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=plain)
    assert done.stderr == ""
    assert done.stdout.split() == ["(1,", "32)"] * 2


@pytest.mark.parametrize("tower", ["text_config", "vision_config"])
def test_activations_and_heads_unknown_to_siglip_are_refused(copy, tower):
    config = json.loads((copy / "config.json").read_text())
    edit(copy / "config.json", **{tower: {**config[tower], "hidden_act": "relu6"}})
    with pytest.raises(CheckpointUnsupported, match="'relu6'"):
        open_checkpoint(copy)
    edit(copy / "config.json", **{tower: {**config[tower], "num_attention_heads": 7}})
    with pytest.raises(CheckpointDamaged, match="7 heads"):
        open_checkpoint(copy)


def test_a_weight_of_another_shape_is_refused_when_it_is_loaded(copy):
    weights = load_file(copy / "model.safetensors")
    weights["text_model.head.bias"] = weights["text_model.head.bias"][1:].clone()
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointDamaged, match=r"text_model.head.bias is \(31,\) and not \(32,\)"):
        TorchTextEncoder(open_checkpoint(copy), "cpu")
