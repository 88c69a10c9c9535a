"""Operations on files: duplicates and sidecars, without a command."""

import shutil
from typing import Annotated, get_origin, get_type_hints, is_typeddict

import pytest

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.duplicates import DuplicatesRequest, find_duplicates
from photos.operations.progress import Stage, Step
from photos.operations.tagging.sidecars import UndoRequest, WriteRequest, list_runs, undo_sidecars, write_sidecars
from photos.records import files
from photos.sidecars import Undone, Written
from tests.photos.conftest import read_here
from tests.photos.duplicates.test_perceptual_hash import textured
from tests.pictures import encoded


class Recorder:
    """A progress that keeps every event, and raises at the first one of a stage."""

    def __init__(self, cancel_at=None):
        self.events = []
        self.cancel_at = cancel_at

    def report(self, event):
        self.events.append(event)
        if isinstance(event, Step) and event.stage is self.cancel_at:
            raise KeyboardInterrupt

    def steps(self, stage):
        return [(event.done, event.total) for event in self.events if isinstance(event, Step) and event.stage is stage]


@pytest.fixture
def library(photos, tmp_path, checkpoint, vocabulary):
    folder = tmp_path / "shots"
    folder.mkdir()
    for quality in (95, 60):
        (folder / f"{quality}.jpg").write_bytes(encoded(textured(0), quality=quality))
    shutil.copy(folder / "95.jpg", folder / "copy.jpg")
    photos.make_catalog()
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", folder, "--model", checkpoint).status == 0
    assert photos("tag", folder / "60.jpg", "+holiday").status == 0
    with OpenLibrary(load({"library": photos.library}, {}), photos.encoders, read_here) as opened:
        yield opened


def names(groups):
    return [[file.file.path.rpartition(b"/")[2].decode() for file in group] for group in groups]


def test_a_search_for_duplicates_reports_both_stages(library):
    progress = Recorder()
    result = find_duplicates(library, DuplicatesRequest(), progress)
    assert (names(result.groups), result.found) == ([["95.jpg", "copy.jpg", "60.jpg"]], 1)
    assert progress.steps(Stage.COMPARE) == [(2, 2)]
    assert progress.steps(Stage.HASH) == [(2, 2)]


def test_an_exact_search_reports_no_stage(library):
    progress = Recorder()
    result = find_duplicates(library, DuplicatesRequest(exact=True), progress)
    assert names(result.groups) == [["95.jpg", "copy.jpg"]]
    assert progress.events == []


def test_removable_files_leave_out_the_best(library):
    result = find_duplicates(library, DuplicatesRequest(removable_only=True))
    assert (names(result.groups), result.found) == ([["copy.jpg", "60.jpg"]], 1)


def test_a_cancelled_search_keeps_the_hashes_so_far(library):
    with pytest.raises(KeyboardInterrupt):
        find_duplicates(library, DuplicatesRequest(), Recorder(cancel_at=Stage.HASH))
    progress = Recorder()
    find_duplicates(library, DuplicatesRequest(), progress)
    assert progress.steps(Stage.HASH) == []


def test_sidecars_are_written_undone_and_listed(library):
    assert list_runs(library) == []
    progress = Recorder()
    report = write_sidecars(library, WriteRequest(), progress)
    (written,) = [event for event in progress.events if isinstance(event, Written) and "holiday" in event.added]
    assert written.sidecar.endswith(b"/60.jpg.xmp")
    assert report.made + report.unchanged == 3
    assert progress.steps(Stage.WRITE_SIDECARS) == [(3, 3)]
    assert [run.id for run in list_runs(library)] == [report.run]
    progress = Recorder()
    assert undo_sidecars(library, UndoRequest(), progress).removed == report.made
    assert all(isinstance(event, Undone) and event.is_removed for event in progress.events)


def test_every_field_of_a_record_is_described():
    records = [each for each in vars(files).values() if is_typeddict(each) and each.__module__ == files.__name__]
    assert len(records) == 14
    for record in records:
        for name, hint in get_type_hints(record, include_extras=True).items():
            assert get_origin(hint) is Annotated, f"{record.__name__}.{name}"
            assert hint.__metadata__[0].endswith("."), f"{record.__name__}.{name}"
