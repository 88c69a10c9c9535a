"""Vocabularies in slots on the command line."""

from __future__ import annotations

import io
import json
import shutil

import pytest

from photos.operations.tagging.revisions import use_from_now_on
from store import Catalog
from tests.photos.cli.commands.test_vocab import editor
from tests.photos.sidecars.packets import values


@pytest.fixture
def write(tmp_path):
    """Writes a vocabulary file."""

    def write_file(name, text):
        path = tmp_path / f"{name}.txt"
        path.write_text("% threshold 0.999\n" + text)
        return path

    return write_file


@pytest.fixture
def beside(filled, write, pictures):
    """A main vocabulary of cold colours, and one of warm ones as `warm`."""
    filled("vocab", "use", write("cold", "blue\ngreen\n"))
    filled("vocab", "use", write("hot", "red = scarlet\nyellow\nblue\n"), "--as", "warm")
    return filled


def set_target(photos, vocabulary, slot):
    """Do what an interrupted `vocab use` leaves: a pending re-tag of *slot* with the newest revision."""
    with Catalog.open(photos.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        use_from_now_on(t, t.vocabularies.current(vocabulary), slot)


def records(result):
    return [json.loads(line) for line in result.lines]


def counts(photos):
    return {record["label"]: record["photos"] for record in records(photos("tags", "--json"))}


def tags_of(photos, path):
    return [tag["label"] for tag in json.loads(photos("tags", path, "--json").out)["tags"]]


def test_a_second_vocabulary_tags_in_its_slot(beside, pictures):
    assert counts(beside) == {"blue": 1, "green": 1, "warm:blue": 1, "warm:red": 1, "warm:yellow": 1}
    found = json.loads(beside("search", "red", "--json", "-t", "1").out)
    assert [tag["label"] for tag in found["tags"]] == ["warm:red"]
    assert "warm:red" in beside("search", "red", "-t", "1").out


def test_a_slot_is_limited_to_folders_also_for_moved_photos(beside, pictures, write):
    result = beside("vocab", "use", "hot", "--as", "warm", "--in", pictures / "bright")
    assert result.status == 0
    assert "no score changed" in result.lines[0]
    assert result.lines[1].startswith("Its labels are shown for the 2 photos in ")
    assert counts(beside) == {"blue": 1, "green": 1, "warm:yellow": 1}
    assert "did you mean tag:warm:yellow?" in beside("search", "tag:yellow").err
    shutil.move(pictures / "red.png", pictures / "bright" / "red.png")
    beside.encoders.images = 0
    beside("index")
    assert counts(beside) == {"blue": 1, "green": 1, "warm:yellow": 1, "warm:red": 1}
    # Options that are not given again stay.
    beside("retag", "--vocabulary", write("hot", "red\nwhite\n"), "--as", "Warm")
    assert counts(beside) == {"blue": 1, "green": 1, "warm:white": 1, "warm:red": 1}
    beside("vocab", "use", "hot@1", "--as", "warm", "--everywhere")
    assert counts(beside) == {"blue": 1, "green": 1, "warm:blue": 1, "warm:red": 1, "warm:yellow": 1}


def test_a_moved_folder_keeps_its_vocabulary(beside, pictures):
    beside("vocab", "use", "hot", "--as", "warm", "--in", pictures / "bright")
    moved = pictures.with_name("moved")
    pictures.rename(moved)
    assert beside("add", "--moved", pictures, moved).status == 0
    assert counts(beside)["warm:yellow"] == 1
    assert str(moved / "bright") in beside("vocab", "list", "--json").out


def test_unknown_folders_are_refused(beside, pictures, tmp_path):
    for path, message in ((tmp_path / "no", "was never added"), (pictures / "birght", "does not exist")):
        result = beside("vocab", "use", "hot", "--as", "warm", "--in", path)
        assert result.status == 1
        assert message in result.err
    assert beside("vocab", "use", "hot", "--as", "warm", "--in", tmp_path).status == 0, "around one that was added"
    assert len(counts(beside)) == 5


def test_contradictory_options_are_a_usage_error(beside, pictures):
    assert beside("vocab", "use", "hot", "--in", pictures).status == 2
    assert beside("vocab", "use", "hot", "--everywhere").status == 2
    assert beside("vocab", "use", "hot", "--as", "warm", "--in", pictures, "--everywhere").status == 2
    bad = beside("vocab", "use", "hot", "--as", "two words")
    assert bad.status == 1
    assert "cannot be the name of a slot" in bad.err


def test_the_list_shows_where_each_vocabulary_is_in_force(beside, pictures, write):
    beside("vocab", "use", "hot", "--as", "warm", "--in", pictures / "bright")
    beside("vocab", "use", "cold", "--as", "x")
    lines = {line.split()[0]: line for line in beside("vocab", "list").lines}
    assert lines["hot"].endswith(f"in use as warm in {pictures}/bright") or "bright" in lines["hot"]
    assert lines["cold"].endswith("in use; in use as x")
    assert lines["demo"].endswith("included")
    by_name = {record["vocabulary"]: record for record in records(beside("vocab", "list", "--json"))}
    assert by_name["hot"]["in_force"] == [
        {"slot": "warm", "revision": 1, "folders": [str(pictures / "bright")]},
    ]
    assert [place["slot"] for place in by_name["cold"]["in_force"]] == ["", "x"]
    assert [by_name[name]["in_use"] for name in ("cold", "hot", "demo")] == [True, True, False]
    beside("vocab", "import", write("hot", "red\n"))
    assert "(revision 1)" in next(line for line in beside("vocab", "list").lines if line.startswith("hot"))


def test_a_dropped_slot_keeps_manual_tags(beside, pictures):
    beside("tag", pictures / "red.png", "+warm:yellow", "-Warm:scarlet")
    assert tags_of(beside, pictures / "red.png") == ["warm:yellow"]
    result = beside("vocab", "drop", "warm:")
    assert result.out.startswith("Nothing is tagged as warm any more; ")
    assert counts(beside) == {"blue": 1, "green": 1, "warm:yellow": 1}
    assert "there are" not in beside("vocab", "drop", "warm").err
    assert beside("vocab", "drop", "warm").status == 1
    beside("vocab", "use", "hot", "--as", "warm")
    assert tags_of(beside, pictures / "red.png") == ["warm:yellow"], "a rejection holds"
    assert "there are warm" in beside("vocab", "drop", "cold").err


def test_rollback_of_a_slot_goes_to_its_earlier_revision(beside, write):
    beside("vocab", "use", write("hot", "red\n"), "--as", "warm")
    assert counts(beside) == {"blue": 1, "green": 1, "warm:red": 1}
    assert beside("vocab", "history", "warm").lines[0].endswith("in use as warm")
    result = beside("vocab", "rollback", "hot")
    assert "hot as warm (3 labels, revision 1)" in result.out
    assert set(counts(beside)) == {"blue", "green", "warm:blue", "warm:red", "warm:yellow"}
    assert beside("vocab", "rollback", "warm:", "--to", "2").status == 0
    assert set(counts(beside)) == {"blue", "green", "warm:red"}
    assert "cold@1" in beside("vocab", "history").out
    beside("vocab", "use", "hot", "--as", "other")
    which = beside("vocab", "rollback", "hot")
    assert which.status == 1
    assert "in force as other and as warm; say which" in which.err
    assert beside("vocab", "rollback", "other").status == 0
    assert set(counts(beside)) == {"blue", "green", "warm:red", "other:blue", "other:red", "other:yellow"}


def test_a_slot_names_its_vocabulary_in_every_command(beside, tmp_path, monkeypatch, write, pictures):
    assert [record["label"] for record in records(beside("vocab", "show", "warm:", "--json"))] == [
        "red",
        "yellow",
        "blue",
    ]
    assert beside("vocab", "export", "warm").lines[-3:] == ["red = scarlet", "yellow", "blue"]
    editor(tmp_path, monkeypatch, "text + 'white\\n'")
    assert "as warm (" in beside("vocab", "edit", "warm:").out
    assert counts(beside)["warm:white"] == 1
    assert "blue" in counts(beside)
    beside("vocab", "use", "warm", "--as", "warm", "--in", pictures / "bright")
    compared = beside("vocab", "diff", "hot@1", "warm:")
    assert compared.lines[:2] == ["+ white", "1 photo of 2 would have other tags."]
    doubts = beside("vocab", "lint", "warm:").lines
    assert "red is on no photo" in doubts
    assert "yellow is on no photo" not in doubts


def test_a_search_becomes_a_label_of_a_slot(beside, pictures):
    result = beside("search", "white", "--save-as-label", "warm:snow")
    assert "with hot as warm (4 labels, revision 2)" in result.err
    assert counts(beside)["warm:snow"] == 1
    assert beside("search", "white", "--save-as-label", "warm:Scarlet").status == 1
    assert beside("search", "white", "--save-as-label", "cool:snow").status == 0
    assert counts(beside)["cool:snow"] == 1, "a name like others where there is no such slot"


def test_why_finds_labels_of_all_vocabularies(beside, pictures):
    for words, expected in (("scarlet", ["warm:red"]), ("warm:red", ["warm:red"]), ("blue", ["blue", "warm:blue"])):
        record = json.loads(beside("why", pictures / "red.png", f'"{words}"', "--json").out)
        assert [label["label"] for label in record["labels"]] == expected
    assert record["labels"][1]["tag"] is False
    assert "label warm:red is a tag of it" in beside("why", pictures / "red.png", "red").out
    beside("vocab", "use", "hot", "--as", "warm", "--in", pictures / "bright")
    assert json.loads(beside("why", pictures / "red.png", "red", "--json").out)["labels"] == []


def test_a_label_is_taught_in_its_slot(beside, pictures):
    result = beside("teach", "Warm:ours", "--yes", pictures / "red.png", "--no", pictures / "green.png")
    assert result.status == 0, result.err
    assert "with hot as warm (4 labels, revision 2)" in result.out
    assert "warm:ours is taught by 1 photo" in result.out
    assert "warm:ours is, by its scores, on" in result.out
    assert "warm:ours" in tags_of(beside, pictures / "red.png")
    assert beside("vocab", "history", "cold").out.count("cold@") == 1
    assert json.loads(beside("teach", "warm:ours", "--json").out)["label"] == "warm:ours"
    assert beside("teach", "ours").status == 1
    assert beside("teach", "warm:scarlets", "--yes", pictures / "red.png").status == 0
    shown = {record["label"]: len(record["examples"]) for record in records(beside("vocab", "show", "warm:", "--json"))}
    assert shown == {"red": 1, "yellow": 0, "blue": 0, "ours": 1}
    assert beside("teach", "warm:ours", "--forget", pictures / "green.png").status == 0
    assert "rejected" not in [
        line.split()[3] for line in beside("tags", pictures / "green.png", "--history").lines[-1:]
    ]
    assert beside("vocab", "rollback", "warm:", "--to", "1").status == 0
    assert beside("teach", "warm:ours").status == 1


def test_a_main_label_with_a_colon_wins_over_a_slot(beside, pictures, write):
    beside("vocab", "use", write("cold", "blue\ngreen\nwarm:red\n"))
    assert "with cold (3 labels" in beside("teach", "warm:red", "--yes", pictures / "red.png").out
    assert beside("search", "pink", "--save-as-label", "warm:red").status == 1


@pytest.mark.parametrize(
    "change",
    [
        ("teach", "warm:ours", "--yes", "red.png"),
        ("search", "pink", "--save-as-label", "warm:ours"),
    ],
)
def test_a_change_keeps_the_labels_of_a_pending_re_tag(beside, pictures, write, monkeypatch, change):
    beside("vocab", "import", write("hot", "red\nyellow\nblue\nwhite\n"))
    set_target(beside, "hot", "warm")
    monkeypatch.chdir(pictures)
    assert beside(*change).status == 0
    assert [record["label"] for record in records(beside("vocab", "show", "warm:", "--json"))] == [
        "red",
        "yellow",
        "blue",
        "white",
        "ours",
    ]


def test_teach_works_in_a_slot_whose_first_re_tag_is_pending(beside, pictures):
    set_target(beside, "hot", "new")
    assert beside("teach", "new:ours", "--yes", pictures / "red.png").status == 0
    assert "new:ours" in tags_of(beside, pictures / "red.png")
    assert "new:red" in counts(beside)


def test_commands_know_a_slot_whose_first_re_tag_is_pending(beside, tmp_path, monkeypatch):
    set_target(beside, "hot", "new")
    assert [record["label"] for record in records(beside("vocab", "show", "new:", "--json"))] == [
        "red",
        "yellow",
        "blue",
    ]
    assert [record["vocabulary"] for record in records(beside("vocab", "history", "new:", "--json"))] == ["hot"]
    editor(tmp_path, monkeypatch, "text + 'white\\n'")
    edited = beside("vocab", "edit", "new:")
    assert edited.status == 0, edited.err
    assert "hot as new (4 labels, revision 2)" in edited.out
    assert counts(beside)["new:white"] == 1
    assert beside("vocab", "rollback", "new:").status == 0
    assert "new:white" not in counts(beside)


def test_retag_updates_all_vocabularies_or_one(beside, write):
    assert len(beside("retag").lines) == 2
    assert [line.split(" (")[0] for line in beside("retag", "--as", "warm").lines] == [
        "Tagged 6 photos with hot as warm"
    ]
    assert beside("retag", "--as", "no").status == 1
    assert "there are warm" in beside("retag", "--as", "no").err


def test_a_pending_re_tag_is_shown_and_done_by_the_next_index(beside):
    status = json.loads(beside("status", "--json").out)
    assert (status["vocabulary"], status["retag_pending"]) == ("cold", False)
    assert status["other_slots"] == [
        {
            "slot": "warm",
            "vocabulary": "hot",
            "revision": 1,
            "labels": 3,
            "folders": [],
            "retag_pending": False,
        }
    ]
    set_target(beside, "cold", "warm")
    set_target(beside, "hot", "new")
    lines = beside("status").lines
    assert lines[-2].endswith(" as warm; a re-tag is not finished: run `photos retag`")
    assert lines[-1].strip() == "nothing is in force as new yet; a re-tag is not finished: run `photos retag`"
    assert json.loads(beside("status", "--json").out)["retag_pending"] is True
    assert "new:red" not in counts(beside)
    beside("index")
    assert counts(beside)["new:red"] == 1
    assert json.loads(beside("status", "--json").out)["retag_pending"] is False


def test_two_vocabularies_are_chosen_before_there_are_photos(photos, write, pictures, checkpoint):
    result = photos("vocab", "use", write("hot", "red\n"), "--as", "warm")
    assert result.out == "hot as warm (1 label) will tag the photos you add.\n"
    photos("vocab", "use", write("cold", "blue\n"))
    assert photos("add", pictures, "--model", checkpoint).status == 0
    assert counts(photos) == {"blue": 1, "warm:red": 1}


def test_sidecars_have_the_slot_above_its_labels(beside, pictures, write):
    beside("vocab", "use", write("hot", "colour > red\nblue\n"), "--as", "warm")
    beside("tag", pictures / "red.png", "+warm:mine", "+other:mine")
    assert beside("xmp", "write").status == 0
    assert values((pictures / "red.png.xmp").read_bytes()) == [
        ["mine", "other:mine", "red", "colour", "warm"],
        ["warm|mine", "other:mine", "warm|colour|red"],
        ["warm/mine", "other:mine", "warm/colour/red"],
    ]
    # The same word from two vocabularies is one word, and two paths.
    assert values((pictures / "blue.png.xmp").read_bytes()) == [
        ["blue", "warm"],
        ["blue", "warm|blue"],
        ["blue", "warm/blue"],
    ]
    assert beside("xmp", "write").out.startswith("Nothing was written")
    beside("vocab", "drop", "warm")
    beside("tag", pictures / "red.png", "~warm:mine", "~other:mine")
    beside("xmp", "write")
    assert values((pictures / "blue.png.xmp").read_bytes()) == [["blue"]] * 3
    assert values((pictures / "red.png.xmp").read_bytes()) == [[]] * 3


def test_tuning_in_a_slot_uses_photos_in_its_folders(beside, pictures, monkeypatch):
    beside("vocab", "use", "hot", "--as", "warm", "--in", pictures / "bright")
    assert "has no label 'pink'" in beside("vocab", "tune", "warm:pink").err
    monkeypatch.setattr("sys.stdin", io.StringIO("y\ny\n"))
    result = beside("vocab", "tune", "Warm:yellow")
    assert "Is it right for these 2 photos?" in result.out
    assert "with hot as warm (3 labels, revision 2)" in result.out
    assert counts(beside) == {"blue": 1, "green": 1, "warm:yellow": 2}
    assert tags_of(beside, pictures / "bright" / "white.png") == ["warm:yellow"]


def test_a_program_is_compared_with_one_slot(beside, pictures):
    (pictures / "ram.csv").write_text("path,tags\nred.png,red\nblue.png,blue\n")
    beside("tags", "import", pictures / "ram.csv", "--source", "ram++")
    overall, *labels = records(beside("tags", "compare", "auto:warm", "ram++", "--json"))
    assert (overall["by_all"], [each["label"] for each in labels]) == (2, ["blue", "red"])
    assert "auto, auto:warm, user, ram++" in beside("tags", "compare", "auto", "x").err
