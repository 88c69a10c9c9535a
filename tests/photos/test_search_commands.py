"""`search`, `similar` and `embed`."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import pytest
from PIL import Image

from photos.__main__ import main
from photos.cli import Invocation

from .towers import ColourTowers

KEYS = [
    "path", "paths", "companions", "photo", "score", "logit", "probability", "width", "height", "format", "taken_at",
    "camera", "lens", "focal_length", "aperture", "exposure", "iso", "latitude", "longitude", "rating", "caption",
    "keywords", "tags",
]  # fmt: skip


def test_the_best_photo_comes_first(filled):
    result = filled("search", "something", "red")
    assert result.status == 0
    assert result.lines[0].split() == ["score", "probability", "file", "tags"]
    assert result.lines[1].split()[0] == "1"
    assert "red.png" in result.lines[1]
    assert len(result.lines) == 1 + 6


def test_top_limits_the_results_and_can_be_set_for_good(filled, monkeypatch):
    assert len(filled("search", "red", "--top", "2").lines) == 1 + 2
    monkeypatch.setenv("PHOTOS_TOP", "3")
    assert len(filled("search", "red").lines) == 1 + 3


def test_json_has_the_promised_keys_and_true_scores(filled, pictures):
    first = json.loads(filled("search", "red", "--json").lines[0])
    assert list(first) == KEYS
    assert first["path"] == str(pictures / "red.png")
    assert first["paths"] == [first["path"]]
    assert (first["width"], first["height"], first["format"]) == (40, 30, "PNG")
    assert first["logit"] == pytest.approx(20 * first["score"] - 10, abs=1e-4)
    assert first["probability"] == pytest.approx(1 / (1 + np.exp(-first["logit"])), abs=1e-5)
    assert first["tags"][0]["label"] == "red"
    assert list(first["tags"][0]) == [
        "label",
        "score",
        "probability",
        "calibrated",
        "threshold",
        "source",
        "origin",
        "implied_by",
    ]


def test_paths_come_one_a_line_or_ended_by_a_nul(filled, pictures):
    assert filled("search", "red", "--paths", "-t", "1").out == f"{pictures}/red.png\n"
    assert filled("search", "red", "-0", "-t", "2").out.count("\0") == 2


def test_a_copied_file_is_one_result_with_two_paths(filled, pictures):
    (pictures / "a copy.png").write_bytes((pictures / "red.png").read_bytes())
    filled("index")
    results = [json.loads(line) for line in filled("search", "red", "--json").lines]
    assert len(results) == 6
    assert results[0]["paths"] == [str(pictures / "a copy.png"), str(pictures / "red.png")]


def test_names_are_kept_byte_for_byte_and_shown_safely(filled, pictures):
    name = os.fsencode(pictures) + b"/\x1b[31m\n\xff.png"
    os.rename(pictures / "red.png", name)
    filled("index")
    assert "\x1b" not in filled("search", "red", "-t", "1").out
    assert os.fsencode(json.loads(filled("search", "red", "--json").lines[0])["path"]) == name


def test_a_text_that_was_searched_before_needs_no_encoder(filled):
    filled("search", "blue", "sky")
    filled.towers.texts = 0
    assert filled("search", "Blue", " sky").status == 0
    assert filled.towers.texts == 0


def test_a_query_that_is_too_long_is_cut_and_says_so(filled):
    result = filled("search", *["red"] * 10_000)
    assert result.status == 0
    assert "longer than the model reads" in result.err


@pytest.mark.parametrize("words", [[""], [" ", "\t"]])
def test_an_empty_query_is_one_sentence(filled, words):
    result = filled("search", *words)
    assert (result.status, result.out) == (1, "")
    assert result.err.count("\n") == 1


def test_words_that_look_like_options_follow_two_dashes(filled):
    assert filled("search", "--", "-red").status == 0
    assert filled("search", "-red").status == 2


def test_searching_an_empty_library_is_one_sentence_and_makes_nothing(photos):
    result = photos("search", "red")
    assert result.status == 1
    assert "has no photos yet; run `photos add FOLDER`" in result.err
    assert not photos.library.exists()


def test_similar_leaves_the_photo_itself_out(filled, pictures):
    filled.towers.images = 0
    paths = filled("similar", pictures / "red.png", "--paths").lines
    assert len(paths) == 5
    assert str(pictures / "red.png") not in paths
    assert filled.towers.images == 0


def test_similar_takes_any_picture(filled, tmp_path):
    Image.new("RGB", (9, 9), (225, 35, 25)).save(tmp_path / "reddish.jpg")
    first = json.loads(filled("similar", tmp_path / "reddish.jpg", "--json").lines[0])
    assert first["path"].endswith("/red.png")
    assert "probability" not in filled("similar", tmp_path / "reddish.jpg").lines[0]


def test_similar_knows_a_copy_by_its_content(filled, pictures, tmp_path):
    (tmp_path / "other.png").write_bytes((pictures / "red.png").read_bytes())
    assert len(filled("similar", tmp_path / "other.png", "--paths").lines) == 5


@pytest.mark.parametrize("command", ["similar", "embed", "tags"])
def test_a_picture_that_is_not_there_is_one_sentence(filled, command, tmp_path):
    result = filled(command, tmp_path / "none.jpg")
    assert (result.status, result.out) == (1, "")
    assert "none.jpg" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"text", b"\xff\xd8\xff\xe0broken"])
def test_a_file_that_is_no_picture_is_one_sentence(filled, tmp_path, content):
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    result = filled("similar", path)
    assert result.status == 1
    assert "broken.jpg cannot be read as a picture: " in result.err


def test_a_folder_is_no_picture(filled, tmp_path):
    assert "it is a folder" in filled("similar", tmp_path).err


def test_embed_gives_the_same_vector_plainly_and_as_json(filled, pictures):
    plain = [float(line) for line in filled("embed", pictures / "red.png").lines]
    whole = json.loads(filled("embed", pictures / "red.png", "--json").out)
    assert whole["dimension"] == len(plain) == 8
    assert whole["vector"] == plain
    assert np.linalg.norm(plain) == pytest.approx(1, abs=1e-6)


def test_embed_can_write_numpy(checkpoint, tmp_path, capsysbinary):
    invocation = Invocation(towers=ColourTowers(), environment={"PHOTOS_LIBRARY": str(tmp_path / "none")})
    assert main(["embed", "--text", "red", "--raw", "--model", str(checkpoint)], invocation) == 0
    vector = np.load(io.BytesIO(capsysbinary.readouterr().out))
    assert (vector.shape, vector.dtype) == ((8,), np.float32)
    assert not (tmp_path / "none").exists()


def test_embed_takes_several(filled, pictures):
    alone = json.loads(filled("embed", pictures / "red.png", "--json").out)
    both = [json.loads(line) for line in filled("embed", pictures / "blue.png", pictures / "red.png", "--json").lines]
    assert [each["path"] for each in both] == [str(pictures / "blue.png"), str(pictures / "red.png")]
    assert both[1]["vector"] == alone["vector"] != both[0]["vector"]
    assert filled("embed", pictures / "blue.png", pictures / "red.png").status == 2


def test_embed_wants_a_picture_or_a_text(filled):
    assert filled("embed").status == 2
    assert filled("embed", "x.jpg", "--text", "red").status == 2
    assert filled("embed", "--text", "red", "--json", "--raw").status == 2
