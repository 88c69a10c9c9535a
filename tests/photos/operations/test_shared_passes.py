"""Files that workers index: what the process that scans does before, meanwhile and after."""

from contextlib import nullcontext

import pytest

from photos.daemon.watcher import Watcher
from photos.encoders import CachedEncoders
from photos.operations.indexing.index import IndexRequest, index
from photos.operations.progress import SILENT
from store import CatalogBusy
from tests.photos.conftest import Program, make_pictures
from tests.photos.encoders import ColourEncoders
from tests.photos.operations.shared import SharedLibrary, shared, shared_start

__all__ = ["shared", "shared_start"]


class Enough(Exception):
    pass


def move_one(shared):
    (shared.pictures / "red.png").rename(shared.pictures / "moved.png")


def test_workers_never_encode_labels(server, tmp_path, capsys, checkpoint, vocabulary):
    pictures = make_pictures(tmp_path / "pictures")
    with server.database(server.template) as address:
        program = Program(tmp_path / "library", capsys, ColourEncoders(), PHOTOS_CATALOG=address)
        assert program("vocab", "use", vocabulary).status == 0
        assert program("add", pictures, "--model", checkpoint, "--queue", "--no-wait").status == 0
        assert (program.encoders.images, program.encoders.texts) == (0, 1)
        SharedLibrary(program, address, server, pictures).drain("encode")
        assert (program.encoders.images, program.encoders.texts) == (1, 1)
        assert "red" in program("tags", pictures / "red.png").out


def test_without_workers_a_pass_that_waits_does_their_units(shared):
    told = []
    move_one(shared)
    with shared.open() as library:
        library.on_notice = told.append
        done = index(library, IndexRequest())
        assert library.queue is not None
        with library.catalog.read() as t:
            state = library.queue.state(t)
    assert (done.report.embedded, done.report.gone, done.report.queued) == (0, 1, 0)
    assert ["this process" in each for each in told] == [True]
    assert (state.tasks, state.workers) == ((), ())


def test_a_watch_scans_again_when_workers_are_done_also_after_an_error(shared, caplog):
    caplog.set_level("INFO")
    move_one(shared)
    passes, told, holds = [], [], iter([None, CatalogBusy(shared.address), None])

    def hold():
        if (error := next(holds)) is not None:
            raise error

    def after_pass(report, _seconds):
        passes.append((bool(report.queued), report.gone))
        if len(passes) > 1:
            raise Enough

    def begin_a_worker(sentence):
        told.append(sentence)
        shared.drain("encode")

    with shared.open(quiet_seconds=0.001) as library:
        library.on_notice = begin_a_worker
        encoders = CachedEncoders(library.encoders, 600)
        watcher = Watcher(library, library.choose_model(None), encoders, after_pass, retry=0, look=0.01, hold=hold)
        with pytest.raises(Enough):
            watcher.run(lambda: nullcontext(SILENT))
    assert "No file is in the queue for workers any more." in caplog.messages
    assert passes == [(True, 0), (False, 1)]
    assert ["no worker takes them" in each for each in told] == [True]
