"""Sample libraries: dated folders of pictures with their capture facts, the same on every machine."""

import json

import numpy as np
import pytest

from indexer.decode import read_photo
from indexer.models import Preprocessing
from photos.demo.capture import capture_of
from photos.demo.draw import draw_scene
from photos.demo.library import TRUTH, draw_library, sample_picture
from photos.demo.splits import scene_at

SQUARE = Preprocessing(64, "bicubic", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    return folder, draw_library(folder, 12, seed=3, workers=2)


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pictures_do_not_depend_on_count_or_workers(drawn, tmp_path):
    folder, pictures = drawn
    draw_library(tmp_path, 5, seed=3, workers=1)
    for picture in pictures[:5]:
        assert (tmp_path / picture.path).read_bytes() == (folder / picture.path).read_bytes()
    assert [picture.path for picture in pictures] == [sample_picture("library", 3, index).path for index in range(12)]


def test_only_missing_pictures_are_drawn_again(drawn):
    folder, pictures = drawn
    before = {path: (folder / path).stat().st_mtime_ns for path in files(folder)}
    steps = []
    draw_library(folder, 12, seed=3, progress=lambda done, total: steps.append((done, total)))
    assert steps == []
    assert {path: (folder / path).stat().st_mtime_ns for path in files(folder)} == before
    content = (folder / pictures[4].path).read_bytes()
    (folder / pictures[4].path).unlink()
    draw_library(folder, 12, seed=3, workers=1, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(12, 12)]
    assert (folder / pictures[4].path).read_bytes() == content


def test_no_partial_file_is_left(drawn):
    folder, _ = drawn
    assert [path.name for path in folder.rglob(".*")] == [TRUTH]


def test_the_ground_truth_is_a_hidden_file(drawn):
    folder, pictures = drawn
    lines = [json.loads(line) for line in (folder / TRUTH).read_text().splitlines()]
    assert [line["path"] for line in lines] == [picture.path for picture in pictures]
    assert lines[0]["place"] == pictures[0].scene.place


def test_the_indexer_reads_the_intended_metadata(drawn):
    folder, pictures = drawn
    for picture in pictures:
        photo = read_photo((folder / picture.path).read_bytes(), SQUARE)
        capture = capture_of(picture.scene)
        assert (photo.facts.width, photo.facts.height) == (640, 480)
        assert (photo.facts.taken_at, photo.facts.taken_offset) == (capture.taken_at, capture.offset)
        assert photo.facts.camera.endswith(capture.model)
        if capture.position is None:
            assert photo.facts.latitude is None
        else:
            assert photo.facts.latitude == pytest.approx(capture.position[0], abs=1e-4)
            assert photo.facts.longitude == pytest.approx(capture.position[1], abs=1e-4)
        upright = SQUARE.pixels(draw_scene(picture.scene, 640, 480)).astype(int)
        assert np.abs(photo.pixels - upright).mean() < 4


def test_capture_facts_fit_the_scene():
    captures = [(scene_at("library", index), capture_of(scene_at("library", index))) for index in range(400)]
    assert {capture.orientation for _, capture in captures} == {1, 3, 6, 8}
    assert {capture.position is None for _, capture in captures} == {True, False}
    for scene, capture in captures:
        assert not scene.snowy or capture.taken_at.month in {12, 1, 2}
        assert scene.time != "night" or (capture.taken_at.hour >= 22 and capture.iso >= 1600)
