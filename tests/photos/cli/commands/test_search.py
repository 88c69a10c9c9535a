"""`search`, `similar` and `embed`."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from photos.__main__ import main
from photos.cli import Invocation
from photos.cli.kit.search_options import FILTERS
from query.language import FILTER_TYPES
from tests.photos.encoders import ColourEncoders

KEYS = [
    "path", "paths", "companions", "photo", "score", "logit", "probability", "width", "height", "format", "taken_at",
    "date_source", "camera", "lens", "focal_length", "aperture", "exposure", "iso", "latitude", "longitude", "rating",
    "caption", "keywords", "tags",
]  # fmt: skip


def test_every_form_of_a_result_uses_the_file_that_meets_the_filter(filled, pictures, tmp_path):
    (pictures / "zz backup").mkdir()
    copy = pictures / "zz backup" / "kept.png"
    copy.write_bytes((pictures / "red.png").read_bytes())
    filled("index")
    for words in (["red", "in:zz*"], ["in:zz*"], ["in:zz*", "is:duplicate"], ["red", "name:kept*", "--group"]):
        assert filled("search", *words, "--paths").lines == [str(copy)]
        assert filled("search", *words, "-0").out == f"{copy}\0"
        record = json.loads(filled("search", *words, "--json").out)
        assert (record["path"], record["paths"]) == (str(copy), [str(copy), str(pictures / "red.png")])
        assert "kept.png  in 2 places" in filled("search", *words).out
    filled("search", "red", "in:zz*", "--link-to", tmp_path / "links", "--copy-to", tmp_path / "copies")
    (link,) = (tmp_path / "links").iterdir()
    assert os.path.samefile(link, copy)
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["001-kept.png"]
    filled("search", "red", "in:zz*", "--sheet", tmp_path / "sheet.html")
    assert 'title="kept.png"' in (tmp_path / "sheet.html").read_text()


def test_stray_options_are_wrong_usage(filled):
    for stray, sentence in (
        (["-n", "3"], "`-n` would take away a letter or a number"),
        (["-v", "dog"], "'- v' takes the word away"),
        (["-5"], "'- 5' takes the word away"),
        (["-year", "2019"], "-year:VALUE"),
        (["-json"], "Did you mean --json?"),
        (["-paths"], "Did you mean --paths?"),
    ):
        result = filled("search", "red", *stray)
        assert (result.status, result.out) == (2, "")
        assert sentence in result.err
    assert filled("why", "red.png", "red", "-n").status == filled("why", "red.png", "red", "-json").status == 2
    assert filled("search", "red", "-", "json").status == 0


def test_a_word_that_is_a_file_gets_a_sentence(filled, pictures, monkeypatch):
    monkeypatch.chdir(pictures.parent)
    for typed in ("pictures/red.png", "+pictures/red.png", "-2:pictures/red.png"):
        result = filled("search", "something", typed)
        assert (result.status, result.out) == (2, "")
        assert "is a file here; write ./pictures/red.png for photos that look like it" in result.err
    assert "write in:./pictures/bright/ for" in filled("search", "pictures/bright/").err
    monkeypatch.chdir(pictures)
    (pictures / "two words.png").write_bytes((pictures / "red.png").read_bytes())
    for typed in ("red.png", "two words.png", "notes.txt"):
        assert f"write ./{typed} for" in filled("search", typed).err
    assert filled("search", "./red.png", "--json").status == 0
    assert filled("search", "\\red.png", "bright", "no.png", "and/or").status == 0
    assert "is a file here" in filled("why", "red.png", "red.png").err
    assert len(filled("search", "in:./bright/", "--paths").lines) == 2


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


def test_paths_are_ended_by_a_line_feed_or_a_nul(filled, pictures):
    assert filled("search", "red", "--paths", "-t", "1").out == f"{pictures}/red.png\n"
    assert filled("search", "red", "-0", "-t", "2").out.count("\0") == 2


def test_a_copied_file_is_one_result_with_two_paths(filled, pictures):
    (pictures / "a copy.png").write_bytes((pictures / "red.png").read_bytes())
    filled("index")
    results = [json.loads(line) for line in filled("search", "red", "--json").lines]
    assert len(results) == 6
    assert results[0]["paths"] == [str(pictures / "a copy.png"), str(pictures / "red.png")]
    first, second = filled("search", "red", "-t", "2").lines[1:]
    assert "a copy.png  in 2 places " in first
    assert "places" not in second


def test_names_are_kept_byte_for_byte_and_shown_safely(filled, pictures):
    name = os.fsencode(pictures) + b"/\x1b[31m\n\xff.png"
    os.rename(pictures / "red.png", name)
    filled("index")
    assert "\x1b" not in filled("search", "red", "-t", "1").out
    assert os.fsencode(json.loads(filled("search", "red", "--json").lines[0])["path"]) == name


def test_a_repeated_text_needs_no_encoder(filled):
    filled("search", "blue", "sky")
    filled.encoders.texts = 0
    assert filled("search", "Blue", " sky").status == 0
    assert filled.encoders.texts == 0


def test_a_query_that_is_too_long_is_cut_with_a_note(filled):
    result = filled("search", *["red"] * 1000)
    assert result.status == 0
    assert "longer than the model reads" in result.err


@pytest.mark.parametrize("words", [["x" * 4097], ["red"] * 1025, ["name:" + "é*" * 1500], ["like:" + "a/" * 2100]])
def test_a_query_of_more_than_4_kib_is_one_sentence(filled, words):
    result = filled("search", "--", *words)
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "a query has at most 4096" in result.err
    assert len(result.err) < 200


@pytest.mark.parametrize("words", [[""], [" ", "\t"]])
def test_an_empty_query_is_one_sentence(filled, words):
    result = filled("search", *words)
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1


def test_every_filter_is_an_option_and_every_option_a_filter():
    # One name for sizes is enough.
    assert set(FILTERS) == set(FILTER_TYPES) - {"mp", "filesize"}


def test_a_search_without_words_is_wrong_usage(filled):
    assert filled("search").status == 2


@pytest.mark.parametrize(
    "words",
    [["-iso:" + "|".join(map(str, range(500)))], [f"-f:{number}" for number in range(500)]],
)
def test_the_limit_of_filter_values_is_500(filled, words):
    assert len(paths(filled("search", *words, "--paths"))) == 6
    assert filled("search", *words, "iso:1").status == 2


def test_a_dash_subtracts_words_and_mistyped_options_are_errors(filled):
    (most, *_, least) = filled("search", "red", "--paths").lines
    assert filled("search", "-red", "--paths").lines[0] == least
    assert filled("search", "--", "-red", "--paths").status == 2
    assert filled("search", "-t1", "-red", "--paths").lines == [least]
    assert filled("search", "red", "-t", "1", "--paths", "-blue").lines == [most]
    assert "requires an argument" in filled("search", "red", "-t").err
    wrong = filled("search", "red", "--topp", "3")
    assert (wrong.status, wrong.out) == (2, "")
    assert "--top" in wrong.err


def paths(result):
    assert result.status == 0, result.err
    return [os.path.basename(path) for path in result.lines]


def test_terms_are_added_and_taken_away(filled):
    assert set(paths(filled("search", "red", "+", "yellow", "--paths", "-t", "2"))) == {"red.png", "yellow.png"}
    assert paths(filled("search", "red", "+", "blue", "-red", "--paths", "-t1")) == ["blue.png"]
    assert paths(filled("search", 'red +"blue" - 2:red', "--paths", "-t1")) != ["red.png"]


def test_only_a_single_text_has_a_probability(filled):
    def first(*query):
        return json.loads(filled("search", *query, "--json").lines[0])

    alone, weighted, both = first("red"), first("2:red"), first("red", "+", "red")
    assert alone["score"] == pytest.approx(weighted["score"], abs=1e-6) == pytest.approx(both["score"], abs=1e-6)
    assert weighted["probability"] == pytest.approx(alone["probability"], abs=1e-6)
    assert (both["logit"], both["probability"]) == (None, None)
    table = filled("search", "red", "+", "blue")
    assert table.lines[0].split() == ["score", "file", "tags"]


def test_pictures_are_terms_by_their_paths_and_by_option(filled, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (9, 9), (225, 35, 25)).save(tmp_path / "reddish one.jpg")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / 'a"b\\c|d.png').write_bytes((pictures / "blue.png").read_bytes())
    assert paths(filled("search", "./reddish one.jpg", "--paths", "-t1")) == ["red.png"]
    assert paths(filled("search", "--like", "reddish one.jpg", "--paths", "-t1")) == ["red.png"]
    assert paths(filled("search", "--like", 'odd/a"b\\c|d.png', "--paths", "-t1")) == ["blue.png"]
    assert paths(filled("search", pictures / "red.png", "-green", "--paths", "-t1")) == ["red.png"]
    twice = paths(
        filled("search", "--like", pictures / "red.png", "--like", pictures / "bright/yellow.png", "--paths", "-t2")
    )
    assert set(twice) == {"red.png", "yellow.png"}
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths(filled("search", "~/reddish one.jpg", "--paths", "-t1")) == ["red.png"]
    missing = filled("search", "./none.jpg")
    assert (missing.status, missing.err.count("\n")) == (1, 1)
    assert f"{tmp_path}/none.jpg does not exist" in missing.err


def test_filters_narrow_a_search_and_alone_list_photos(filled, pictures):
    bright = ["white.png", "yellow.png"]
    assert sorted(paths(filled("search", "red", "in:bright", "--paths"))) == bright
    assert sorted(paths(filled("search", "red", "--in", "bright", "--paths"))) == bright
    assert sorted(paths(filled("search", f"in:{pictures}/bright", "--paths"))) == bright
    assert len(paths(filled("search", "-in:bright", "--paths"))) == 4
    assert len(paths(filled("search", "--not", "in:bright", "--paths"))) == 4
    no_filter = filled("search", "red", "--not", "blue")
    assert (no_filter.status, no_filter.out) == (2, "")
    assert "NAME:VALUE" in no_filter.err
    both = paths(filled("search", "name:r*.png|b*.png", "-name:black*", "--paths"))
    assert sorted(both) == ["blue.png", "red.png"]
    listed = json.loads(filled("search", "name:red.png", "--json").lines[0])
    assert (listed["score"], listed["logit"], listed["probability"]) == (None, None, None)
    assert filled("search", "name:red.png").lines[0].split() == ["file", "tags"]


def test_relative_folders_begin_in_the_working_directory(filled, pictures, monkeypatch):
    monkeypatch.chdir(pictures / "bright")
    assert len(paths(filled("search", "in:.", "--paths"))) == 2
    assert len(paths(filled("search", "in:..", "--paths"))) == 6
    assert len(paths(filled("search", "in:../bright/", "--paths"))) == 2


def test_a_tag_filters_and_an_unknown_one_is_named(filled, pictures):
    filled("tag", pictures / "blue.png", "+our cat", "-blue")
    assert paths(filled("search", "tag:our cat", "--paths")) == ["blue.png"]
    assert "blue.png" not in paths(filled("search", "tag:blue", "--paths"))
    assert "blue.png" in paths(filled("search", "-tag:blue", "--paths"))
    assert "blue.png" in paths(filled("search", "is:untagged|tagged", "--paths"))
    wrong = filled("search", "dog", "tag:gren")
    assert (wrong.status, wrong.out) == (2, "")
    assert "`tag:gren`" in wrong.err
    assert "tag:green" in wrong.err
    assert "did you mean tag:blue|green?" in filled("search", "tag:blue,green").err


def test_the_filter_that_leaves_no_photo_is_named(filled):
    filled.encoders.texts = 0
    result = filled("search", "red", "year:1999", "name:red.png")
    assert (result.status, result.out) == (1, "")
    assert "No photo meets `year:1999`." in result.err
    assert "No photo meets all of the filters together." in filled("search", "name:red.png", "name:blue.png").err
    assert filled.encoders.texts == 0


def test_a_part_of_a_folder_name_gets_a_suggestion(filled):
    result = filled("search", "in:icture")
    assert (result.status, result.out) == (1, "")
    assert "No photo meets `in:icture`, but some meet `in:*icture*`." in result.err
    assert filled("search", "in:*icture*").status == 0
    assert "No photo meets `in:nowhere`." in filled("search", "in:nowhere").err
    assert "No photo meets `in:./icture`." in filled("search", "in:./icture").err


def test_a_wrong_token_is_one_sentence_and_wrong_usage(filled):
    for word in ("tagg:dog", "after:2022-13", "iso:fast", "dog -", "is:dupe"):
        result = filled("search", word)
        assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
        assert f"`{word.split()[-1]}`" in result.err


def test_pages_follow_each_other_and_keep_their_ranks(filled):
    every = paths(filled("search", "red", "--paths"))
    assert paths(filled("search", "red", "--paths", "-t", "2", "--offset", "2")) == every[2:4]
    assert filled("search", "red", "-t", "2", "--offset", "2").lines[1].split()[0] == "3"
    assert filled("search", "red", "--offset", "6").status == 1
    assert filled("search", "has:tags").lines[0].startswith("   file "), "names stand on the left"
    for query in ("red", "has:tags"):
        assert "No photo is left after the first 6." in filled("search", query, "--offset", "6").err
    listed = paths(filled("search", "has:tags", "--paths"))
    assert paths(filled("search", "has:tags", "--paths", "--offset", "1", "-t2")) == listed[1:3]


def test_a_minimum_score_leaves_out_lower_scores(filled):
    scores = [json.loads(line)["score"] for line in filled("search", "red", "--json").lines]
    assert len(filled("search", "red", "--paths", "--min-score", scores[2]).lines) == 3
    high = filled("search", "red", "--min-score", "1.5")
    assert (high.status, high.out) == (1, "")
    assert f"No photo has a score of 1.5 or more; the best is {scores[0]:.3f}." in high.err
    for wrong in ("x", "nan", "inf"):
        assert filled("search", "red", "--min-score", wrong).status == 2


def test_sorting_by_date_keeps_the_best_photos(filled, pictures):
    for name, year in (("red", 2001), ("yellow", 2003), ("green", 2002)):
        exif = Image.Exif()
        exif[0x0132] = f"{year}:05:05 10:00:00"
        at = pictures / ("bright" if name == "yellow" else ".") / f"{name}.png"
        with Image.open(at) as picture:
            picture.save(at, exif=exif)
    filled("index")
    assert paths(filled("search", "name:*.png", "--paths"))[:3] == ["yellow.png", "green.png", "red.png"]
    assert paths(filled("search", "year:2002..", "--paths")) == ["yellow.png", "green.png"]
    assert paths(filled("search", "before:2002-06", "--paths", "--sort", "relevance")) == ["green.png", "red.png"]
    best = paths(filled("search", "red", "--paths", "-t", "4"))
    by_date = paths(filled("search", "red", "--paths", "-t", "4", "--sort", "date"))
    assert set(best) == set(by_date)
    years = {"yellow.png": 2003, "green.png": 2002, "red.png": 2001}
    assert by_date == sorted(best, key=lambda name: -years.get(name, 0))


@pytest.mark.parametrize(
    "query", [["red", "+", "blue"], ["red", "in:bright"], ["--like", "x.jpg"], ["-red"], ["iso:.."]]
)
def test_only_a_text_becomes_a_label(filled, query):
    result = filled("search", *query, "--save-as-label", "mine")
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)


def test_searching_an_empty_library_creates_nothing(photos):
    result = photos("search", "red")
    assert result.status == 1
    assert "has no photos yet; run `photos add FOLDER`" in result.err
    assert not photos.library.exists()


def test_similar_leaves_the_photo_itself_out(filled, pictures):
    filled.encoders.images = 0
    paths = filled("similar", pictures / "red.png", "--paths").lines
    assert len(paths) == 5
    assert str(pictures / "red.png") not in paths
    assert filled.encoders.images == 0


def test_similar_takes_any_picture(filled, tmp_path):
    Image.new("RGB", (9, 9), (225, 35, 25)).save(tmp_path / "reddish.jpg")
    first = json.loads(filled("similar", tmp_path / "reddish.jpg", "--json").lines[0])
    assert first["path"].endswith("/red.png")
    assert (first["logit"], first["probability"]) == (None, None)
    assert "probability" not in filled("similar", tmp_path / "reddish.jpg").lines[0]


def test_similar_knows_a_copy_by_its_content(filled, pictures, tmp_path):
    (tmp_path / "other.png").write_bytes((pictures / "red.png").read_bytes())
    assert len(filled("similar", tmp_path / "other.png", "--paths").lines) == 5


@pytest.mark.parametrize("command", ["similar", "embed", "tags"])
def test_a_missing_picture_is_one_sentence(filled, command, tmp_path):
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


def test_a_file_that_fills_the_memory_is_no_picture(filled, tmp_path):
    film = tmp_path / "film.jpg"
    with film.open("wb") as file:
        file.truncate(1 << 36)
    for command in (["search", film], ["similar", film], ["tag", film, "+dog"]):
        result = filled(*command)
        assert (result.status, result.err.count("\n")) == (1, 1)
        assert "GB" in result.err


def test_a_folder_is_no_picture(filled, tmp_path):
    assert "it is a folder" in filled("similar", tmp_path).err


def test_embed_gives_the_same_vector_plainly_and_as_json(filled, pictures):
    plain = [float(line) for line in filled("embed", pictures / "red.png").lines]
    whole = json.loads(filled("embed", pictures / "red.png", "--json").out)
    assert whole["dimension"] == len(plain) == 8
    assert whole["vector"] == plain
    assert np.linalg.norm(plain) == pytest.approx(1, abs=1e-6)


def test_embed_can_write_numpy(checkpoint, tmp_path, capsysbinary):
    invocation = Invocation(encoders=ColourEncoders(), environment={"PHOTOS_LIBRARY": str(tmp_path / "none")})
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


def test_embed_needs_a_picture_or_a_text(filled):
    assert filled("embed").status == 2
    assert filled("embed", "x.jpg", "--text", "red").status == 2
    assert filled("embed", "--text", "red", "--json", "--raw").status == 2


def test_a_sheet_hides_messages_of_decoders(filled, pictures, tmp_path):
    tiff = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(tiff, "TIFF", compression="tiff_lzw", tiffinfo={65432: b"odd"})
    # A field of an unknown type, about which libtiff writes to the process's standard error.
    at = tiff.getvalue().index(struct.pack("<H", 65432))
    tiff.getbuffer()[at + 2 : at + 4] = b"\0\0"
    (pictures / "odd.tif").write_bytes(tiff.getvalue())
    filled("index")
    command = [sys.executable, "-m", "photos", "--library", str(filled.library)]
    sheet = [*command, "search", "name:odd.tif", "--sheet", str(tmp_path / "sheet.html")]
    result = subprocess.run(sheet, capture_output=True, text=True, check=True)
    assert result.stderr == f"Wrote {tmp_path / 'sheet.html'}.\n"
