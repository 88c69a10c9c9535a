"""The encoders of transformers as a backend, and the precisions of bitsandbytes."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BitsAndBytesConfig, SiglipVisionModel

from indexer.models import BackendMissing, CheckpointDamaged, DeviceUnavailable, open_checkpoint
from indexer.models.backends.bitsandbytes import check_available
from indexer.models.siglip.encoders import OWN, TRANSFORMERS, attention_of, backend_of, image_encoder, text_encoder
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from indexer.models.siglip.transformers_encoders import (
    TransformersImageEncoder,
    TransformersTextEncoder,
    load_text,
    load_vision,
)
from tests.checkpoints import pictures, quantised
from tests.indexer.models.machines import OTHER, one_card

KINDS = ["v1", "v1 multilingual", "v2", "v2 of two widths", "v2 of odd sizes", "naflex"]
TEXTS = ["two cats on the beach", "snow", "", "a red square " * 40]
EIGHT = BitsAndBytesConfig(load_in_8bit=True)
FOUR = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32)


def pixels_of(checkpoint, count=9):
    return [checkpoint.preprocessing.pixels(image) for image in pictures(count)]


def own_vectors(checkpoint, pixels):
    return SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_vectors_of_both_backends_are_one_space(checkpoints, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    pixels = pixels_of(checkpoint)
    theirs = image_encoder(checkpoint, "cpu", "float32", TRANSFORMERS)
    assert isinstance(theirs, TransformersImageEncoder)
    assert np.abs(theirs.encode(pixels) - own_vectors(checkpoint, pixels)).max() < 1e-6
    assert theirs.encode([]).shape == (0, checkpoint.dimension)


@pytest.mark.parametrize(("room", "holds_weights"), [(3, True), (0, True), (9, False)])
def test_a_card_of_little_memory_makes_the_same_vectors(checkpoints, room, holds_weights):
    def load(checkpoint, device, precision):
        if device == OTHER and not holds_weights:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        model = load_vision(checkpoint, "cpu", precision)

        def limited(*, pixel_values, **inputs):
            if pixel_values.device.type == "cpu" and encoders and encoders[0].device == OTHER:
                calls.append(len(pixel_values))
                if len(pixel_values) > room:
                    raise torch.OutOfMemoryError("CUDA out of memory.")
            return model(pixel_values=pixel_values, **inputs)

        return limited

    checkpoint = open_checkpoint(checkpoints["v2"])
    calls, told, encoders = [], [], []
    encoder = TransformersImageEncoder(
        checkpoint, OTHER, "float32", machine=one_card(), on_notice=told.append, load=load
    )
    encoders.append(encoder)
    pixels = pixels_of(checkpoint)
    assert np.abs(encoder.encode(pixels) - own_vectors(checkpoint, pixels)).max() < 1e-6
    if room == 3:
        assert (encoder.device, told, encoder.batch_size) == (OTHER, [], 2)
        return
    assert encoder.device == "cpu"
    assert told == [f"The memory of {OTHER} is too small for this model. The CPU is used instead."]


@pytest.mark.parametrize(("room", "holds_weights"), [(3, True), (0, True), (9, False)])
def test_texts_fit_into_a_card_of_little_memory(checkpoints, room, holds_weights):
    calls, told = [], []

    def load(checkpoint, device, precision):
        model = load_text(checkpoint, "cpu", precision)
        if device != OTHER:
            return model
        if not holds_weights:
            raise torch.OutOfMemoryError("CUDA out of memory.")

        def limited(*, input_ids):
            calls.append(len(input_ids))
            if len(input_ids) > room:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return model(input_ids=input_ids)

        return limited

    checkpoint = open_checkpoint(checkpoints["v2"])
    encoder = TransformersTextEncoder(checkpoint, OTHER, machine=one_card(), on_notice=told.append, load=load)
    exact = TorchTextEncoder(checkpoint, "cpu").encode_text(TEXTS * 3)
    assert np.abs(encoder.encode_text(TEXTS * 3) - exact).max() < 1e-6
    calls.clear()
    encoder.encode_text(TEXTS * 3)
    if room == 3:
        assert (encoder.device, told) == (OTHER, [])
        assert 1 < max(calls) <= room, "what fitted is remembered"
        return
    assert encoder.device == "cpu"
    assert told == [f"The memory of {OTHER} is too small for the text encoder. The CPU is used instead."]


def test_a_card_gets_larger_passes_than_a_cpu(checkpoints):
    def load(checkpoint, device, precision):
        model = load_vision(checkpoint, "cpu", precision)

        def counted(*, pixel_values, **inputs):
            calls.append(len(pixel_values))
            return model(pixel_values=pixel_values, **inputs)

        return counted

    checkpoint = open_checkpoint(checkpoints["v2"])
    for device, passes in ((OTHER, [64, 6]), ("cpu", [8] * 8 + [6])):
        calls = []
        encoder = TransformersImageEncoder(checkpoint, device, "float32", machine=one_card(), load=load)
        encoder.encode(pixels_of(checkpoint, 70))
        assert calls == passes
        assert encoder.batch_size == passes[0]


@pytest.mark.parametrize("kind", ["v2", "naflex"])
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_is_near_float32(checkpoints, kind, precision):
    checkpoint = open_checkpoint(checkpoints[kind])
    pixels = pixels_of(checkpoint)
    vectors = image_encoder(checkpoint, "cpu", precision, TRANSFORMERS).encode(pixels)
    assert (vectors * own_vectors(checkpoint, pixels)).sum(1).min() > 0.999


@pytest.mark.parametrize("kind", KINDS)
def test_eight_bits_are_near_and_independent_of_company(checkpoints, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    pixels = pixels_of(checkpoint)
    # Whatever the backend: no other one has this precision.
    encoder = image_encoder(checkpoint, "cpu", "bnb-int8", OWN)
    vectors = encoder.encode(pixels)
    assert (vectors * own_vectors(checkpoint, pixels)).sum(1).min() > 0.999
    np.testing.assert_array_equal(vectors, np.concatenate([encoder.encode([each]) for each in pixels]))


@pytest.mark.parametrize("kind", KINDS)
def test_four_bits_give_other_vectors_and_say_so_by_their_name(checkpoints, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    pixels = pixels_of(checkpoint)
    vectors = image_encoder(checkpoint, "cpu", "bnb-nf4", OWN).encode(pixels)
    cosines = (vectors * own_vectors(checkpoint, pixels)).sum(1)
    assert 0.8 < cosines.min() < 0.99


@pytest.mark.parametrize(("precision", "layer"), [("bnb-int8", "Linear8bitLt"), ("bnb-nf4", "Linear4bit")])
@pytest.mark.parametrize("kind", ["v2", "naflex"])
def test_the_pooling_head_and_the_patches_stay_in_floats(checkpoints, kind, precision, layer):
    model = TransformersImageEncoder(open_checkpoint(checkpoints[kind]), "cpu", precision)._model
    names = {name: type(module).__name__ for name, module in model.named_modules()}
    assert names["encoder.layers.0.mlp.fc1"] == names["encoder.layers.1.self_attn.out_proj"] == layer
    assert names["head.mlp.fc1"] == "Linear"
    assert names["embeddings.patch_embedding"] == ("Linear" if kind == "naflex" else "Conv2d")


@pytest.fixture(scope="module")
def saved(checkpoints, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantised")
    return {
        "bnb-int8": quantised(checkpoints["v2"], folder / "int8", EIGHT),
        "bnb-nf4": quantised(checkpoints["v2"], folder / "nf4", FOUR),
    }


@pytest.mark.parametrize(("precision", "least"), [("bnb-int8", 0.999), ("bnb-nf4", 0.7)])
def test_quantised_weights_of_a_checkpoint_are_used_as_they_are(checkpoints, saved, tmp_path, precision, least):
    whole, checkpoint = open_checkpoint(checkpoints["v2"]), open_checkpoint(saved[precision])
    assert (checkpoint.quantisation, checkpoint.logit_bias) == (precision, -16.5)
    pixels = pixels_of(checkpoint)
    images = image_encoder(checkpoint, "cpu", None, OWN)
    assert images.precision == precision
    assert (images.encode(pixels) * own_vectors(whole, pixels)).sum(1).min() > least
    texts = text_encoder(checkpoint, tmp_path, "cpu", lambda: None, None)
    assert isinstance(texts, TransformersTextEncoder)
    exact = TorchTextEncoder(whole, "cpu").encode_text(TEXTS)
    assert (texts.encode_text(TEXTS) * exact).sum(1).min() > least
    assert texts.truncated(TEXTS) == [False, False, False, True]
    assert texts.encode_text([]).shape == (0, checkpoint.dimension)


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not list what is mapped")
@pytest.mark.parametrize("kind", ["v2", "bnb-int8", "bnb-nf4"])
def test_no_weights_stay_mapped_from_their_file(checkpoints, saved, kind):
    folder = checkpoints[kind] if kind == "v2" else saved[kind]
    checkpoint = open_checkpoint(folder)
    for load in (load_vision, load_text):
        model = load(checkpoint, "cpu", checkpoint.quantisation or "float32")
        gc.collect()
        assert f"{folder}/model.safetensors" not in Path("/proc/self/maps").read_text()
        del model


#: Cuts the weights' file short when transformers begins to read weights, and prints the error.
CUT = """
import os, sys
from pathlib import Path
from indexer.models import CheckpointDamaged, open_checkpoint
from indexer.models.siglip.transformers_encoders import load_text, load_vision

weights = Path(sys.argv[1]) / "model.safetensors"

def cut(frame, event, argument):
    if frame.f_code.co_name == "convert_and_load_state_dict_in_model":
        sys.setprofile(None)
        os.truncate(weights, 5000)

checkpoint = open_checkpoint(weights.parent)
for load in (load_vision, load_text):
    sys.setprofile(cut)
    try:
        load(checkpoint, "cpu", sys.argv[2])
    except CheckpointDamaged as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("kind", "precision"), [("v2", "float32"), ("v2", "bnb-int8"), ("bnb-int8", "bnb-int8"), ("bnb-nf4", "bnb-nf4")]
)
def test_weights_that_are_cut_while_they_load_are_an_error(checkpoints, saved, tmp_path, kind, precision):
    folder = shutil.copytree(checkpoints[kind] if kind == "v2" else saved[kind], tmp_path / "copy")
    done = subprocess.run([sys.executable, "-c", CUT, folder, precision], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    while_loading, cut_before = done.stdout.splitlines()
    assert "transformers cannot load it ([Errno 5] model.safetensors ends within " in while_loading
    assert "transformers cannot load it (model.safetensors ends within " in cut_before


@pytest.mark.parametrize("precision", ["float32", "int8", "bnb-nf4"])
def test_quantised_weights_have_no_other_precision(saved, precision):
    with pytest.raises(DeviceUnavailable, match="choose one of bnb-int8"):
        image_encoder(open_checkpoint(saved["bnb-int8"]), "cpu", precision, OWN)


def test_transformers_alone_would_load_one_quantised_encoder_wrongly(checkpoints, saved):
    """Shows the reason why the whole is loaded; if this fails, transformers was mended."""
    checkpoint = open_checkpoint(checkpoints["v2"])
    pixels = pixels_of(checkpoint, 2)
    scaled = (torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    model = SiglipVisionModel.from_pretrained(saved["bnb-int8"], device_map="cpu").eval()
    with torch.inference_mode():
        vectors = torch.nn.functional.normalize(model(pixel_values=scaled).pooler_output, dim=-1).numpy()
    assert (vectors * own_vectors(checkpoint, pixels)).sum(1).min() < 0.9


def test_whole_numbers_without_their_settings_are_refused(saved, tmp_path):
    config = json.loads((saved["bnb-int8"] / "config.json").read_text())
    del config["quantization_config"]
    for path in saved["bnb-int8"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointDamaged, match="is in I8, which config.json does not say"):
        SiglipImageEncoder(open_checkpoint(tmp_path), "cpu")


def test_the_programs_own_integers_are_not_for_transformers(checkpoints):
    with pytest.raises(DeviceUnavailable, match="bnb-int8"):
        image_encoder(open_checkpoint(checkpoints["v2"]), "cpu", "int8", TRANSFORMERS)


def test_a_missing_library_is_named_with_the_command_that_gets_it():
    with pytest.raises(BackendMissing, match=r"needs no_such_library, .*: pip install 'photos\[bnb\]'"):
        check_available("bnb-int8", "cpu", ["json", "no_such_library"])
    with pytest.raises(DeviceUnavailable, match="bnb-nf4 on cuda"):
        check_available("bnb-nf4", "mps")


def test_the_backend_and_its_attention_follow_from_the_precision(checkpoints, saved):
    checkpoint = open_checkpoint(checkpoints["v2"])
    assert backend_of(checkpoint, "float32", OWN) == OWN
    assert backend_of(checkpoint, "float32", TRANSFORMERS) == TRANSFORMERS
    assert backend_of(checkpoint, "bnb-nf4", OWN) == TRANSFORMERS
    assert backend_of(open_checkpoint(saved["bnb-int8"]), None, OWN) == TRANSFORMERS
    encoder = TransformersImageEncoder(checkpoint, "cpu", "float32")
    assert encoder._model.config._attn_implementation == attention_of(checkpoint, TRANSFORMERS) == "sdpa"
    assert attention_of(checkpoint, OWN) == "sdpa"


def test_a_weight_that_is_missing_is_no_random_one(checkpoints, tmp_path):
    from safetensors.torch import load_file, save_file

    for path in checkpoints["v2"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    del weights["vision_model.encoder.layers.1.mlp.fc1.bias"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointDamaged, match="lack encoder.layers.1.mlp.fc1.bias"):
        TransformersImageEncoder(open_checkpoint(tmp_path), "cpu", "float32")
    del weights["vision_model.head.probe"]
    weights["vision_model.post_layernorm.bias"] = torch.zeros(7)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointDamaged, match="transformers cannot load it"):
        TransformersImageEncoder(open_checkpoint(tmp_path), "cpu", "float32")


def test_quantising_prints_nothing_and_downloads_no_code(checkpoints, tmp_path):
    # bitsandbytes would ask this package for faster code from the hub, on processors with AVX512-BF16.
    fake = "import sys\n__version__ = '0.0'\ndef get_kernel(*_, **__): print('asked', file=sys.stderr)"
    (tmp_path / "kernels.py").write_text(fake)
    script = (
        "import socket, sys, numpy as np; from pathlib import Path; from indexer.models import open_checkpoint\n"
        "socket.socket.connect = lambda *_: print('connected', file=sys.stderr)\n"
        "from indexer.models.siglip.encoders import image_encoder\n"
        f"for folder in {[str(checkpoints['v2']), str(checkpoints['naflex'])]!r}:\n"
        " for precision in ('bnb-int8', 'bnb-nf4', 'float32'):\n"
        "  encoder = image_encoder(open_checkpoint(Path(folder)), 'cpu', precision, 'transformers')\n"
        "  print(encoder.encode([np.zeros((32, 32, 3), np.uint8)]).shape)"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    plain["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=plain)
    assert done.stderr == ""
    assert done.stdout.split() == ["(1,", "32)"] * 6
