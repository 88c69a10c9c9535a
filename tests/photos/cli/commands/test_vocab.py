"""The life of a vocabulary on the command line, and tags by hand."""

from __future__ import annotations

import json
import sys

import pytest
from PIL import Image

from photos.operations.tagging.vocabulary_changes import add_label
from photos.records.vocabularies import (
    DoubtRecord,
    LabelRecord,
    RevisionRecord,
    TaughtLabelRecord,
    TrialRecord,
    VocabularyDifferenceRecord,
    VocabularyRecord,
)
from store import Catalog


@pytest.fixture
def two(tmp_path):
    """Writes a vocabulary file; the name stays the same, so that each is a revision of it."""

    def write(text):
        path = tmp_path / "two.txt"
        path.write_text(text)
        return path

    return write


def labels_of(result):
    return [record["label"] for record in map(json.loads, result.lines)]


def test_history_lists_revisions_and_rollback_goes_back_to_one(filled, two):
    filled("retag", "--vocabulary", two("red\n"))
    filled("retag", "--vocabulary", two("red\nblue\n"))
    filled("retag", "--vocabulary", two("white\n"))
    result = filled("vocab", "history")
    assert [line.split()[0] for line in result.lines] == ["two@3", "two@2", "two@1"]
    assert [line.endswith("in use") for line in result.lines] == [True, False, False]
    filled.encoders.texts = 0
    assert "revision 2" in filled("vocab", "rollback").out
    assert set(labels_of(filled("tags", "--json"))) == {"red", "blue"}
    assert filled("vocab", "rollback", "two", "--to", "1").status == 0
    assert labels_of(filled("tags", "--json")) == ["red"]
    assert filled.encoders.texts == 0
    earlier = filled("vocab", "rollback")
    assert earlier.status == 1
    assert "'two' has no earlier revision" in earlier.err
    assert [json.loads(line)["in_use"] for line in filled("vocab", "history", "two", "--json").lines] == [
        False,
        False,
        True,
    ]
    assert "did you mean 'two'" in filled("vocab", "history", "twoo").err


def test_rollback_of_an_unused_vocabulary_makes_a_newest_revision(filled, two, tmp_path):
    for text in ("red\n", "red\nblue\n", "white\n"):
        filled("vocab", "import", two(text))
    before = filled("tags", "--json").out
    result = filled("vocab", "rollback", "two")
    assert (result.status, result.err) == (0, "")
    assert (
        result.out == "two@4 is two@2 again (2 labels). It is in force nowhere; `photos vocab use two` tags with it.\n"
    )
    assert labels_of(filled("vocab", "show", "two", "--json")) == ["red", "blue"]
    assert filled("vocab", "rollback", "two", "--to", "1").out.startswith("two@5 is two@1 again (1 label)")
    assert filled("vocab", "rollback", "two", "--to", "9").status == 1
    assert filled("tags", "--json").out == before
    lines = filled("vocab", "history").lines
    assert ["colours@1" in line for line in lines] == [True]
    assert lines[0].endswith("in use")
    assert "with two (1 label, revision 5)" in filled("vocab", "use", "two").out


def test_repeated_rollback_of_an_unused_vocabulary_goes_further_back(filled, two):
    for text in ("red\n", "red\nblue\n", "white\n"):
        filled("vocab", "import", two(text))
    assert filled("vocab", "rollback", "two").out.startswith("two@4 is two@2 again")
    assert filled("vocab", "rollback", "two").out.startswith("two@5 is two@1 again")
    refused = filled("vocab", "rollback", "two")
    assert (refused.status, refused.out) == (1, "")
    assert "'two' has no earlier revision" in refused.err
    assert labels_of(filled("vocab", "show", "two", "--json")) == ["red"]
    filled("vocab", "import", two("white\nblue\n"))
    assert filled("vocab", "rollback", "two").out.startswith("two@7 is two@5 again")


def test_rollback_takes_back_a_change_whose_re_tag_is_pending(filled, two):
    filled("vocab", "use", two("red\n"))
    filled("vocab", "use", two("red\nblue\n"))
    with Catalog.open(filled.library / "catalog.sqlite3") as catalog:
        add_label(catalog, "cut off", "white")
    assert "with two (2 labels, revision 2)" in filled("vocab", "rollback").out
    filled("index")
    assert labels_of(filled("vocab", "show", "--json")) == ["red", "blue"]


def test_rollback_without_photos_tags_the_first_photos(photos, two, pictures, checkpoint):
    assert photos("vocab", "rollback").status == 1
    for text in ("red\n", "red\nblue\n"):
        photos("vocab", "use", two(text))
    assert photos("vocab", "rollback").out == "two@1 (1 label) will tag the photos you add.\n"
    assert photos("add", pictures, "--model", checkpoint).status == 0
    assert labels_of(photos("vocab", "show", "--json")) == ["red"]


def test_a_revision_is_named_by_its_number(filled, two):
    filled("vocab", "import", two("red\n"))
    filled("vocab", "import", two("red\nblue\n"))
    assert labels_of(filled("vocab", "show", "two@1", "--json")) == ["red"]
    assert "revision 1" in filled("vocab", "use", "two@1").out
    assert filled("vocab", "show", "two@9").status == 1


def test_a_label_is_tried_before_it_is_in_a_vocabulary(filled, pictures):
    before = filled("vocab", "list").out
    result = filled("vocab", "try", "red", "--threshold", "0.5")
    assert result.status == 0
    assert result.lines[0].startswith("red would be on 1 of 6 photos, from a score of ")
    assert "threshold" in result.out
    assert str(pictures / "red.png") in result.out or "red.png" in result.out
    record = json.loads(filled("vocab", "try", "red", "--json").out)
    assert record["clearest"][0]["path"] == str(pictures / "red.png")
    assert sum(record["histogram"]["photos"]) == record["photos"] == 6
    assert filled("vocab", "list").out == before
    assert "cannot be a label" in filled("vocab", "try", " ").err


def test_two_vocabularies_are_compared_by_labels_and_by_photos(filled, two, pictures):
    filled("vocab", "use", two("% threshold 0.5\nred\nblue\n"))
    filled("vocab", "import", two("% threshold 0.5\nred\nwhite\n"))
    result = filled("vocab", "diff", "two@1", "two", "--photos")
    assert result.status == 1
    assert result.lines[:3] == ["+ white", "- blue", "2 photos of 6 would have other tags."]
    assert "blue.png: -blue" in result.out
    same = filled("vocab", "diff", "two", "two@2")
    assert (same.status, same.out) == (0, "They are the same.\n")
    lines = filled("vocab", "diff", "two@1", "two", "--photos", "--json").lines
    assert json.loads(lines[0])["photos"] == {"blue": [1, 0], "red": [1, 1], "white": [0, 1]}
    assert {json.loads(line)["path"] for line in lines[1:]} == {
        str(pictures / "blue.png"),
        str(pictures / "bright" / "white.png"),
    }


def test_doubts_are_listed_and_set_the_exit_status(filled, two):
    result = filled("vocab", "lint", two("% threshold 0.5\nred\nscarlet:: red\nnothing @ 1\n"))
    assert result.status == 1
    assert "nothing is on no photo" in result.lines
    assert result.lines[-1].endswith(" about 3 labels.")
    assert labels_of(filled("vocab", "lint", two("nothing @ 1\n"), "--json")) == ["nothing"]
    assert filled("vocab", "lint", two("% threshold 0.5\nred\n")).status == 0


def editor(tmp_path, monkeypatch, change):
    """An editor that applies *change* to `text`."""
    script = tmp_path / "editor.py"
    script.write_text(
        "import os, sys\nfrom pathlib import Path\n"
        "path = Path(sys.argv[1])\ntext = path.read_text()\n"
        f"path.write_text({change})\n"
        # Editors that save within the clock's grain are not noticed otherwise.
        "os.utime(path, (1e9, 2e9))\n"
    )
    monkeypatch.setenv("EDITOR", f'"{sys.executable}" "{script}"')


def test_a_vocabulary_is_changed_in_an_editor_and_tags_at_once(filled, two, tmp_path, monkeypatch):
    filled("vocab", "use", two("% threshold 0.5\nred\n"))
    editor(tmp_path, monkeypatch, "text + 'blue\\n'")
    result = filled("vocab", "edit")
    assert "revision 2" in result.out
    assert set(labels_of(filled("tags", "--json"))) == {"red", "blue"}
    editor(tmp_path, monkeypatch, "text")
    assert filled("vocab", "edit", "two").out == "two stays as it is.\n"
    editor(tmp_path, monkeypatch, "text + 'blue\\n'")
    wrong = filled("vocab", "edit")
    assert wrong.status != 0
    assert "already" in wrong.err
    kept = next(word for word in wrong.err.split() if word.endswith(".txt"))
    with open(kept) as file:
        assert file.read().count("blue") == 2


def test_manual_tags_survive_every_re_tag(filled, pictures, two):
    red, blue = pictures / "red.png", pictures / "blue.png"
    result = filled("tag", red, blue, "+our cat", "-blue")
    assert result.status == 0
    tags = [record["tags"] for record in map(json.loads, filled("tags", red, blue, "--json").lines)]
    assert [[tag["label"] for tag in of_one] for of_one in tags][1][0] == "our cat"
    assert "blue" not in [tag["label"] for tag in tags[1]]
    filled("retag", "--vocabulary", two("blue: something blue\n"))
    record = json.loads(filled("tags", blue, "--json").out)
    assert [(tag["label"], tag["source"]) for tag in record["tags"]] == [("our cat", "user")]
    assert filled("tag", blue, "~blue", "~our cat", "--json").status == 0
    record = json.loads(filled("tags", blue, "--json").out)
    assert [(tag["label"], tag["source"]) for tag in record["tags"]] == [("blue", "auto")]
    history = json.loads(filled("tags", blue, "--history", "--json").out)["history"]
    assert [(each["what"], each["label"]) for each in history] == [
        ("added", "our cat"),
        ("rejected", "blue"),
        ("cleared", "blue"),
        ("cleared", "our cat"),
    ]
    assert "our cat" in filled("tags", blue, "--history").out
    assert "no manual tags" in filled("tags", pictures / "green.png", "--history").out


def test_a_wrong_tag_command_is_refused_and_changes_nothing(filled, pictures):
    red = pictures / "red.png"
    assert filled("tag", red).status == 2
    assert filled("tag", "+dog").status == 2
    assert filled("tag", red, "+", "+dog").status != 0
    assert filled("tag", red, pictures / "none.png", "+dog").status == 1
    assert filled("tags", "--history").status == 2
    assert "dog" not in filled("tags", red).out


def test_groups_and_parents_are_shown_and_exported(filled, two):
    filled("vocab", "import", two("% exclusive red, blue\ncolour\n> red\n> blue\n"))
    records = [json.loads(line) for line in filled("vocab", "show", "two", "--json").lines]
    assert [record["parents"] for record in records] == [[], ["colour"], ["colour"]]
    assert filled("vocab", "export", "two").lines[1:] == ["% exclusive red, blue", "colour", "> red", "> blue"]


def test_tags_of_another_program_are_imported_and_compared(filled, pictures, two):
    filled("vocab", "use", two("% threshold 0.5\nred\nblue\ngreen\n"))
    (pictures / "ram.csv").write_text(
        "path,tags\nred.png,Reds; sky\nblue.png,red | sky\nbright/white.png,sky\ngone.png,red\n"
    )
    result = filled("tags", "import", pictures / "ram.csv", "--source", "ram++")
    assert result.status == 0
    assert result.out == "3 photos with tags from ram++; 5 tags changed.\n"
    assert "line 5: gone.png" in result.err
    assert filled("tags", "import", pictures / "ram.csv", "--source", "ram++").out.endswith("; 0 tags changed.\n")
    record = json.loads(filled("tags", pictures / "blue.png", "--json").out)
    assert [(tag["label"], tag["source"], tag["origin"]) for tag in record["tags"]] == [
        ("red", "imported", "ram++"),
        ("sky", "imported", "ram++"),
        ("blue", "auto", None),
    ]
    overall, *labels = map(json.loads, filled("tags", "compare", "auto", "ram++", "--json").lines)
    assert (overall["compared_photos"], overall["labels"]) == (3, 1)
    assert [(each["label"], each["pairs"]) for each in labels] == [
        (
            "red",
            [
                {
                    "one": "auto",
                    "other": "ram++",
                    "both": 1,
                    "only_one": 0,
                    "only_other": 1,
                    "overlap": 0.5,
                    "kappa": pytest.approx(0.4),
                }
            ],
        )
    ]
    assert "there are auto, user, ram++" in filled("tags", "compare", "auto", "florence").err
    assert filled("tags", "compare", "user", "ram++").status == 1


def test_tags_of_two_programs_are_kept_apart(filled, pictures):
    for source, tags in (("one", '["sky", {"label": "sea"}]'), ("two", '"sky"')):
        (pictures / "tags.jsonl").write_text(f'{{"path": "{pictures}/red.png", "tags": {tags}}}\n')
        assert filled("tags", "import", pictures / "tags.jsonl", "--source", source).status == 0
    overall, _ = map(json.loads, filled("tags", "compare", "one", "two", "--json").lines)
    assert (overall["by_all"], overall["labels"]) == (1, 1)
    assert "imported from one" in filled("tags", pictures / "red.png").out


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "file\nred.png\n", "line 1: the first line does not name"),
        ("a.csv", "path,tags\n,dog\n", "line 2: there is no path"),
        ("a.jsonl", "{}\n", "line 1: it is not a JSON object"),
        ("a.jsonl", '{"path": "red.png", "tags": [3]}\n', "line 1: a tag is neither"),
        ("a.jsonl", "", "there are no tags in it"),
        ("a.jsonl", "[" * 100_000, "line 1: it is not a JSON object"),
        ("a.csv", "path,tags\nred.png," + "x" * 200_000, "is not valid CSV"),
    ],
)
def test_a_damaged_file_of_tags_is_refused_as_a_whole(filled, pictures, name, text, message):
    (pictures / name).write_text(text)
    result = filled("tags", "import", pictures / name, "--source", "x")
    assert result.status == 1
    assert message in result.err


def test_impossible_paths_and_odd_characters_in_tags_are_read(filled, pictures):
    lines = ('{"path": "\\ud800\\u0000", "tags": ["sea"]}', '{"path": "red.png", "tags": ["sea\u2028side"]}')
    (pictures / "a.jsonl").write_text("\n".join(lines), "utf-8")
    result = filled("tags", "import", pictures / "a.jsonl", "--source", "x")
    assert result.status == 0
    assert "Not in the library: line 1: \\ud800\\x00." in result.err
    assert filled("search", "tag:sea side", "--paths").lines == [str(pictures / "red.png")]


@pytest.mark.parametrize("source", ["auto", "User", "auto:birds"])
def test_reserved_names_of_sources_are_refused(filled, pictures, source):
    (pictures / "a.csv").write_text("path,tags\nred.png,sea\n")
    result = filled("tags", "import", pictures / "a.csv", "--source", source)
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert "cannot be the name of a program" in result.err


def test_an_incomplete_import_is_refused(filled, pictures):
    assert filled("tags", "import").status == 2
    assert filled("tags", "import", pictures / "a.csv").status == 2
    assert "cannot be read" in filled("tags", "import", pictures / "a.csv", "--source", "x").err
    assert filled("tags", "import", "--keywords").status == 1


def test_a_search_becomes_a_label_that_tags_at_once(filled, two, pictures):
    filled("vocab", "use", two("% threshold 0.5\nblue = azure\n"))
    result = filled("search", "red", "--paths", "-t", "1", "--save-as-label", "our  car")
    assert result.lines == [str(pictures / "red.png")]
    assert "revision 2" in result.err
    assert [tag["label"] for tag in json.loads(filled("tags", pictures / "red.png", "--json").out)["tags"]] == [
        "our car"
    ]
    again = filled("search", "white", "--save-as-label", "Azure")
    assert again.status == 1
    assert "has the label 'Azure' already (as 'blue')" in again.err
    assert filled("search", "white", "--save-as-label", " ").status == 1
    assert filled("vocab", "history").lines[0].startswith("two@2")


def test_missing_labels_are_suggested(filled, tmp_path, pictures):
    many = pictures / "many"
    many.mkdir()
    for number in range(60):
        shade = (220 - number, 30, 30) if number % 5 == 0 else (30 + number, 60, 220 - number // 2)
        Image.new("RGB", (40, 30), shade).save(many / f"{number}.png")
    assert filled("index").status == 0
    (tmp_path / "part.txt").write_text("% threshold 0.5\nblue\nwhite\n")
    (tmp_path / "words.txt").write_text("red\nblue\ngreen\n")
    assert filled("vocab", "use", tmp_path / "part.txt").status == 0
    result = filled("vocab", "suggest", "--words", tmp_path / "words.txt")
    assert result.status == 0, result.err
    assert "with 2 words of words that are not in part" in result.out
    assert "red: 1" in result.out
    assert "photos vocab try red" in result.out
    record = json.loads(filled("vocab", "suggest", "--words", tmp_path / "words.txt", "--json").lines[0])
    assert record["label"] == "red"
    assert record["words"][0]["unsaid"] >= 1
    (tmp_path / "known.txt").write_text("blue\n")
    nothing = filled("vocab", "suggest", "--words", tmp_path / "known.txt", "--count", 3)
    assert nothing.status in {0, 1}
    assert ("Nothing stands out" in nothing.out) == (nothing.status == 1)


def test_suggest_in_a_small_library_encodes_nothing(photos, pictures, checkpoint):
    for name in ("red", "green", "blue"):
        (pictures / f"{name}.png").unlink()
    assert photos("vocab", "use", "demo").status == 0
    assert photos("add", pictures, "--model", checkpoint).status == 0
    before = photos.encoders.texts
    result = photos("vocab", "suggest")
    assert (result.status, result.out) == (1, "")
    assert "show in 5 photos or more, and here are 3" in result.err
    assert photos.encoders.texts == before


def keys_of(record):
    return record.__required_keys__ | record.__optional_keys__


@pytest.mark.parametrize(
    ("arguments", "record"),
    [
        (["vocab", "list"], VocabularyRecord),
        (["vocab", "history"], RevisionRecord),
        (["vocab", "show"], LabelRecord),
        (["vocab", "try", "red"], TrialRecord),
        (["vocab", "lint", "two"], DoubtRecord),
        (["vocab", "diff", "colours", "two"], VocabularyDifferenceRecord),
        (["teach", "ours", "--yes", "red.png"], TaughtLabelRecord),
    ],
)
def test_json_has_the_fields_of_its_typed_record(filled, two, pictures, monkeypatch, arguments, record):
    filled("vocab", "import", two("nothing @ 1\nred\n"))
    monkeypatch.chdir(pictures)
    lines = filled(*arguments, "--json").lines
    assert lines
    assert all(json.loads(line).keys() == keys_of(record) for line in lines)


def test_a_vocabulary_alone_is_compared_with_the_main_one(filled, tmp_path):
    (tmp_path / "two.txt").write_text("red\nblue\nviolet\n")
    filled("vocab", "import", tmp_path / "two.txt")
    result = filled("vocab", "diff", "two")
    assert result.status == 1
    assert result.err == "From colours@1 to two:\n"
    assert "+ violet" in result.lines
    assert "- green" in result.lines


def test_the_main_vocabulary_alone_is_compared_with_its_revision_before(filled, tmp_path):
    assert "has no earlier revision" in filled("vocab", "diff", "colours").err
    (tmp_path / "colours.txt").write_text("red\ngreen\nblue\nyellow\nwhite\nblack\nviolet\n")
    filled("vocab", "use", tmp_path / "colours.txt")
    result = filled("vocab", "diff", "colours")
    assert result.err == "From colours@1 to colours@2:\n"
    assert result.lines[0] == "+ violet"
