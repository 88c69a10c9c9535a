"""`tags`, `retag` and `vocab`."""

from __future__ import annotations

import json

import pytest

from store import Catalog
from store.sql import schema as tables


def test_a_photos_tags_are_shown_with_their_scores(filled, pictures):
    result = filled("tags", pictures / "red.png")
    assert result.status == 0
    assert result.lines[0] == str(pictures / "red.png")
    assert result.lines[1].split()[0] == "red"


def test_tags_of_several_photos_come_one_object_a_line(filled, pictures):
    lines = filled("tags", pictures / "red.png", pictures / "blue.png", "--json").lines
    records = [json.loads(line) for line in lines]
    assert [record["tags"][0]["label"] for record in records] == ["red", "blue"]


def test_a_threshold_moves_what_is_shown(filled, pictures):
    def count(*options):
        return len(json.loads(filled("tags", pictures / "red.png", "--json", *options).out)["tags"])

    assert count("--threshold", "1") < count("--threshold", "0.5") < count()


def test_joiners_are_letters_of_tags(filled, pictures):
    word, family = "\u0645\u06cc\u200c\u062e\u0648", "\U0001f468\u200d\U0001f469"
    assert filled("tag", pictures / "red.png", f"+{word}", f"+{family}").status == 0
    assert {word, family} <= {line.split()[0] for line in filled("tags", pictures / "red.png").lines}
    assert f'"{word}"' in filled("tags", pictures / "red.png", "--json").out
    assert filled("tag", pictures / "red.png", "+a\u202eb").status == 1


def test_the_librarys_tags_are_counted(filled):
    counts = {record["label"]: record["photos"] for record in map(json.loads, filled("tags", "--json").lines)}
    assert set(counts) == {"red", "green", "blue", "yellow", "white", "black"}
    assert filled("tags").status == 0


def test_a_library_without_tags_is_reported(filled):
    result = filled("tags", "--threshold", "1")
    assert result.status == 1
    assert "lower --threshold" in result.err


def test_a_photo_outside_the_library_has_no_tags(filled, tmp_path):
    (tmp_path / "other.png").write_bytes(b"x")
    result = filled("tags", tmp_path / "other.png")
    assert result.status == 1
    assert "is not in the library" in result.err


def test_retag_uses_another_vocabulary_and_opens_no_picture(filled, pictures, tmp_path):
    (tmp_path / "two.txt").write_text("red\nblue\n")
    for picture in pictures.rglob("*.png"):
        picture.write_bytes(b"")
    filled.encoders.images = 0
    result = filled("retag", "--vocabulary", tmp_path / "two.txt")
    assert result.status == 0
    assert result.out.startswith("Tagged 6 photos with two (2 labels, revision 1): ")
    assert "No picture was opened" in result.out
    assert filled.encoders.images == 0
    assert {json.loads(line)["label"] for line in filled("tags", "--json").lines} <= {"red", "blue"}


def test_retag_without_a_vocabulary_changes_nothing(filled):
    assert "no score changed" in filled("retag").out


def test_retag_finishes_an_interrupted_one(filled):
    with Catalog.open(filled.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.connection.execute(tables.photo_scores.delete())
        t.slots.mark_stale("")
    assert "run `photos retag`" in filled("status").out
    filled("index")
    assert json.loads(filled("status", "--json").out)["retag_pending"] is False
    assert "red" in filled("tags").out


def test_retag_in_an_empty_library_is_one_sentence(photos):
    assert photos("retag").status == 1


def test_a_changed_file_is_a_new_revision_and_an_equal_one_is_not(filled, vocabulary, tmp_path):
    copy = tmp_path / "colours.txt"
    copy.write_bytes(vocabulary.read_bytes())
    assert "colours, revision 1: 6 labels" in filled("vocab", "import", copy).out
    copy.write_text("red\n")
    assert "colours, revision 2: 1 label." in filled("vocab", "import", copy).out
    assert json.loads(filled("status", "--json").out)["revision"] == 1


def test_vocab_use_tags_again_at_once(filled, tmp_path):
    (tmp_path / "one.txt").write_text("red\n")
    assert "Tagged 6 photos with one" in filled("vocab", "use", tmp_path / "one.txt").out
    assert "Tagged 6 photos with colours" in filled("vocab", "use", "colours").out


def test_vocab_use_in_an_empty_library_waits_for_photos(photos, vocabulary):
    result = photos("vocab", "use", vocabulary)
    assert result.status == 0
    assert "will tag the photos you add" in result.out


def test_vocab_list_has_yours_and_the_shipped_ones(filled):
    entries = {entry["vocabulary"]: entry for entry in map(json.loads, filled("vocab", "list", "--json").lines)}
    assert entries["colours"]["in_use"]
    assert entries["photographic"]["labels"] >= 500
    assert entries["photographic"]["revision"] is None
    assert "in use" in filled("vocab", "list").out


def test_vocab_show_and_export_need_no_library(photos):
    assert photos("vocab", "show").lines[0].startswith("photographic: ")
    assert json.loads(photos("vocab", "show", "demo", "--json").lines[0])["texts"]
    assert photos("vocab", "export", "demo").status == 0
    assert not photos.library.exists()


def test_an_exported_vocabulary_is_read_back_as_the_same(filled, tmp_path):
    path = tmp_path / "demo.txt"
    assert filled("vocab", "export", "demo", path).err == f"Wrote {path}.\n"
    before = filled("vocab", "show", "demo", "--json").out
    assert filled("vocab", "show", path, "--json").out == before


def test_export_overwrites_nothing(filled, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("mine\n")
    result = filled("vocab", "export", "colours", path)
    assert result.status == 1
    assert "exists already" in result.err
    assert path.read_text() == "mine\n"


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\x00\x01\x02\xff", b"red\nRed\n"])
def test_an_invalid_vocabulary_file_changes_nothing(filled, tmp_path, content):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    for command in (["retag", "--vocabulary"], ["vocab", "use"], ["vocab", "import"]):
        result = filled(*command, path)
        assert result.status == 1, command
        assert "bad.txt" in result.err
    assert json.loads(filled("status", "--json").out)["vocabulary"] == "colours"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_a_label(filled, tmp_path, encoding):
    path = tmp_path / "marked.txt"
    path.write_text("red\nblue\n", encoding)
    assert "with marked (2 labels" in filled("retag", "--vocabulary", path).out


@pytest.mark.parametrize("name", ["colour", "nothing-like-it"])
def test_an_unknown_vocabulary_gets_the_known_names(filled, name):
    result = filled("vocab", "use", name)
    assert result.status == 1
    assert "colours" in result.err


def test_a_missing_vocabulary_file_is_one_sentence(filled, tmp_path):
    result = filled("retag", "--vocabulary", tmp_path / "none.txt")
    assert result.status == 1
    assert "none.txt" in result.err


@pytest.mark.parametrize("label", ["beach", "h", "json"])
def test_a_rejected_label_is_not_taken_for_options(filled, pictures, label):
    words = ["--", "-h"] if label == "h" else [f"-{label}"]
    assert filled("tag", pictures / "red.png", f"+{label}").status == 0
    assert label in filled("tags", pictures / "red.png").out
    result = filled("tag", pictures / "red.png", *words)
    assert result.status == 0
    assert "Usage" not in result.out
    assert label not in filled("tags", pictures / "red.png").out


def test_tag_takes_no_misspelt_option_for_a_label(filled, pictures):
    result = filled("tag", pictures / "red.png", "+dog", "--jsno")
    assert result.status == 2
    assert "--jsno" in result.err
    assert "dog" not in filled("tags", pictures / "red.png").out
    assert filled("tag", "-h").out.startswith("Usage")
