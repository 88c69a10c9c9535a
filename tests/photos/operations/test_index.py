"""The operations `add`, `index`, `retry_failed` and `verify`, without a face."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest
from PIL import Image

from indexer import FileDone, ReadingBegins
from indexer.decode import read_photo
from photos.config import load
from photos.errors import EmptyLibrary, MissingFolder, UnknownFolder
from photos.library import OpenLibrary
from photos.operations.folders import remove
from photos.operations.indexing.failed import failed_files
from photos.operations.indexing.index import AddRequest, IndexRequest, Resumed, add, index, retry_failed
from photos.operations.progress import Cancelled, Stage, Step
from photos.operations.tagging.revisions import use_from_now_on
from photos.operations.verify import VerifyRequest, verify
from store import MAIN_SLOT, LabelDefinition, VocabularyDefinition
from tests.photos.conftest import read_here
from tests.photos.encoders import ColourEncoders


class Receiver:
    """Keeps the events, and cancels at the file of that number."""

    def __init__(self, cancel_at=None):
        self.events = []
        self._cancel_at = cancel_at

    def report(self, event, /):
        self.events.append(event)
        if sum(isinstance(each, FileDone) for each in self.events) == self._cancel_at:
            raise Cancelled

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def library(tmp_path):
    settings = load({"library": tmp_path / "library", "precision": "float32", "batch_size": 2}, {})
    with OpenLibrary(settings, ColourEncoders(), read_here) as opened:
        yield opened


@pytest.fixture
def request_(pictures, checkpoint):
    return AddRequest([str(pictures)], model=str(checkpoint))


def test_add_returns_what_the_library_has_and_what_changed(library, request_, pictures):
    (pictures / "cut.png").write_bytes((pictures / "red.png").read_bytes()[:40])
    result = add(library, request_)
    assert (result.photos, result.files, result.report.embedded) == (6, 6, 6)
    assert [problem.path for problem in result.problems] == [bytes(pictures / "cut.png")]
    assert [folder.path for folder in result.folders] == [bytes(pictures)]
    assert result.seconds > 0


def test_full_decoding_is_of_the_library_and_not_of_later_settings(tmp_path, request_, pictures):
    def opened(decode):
        settings = {"library": tmp_path / "library", "precision": "float32"}
        return OpenLibrary(load(settings, {"PHOTOS_DECODE": decode}), ColourEncoders(), read_here)

    grainy = Image.effect_noise((600, 600), 120).convert("RGB")
    grainy.save(pictures / "grainy.jpg", quality=90)
    with opened("full") as library:
        assert add(library, request_).report.embedded == 7
        assert library.space.identity.preprocessing.endswith("-full")
        full = library.checkpoint_of(library.space).preprocessing
    data = (pictures / "grainy.jpg").read_bytes()
    square = full.pixels(Image.open(io.BytesIO(data)))
    assert (read_photo(data, full).pixels == square).all()
    assert (read_photo(data, replace(full, is_full=False)).pixels != square).any()
    with opened("reduced") as library:
        assert library.choose_model(None).checkpoint.preprocessing.is_full
        assert library.checkpoint_of(library.space).preprocessing.is_full
        grainy.save(pictures / "again.jpg", quality=91)
        assert add(library, request_).report.embedded == 1


def test_progress_receives_the_files_and_the_encoded_labels(library, request_):
    receiver = Receiver()
    add(library, request_, receiver)
    assert [event.files for event in receiver.of(ReadingBegins)] == [7]
    assert len(receiver.of(FileDone)) == 7
    steps = receiver.of(Step)
    assert {step.stage for step in steps} == {Stage.ENCODE_LABELS}
    assert steps[-1].done == steps[-1].total > 0


def test_a_cancelled_operation_keeps_what_was_committed_and_the_next_goes_on(library, request_):
    with pytest.raises(Cancelled):
        add(library, request_, Receiver(cancel_at=4))
    with library.catalog.read() as t:
        kept = t.photos.count()
    assert 0 < kept < 6
    receiver = Receiver()
    result = index(library, IndexRequest(), receiver)
    assert (result.photos, result.report.embedded) == (6, 6 - kept)
    assert receiver.events[0] == Resumed()


def test_index_takes_the_named_folders_only(library, request_, pictures, tmp_path):
    add(library, request_)
    (tmp_path / "more").mkdir()
    add(library, AddRequest([str(tmp_path / "more")]))
    (pictures / "red.png").unlink()
    Image.new("RGB", (20, 20), (1, 2, 3)).save(tmp_path / "more" / "new.png")
    report = index(library, IndexRequest([str(tmp_path / "more")])).report
    assert (report.embedded, report.gone) == (1, 0)
    with pytest.raises(UnknownFolder):
        index(library, IndexRequest(["/none"]))


def test_nothing_is_created_for_an_empty_library(library, tmp_path):
    for operation in (
        lambda: index(library, IndexRequest()),
        lambda: retry_failed(library),
        lambda: verify(library, VerifyRequest()),
    ):
        with pytest.raises(EmptyLibrary):
            operation()
    with pytest.raises(MissingFolder):
        add(library, AddRequest([str(tmp_path / "none")]))
    with pytest.raises(UnknownFolder):
        remove(library, "/none")
    assert failed_files(library).problems == ()
    assert not library.settings.library.exists()


def test_a_removed_folder_counts_the_photos_that_went_with_it(library, request_, pictures):
    add(library, request_)
    result = remove(library, str(pictures))
    assert (result.path, result.removed, result.left) == (bytes(pictures), 6, 0)


def test_verify_repairs_what_it_finds(library, request_):
    add(library, request_)
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE embedding SET checksum = checksum + 1 WHERE photo_id = 1")
    found = verify(library, VerifyRequest())
    assert [(each.one, each.count) for each in found.found] == [("damaged embedding", 1)]
    assert (found.left, found.repair) == (found.found, None)
    repaired = verify(library, VerifyRequest(repair=True))
    assert (repaired.repair.report.embedded, repaired.left) == (1, ())


def test_a_first_vocabulary_whose_retag_was_interrupted_stays_chosen(library, request_):
    library.choose_model(request_.model)
    with library.catalog.write() as t:
        # All that `vocab use` has committed when its labels are being encoded.
        revision = t.vocabularies.put(VocabularyDefinition("mine", (LabelDefinition("red", ("red",)),)))
        use_from_now_on(t, revision, MAIN_SLOT)
    add(library, request_)
    with library.catalog.read() as t:
        assert [each.vocabulary for each in t.slots.in_force()] == ["mine"]
        assert t.slots.pending() == {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"device": "cpu"}, None), ({"device": "cuda"}, os.cpu_count()), ({"device": "cuda", "workers": 3}, 3)],
)
def test_a_gpu_gets_as_many_readers_as_there_are_cores(tmp_path, options, expected):
    made = []
    settings = load({"library": tmp_path / "library", **options}, {})
    with OpenLibrary(settings, ColourEncoders(), lambda _pixels, count, _beside: made.append(count)) as opened:
        opened.readers(None)
    assert made == [expected]
