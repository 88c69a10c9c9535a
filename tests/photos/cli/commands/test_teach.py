"""`photos teach`: a label by photos that show it."""

from __future__ import annotations

import hashlib
import json

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.tagging.teach import TeachRequest, teach
from photos.operations.tagging.vocabularies import drop_slot
from query.errors import UnknownSlot
from tests.photos.conftest import read_here


@pytest.fixture
def tags_of(filled):
    def found(path):
        return {tag["label"]: tag for tag in json.loads(filled("tags", path, "--json").out)["tags"]}

    return found


def test_options_take_as_many_photos_as_a_shell_expands(filled, pictures, tags_of):
    red, blue, green = (pictures / f"{name}.png" for name in ("red", "blue", "green"))
    result = filled("teach", "ours", "--yes", red, blue, "--no", green)
    assert result.status == 0, result.err
    assert "ours is taught by 2 photos and by 1 that shows something else." in result.out
    assert "Tagged 6 photos with colours (7 labels, revision 2)" in result.out
    assert tags_of(pictures / "red.png")["ours"]["source"] == "user"
    assert "ours" not in tags_of(pictures / "green.png")
    history = filled("tags", pictures / "green.png", "--history").out
    assert "rejected" in history


def test_options_may_be_repeated_and_teaching_again_adds(filled, pictures):
    assert filled("teach", "ours", "--yes", pictures / "red.png", "--yes", pictures / "blue.png").status == 0
    record = json.loads(filled("teach", "ours", f"--yes={pictures / 'bright' / 'white.png'}", "--json").out)
    assert [example["path"].rsplit("/", 1)[1] for example in record["examples"]] == ["red.png", "blue.png", "white.png"]
    assert (record["label"], record["used"]) == ("ours", 3)


def test_a_name_alone_shows_the_examples(filled, pictures):
    filled("teach", "ours", "--yes", pictures / "red.png", "--no", pictures / "bright" / "white.png")
    result = filled("teach", "ours")
    assert result.status == 0
    assert [line.split()[0] for line in result.lines if line.startswith("  ")][:2] == ["yes", "no"]
    assert "clearest" in result.lines
    assert filled("teach", "OUR").out == result.out, "a name is one in any spelling"


def test_a_dry_run_keeps_nothing(filled, pictures, tags_of):
    result = filled("teach", "ours", "--yes", pictures / "red.png", "--dry-run")
    assert result.status == 0
    assert "ours would be on" in result.out
    assert "Nothing was kept" in result.err
    assert "ours" not in tags_of(pictures / "red.png")
    assert filled("vocab", "history").out.count("colours@") == 1


def test_a_forgotten_photo_is_no_example_and_no_manual_tag(filled, pictures, tags_of):
    filled("teach", "ours", "--yes", pictures / "red.png", pictures / "blue.png")
    assert filled("teach", "ours", "--forget", pictures / "blue.png").status == 0
    record = json.loads(filled("teach", "ours", "--json").out)
    assert len(record["examples"]) == 1
    assert tags_of(pictures / "blue.png").get("ours", {"source": "auto"})["source"] == "auto"
    again = filled("teach", "ours", "--forget", pictures / "blue.png")
    assert again.status == 1
    assert "is no example of 'ours'" in again.err
    assert filled("teach", "ours", "--forget", record["examples"][0]["hash"][:12]).status == 0
    assert "has no examples" in filled("teach", "ours").out


def test_an_example_can_become_a_counterexample(filled, pictures):
    filled("teach", "ours", "--yes", pictures / "red.png", pictures / "blue.png")
    record = json.loads(filled("teach", "ours", "--no", pictures / "blue.png", "--json").out)
    assert len(record["examples"]) == len(record["counterexamples"]) == 1


def test_a_photo_cannot_be_taught_and_forgotten_at_once(filled, pictures):
    filled("teach", "ours", "--yes", pictures / "red.png", pictures / "blue.png")
    for side in ("--yes", "--no"):
        result = filled("teach", "ours", side, pictures / "red.png", "--forget", pictures / "red.png")
        assert result.status == 2
        assert "forgotten at once" in result.err


def test_a_known_label_is_taught_and_keeps_its_place(filled, pictures):
    assert filled("teach", "reds", "--yes", pictures / "blue.png").status == 0
    shown = [json.loads(line) for line in filled("vocab", "show", "--json").lines]
    assert [(label["label"], len(label["examples"])) for label in shown][:2] == [("red", 1), ("green", 0)]
    assert len(shown) == 6
    assert "taught by 1 photo" in filled("vocab", "show").out


def test_rollback_and_export_keep_the_examples(filled, pictures, tmp_path):
    filled("teach", "ours", "--yes", pictures / "red.png")
    assert filled("vocab", "export", "colours", tmp_path / "out.txt").status == 0
    assert "% example " in (tmp_path / "out.txt").read_text()
    before = filled("teach", "ours", "--json").out
    assert filled("vocab", "rollback").status == 0
    assert filled("teach", "ours").status == 1
    assert filled("retag", "--vocabulary", tmp_path / "out.txt").status == 0
    assert filled("teach", "ours", "--json").out == before
    assert filled("vocab", "diff", "colours@2", "out").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "what"),
    [
        (["ours", "--yes", "nowhere.png"], 1, "nowhere.png is not in the library; `photos add` its folder"),
        (["ours", "--yes", "notes.txt"], 1, "notes.txt is not in the library"),
        (["ours", "--no", "red.png"], 1, "'ours' has no photo that shows it yet"),
        (["ours", "--yes", "red.png", "--no", "red.png"], 2, "cannot be both --yes and --no"),
        (["red", "--yes", "red.png", "--forget", "red.png"], 1, "is no example of 'red'"),
        (["ours", "--yes", "--no", "red.png"], 2, "'--yes' needs at least one value"),
        (["ours"], 1, "has no label 'ours'"),
        ([" ", "--yes", "red.png"], 1, "cannot be a label"),
    ],
)
def test_a_refused_teach_is_one_sentence_and_keeps_nothing(filled, pictures, monkeypatch, arguments, status, what):
    monkeypatch.chdir(pictures)
    result = filled("teach", *arguments)
    assert (result.status, result.out) == (status, "")
    assert what in result.err
    assert filled("vocab", "history").out.count("colours@") == 1
    assert "no manual tags" in filled("tags", "red.png", "--history").out


def test_the_same_content_elsewhere_is_the_same_photo(filled, pictures, tmp_path):
    copy = tmp_path / "copy.png"
    copy.write_bytes((pictures / "red.png").read_bytes())
    record = json.loads(filled("teach", "ours", "--yes", copy, "--json").out)
    assert record["examples"][0]["path"] == str(pictures / "red.png")


def test_a_photo_whose_file_was_edited_is_still_one_example(filled, pictures):
    filled("teach", "ours", "--yes", pictures / "red.png", pictures / "blue.png")
    with Image.open(pictures / "red.png") as image:
        facts = PngInfo()
        facts.add_text("Comment", "other bytes, the same picture")
        image.save(pictures / "red.png", pnginfo=facts)
    assert filled("index").status == 0
    record = json.loads(filled("teach", "ours", "--no", pictures / "red.png", "--json").out)
    assert (len(record["examples"]), len(record["counterexamples"])) == (1, 1)
    assert record["counterexamples"][0]["path"] == str(pictures / "red.png")


def test_a_taught_vocabulary_learns_from_photos_that_come_later(photos, pictures, checkpoint, tmp_path):
    digest = hashlib.sha256((pictures / "red.png").read_bytes()).hexdigest()
    (tmp_path / "early.txt").write_text(f"blue\nours\n% example {digest}\n")
    assert photos("vocab", "use", tmp_path / "early.txt").status == 0
    assert photos("add", pictures, "--model", checkpoint).status == 0
    record = json.loads(photos("teach", "ours", "--json").out)
    assert record["used"] == 1
    assert record["examples"][0]["path"] == str(pictures / "red.png")
    assert photos("vocab", "history").out.count("early@") == 1


class Meddled:
    """A catalog that calls *meddle* just before the next transaction that writes."""

    def __init__(self, catalog, meddle):
        self._catalog = catalog
        self._meddle = meddle

    def __getattr__(self, name):
        return getattr(self._catalog, name)

    def write(self):
        meddle, self._meddle = self._meddle, lambda: None
        meddle()
        return self._catalog.write()


def test_a_teach_refused_by_a_simultaneous_change_adds_no_manual_tag(filled, vocabulary, pictures):
    filled("vocab", "use", vocabulary, "--as", "beside")
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders, read_here) as library:
        catalog = library.catalog

        def drop():
            with catalog.write() as t:
                drop_slot(t, "beside")

        library.catalog = Meddled(catalog, drop)
        request = TeachRequest(label="beside:ours", yes=(str(pictures / "red.png"),))
        with pytest.raises(UnknownSlot):
            teach(library, request)
        library.catalog = catalog
    assert "no manual tags" in filled("tags", pictures / "red.png", "--history").out


def test_a_label_too_long_for_a_manual_tag_is_refused_and_keeps_nothing(filled, vocabulary, pictures):
    filled("vocab", "use", vocabulary, "--as", "beside")
    result = filled("teach", "beside:" + "o" * 198, "--yes", pictures / "red.png")
    assert (result.status, result.out) == (1, "")
    assert filled("vocab", "history", "colours").out.count("colours@") == 1
