"""Files that workers index, in the test's own process."""

import pytest
from PIL import Image

from indexer.models import DeviceUnavailable
from photos.config import load
from photos.library import OpenLibrary
from photos.operations.indexing.index import IndexRequest, index
from photos.workers.worker import WorkRequest, work
from store.queue.base import UnitState
from tests.photos.conftest import read_here
from tests.photos.encoders import ColourEncoders
from tests.photos.operations.shared import shared, shared_start

__all__ = ["shared", "shared_start"]


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
