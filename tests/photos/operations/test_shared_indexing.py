"""Files that workers index, in the test's own process."""

from contextlib import nullcontext

import pytest
from PIL import Image

from indexer.models import DeviceUnavailable
from photos.config import load
from photos.daemon.watcher import Watcher
from photos.encoders import CachedEncoders
from photos.library import OpenLibrary
from photos.lock import catalog_lock
from photos.operations.indexing.index import IndexRequest, Resumed, index
from photos.operations.progress import SILENT
from photos.workers.worker import WorkRequest, work
from store import CatalogBusy
from store.queue.base import UnitState
from tests.photos.conftest import read_here
from tests.photos.encoders import ColourEncoders
from tests.photos.operations.shared import shared, shared_start

__all__ = ["shared", "shared_start"]


class Heard(list):
    def report(self, event, /):
        self.append(event)


class Enough(Exception):
    pass


class NoDevice(ColourEncoders):
    def image(self, checkpoint, device, precision):
        raise DeviceUnavailable("cuda:9", ("CPU",))


def test_a_worker_without_its_device_ends_and_fails_no_unit(shared):
    Image.new("RGB", (8, 8), (9, 99, 199)).save(shared.pictures / "new.png")
    with shared.open() as library:
        assert index(library, IndexRequest(waits=False)).report.queued
        elsewhere = load({"library": shared.program.library, "catalog": shared.address}, {})
        with OpenLibrary(elsewhere, NoDevice(), read_here) as bad, pytest.raises(DeviceUnavailable):
            work(bad, WorkRequest(drain=True))
        with library.catalog.read() as t:
            ids = [unit for unit, _ in library.queue.waiting(t, "encode")]
            assert library.queue.states(t, ids) == dict.fromkeys(ids, UnitState.WAITING)
            assert len(ids) == 1


def test_a_pass_of_another_machine_is_not_taken_for_one_that_was_interrupted(shared):
    with shared.open(queue=False) as library:
        with library.catalog.write() as t:
            t.library.set_indexing(begun=True)
        with catalog_lock(library.catalog):
            index(library, IndexRequest(), heard := Heard())
            assert Resumed() not in heard
        with library.catalog.write() as t:
            t.library.set_indexing(begun=True)
        index(library, IndexRequest(), heard := Heard())
        assert Resumed() in heard


def test_what_waits_for_workers_is_done_later_when_the_catalog_is_busy_just_then(shared):
    (below := shared.pictures / "below").mkdir()
    next(shared.pictures.glob("*.png")).unlink()
    holds, reports = [], []

    def hold():
        holds.append(0)
        if len(holds) == 2:
            raise CatalogBusy(shared.address)

    def after_pass(report, _seconds):
        reports.append(report)
        if len(holds) > 2:
            raise Enough
        assert (report.queued > 0, report.gone) == (True, 0)
        shared.drain("encode")
        # It wakes the watcher, for this folder alone.
        (below / "more").mkdir()

    with shared.open(quiet_seconds=0.001) as library:
        encoders = CachedEncoders(library.encoders, 600)
        watcher = Watcher(library, library.choose_model(None), encoders, after_pass, retry=0.1, hold=hold)
        with pytest.raises(Enough):
            watcher.run(lambda: nullcontext(SILENT))
    assert reports[-1].gone == 1
