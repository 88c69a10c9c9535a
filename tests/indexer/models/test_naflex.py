"""NaFlex checkpoints: pictures keep their proportions. Agreement with transformers on the same weights and pixels."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoModel, Siglip2Model, Siglip2Tokenizer
from transformers.models.siglip2.image_processing_pil_siglip2 import get_image_size_for_max_num_patches

from indexer.models import CheckpointDamaged, CheckpointUnsupported, open_checkpoint
from indexer.models.backends.linear import PLAIN, LinearLayers, linear
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from indexer.models.siglip.towers import InterpolatedPositions, VisionTower
from tests.checkpoints import make_naflex

#: Landscape, portrait, square, one pixel, 10:1, tiny ones, a telephone's screen, and one as wide as the patches reach.
SIZES = [(640, 480), (300, 450), (200, 200), (1, 1), (1000, 100), (3, 3), (40, 7), (1170, 2532), (5000, 1)]
TEXTS = ["Two Cats on the BEACH at sunset", "a photo of a red square", "snow", ""]
PATCHES = [64, 256, 1024]
JOINED = LinearLayers(linear, linear)


def pictures():
    random = np.random.default_rng(0)
    return [Image.fromarray(random.integers(0, 255, (height, width, 3), np.uint8)) for width, height in SIZES]


def opened(checkpoints, patches=None):
    return open_checkpoint(checkpoints["naflex"]).decoding(is_full=False, patches=patches)


def reference_inputs(folder, images, patches):
    # The image processor itself: `Siglip2Processor` sets numbers of its own.
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    return processor(images=images, max_num_patches=patches, return_tensors="pt")


def reference_logits(folder, images, patches):
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    assert isinstance(model, Siglip2Model)
    texts = [" ".join(text.lower().split()) for text in TEXTS]
    tokenizer = Siglip2Tokenizer.from_pretrained(folder)
    ids = tokenizer(texts, padding="max_length", max_length=64, truncation=True, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        return model(**reference_inputs(folder, images, patches), input_ids=ids).logits_per_image.numpy()


def our_logits(checkpoint, vectors):
    cosines = vectors @ TorchTextEncoder(checkpoint, "cpu").encode_text(TEXTS).T
    return np.exp(np.float32(checkpoint.logit_scale)) * cosines + np.float32(checkpoint.logit_bias)


@pytest.mark.parametrize("patches", PATCHES)
def test_logits_equal_the_reference_alone_and_in_company(checkpoints, patches):
    checkpoint = opened(checkpoints, patches)
    images = pictures()
    expected = reference_logits(checkpoint.folder, images, patches)
    assert np.ptp(expected) > 1, "a reference that says the same of everything would prove nothing"
    tower = SiglipImageEncoder(checkpoint, "cpu", "float32")
    pixels = [checkpoint.preprocessing.pixels(image) for image in images]
    together = tower.encode(pixels)
    assert np.abs(our_logits(checkpoint, together) - expected).max() < 1e-4
    assert (
        np.abs(our_logits(checkpoint, np.concatenate([tower.encode([one]) for one in pixels])) - expected).max() < 1e-4
    )
    # Twice over and in another order, so that shapes are scattered and passes hold several pictures.
    mixed = [*range(len(pixels)), *reversed(range(len(pixels)))]
    np.testing.assert_allclose(tower.encode([pixels[at] for at in mixed]), together[mixed], atol=1e-6)


@pytest.mark.parametrize("patches", PATCHES)
def test_pixels_and_shapes_equal_those_of_the_image_processor(checkpoints, patches):
    preprocessing = opened(checkpoints, patches).preprocessing
    images = pictures()
    expected = reference_inputs(checkpoints["naflex"], images, patches)
    for image, values, mask, shape in zip(
        images, *(expected[name] for name in ("pixel_values", "pixel_attention_mask", "spatial_shapes")), strict=True
    ):
        pixels = preprocessing.pixels(image)
        rows, columns = pixels.shape[0] // 16, pixels.shape[1] // 16
        assert [rows, columns] == shape.tolist()
        assert rows * columns == mask.sum()
        scaled = (pixels.astype(np.float32) * np.float32(preprocessing.rescale) - np.float32(0.5)) / np.float32(0.5)
        cut = scaled.reshape(rows, 16, columns, 16, 3).transpose(0, 2, 1, 3, 4).reshape(rows * columns, -1)
        np.testing.assert_allclose(cut, values[: rows * columns].numpy(), atol=1e-6)


@pytest.mark.parametrize("patches", [*PATCHES, 576, 100])
def test_every_picture_gets_the_size_that_the_reference_gives_it(checkpoints, patches):
    preprocessing = opened(checkpoints, patches).preprocessing
    random = np.random.default_rng(patches)
    sizes = [*SIZES, *(np.exp(random.uniform(0, 9.5, (300, 2))).astype(int) + 1).tolist(), (4032, 3024), (65_000, 2)]
    for width, height in sizes:
        tall, wide = get_image_size_for_max_num_patches(height, width, 16, patches)
        assert preprocessing.wanted(width, height) == (wide, tall)
        assert preprocessing.wanted(height, width) == (tall, wide)


def test_the_size_is_that_of_the_whole_picture_and_not_of_its_reduction(checkpoints):
    preprocessing = opened(checkpoints).preprocessing
    width, height = next(
        (width, height)
        for width in range(1000, 4000)
        for height in (2001, 2003)
        if preprocessing.wanted(width, height) != preprocessing.wanted(-(-width // 8), -(-height // 8))
    )
    reduced = Image.new("RGB", (-(-width // 8), -(-height // 8)))
    tall, wide, _ = preprocessing.pixels(reduced, (width, height)).shape
    assert (wide, tall) == preprocessing.wanted(width, height)


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "int8"])
def test_other_precisions_are_near_and_independent_of_company(checkpoints, precision):
    checkpoint = opened(checkpoints, 64)
    pixels = [checkpoint.preprocessing.pixels(image) for image in pictures() * 2]
    exact = SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels)
    tower = SiglipImageEncoder(checkpoint, "cpu", precision)
    vectors = tower.encode(pixels)
    assert (vectors * exact).sum(1).min() > 0.995
    if precision == "int8":
        np.testing.assert_array_equal(vectors, np.concatenate([tower.encode([one]) for one in pixels]))


def test_concatenated_matrices_make_the_same_vectors(checkpoints):
    checkpoint = opened(checkpoints)
    pixels = torch.randn(2, 48, 80, 3)
    with torch.inference_mode():
        apart, joined = (VisionTower(checkpoint, "cpu", "float32", kit)(pixels) for kit in (PLAIN, JOINED))
    torch.testing.assert_close(joined, apart, atol=1e-5, rtol=1e-5)


def test_positions_are_interpolated_once_for_a_shape_and_in_float32(checkpoints):
    checkpoint = opened(checkpoints)
    exact, half = (InterpolatedPositions(checkpoint, "cpu", precision) for precision in ("float32", "bfloat16"))
    assert exact(14, 18).shape == (252, 32)
    assert exact(14, 18) is exact(14, 18)
    assert torch.equal(half(14, 18), exact(14, 18).to(torch.bfloat16))
    table = load_file(checkpoint.folder / "model.safetensors")["vision_model.embeddings.position_embedding.weight"]
    torch.testing.assert_close(exact(16, 16), table)


def test_a_flexible_checkpoint_says_how_many_patches_it_sees(checkpoints):
    checkpoint = open_checkpoint(checkpoints["naflex"])
    assert (checkpoint.image_size, checkpoint.patches, checkpoint.preprocessing.name) == (
        None,
        256,
        "naflex-256-bilinear-1",
    )
    more = checkpoint.decoding(is_full=True, patches=576)
    assert (more.patches, more.preprocessing.name) == (576, "naflex-576-bilinear-1-full")
    fixed = open_checkpoint(checkpoints["v2"])
    assert fixed.patches is None
    assert fixed.decoding(is_full=False, patches=576) == fixed


@pytest.fixture
def copy(checkpoints, tmp_path):
    return shutil.copytree(checkpoints["naflex"], tmp_path / "copy")


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"patch_size": 14}, CheckpointDamaged, "16 x 16"),
        ({"max_num_patches": 0}, CheckpointDamaged, "max_num_patches is 0"),
        ({"resample": 1}, CheckpointUnsupported, "filter 1"),
        ({"do_resize": False}, CheckpointUnsupported, "does not resize"),
        ({"image_std": [0.5, 0, 0.5]}, CheckpointDamaged, "divides by zero"),
    ],
)
def test_settings_that_do_not_fit_are_refused(copy, change, error, said):
    edit(copy / "preprocessor_config.json", **change)
    with pytest.raises(error, match=said):
        open_checkpoint(copy)


def test_settings_that_are_left_out_are_those_of_transformers(copy):
    usual = open_checkpoint(copy).preprocessing
    (copy / "preprocessor_config.json").write_text('{"image_processor_type": "Siglip2ImageProcessor"}')
    assert open_checkpoint(copy).preprocessing == usual


def test_positions_that_are_no_square_or_not_as_many_as_said_are_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    edit(copy / "config.json", vision_config={**config["vision_config"], "num_patches": 250})
    with pytest.raises(CheckpointDamaged, match="250 positions"):
        open_checkpoint(copy)
    edit(copy / "config.json", vision_config={**config["vision_config"], "num_patches": 225})
    with pytest.raises(CheckpointDamaged, match="position_embedding"):
        SiglipImageEncoder(open_checkpoint(copy), "cpu")


def test_weights_of_a_fixed_resolution_are_refused(checkpoints, copy):
    weights = load_file(copy / "model.safetensors")
    name = "vision_model.embeddings.patch_embedding.weight"
    weights[name] = weights[name].reshape(-1, 3, 16, 16).contiguous()
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointDamaged, match="patch_embedding"):
        SiglipImageEncoder(open_checkpoint(copy), "cpu")


def test_other_widths_and_patches_agree_too(tmp_path):
    odd = {"hidden_size": 48, "num_attention_heads": 3, "intermediate_size": 101, "patch_size": 14, "num_patches": 49}
    folder = make_naflex(tmp_path / "odd", vision=odd)
    checkpoint = open_checkpoint(folder)
    images = pictures()
    vectors = SiglipImageEncoder(checkpoint, "cpu", "float32").encode(
        [checkpoint.preprocessing.pixels(i) for i in images]
    )
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        pooled = model.vision_model(**reference_inputs(folder, images, 256)).pooler_output
    np.testing.assert_allclose(vectors, torch.nn.functional.normalize(pooled, dim=-1).numpy(), atol=1e-6)
