"""A library of a NaFlex checkpoint: the whole program with the true encoders."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from indexer.decode import read_photo
from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from photos.config import load
from photos.library import OpenLibrary
from photos.operations.models.checkpoints import model_status
from tests.checkpoints import make_naflex, make_v2
from tests.photos.conftest import Program

TURNED = 6
#: Size and EXIF orientation of each picture.
PICTURES = {
    "landscape.jpg": (900, 600, 1),
    "portrait.jpg": (600, 900, 1),
    "turned.jpg": (900, 600, TURNED),
    "screen.png": (300, 650, 1),
    "panorama.jpg": (1600, 160, 1),
    "square.webp": (300, 300, 1),
    "tiny.png": (3, 5, 1),
    "dot.png": (1, 1, 1),
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    return {"naflex": make_naflex(folder / "naflex"), "fixed": make_v2(folder / "fixed")}


@pytest.fixture
def scenes(tmp_path):
    folder = tmp_path / "scenes"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name, (width, height, orientation) in PICTURES.items():
        image = Image.fromarray(random.integers(0, 255, (max(1, height // 9), max(1, width // 9), 3), np.uint8))
        image = image.resize((width, height))
        exif = image.getexif()
        exif[0x0112] = orientation
        image.save(folder / name, exif=exif, **({"quality": 90} if name.endswith("jpg") else {}))
    return folder


@pytest.fixture
def naflex(tmp_path, capsys):
    """Runs a command on one library, with the encoders of the program."""
    return Program(tmp_path / "library", capsys, PHOTOS_PRECISION="float32", PHOTOS_DEVICE="cpu", PHOTOS_BATCH_SIZE="3")


@pytest.mark.parametrize("patches", [256, 576])
def test_pictures_of_every_shape_are_indexed_searched_and_found_again(naflex, scenes, checkpoints, patches, tmp_path):
    result = naflex("add", scenes, "--model", checkpoints["naflex"], "--patches", patches)
    assert result.status == 0, result.err
    vectors = naflex.embeddings()
    assert set(vectors) == set(PICTURES)
    checkpoint = open_checkpoint(checkpoints["naflex"]).decoding(is_full=False, patches=patches)
    encoder = SiglipImageEncoder(checkpoint, "cpu", "float32")
    for name, vector in vectors.items():
        pixels = read_photo((scenes / name).read_bytes(), checkpoint.preprocessing).pixels
        width, height, orientation = PICTURES[name]
        upright = (height, width) if orientation == TURNED else (width, height)
        assert (pixels.shape[1], pixels.shape[0]) == checkpoint.preprocessing.wanted(*upright)
        assert (encoder.encode([pixels])[0] * vector).sum() > 0.9999, name
    found = [json.loads(line)["path"] for line in naflex("search", "snow", "--all", "--json").lines]
    assert {os.path.basename(path) for path in found} == set(PICTURES)
    assert naflex("verify").status == 0
    other = tmp_path / "other.jpg"
    other.write_bytes((scenes / "landscape.jpg").read_bytes() + b"\0")
    best = json.loads(naflex("similar", other, "--json").lines[0])
    assert os.path.basename(best["path"]) == "landscape.jpg"
    assert best["score"] > 0.9999


def test_reduced_decoding_aims_at_the_size_of_the_whole_picture(scenes, checkpoints):
    reduced = open_checkpoint(checkpoints["naflex"])
    full = reduced.decoding(is_full=True)
    for name, (width, height, orientation) in {**PICTURES, "large.jpg": (2005, 3003, TURNED)}.items():
        if name == "large.jpg":
            image = Image.radial_gradient("L").resize((width, height)).convert("RGB")
            exif = image.getexif()
            exif[0x0112] = orientation
            image.save(scenes / name, exif=exif)
        data = (scenes / name).read_bytes()
        assert read_photo(data, reduced.preprocessing).pixels.shape == read_photo(data, full.preprocessing).pixels.shape


def test_blank_pages_of_two_shapes_are_two_photos(naflex, tmp_path, checkpoints):
    folder = tmp_path / "pages"
    folder.mkdir()
    wide, tall = Image.new("RGB", (900, 700), "white"), Image.new("RGB", (700, 900), "white")
    wide.save(folder / "wide.png")
    wide.save(folder / "wide again.png", compress_level=1)
    tall.save(folder / "tall.png")
    naflex("add", folder, "--model", checkpoints["naflex"])
    vectors = naflex.embeddings()
    assert (vectors["wide.png"] == vectors["wide again.png"]).all()
    assert (vectors["wide.png"] != vectors["tall.png"]).any()
    # The other page under the old name is no edit of the facts alone.
    tall.save(folder / "wide.png", compress_level=1)
    assert naflex("index").status == 0
    assert (naflex.embeddings()["wide.png"] == vectors["tall.png"]).all()


def test_a_library_keeps_its_patches(naflex, scenes, checkpoints, monkeypatch):
    assert naflex("model", "use", checkpoints["naflex"]).status == 0
    chosen = naflex("model", "use", checkpoints["naflex"], "--patches", 576)
    assert "up to 576 patches a picture" in chosen.out
    assert naflex("add", scenes).status == 0
    status = json.loads(naflex("model", "status", "--json").out)
    assert (status["patches"], status["image_size"]) == (576, None)
    assert status["preprocessing"] == "naflex-576-bilinear-1"
    refused = naflex("add", scenes, "--patches", 1024)
    assert refused.status == 1
    assert "up to 576 patches" in refused.err
    assert "photos model try NAME --patches 1024" in refused.err
    assert naflex("add", scenes, "--patches", 576).status == 0
    # A later setting changes nothing, as with `decode`.
    monkeypatch.setenv("PHOTOS_PATCHES", "1024")
    assert naflex("add", scenes).status == 0
    assert json.loads(naflex("model", "status", "--json").out)["patches"] == 576
    embedded = json.loads(naflex("embed", scenes / "landscape.jpg", "--json").out)["vector"]
    np.testing.assert_allclose(embedded, naflex.embeddings()["landscape.jpg"], atol=1e-3)


def test_the_setting_is_for_new_libraries_of_naflex_checkpoints(naflex, scenes, checkpoints, monkeypatch):
    monkeypatch.setenv("PHOTOS_PATCHES", "576")
    assert naflex("model", "use", checkpoints["fixed"]).status == 0
    assert json.loads(naflex("model", "status", "--json").out)["patches"] is None
    refused = naflex("model", "use", checkpoints["fixed"], "--patches", "576")
    assert refused.status == 1
    assert "fixed resolution" in refused.err
    assert naflex("model", "use", checkpoints["naflex"]).status == 0
    assert json.loads(naflex("model", "status", "--json").out)["patches"] == 576
    monkeypatch.setenv("PHOTOS_PATCHES", "300")
    assert "256, 576, 1024" in naflex("status").err


def test_the_status_of_a_library_without_a_space_shows_the_setting(tmp_path, checkpoints):
    options = {"library": tmp_path / "new", "model": str(checkpoints["naflex"]), "patches": 1024}
    with OpenLibrary(load(options, {})) as library:
        assert model_status(library).patches == 1024
