"""Several changes of a vocabulary at the same moment: none is lost."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from photos.operations.tagging.revisions import target_revision
from photos.operations.tagging.vocabularies import drop_slot
from photos.operations.tagging.vocabulary_changes import add_label, draft_of, revise, save_definition
from query.errors import BadLabel, UnknownSlot
from store import MAIN_SLOT, Catalog, LabelDefinition, VocabularyDefinition
from tests.photos.cli.commands.test_vocab import editor
from tests.photos.encoders import ColourEncoders


class Interfering(ColourEncoders):
    """Encoders that call *interfere* before the first text."""

    def __init__(self, interfere):
        super().__init__()
        self.interfere = interfere

    def text(self, checkpoint, device):
        interfere, self.interfere = self.interfere, lambda: None
        interfere()
        return super().text(checkpoint, device)


@pytest.fixture
def catalog(filled):
    with Catalog.open(filled.library / "catalog.sqlite3") as opened:
        yield opened


def labels_of(photos, *which):
    return [json.loads(line)["label"] for line in photos("vocab", "show", *which, "--json").lines]


def adding(name):
    def change(definition):
        return replace(definition, labels=(*definition.labels, LabelDefinition(name, (name,))))

    return change


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["teach", "theirs", "--yes", "blue.png"], "theirs"),
        (["search", "a blue thing", "--save-as-label", "theirs"], "theirs"),
        (["vocab", "tune", "red", "--photos", "2"], "red (from "),
    ],
)
def test_neither_of_two_simultaneous_changes_is_lost(filled, pictures, monkeypatch, arguments, what):
    monkeypatch.chdir(pictures)
    # `tune` asks about those on both sides.
    monkeypatch.setattr("sys.stdin", io.StringIO("n\nn\n"))
    results = []
    filled.encoders = Interfering(lambda: results.append(filled(*arguments)))
    mine = filled("teach", "ours", "--yes", "red.png")
    assert [results[0].status, mine.status] == [0, 0], results[0].err + mine.err
    assert "Another process changed colours to revision 3 at the same time" in mine.err
    assert "ours is taught by 1 photo" in mine.out
    shown = filled("vocab", "show").out
    assert what in shown
    assert "ours" in shown
    assert "in use" in next(line for line in filled("vocab", "history").lines if "colours@3" in line)
    assert "Traceback" not in filled("doctor").err


def test_two_threads_with_the_same_base_both_keep_their_label(filled, catalog):
    together = threading.Barrier(2)
    asked = []

    def add(name):
        def change(definition):
            asked.append(name)
            if asked.count(name) == 1:
                together.wait(timeout=60)
            return adding(name)(definition)

        revise(catalog, change, MAIN_SLOT)

    threads = [threading.Thread(target=add, args=(name,)) for name in ("ours", "theirs")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 3, "one of them had to look again"
    assert filled("retag").status == 0
    assert set(labels_of(filled)[-2:]) == {"ours", "theirs"}


def test_a_text_that_no_file_can_hold_makes_no_label(filled, catalog):
    for text in ("a bell \x07", "a separator\u2028"):
        with pytest.raises(BadLabel):
            add_label(catalog, "odd", text)
    assert add_label(catalog, "joined", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")[0].number == 2


def test_a_change_without_its_re_tag_is_pending_and_is_the_next_base(filled, catalog, pictures):
    add_label(catalog, "cut off", "a red thing")
    assert "cut off" not in filled("tags", pictures / "red.png").out
    assert add_label(catalog, "next", "a blue thing")[0].number == 3
    result = filled("index")
    assert result.status == 0
    assert labels_of(filled)[-2:] == ["cut off", "next"]
    assert "in use" in filled("vocab", "history").lines[0]


def test_calibrate_finishes_a_pending_re_tag(filled, catalog):
    add_label(catalog, "ours", "a red thing")
    assert "revision 2" in filled("vocab", "calibrate").out
    assert labels_of(filled)[-1] == "ours"


def test_a_vocabulary_chosen_during_a_teach_stays(filled, pictures, tmp_path):
    (tmp_path / "other.txt").write_text("green\n")
    filled.encoders = Interfering(lambda: filled("vocab", "use", tmp_path / "other.txt"))
    result = filled("teach", "ours", "--yes", pictures / "red.png")
    assert result.status == 1
    assert "that stays so" in result.err
    assert labels_of(filled) == ["green"]


def test_a_label_taught_during_a_use_is_added_to_that_vocabulary(filled, pictures, tmp_path):
    (tmp_path / "other.txt").write_text("our sea\n")
    taught = []
    filled.encoders = Interfering(lambda: taught.append(filled("teach", "theirs", "--yes", pictures / "red.png")))
    chosen = filled("vocab", "use", tmp_path / "other.txt")
    assert [taught[0].status, chosen.status] == [0, 0], taught[0].err + chosen.err
    assert "Another process changed other to revision 2 at the same time" in chosen.err
    assert labels_of(filled) == ["our sea", "theirs"]
    assert "theirs" in filled("tags", pictures / "red.png").out


def test_a_slot_dropped_during_a_change_stays_dropped(filled, catalog, vocabulary):
    filled("vocab", "use", vocabulary, "--as", "beside")

    def change(definition):
        with catalog.write() as t:
            drop_slot(t, "beside")
        return adding("ours")(definition)

    with pytest.raises(UnknownSlot):
        revise(catalog, change, "beside")
    with catalog.read() as t:
        assert t.slots.names() == [""]
        assert t.vocabularies.current("colours").number == 1


def changed_during_it(tmp_path, monkeypatch, library, *, slot=""):
    """An editor that adds a label, while another process adds one."""
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    script = tmp_path / "editor.py"
    script.write_text(
        "from pathlib import Path\nfrom photos.operations.tagging.vocabulary_changes import add_label\n"
        "from store import Catalog\n"
        f"with Catalog.open(Path({str(library / 'catalog.sqlite3')!r})) as catalog:\n"
        f"    add_label(catalog, {slot + 'theirs'!r}, 'a blue thing')\n" + script.read_text()
    )


@pytest.mark.parametrize("name", [None, "colours"])
def test_an_edit_of_an_outdated_draft_is_refused_and_kept(filled, tmp_path, monkeypatch, name):
    changed_during_it(tmp_path, monkeypatch, filled.library)
    result = filled("vocab", "edit", *([name] if name else []))
    assert (result.status, result.out) == (1, "")
    assert "'colours' was changed by another process while you edited it" in result.err
    kept = Path(next(word for word in result.err.split() if word.endswith(".txt:"))[:-1])
    assert kept.read_text().endswith("mine\n")
    assert filled("retag").status == 0
    assert labels_of(filled)[-1] == "theirs"
    # As the sentence says.
    compared = filled("vocab", "diff", "colours", kept)
    assert compared.status == 1
    assert "mine" in compared.out
    assert "revision 3" in filled("vocab", "import", kept, "--name", "colours").out
    assert labels_of(filled, "colours")[-1] == "mine"
    kept.unlink()


def test_an_edit_of_a_slot_begins_with_its_target(filled, tmp_path, monkeypatch, vocabulary, catalog):
    (tmp_path / "few.txt").write_text("red\n")
    filled("vocab", "use", tmp_path / "few.txt", "--as", "beside")
    add_label(catalog, "beside:owed", "a blue thing")
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert "few as beside (3 labels, revision 3)" in filled("vocab", "edit", "beside:").out
    assert labels_of(filled, "beside:") == ["red", "owed", "mine"]
    changed_during_it(tmp_path, monkeypatch, filled.library, slot="beside:")
    assert filled("vocab", "edit", "beside:").status == 1


def test_an_edit_of_a_pending_vocabulary_tags_with_it(filled, tmp_path, monkeypatch, catalog):
    other = VocabularyDefinition("other", (LabelDefinition("red", ("red",)),))
    revise(catalog, lambda _: other, MAIN_SLOT)
    editor(tmp_path, monkeypatch, "text + 'blue\\n'")
    assert "with other (2 labels, revision 2)" in filled("vocab", "edit").out
    assert labels_of(filled) == ["red", "blue"]


def test_an_edit_before_there_are_photos_tags_the_first_ones(
    photos, pictures, checkpoint, vocabulary, tmp_path, monkeypatch
):
    photos("vocab", "use", vocabulary)
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert photos("vocab", "edit").out == "colours, revision 2: 7 labels.\n"
    assert photos("add", pictures, "--model", checkpoint).status == 0
    assert labels_of(photos)[-1] == "mine"


@pytest.mark.parametrize("name", [[], ["photographic"]])
def test_an_edit_before_any_vocabulary_was_chosen_tags_photos(
    photos, pictures, checkpoint, tmp_path, monkeypatch, name
):
    editor(tmp_path, monkeypatch, "'red\\nmine\\n'")
    assert photos("vocab", "edit", *name).out == "photographic, revision 1: 2 labels.\n"
    assert photos("add", pictures, "--model", checkpoint).status == 0
    assert labels_of(photos) == ["red", "mine"]


def test_an_edit_of_a_slot_leaves_other_revisions_in_force(filled, pictures, tmp_path, monkeypatch):
    filled("vocab", "use", "colours", "--as", "beside")
    filled("teach", "ours", "--yes", pictures / "red.png")
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert "colours as beside (7 labels, revision 3)" in filled("vocab", "edit", "beside:").out
    assert (labels_of(filled)[-1], labels_of(filled, "beside:")[-1]) == ("ours", "mine")
    assert filled("retag").status == 0
    assert (labels_of(filled)[-1], labels_of(filled, "beside:")[-1]) == ("ours", "mine")


def test_an_edit_reaches_both_slots_with_the_same_revision(filled, tmp_path, monkeypatch):
    filled("vocab", "use", "colours", "--as", "beside")
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert filled("vocab", "edit", "beside:").status == 0
    assert (labels_of(filled)[-1], labels_of(filled, "beside:")[-1]) == ("mine", "mine")


def test_use_in_an_emptied_library_replaces_a_pending_re_tag(filled, catalog, vocabulary):
    add_label(catalog, "ours", "a red thing")
    with catalog.write() as t:
        t.files.forget([file.id for folder in t.folders.all() for file in t.files.known(folder.id)])
    assert "will tag the photos you add" in filled("vocab", "use", "colours@1").out
    with catalog.read() as t:
        assert target_revision(t, MAIN_SLOT).number == 1


def test_edited_text_is_kept_if_the_catalog_cannot_be_written(filled, tmp_path, monkeypatch):
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    with (tmp_path / "editor.py").open("a") as script:
        script.write(f"os.remove({str(filled.library / 'catalog.sqlite3')!r})\n")
    result = filled("vocab", "edit")
    assert result.status == 1
    kept = Path(next(word for word in result.err.split() if word.endswith(".txt."))[:-1])
    assert kept.read_text().endswith("mine\n")
    kept.unlink()


def test_a_draft_of_a_file_is_saved_whatever_the_catalog_has(filled, catalog, tmp_path):
    path = tmp_path / "colours.txt"
    path.write_text("red\n")
    draft = draft_of(catalog, str(path))
    add_label(catalog, "ours", "a red thing")
    path.unlink()
    edited = save_definition(catalog, draft, draft.definition)
    assert edited is not None
    assert (edited.revision.number, edited.slots) == (3, ("",))
