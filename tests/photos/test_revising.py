"""Several changes of a vocabulary at the same moment: none is lost."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from photos.operations import vocabularies
from photos.operations.vocabulary_changes import draft, keep, revise, with_label
from query import UnknownNamespace, record_manual_tags_in
from store import Catalog, LabelDefinition, VocabularyDefinition

from .test_vocabulary_commands import editor
from .towers import ColourTowers


class Interrupted(ColourTowers):
    """Whose first text waits until *meanwhile* is done."""

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile = meanwhile

    def text(self, checkpoint, device):
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
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
def test_of_two_changes_at_once_none_is_lost(filled, pictures, monkeypatch, arguments, what):
    monkeypatch.chdir(pictures)
    # `tune` asks about those on both sides.
    monkeypatch.setattr("sys.stdin", io.StringIO("n\nn\n"))
    results = []
    filled.towers = Interrupted(lambda: results.append(filled(*arguments)))
    mine = filled("teach", "ours", "--yes", "red.png")
    assert [results[0].status, mine.status] == [0, 0], results[0].err + mine.err
    assert "colours went on to revision 3 meanwhile" in mine.err
    assert "ours is taught by 1 photo" in mine.out
    shown = filled("vocab", "show").out
    assert what in shown
    assert "ours" in shown
    assert "in use" in next(line for line in filled("vocab", "history").lines if "colours@3" in line)
    assert "Traceback" not in filled("doctor").err


def test_threads_that_read_the_same_both_keep_what_they_add(filled, catalog):
    together = threading.Barrier(2)
    asked = []

    def add(name):
        def change(definition):
            asked.append(name)
            if asked.count(name) == 1:
                together.wait(timeout=60)
            return adding(name)(definition)

        revise(catalog, change)

    threads = [threading.Thread(target=add, args=(name,)) for name in ("ours", "theirs")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 3, "one of them had to look again"
    assert filled("retag").status == 0
    assert set(labels_of(filled)[-2:]) == {"ours", "theirs"}


def test_a_change_that_was_cut_off_before_its_re_tag_is_owed_and_begun_with(filled, catalog, pictures):
    with_label(catalog, "cut off", "a red thing")
    assert "cut off" not in filled("tags", pictures / "red.png").out
    assert with_label(catalog, "next", "a blue thing")[0].number == 3
    result = filled("index")
    assert result.status == 0
    assert labels_of(filled)[-2:] == ["cut off", "next"]
    assert "in use" in filled("vocab", "history").lines[0]


def test_to_calibrate_finishes_what_is_owed(filled, catalog):
    with_label(catalog, "ours", "a red thing")
    assert "revision 2" in filled("vocab", "calibrate").out
    assert labels_of(filled)[-1] == "ours"


def test_another_vocabulary_that_is_chosen_meanwhile_stays(filled, pictures, tmp_path):
    (tmp_path / "other.txt").write_text("green\n")
    filled.towers = Interrupted(lambda: filled("vocab", "use", tmp_path / "other.txt"))
    result = filled("teach", "ours", "--yes", pictures / "red.png")
    assert result.status == 1
    assert "that stays so" in result.err
    assert labels_of(filled) == ["green"]


def test_a_namespace_that_is_dropped_meanwhile_stays_so(filled, catalog, vocabulary):
    filled("vocab", "use", vocabulary, "--as", "beside")

    def change(definition):
        vocabularies.drop(catalog, "beside")
        return adding("ours")(definition)

    with pytest.raises(UnknownNamespace):
        revise(catalog, change, "beside")
    with catalog.read() as t:
        assert t.slots.names() == [""]
        assert t.vocabularies.current("colours").number == 1


def changed_meanwhile(tmp_path, monkeypatch, library, *, namespace=""):
    """An editor that adds a label, while another process adds one."""
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    script = tmp_path / "editor.py"
    script.write_text(
        "from pathlib import Path\nfrom photos.operations.vocabulary_changes import with_label\n"
        "from store import Catalog\n"
        f"with Catalog.open(Path({str(library / 'catalog.sqlite3')!r})) as catalog:\n"
        f"    with_label(catalog, {namespace + 'theirs'!r}, 'a blue thing')\n" + script.read_text()
    )


@pytest.mark.parametrize("name", [None, "colours"])
def test_an_edit_is_told_that_the_vocabulary_changed_meanwhile_and_its_text_is_kept(
    filled, tmp_path, monkeypatch, name
):
    changed_meanwhile(tmp_path, monkeypatch, filled.library)
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


def test_an_edit_beside_the_main_one_begins_with_what_is_owed_there(filled, tmp_path, monkeypatch, vocabulary, catalog):
    (tmp_path / "few.txt").write_text("red\n")
    filled("vocab", "use", tmp_path / "few.txt", "--as", "beside")
    with_label(catalog, "beside:owed", "a blue thing")
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert "few as beside (3 labels, revision 3)" in filled("vocab", "edit", "beside:").out
    assert labels_of(filled, "beside:") == ["red", "owed", "mine"]
    changed_meanwhile(tmp_path, monkeypatch, filled.library, namespace="beside:")
    assert filled("vocab", "edit", "beside:").status == 1


def test_an_edit_knows_a_namespace_whose_first_retag_is_pending(filled, tmp_path, monkeypatch, catalog):
    with catalog.write() as t:
        few = t.vocabularies.put(VocabularyDefinition("few", (LabelDefinition("red", ("red",)),)))
        t.slots.set_target("beside", few.id)
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert "few as beside (2 labels, revision 2)" in filled("vocab", "edit", "beside:").out
    assert labels_of(filled, "beside:") == ["red", "mine"]


@pytest.mark.parametrize("is_refused_first", [True, False])
def test_a_refused_change_records_no_tags(filled, catalog, is_refused_first):
    def refuse(*_):
        raise UnknownNamespace("ours", [])

    def tag(t):
        record_manual_tags_in(t, [1], added=["ours"])
        refuse()

    with pytest.raises(UnknownNamespace):
        revise(catalog, refuse if is_refused_first else adding("ours"), also=tag)
    with catalog.read() as t:
        assert (t.tags.of([1]), vocabularies.target_revision(t).number) == ({1: []}, 1)


def test_an_edit_of_a_vocabulary_whose_re_tag_is_owed_tags_with_it(filled, tmp_path, monkeypatch, catalog):
    other = VocabularyDefinition("other", (LabelDefinition("red", ("red",)),))
    revise(catalog, lambda _: other)
    editor(tmp_path, monkeypatch, "text + 'blue\\n'")
    assert "with other (2 labels, revision 2)" in filled("vocab", "edit").out
    assert labels_of(filled) == ["red", "blue"]


def test_what_is_edited_before_there_are_photos_tags_them(
    photos, pictures, checkpoint, vocabulary, tmp_path, monkeypatch
):
    photos("vocab", "use", vocabulary)
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert photos("vocab", "edit").out == "colours, revision 2: 7 labels.\n"
    assert photos("add", pictures, "--model", checkpoint).status == 0
    assert labels_of(photos)[-1] == "mine"


@pytest.mark.parametrize("name", [[], ["photographic"]])
def test_so_does_what_is_edited_before_any_vocabulary_was_chosen(
    photos, pictures, checkpoint, tmp_path, monkeypatch, name
):
    editor(tmp_path, monkeypatch, "'red\\nmine\\n'")
    assert photos("vocab", "edit", *name).out == "photographic, revision 1: 2 labels.\n"
    assert photos("add", pictures, "--model", checkpoint).status == 0
    assert labels_of(photos) == ["red", "mine"]


def test_an_edit_under_one_name_takes_nothing_from_the_same_vocabulary_under_another(
    filled, pictures, tmp_path, monkeypatch
):
    filled("vocab", "use", "colours", "--as", "beside")
    filled("teach", "ours", "--yes", pictures / "red.png")
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert "colours as beside (7 labels, revision 3)" in filled("vocab", "edit", "beside:").out
    assert (labels_of(filled)[-1], labels_of(filled, "beside:")[-1]) == ("ours", "mine")
    assert filled("retag").status == 0
    assert (labels_of(filled)[-1], labels_of(filled, "beside:")[-1]) == ("ours", "mine")


def test_an_edit_of_a_vocabulary_that_is_the_same_under_two_names_tags_under_both(filled, tmp_path, monkeypatch):
    filled("vocab", "use", "colours", "--as", "beside")
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    assert filled("vocab", "edit", "beside:").status == 0
    assert (labels_of(filled)[-1], labels_of(filled, "beside:")[-1]) == ("mine", "mine")


def test_what_is_chosen_before_there_are_photos_again_takes_the_place_of_what_is_owed(filled, catalog, vocabulary):
    with_label(catalog, "ours", "a red thing")
    with catalog.write() as t:
        t.files.forget([file.id for folder in t.folders.all() for file in t.files.known(folder.id)])
    assert "will tag the photos you add" in filled("vocab", "use", "colours@1").out
    with catalog.read() as t:
        assert vocabularies.target_revision(t).number == 1


def test_what_was_edited_is_kept_if_the_catalog_cannot_take_it(filled, tmp_path, monkeypatch):
    editor(tmp_path, monkeypatch, "text + 'mine\\n'")
    with (tmp_path / "editor.py").open("a") as script:
        script.write(f"os.remove({str(filled.library / 'catalog.sqlite3')!r})\n")
    result = filled("vocab", "edit")
    assert result.status == 1
    kept = Path(next(word for word in result.err.split() if word.endswith(".txt."))[:-1])
    assert kept.read_text().endswith("mine\n")
    kept.unlink()


def test_a_draft_of_a_file_is_no_change_of_the_catalogs(filled, catalog, tmp_path):
    path = tmp_path / "colours.txt"
    path.write_text("red\n")
    begun = draft(catalog, str(path))
    with_label(catalog, "ours", "a red thing")
    path.unlink()
    kept = keep(catalog, begun, begun.definition)
    assert kept is not None
    assert (kept[0].number, kept[1]) == (3, [""])
