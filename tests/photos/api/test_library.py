"""`photos.api.Library`."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photos.api import Cancelled, LabelDefinition, Library, Step, TuningAnswer, VocabularyDefinition
from photos.config import load
from photos.errors import EmptyLibrary, FileExists, LabelExists, NoExample, UnreadablePicture
from photos.library import OpenLibrary
from photos.model_errors import ModelInUse, NoDescriber, PatchesFixed, UnknownDescriber
from query.errors import BadLabel, NotInLibrary, UnknownSlot, UnknownSource, UnknownVocabulary, VocabularyError
from tests.indexer.describers.chat_server import GOOD
from tests.indexer.describers.conftest import ChatServer
from tests.photos.conftest import read_here


def opened(program):
    settings = load({"library": program.library, "precision": "float32"}, dict(os.environ))
    return Library(OpenLibrary(settings, program.encoders, read_here))


@pytest.fixture
def library(filled):
    with opened(filled) as library:
        yield library


@pytest.fixture
def described(filled, monkeypatch):
    """The library with an endpoint that describes, and the name under which its descriptions are kept."""
    server = ChatServer()
    monkeypatch.setenv("PHOTOS_DESCRIBE_ENDPOINT", server.url)
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "good")
    with opened(filled) as library:
        yield library, f"good@127.0.0.1:{server.port}"
    assert server.stop() == ""


class Events:
    """Keeps all events, and raises `Cancelled` at the first step of *stage*."""

    def __init__(self, stage=None):
        self.events = []
        self._stage = stage

    def report(self, event):
        self.events.append(event)
        if isinstance(event, Step) and event.stage == self._stage:
            raise Cancelled


def pictures_of(folder, *names):
    return [folder / f"{name}.png" for name in names]


def paths_of(result):
    return {Path(os.fsdecode(match.photo.paths[0])) for match in result.matches}


def labels_of(library, path):
    return [tag.label for tag in library.tags([path])[0].tags]


def test_searches_and_tags_equal_those_of_the_commands(filled, library, pictures):
    printed = [json.loads(line) for line in filled("search", "red", "--json").lines]
    found = library.search("red").matches
    assert [match.photo_id for match in found] == [each["photo"] for each in printed]
    photo = library.find(pictures / "red.png")
    assert found[0].photo == photo == library.photos([photo.id])[0]
    tags = [json.loads(line) for line in filled("tags", pictures / "red.png", "--json").lines]
    (by_id,), (by_path,) = library.tags([photo.id]), library.tags([pictures / "red.png"])
    assert by_id == by_path
    assert [tag.label for tag in by_id.tags] == [tag["label"] for tag in tags[0]["tags"]] != []
    assert library.tags([photo.id], threshold=1.0)[0].tags == ()
    assert photo.id not in {match.photo_id for match in library.similar(pictures / "red.png").matches}


def test_vectors_come_in_batches_and_equal_the_stored_ones(library, pictures):
    parts = list(library.embeddings(batch_size=4))
    assert [len(part) for part in parts] == [4, 2]
    paths = [os.fsdecode(library.photos([key])[0].paths[0]) for part in parts for key in part.ids]
    made = list(library.embed_images(paths, batch_size=4))
    assert [len(part) for part in made] == [4, 2]
    stored = np.concatenate([part.matrix for part in parts])
    np.testing.assert_allclose(np.concatenate(made), stored, atol=1e-3)
    (pictures / "no picture.png").write_bytes(b"none")
    with pytest.raises(UnreadablePicture):
        next(library.embed_images([pictures / "no picture.png"]))


def test_scores_are_cosines_and_probabilities_the_models(library):
    vectors = next(library.embeddings()).matrix
    cosines = library.scores(vectors, ["red", "blue"])
    assert (cosines.shape, cosines.dtype) == ((6, 2), np.float32)
    (match,) = library.search("red", 1).matches
    probabilities = library.probabilities(np.array([[match.cosine]], np.float32))
    assert probabilities.shape == (1, 1)
    assert probabilities[0, 0] == pytest.approx(match.probability, rel=1e-4)
    assert library.scores(vectors, []).shape == (6, 0)
    np.testing.assert_allclose(np.linalg.norm(library.embed_texts(["red", "blue"]), axis=1), 1, atol=1e-5)


def test_a_single_text_or_path_is_an_error(library, pictures):
    vectors = next(library.embeddings()).matrix
    for mistake in (
        lambda: library.embed_texts("red"),
        lambda: library.scores(vectors, "red"),
        lambda: library.embed_images(pictures / "red.png"),
        lambda: library.tags(pictures / "red.png"),
        lambda: library.tag([pictures / "red.png"], add="red"),
        lambda: library.add(pictures),
        lambda: library.index(str(pictures)),
        lambda: library.teach("red", yes=pictures / "red.png"),
        lambda: library.duplicates(pictures),
        lambda: library.sidecars.write(pictures),
        lambda: library.describe(pictures),
        lambda: library.describe(tasks="text"),
        lambda: library.captions(pictures / "red.png"),
        lambda: library.vocabularies.use("demo", slot="d", folders=pictures),
    ):
        with pytest.raises(TypeError, match="give a list"):
            mistake()


def test_missing_files_and_libraries_are_errors(library, pictures, tmp_path):
    with pytest.raises(NotInLibrary):
        library.find(pictures / "notes.txt")
    with Library.open(tmp_path / "none") as empty, pytest.raises(EmptyLibrary):
        empty.search("red")


def test_a_search_takes_the_options_of_the_command(filled, library, pictures):
    assert [match.photo.paths[0] for match in library.search('name:"red.png"').matches] == [
        os.fsencode(pictures / "red.png")
    ]
    every = [match.photo_id for match in library.search("red").matches]
    assert [match.photo_id for match in library.search("red", 2, 1).matches] == every[1:3]
    nothing = library.search("red", min_score=1.5)
    assert (nothing.matches, nothing.best is not None) == ([], True)
    grouped = library.search("red", group=True)
    found = [match.photo_id for match in grouped.matches] + [
        match.photo_id for more in grouped.more.values() for match in more
    ]
    assert sorted(found) == sorted(every)
    assert library.search("red " * 20).is_cut
    assert library.search("name:none.png").reason == "No photo meets `name:none.png`"


def test_an_explanation_equals_that_of_the_command(filled, library, pictures):
    printed = json.loads(filled("why", pictures / "blue.png", "red", "--json").out)
    found = library.explain(pictures / "blue.png", "red")
    assert (found.explanation.rank, found.stands_out) == (printed["rank"], printed["stands_out"])
    assert found.probability == pytest.approx(printed["probability"], rel=1e-6)


def test_manual_tags_are_written_and_have_a_history(library, pictures):
    photo = library.find(pictures / "red.png")
    (changed,) = library.tag([photo.id], add=["our cat"], reject=["red"])
    labels = [tag.label for tag in changed.tags]
    assert ("our cat" in labels, "red" in labels) == (True, False)
    assert changed == library.tags([photo.id])[0]
    assert ("our cat", 1) in [(count.label, count.photos) for count in library.tag_counts()]
    (cleared,) = library.tag([pictures / "red.png"], clear=["our cat", "red"])
    assert "red" in [tag.label for tag in cleared.tags]
    (history,) = library.tag_history([photo.id])
    assert [(event.what, event.label) for event in history.events] == [
        ("added", "our cat"), ("rejected", "red"), ("cleared", "our cat"), ("cleared", "red"),
    ]  # fmt: skip


def test_a_bad_label_or_an_unknown_photo_changes_nothing(library, pictures):
    before = library.tags([pictures / "red.png"])
    with pytest.raises(BadLabel):
        library.tag([pictures / "red.png"], add=["dog", " "])
    with pytest.raises(NotInLibrary, match="photo 999"):
        library.tag([pictures / "red.png", 999], add=["dog"])
    assert library.tags([pictures / "red.png"]) == before


def test_imported_tags_are_compared_with_others(library, pictures, tmp_path):
    (tmp_path / "tags.csv").write_text(f"path,tags\n{pictures}/red.png,red;dog\nnone.png,cat\n")
    taken = library.import_tags(tmp_path / "tags.csv", "other")
    assert (taken.photos, taken.changed, [each.path for each in taken.unknown]) == (1, 2, ["none.png"])
    found = library.compare_sources("auto", "other")
    assert (found.photos, [each.label for each in found.labels]) == (1, ["red"])
    assert library.compare_sources("auto", "other", query="name:blue.png").photos == 0
    assert library.import_keywords().changed == 0
    with pytest.raises(UnknownSource):
        library.compare_sources("auto", "nothing")


def test_folders_are_added_indexed_and_removed(photos, pictures, checkpoint, vocabulary, tmp_path):
    with opened(photos) as library:
        assert (library.status().photos, library.failed()) == (0, ())
        library.vocabularies.use(vocabulary)
        events = Events()
        added = library.add([pictures], exclude=["bright"], model=str(checkpoint), progress=events)
        assert (added.photos, added.files, added.report.embedded, added.report.left_out) == (4, 4, 4, 0)
        assert "FileDone" in {type(event).__name__ for event in events.events}
        assert (library.status().photos, library.status().model) == (4, str(checkpoint))
        assert library.add([pictures], exclude=[""]).photos == 6
        Image.new("RGB", (40, 30), (250, 30, 30)).save(pictures / "late.png")
        assert library.index([pictures]).report.embedded == 1
        assert paths_of(library.search("red", 2)) == {pictures / "red.png", pictures / "late.png"}
        removed = library.remove(pictures)
        assert (removed.removed, removed.left) == (7, 0)


def test_a_moved_folder_keeps_its_photos(library, pictures, tmp_path):
    before = library.find(pictures / "red.png").id
    pictures.rename(tmp_path / "elsewhere")
    moved = library.move(pictures, tmp_path / "elsewhere")
    assert (moved.folders[0].path, moved.report.embedded) == (os.fsencode(tmp_path / "elsewhere"), 0)
    assert library.find(tmp_path / "elsewhere" / "red.png").id == before


def test_a_file_that_failed_is_read_again(library, pictures):
    broken = pictures / "broken.png"
    broken.write_bytes((pictures / "red.png").read_bytes()[:60])
    library.index()
    assert [problem.path for problem in library.failed()] == [os.fsencode(broken)]
    Image.new("RGB", (40, 30), (30, 160, 160)).save(broken)
    assert (library.retry().report.embedded, len(library.failed())) == (1, 0)


def test_many_missing_photos_are_forgotten_only_if_confirmed(library, tmp_path):
    for shade in range(102):
        (tmp_path / "many").mkdir(exist_ok=True)
        Image.new("RGB", (8, 6), (shade, 2 * shade, 0)).save(tmp_path / "many" / f"{shade}.png")
    assert library.add([tmp_path / "many"]).photos == 108
    for shade in range(1, 102):
        (tmp_path / "many" / f"{shade}.png").unlink()
    held = library.index()
    assert (held.photos, len(held.report.held_back)) == (108, 1)
    assert library.index(confirm_removals=True).photos == 7
    assert library.prune(dry_run=True).kept == 101


def test_photos_gone_for_long_are_pruned(filled, pictures):
    (pictures / "red.png").unlink()
    settings = load({"library": filled.library, "keep_days": 0}, dict(os.environ))
    with Library(OpenLibrary(settings, filled.encoders, read_here)) as library:
        library.index()
        assert library.prune(dry_run=True).deleted == library.prune().deleted == 1
        assert library.prune().deleted == 0


def test_differences_are_found_and_repaired(library, pictures):
    Image.new("RGB", (40, 30), (30, 160, 160)).save(pictures / "late.png")
    found = library.verify()
    assert ([(each.count, each.many) for each in found.found], found.repair) == (
        [(1, "files that are new or changed")],
        None,
    )
    repaired = library.verify(repair=True)
    assert (repaired.found, repaired.left, repaired.repair.photos) == (found.found, (), 7)
    assert "photos" in [finding.about for finding in library.doctor()]


def test_a_cancelled_re_tag_is_finished_by_the_next_one(library, pictures, tmp_path):
    (tmp_path / "two.txt").write_text("red\nscarlet\n")
    events = Events("encode labels")
    with pytest.raises(Cancelled):
        library.vocabularies.use(tmp_path / "two.txt", progress=events)
    assert [type(event) for event in events.events] == [Step]
    assert library.status().pending_slots == {""}
    (done,) = library.retag().retags
    assert (done.revision.vocabulary, library.status().pending_slots) == ("two", frozenset())


def test_photos_are_tagged_again_with_a_file_and_by_slots(library, pictures, tmp_path):
    (tmp_path / "two.txt").write_text("red\nblue\n")
    (done,) = library.retag(tmp_path / "two.txt").retags
    assert (done.revision.vocabulary, labels_of(library, pictures / "red.png")) == ("two", ["red"])
    assert library.retag("colours", slot="more").retags[0].slot == "more"
    assert [done.revision.vocabulary for done in library.calibrate().retags] == ["two", "colours"]
    with pytest.raises(UnknownVocabulary):
        library.retag("nothing")


def test_a_label_is_taught_by_photos(library, pictures):
    yes, no = [pictures / "red.png"], [pictures / "blue.png"]
    assert not library.teach("ours", yes=yes, dry_run=True).is_kept
    assert "ours" not in labels_of(library, pictures / "red.png")
    taught = library.teach("ours", yes=yes, no=no)
    assert (len(taught.retag.retags), taught.full_name) == (1, "ours")
    assert ("ours" in labels_of(library, yes[0]), "ours" in labels_of(library, no[0])) == (True, False)
    assert [example.is_shown for example in library.taught("ours").report.examples] == [True, False]
    assert len(library.teach("ours", forget=no).report.examples) == 1
    with pytest.raises(NoExample):
        library.teach("theirs", no=no)


def test_a_vocabulary_is_used_in_a_slot_and_dropped(library, pictures, tmp_path):
    (tmp_path / "two.txt").write_text("red\nyellow\n")
    used = library.vocabularies.use(tmp_path / "two.txt", slot="two", folders=[pictures / "bright"])
    assert (used.slot.folders, used.photos) == ((os.fsencode(pictures / "bright"),), 2)
    assert "two:yellow" in labels_of(library, pictures / "bright" / "yellow.png")
    assert "two:red" not in labels_of(library, pictures / "red.png")
    assert library.vocabularies.use("two", slot="two", folders=[]).slot.folders == ()
    assert "two:red" in labels_of(library, pictures / "red.png")
    slots = {each.name: [slot.name for slot in each.slots] for each in library.vocabularies.list()}
    assert (slots["colours"], slots["two"], slots["demo"]) == ([""], ["two"], [])
    assert library.vocabularies.drop("two:") == "two"
    with pytest.raises(UnknownSlot):
        library.vocabularies.drop("two")


def test_a_vocabulary_is_imported_shown_and_exported(library, tmp_path):
    (tmp_path / "two.txt").write_text("red\nyellow\n")
    revision = library.vocabularies.import_file(tmp_path / "two.txt", "mine")
    assert (revision.vocabulary, revision.number) == ("mine", 1)
    assert [label.name for label in library.vocabularies.show("mine").labels] == ["red", "yellow"]
    text = library.vocabularies.export("mine", tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == text
    with pytest.raises(FileExists):
        library.vocabularies.export("mine", tmp_path / "out.txt")
    assert library.vocabularies.show(tmp_path / "out.txt").labels == library.vocabularies.show("mine").labels
    with pytest.raises(UnknownVocabulary):
        library.vocabularies.show("nothing")


def with_label(name, text):
    return lambda definition: replace(definition, labels=(*definition.labels, LabelDefinition(name, (text,))))


def test_a_label_is_added_and_taken_back(library, pictures):
    library.vocabularies.add_label("fire", "red")
    assert "fire" in labels_of(library, pictures / "red.png")
    with pytest.raises(LabelExists):
        library.vocabularies.add_label("Fire", "red")
    back = library.vocabularies.rollback()
    assert (back.revision.number, back.slot, "fire" in labels_of(library, pictures / "red.png")) == (1, "", False)
    assert [each.number for each in library.vocabularies.history()] == [2, 1]
    assert library.vocabularies.rollback(number=2).revision.number == 2


def test_an_edit_tags_photos_and_keeps_the_name(library, pictures):
    change = with_label("fire", "red")
    done = library.vocabularies.edit(lambda definition: replace(change(definition), name="other"))
    assert (done.revision.vocabulary, done.revision.number, done.slots) == ("colours", 2, ("",))
    assert len(done.retag.retags) == 1
    assert "fire" in labels_of(library, pictures / "red.png")


def test_an_edit_loses_no_change_of_another_process(filled, library):
    calls = []

    def change(definition):
        if not calls:
            with opened(filled) as other:
                other.vocabularies.add_label("sky", "blue")
        calls.append(len(definition.labels))
        return with_label("fire", "red")(definition)

    library.vocabularies.edit(change)
    assert [label.name for label in library.vocabularies.show().labels][-2:] == ["sky", "fire"]
    assert calls == [6, 7]


def test_a_saved_vocabulary_replaces_its_earlier_revision(library, pictures):
    two = VocabularyDefinition("two", tuple(LabelDefinition(name, (name,)) for name in ("red", "blue")))
    new = library.vocabularies.save(two)
    assert (new.revision.number, new.slots, new.retag.is_empty) == (1, (), True)
    library.vocabularies.use("two")
    saved = library.vocabularies.save(with_label("fire", "red")(two))
    assert (saved.revision.number, saved.slots) == (2, ("",))
    assert "fire" in labels_of(library, pictures / "red.png")


def test_an_invalid_definition_changes_nothing(library):
    twice = VocabularyDefinition("two", (LabelDefinition("red", ("red",)), LabelDefinition("Red", ("red",))))
    with pytest.raises(VocabularyError):
        library.vocabularies.save(twice)
    with pytest.raises(BadLabel):
        library.vocabularies.edit(with_label(" ", "red"))
    with pytest.raises(ZeroDivisionError):
        library.vocabularies.edit(lambda definition: 1 / 0)
    assert [each.number for each in library.vocabularies.history()] == [1]


def test_reports_on_vocabularies_equal_those_of_the_commands(filled, library, tmp_path):
    (tmp_path / "two.txt").write_text("red\ngreen\nscarlet: " + 20 * "red " + "\n")
    library.vocabularies.import_file(tmp_path / "two.txt")
    shown = json.loads(filled("vocab", "try", "red", "--json").out)
    assert library.vocabularies.try_label("red").trial.tagged == shown["tagged"]
    found = library.vocabularies.diff("colours", "two", photos=True)
    assert set(found.difference.added) == {"scarlet"}
    assert all(set(photo.removed) <= {"blue", "yellow", "white", "black"} for photo in found.photos)
    shown = [json.loads(line) for line in filled("vocab", "lint", "two", "--json").lines]
    assert [doubt.label for doubt in library.vocabularies.lint("two").doubts] == [each["label"] for each in shown] != []
    shown = [json.loads(line) for line in filled("vocab", "suggest", "--words", "two", "--json").lines]
    gaps = library.vocabularies.suggest("two", 3).gaps
    assert len(gaps.named) + len(gaps.unnamed) == len(shown)


def test_answers_move_a_threshold_and_stay_as_tags(library):
    tuning = library.vocabularies.begin_tuning("red", 3)
    answers = [TuningAnswer(photo.id, cosine, is_right=True) for photo, cosine in tuning.photos]
    for answer in answers:
        library.vocabularies.note_answer(tuning, answer)
    result = library.vocabularies.finish_tuning(tuning, answers)
    assert (result.answers, result.fitting) == (len(answers), len(answers))
    for photo, _ in tuning.photos:
        assert "red" in [tag.label for tag in library.tags([photo.id])[0].tags if tag.source == "user"]


def test_duplicates_and_removable_files_are_found(library, pictures):
    (pictures / "copy.png").write_bytes((pictures / "red.png").read_bytes())
    library.index()
    (group,) = library.duplicates([pictures], exact=True).groups
    assert {file.file.path for file in group} == {os.fsencode(pictures / name) for name in ("red.png", "copy.png")}
    (removable,) = library.removable_files(exact=True).groups
    assert [file.file.path for file in removable] == [group[1].file.path]


def test_sidecars_are_written_listed_and_undone(library, pictures):
    events = Events()
    assert library.sidecars.write([pictures / "red.png"], dry_run=True).made == 1
    assert library.sidecars.runs() == []
    written = library.sidecars.write([pictures / "red.png"], progress=events)
    assert (written.made, [run.id for run in library.sidecars.runs()]) == (1, [written.run])
    assert {type(event).__name__ for event in events.events} == {"Written", "Step"}
    assert len(list(pictures.rglob("*.xmp"))) == 1
    assert library.sidecars.undo(written.run, dry_run=True).removed == library.sidecars.undo().removed == 1
    assert not list(pictures.rglob("*.xmp"))


def test_photos_are_described_shown_and_forgotten(described, pictures):
    library, name = described
    events = Events()
    assert library.describers() == []
    result = library.describe(pictures_of(pictures, "red", "blue"), tasks=["caption", "text"], progress=events)
    assert (result.describer, result.tasks, result.described, result.problem) == (name, ("caption", "text"), 2, None)
    assert [(step.done, step.total) for step in events.events if isinstance(step, Step)][-1] == (2, 2)
    assert library.describe([]).described == 0
    assert library.describe(query="name:red*", tasks=["caption"]).known == 1
    assert library.describe(query="name:red*", tasks=["caption"], again=True).described == 1
    assert (rest := library.describe(tasks=["caption"], limit=1)).described == 1
    assert (rest.known, rest.left) == (2, 3)
    (listed,) = library.describers()
    assert (listed.origin, listed.photos) == (name, 3)

    (red,) = library.captions([pictures / "red.png"])
    assert (red.own, [each.origin for each in red.descriptions]) == (None, [name])
    assert (red.descriptions[0].caption, red.descriptions[0].text) == (GOOD["caption"], GOOD["text"])
    assert [each.photo.id for each in library.captions(query="has:description name:red*")] == [red.photo.id]

    assert library.sidecars.write(captions=True, dry_run=True).made == 6
    wrote = Events()
    library.sidecars.write([pictures / "red.png"], captions=name, progress=wrote)
    assert wrote.events[0].caption.after == GOOD["caption"]
    assert library.captions([red.photo.id])[0].own is None
    with pytest.raises(UnknownDescriber, match=f"there is {name}"):
        library.sidecars.write(captions="nobody")

    assert library.forget_describer(name).photos == 3
    assert (library.describers(), library.captions([red.photo.id])[0].descriptions) == ([], ())
    with pytest.raises(UnknownDescriber):
        library.forget_describer(name)


def test_describing_without_a_describer_or_with_an_unknown_task_is_an_error(library, tmp_path):
    with pytest.raises(NoDescriber):
        library.describe()
    with pytest.raises(ValueError, match="poem"):
        library.describe(tasks=["poem"])
    with Library.open(tmp_path / "none") as empty:
        assert empty.describers() == []
        with pytest.raises(EmptyLibrary):
            empty.captions([1])


def test_a_model_is_listed_and_stays_while_there_are_photos(library, checkpoint, other_checkpoint):
    assert [entry.reference for entry in library.models.list() if entry.is_in_use] == [str(checkpoint)]
    assert library.models.status().same_weights
    assert library.models.use(checkpoint).reference == str(checkpoint)
    with pytest.raises(ModelInUse):
        library.models.use(other_checkpoint)
    assert library.models.check("demo").passes
    with pytest.raises(PatchesFixed):
        library.models.use(checkpoint, patches=256)
    for wrong in (lambda: library.models.use(checkpoint, patches=300), lambda: library.add([], patches=300)):
        with pytest.raises(ValueError, match="256, 576, 1024"):
            wrong()
    assert library.models.download("demo") is None
