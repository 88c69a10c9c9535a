"""Libraries in int8 on processors with and without VNNI: a library keeps its arithmetic."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

from indexer.models.backends.int8 import fastest_int8
from store import Catalog

from .program import run


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in {"a": "red", "b": "blue", "c": "green"}.items():
        picture = Image.new("RGB", (120, 90), "white")
        ImageDraw.Draw(picture).ellipse((20, 10, 90, 80), fill=colour)
        picture.save(folder / f"{name}.png")
    return folder


def photos(library, *arguments):
    status, out, err = run("photos", "--library", library, *arguments)
    assert status == 0, err.decode()
    return out.decode()


def precision(library):
    return json.loads(photos(library, "model", "status", "--json"))["precision"]


def vectors(library):
    """The embeddings, unit vectors, in the order of their photos."""
    with Catalog.open(library / "catalog.sqlite3") as catalog, catalog.read() as t:
        return np.concatenate([part.matrix for part in t.embeddings.scan(t.library.space_id(), 10)])


def mirror(pictures, name):
    with Image.open(pictures / "a.png") as picture:
        picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(pictures / name)


@pytest.fixture
def has_vnni():
    if fastest_int8() != "int8":
        pytest.skip("this processor has no VNNI")


@pytest.mark.usefixtures("has_vnni")
def test_a_library_in_narrow_integers_keeps_them_on_another_machine(tmp_path, pictures, monkeypatch):
    library = tmp_path / "library"
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    photos(library, "add", pictures, "--model", "demo", "--precision", "int8")
    if precision(library) == "int8":
        pytest.skip("this machine's oneDNN ignores the limit")
    assert precision(library) == "int8-narrow"
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    mirror(pictures, "d.png")
    # The setting of a new library does not change this one.
    photos(library, "add", pictures, "--precision", "int8")
    assert precision(library) == "int8-narrow"
    assert len(vectors(library)) == 4
    first = json.loads(photos(library, "search", "a red circle", "--json").splitlines()[0])
    assert first["path"].endswith(("a.png", "d.png"))


@pytest.mark.usefixtures("has_vnni")
def test_a_library_in_eight_bits_keeps_them_where_narrow_ones_are_faster(tmp_path, pictures, monkeypatch):
    moved, stayed = tmp_path / "moved", tmp_path / "stayed"
    photos(moved, "add", pictures, "--model", "demo", "--precision", "int8")
    shutil.copytree(moved, stayed)
    mirror(pictures, "d.png")
    photos(stayed, "add", pictures)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    photos(moved, "add", pictures)
    assert precision(moved) == "int8"
    # The sums are the same integers; only floats between the layers may round differently.
    assert np.abs((vectors(moved) * vectors(stayed)).sum(1) - 1).max() < 1e-3
