"""Folders of other programs and architectures are refused, and the checkpoint that would fit is named."""

from __future__ import annotations

import json
import shutil

import pytest

from indexer.models import CheckpointUnsupported, download, open_checkpoint

from .test_sources import FolderHub

SECOND_BASE = {
    "vision_cfg": {"image_size": 256, "timm_model_name": "vit_base_patch16_siglip_256", "timm_pool": "map"},
    "text_cfg": {"context_length": 64, "vocab_size": 256_000, "hf_tokenizer_name": "timm/ViT-B-16-SigLIP2-256"},
}


def folder_of(tmp_path, **files):
    """A folder with those files: settings, or any other content."""
    folder = tmp_path / "other"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content) if isinstance(content, dict) else content)
    return folder


def refused(folder):
    with pytest.raises(CheckpointUnsupported) as caught:
        open_checkpoint(folder)
    return str(caught.value)


def clip_of(name, vocabulary):
    return {"vision_cfg": {"timm_model_name": name}, "text_cfg": {"vocab_size": vocabulary}}


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (SECOND_BASE, "google/siglip2-base-patch16-256"),
        (clip_of("vit_so400m_patch16_siglip_384", 256_000), "google/siglip2-so400m-patch16-384"),
        (clip_of("vit_so400m_patch14_siglip_384", 32_000), "google/siglip-so400m-patch14-384"),
        (clip_of("vit_giantopt_patch16_siglip_384", 256_000), "google/siglip2-giant-opt-patch16-384"),
        (clip_of("vit_base_patch16_siglip_224", 32_000), "google/siglip-base-patch16-224"),
        (clip_of("vit_base_patch16_siglip_256", 250_000), "google/siglip-base-patch16-256-multilingual"),
        (clip_of("naflexvit_base_patch16_siglip", 256_000), "google/siglip2-base-patch16-naflex"),
        ({"vision_cfg": {"layers": 12, "width": 768}}, "such as google/siglip2-base-patch16-256"),
        ({"vision_cfg": {"timm_model_name": "fastvit_mci2"}}, "such as google/siglip2-base-patch16-256"),
        ({"vision_cfg": 3}, "such as google/siglip2-base-patch16-256"),
    ],
)
def test_the_form_of_open_clip_names_the_same_model(tmp_path, model, named):
    files = {"open_clip_config.json": {"model_cfg": model}, "open_clip_model.safetensors": ""}
    assert f"{named}." in refused(folder_of(tmp_path, **files))


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"architecture": "vit_base_patch16_siglip_512", "pretrained_cfg": {"tag": "v2_webli"}}, "siglip2-base"),
        ({"architecture": "vit_base_patch16_siglip_512", "pretrained_cfg": {"tag": "webli"}}, "siglip-base"),
        ({"architecture": "vit_small_patch14_dinov2"}, "google/siglip2-base-patch16-256"),
    ],
)
def test_an_image_encoder_of_timm_names_the_whole_model(tmp_path, config, named):
    sentence = refused(folder_of(tmp_path, **{"config.json": config, "model.safetensors": ""}))
    assert "timm" in sentence
    assert named in sentence


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("clip", "'clip' and not a SigLIP"),
        ("tipsv2", "'tipsv2' and not a SigLIP"),
        ("mobileclip", "'mobileclip' and not a SigLIP"),
        ("metaclip_2", "'metaclip_2' and not a SigLIP"),
        ("dinov2", "no text encoder"),
        ("dinov3_vit", "no text encoder"),
        ("siglip_vision_model", "one encoder of a SigLIP alone"),
        (None, "names no type of model"),
    ],
)
def test_other_architectures_are_named(tmp_path, kind, said):
    config = {} if kind is None else {"model_type": kind}
    sentence = refused(folder_of(tmp_path, **{"config.json": config}))
    assert said in sentence
    assert "google/siglip2-base-patch16-256" in sentence


@pytest.fixture
def copy(checkpoints, tmp_path):
    return shutil.copytree(checkpoints["v2"], tmp_path / "copy")


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("method", ["gptq", "awq", "fp8", "torchao", "compressed-tensors"])
def test_quantised_weights_name_the_original(copy, method):
    config = json.loads((copy / "config.json").read_text())
    vision = {**config["vision_config"], "hidden_size": 1152, "patch_size": 14, "image_size": 384}
    text = {**config["text_config"], "vocab_size": 256_000}
    edit(copy / "config.json", vision_config=vision, text_config=text, quantization_config={"quant_method": method})
    sentence = refused(copy)
    assert f"quantised by {method}" in sentence
    assert "take google/siglip2-so400m-patch14-384 and --precision int8 instead" in sentence


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("onnx/vision_model_quantized.onnx", "an ONNX export"),
        ("model.onnx", "an ONNX export"),
        ("siglip2-q4_k.gguf", "in GGUF form"),
        ("siglip2_b16_256.npz", "in JAX form"),
    ],
)
@pytest.mark.parametrize("has_config", [True, False])
def test_exports_name_the_original(copy, file, form, has_config):
    (copy / "model.safetensors").unlink()
    if has_config:
        # Settings that are left out are those of transformers: base, patches of 16 pixels.
        edit(copy / "config.json", vision_config={"image_size": 256}, text_config={"vocab_size": 256_000})
        edit(copy / "preprocessor_config.json", size={"height": 256, "width": 256})
    else:
        (copy / "config.json").unlink()
    (copy / file).parent.mkdir(exist_ok=True)
    (copy / file).write_bytes(b"")
    assert f"it is {form}; take google/siglip2-base-patch16-256 instead" in refused(copy)


def test_a_repository_of_another_form_costs_no_download(tmp_path):
    source = folder_of(tmp_path, **{"open_clip_config.json": {"model_cfg": SECOND_BASE}, "model.safetensors": "large"})
    hub = FolderHub(source)
    with pytest.raises(CheckpointUnsupported, match="is google/siglip2-base-patch16-256"):
        download("timm/ViT-B-16-SigLIP2-256", tmp_path / "models", hub)
    assert hub.fetched == ["open_clip_config.json"]
    assert not list((tmp_path / "models" / ".partial").iterdir())


def test_a_repository_without_safetensors_says_so(copy, tmp_path):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(CheckpointUnsupported, match="repository has no weights in safetensors form"):
        download("someone/siglip", tmp_path / "models", FolderHub(copy))
