"""Sidecars written by workers: one run, which is undone as a whole, and no sidecar without an entry in the journal."""

from contextlib import suppress

import pytest

from photos.errors import SidecarsBusy
from photos.operations.tagging.shared_sidecars import sidecars_unit
from photos.operations.tagging.sidecars import UndoRequest, WriteRequest, list_runs, undo_sidecars, write_sidecars
from photos.sidecars import WriteReport
from photos.sidecars.journal import SIDECARS
from tests.photos.operations.shared import shared, shared_start
from tests.photos.operations.test_shared_describing import AtFirst

__all__ = ["shared", "shared_start"]


def contents(folder):
    """The sidecars in *folder*, by name."""
    return {path.name: path.read_bytes() for path in folder.rglob("*.xmp")}


class AtFirstSidecar(AtFirst):
    def report(self, event, /):
        call, self._call = self._call, lambda: None
        call()


def test_workers_write_one_run_that_is_undone_as_a_whole(shared):
    with shared.open(queue=False) as library:
        alone = write_sidecars(library, WriteRequest())
        expected = contents(shared.pictures)
        assert len(expected) == alone.made > 3
        undo_sidecars(library, UndoRequest())
    assert contents(shared.pictures) == {}
    shared.pretend_a_worker(SIDECARS)
    moved = shared.pictures.with_name("moved")

    def work():
        # The machine of the worker has the folder elsewhere.
        shared.pictures.rename(moved)
        shared.drain(SIDECARS, map=[f"{shared.pictures}={moved}"])
        moved.rename(shared.pictures)

    with shared.open() as library:
        report = write_sidecars(library, WriteRequest(), AtFirstSidecar(work))
        assert report == WriteReport(alone.run + 1, alone.made, 0, None, None)
        assert contents(shared.pictures) == expected
        assert library.queue is not None
        again = write_sidecars(library, WriteRequest(), AtFirstSidecar(lambda: shared.drain(SIDECARS)))
        assert (again.run, again.made, again.changed) == (None, 0, 0)
        assert next(run.made for run in list_runs(library)) == alone.made
        assert undo_sidecars(library, UndoRequest()).removed == alone.made
    assert contents(shared.pictures) == {}


def test_a_part_that_is_begun_again_leaves_every_sidecar_undoable(shared):
    shared.pretend_a_worker(SIDECARS)

    def killed():
        raise KeyboardInterrupt

    with shared.open() as library:
        with suppress(KeyboardInterrupt):
            write_sidecars(library, WriteRequest(), AtFirstSidecar(killed))
        with library.catalog.read() as t:
            ((_, arguments),) = library.queue.waiting(t, SIDECARS)
        # A worker that was killed had entered one that it wrote, and one that it did not.
        some = {**arguments, "pictures": arguments["pictures"][:1]}
        sidecars_unit(library, some)
        (photo_id, path) = arguments["pictures"][1]
        with library.catalog.write() as t:
            t.sidecars.note(arguments["run"], photo_id, path.encode("latin-1") + b".xmp", None, bytes(32))
        with pytest.raises(SidecarsBusy):
            undo_sidecars(library, UndoRequest())
        shared.drain(SIDECARS)
        written = contents(shared.pictures)
        undone = undo_sidecars(library, UndoRequest())
        assert (undone.removed, undone.skipped) == (len(written), 0)
        assert contents(shared.pictures) == {}
        # The run has ended, so a worker that comes late writes nothing.
        sidecars_unit(library, arguments)
        assert contents(shared.pictures) == {}


def test_the_command_says_what_workers_wrote(shared):
    shared.pretend_a_worker(SIDECARS)
    with shared.open() as library:
        write_sidecars(library, WriteRequest(), AtFirstSidecar(lambda: shared.drain(SIDECARS)))
    shared.run("DELETE FROM photos_worker")
    said = shared.program("xmp", "write", "--queue")
    assert (said.status, said.out) == (
        0,
        f"Nothing was written; {len(contents(shared.pictures))} pictures need no change.\n",
    )


def test_one_machine_at_a_time_writes_sidecars(shared, tmp_path):
    (elsewhere := tmp_path / "elsewhere").mkdir()
    busy = []

    def write_elsewhere():
        with shared.open(library=elsewhere, queue=False) as library, suppress(SidecarsBusy):
            busy.append(library.settings.library)
            write_sidecars(library, WriteRequest())
            busy.clear()

    with shared.open(queue=False) as library:
        report = write_sidecars(library, WriteRequest(), AtFirstSidecar(write_elsewhere))
        assert busy == [elsewhere]
        assert undo_sidecars(library, UndoRequest()).removed == report.made > 3
