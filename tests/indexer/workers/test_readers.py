"""Readers in processes: a harmful file costs that file alone."""

from __future__ import annotations

import dataclasses
import hashlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from indexer import NoReaders, PipelineRequest, ProcessReaders, ThreadReaders, index_folders
from indexer.files.scan import stamp_of
from indexer.workers.file_reader import Decoded, KnownPhoto, ReadRequest, RefusedFile, pixels_digest
from store import Catalog, Outcome, SpaceIdentity
from tests.fakes import DIMENSION, FakeImageEncoder, FakeReadContext, Listener
from tests.indexer.workers.squares import CRASHES, DEVOURS, HANGS, PLAIN, RAISES, PoisonSquare
from tests.pictures import bomb_png
from tests.store.sqlite import empty_catalog

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

IDENTITY = SpaceIdentity("fake", "0" * 64, "squash-16", "float32", DIMENSION, 2.0, -5.0)


@pytest.fixture
def square(tmp_path):
    return PoisonSquare(str(tmp_path / "log"))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    made.mkdir()
    return made


def paint(folder, name, colour):
    path = folder / name
    Image.new("RGB", (20, 20), colour).save(path)
    return ReadRequest(1, os.fsencode(name), os.fsencode(path), stamp_of(path.stat()))


@pytest.mark.parametrize(
    ("colour", "reason"),
    [
        (CRASHES, "the process that read it ended (signal 11)"),
        (HANGS, "it could not be read within 2 seconds"),
        (DEVOURS, "there was not enough memory for it; the next pass tries again"),
    ],
    ids=["crash", "hang", "memory"],
)
def test_a_file_that_ends_its_reader_fails_and_the_next_one_is_read(folder, square, colour, reason):
    with ProcessReaders(square, 1, longest=2, most_memory=1 << 28) as readers:
        context = FakeReadContext()
        poison = readers.read(paint(folder, "poison.png", colour), context)
        assert isinstance(poison, RefusedFile)
        assert (poison.outcome, poison.reason, poison.tried) == (Outcome.FAILED, reason, context.asked[0])
        assert isinstance(readers.read(paint(folder, "plain.png", PLAIN), context), Decoded)


def test_a_bug_in_the_preprocessing_costs_one_file(folder, square):
    with ProcessReaders(square, 1) as readers:
        assert readers.read(paint(folder, "a.png", RAISES), FakeReadContext()).outcome is Outcome.DAMAGED
        assert isinstance(readers.read(paint(folder, "b.png", PLAIN), FakeReadContext()), Decoded)
    assert len({process for process, _ in square.seen()}) == 1


def test_the_digest_of_pixels_tells_shapes_apart_and_those_of_squares_stay():
    # 252 patches of a page on its side, of the page upright, and of a square with fewer.
    wide, tall, square = (np.full((*shape, 3), 255, np.uint8) for shape in ((224, 288), (288, 224), (256, 256)))
    assert wide.tobytes() == tall.tobytes()
    assert len({pixels_digest(page) for page in (wide, tall, square)}) == 3
    assert pixels_digest(wide) == pixels_digest(wide.copy())
    # As libraries have them that were made when all pixels were squares.
    assert pixels_digest(square) == hashlib.blake2b(square.tobytes(), digest_size=16).digest()


def test_a_process_and_a_thread_read_the_same(folder, square):
    plain, other = paint(folder, "a.png", PLAIN), paint(folder, "b.png", (1, 2, 3))
    with ProcessReaders(square, 2) as readers:
        here, there = ThreadReaders(square).read(plain, FakeReadContext()), readers.read(plain, FakeReadContext())
        assert dataclasses.replace(here, pixels=None) == dataclasses.replace(there, pixels=None)
        assert (here.pixels == there.pixels).all()
        assert isinstance(readers.read(other, FakeReadContext(is_embedded=True)), KnownPhoto)
        given_up = readers.read(other, FakeReadContext(given_up="often enough"))
        assert (given_up.outcome, given_up.reason, given_up.tried) == (Outcome.FAILED, "often enough", None)
        gone = ReadRequest(1, b"c", os.fsencode(folder / "c"), plain.stamp)
        assert readers.read(gone, FakeReadContext()).may_settle
    assert len(square.seen()) == 2


def test_large_pictures_take_the_memory_lock(folder, square):
    path = folder / "large.png"
    path.write_bytes(bomb_png(7000, 6000))
    wanted = ReadRequest(1, b"large.png", os.fsencode(path), stamp_of(path.stat()))
    context = FakeReadContext()
    with ProcessReaders(square, 1) as readers:
        readers.read(wanted, context)
    # The broken picture is decoded again without its texts and profiles, so the lock was released before.
    assert context.turns == 2


def test_reader_processes_end_with_the_main_process(folder, square):
    readers = ProcessReaders(square, 2)
    with ThreadPoolExecutor(2) as pool:
        files = [paint(folder, f"{number}.png", (number, 9, 9)) for number in range(8)]
        assert all(
            isinstance(one, Decoded) for one in pool.map(lambda file: readers.read(file, FakeReadContext()), files)
        )
    processes = {process for process, _ in square.seen()}
    assert all(_lives(process) for process in processes)
    # They ignore Ctrl-C and a service manager's request; they end with the pipe.
    for process in processes:
        os.kill(process, signal.SIGINT)
        os.kill(process, signal.SIGTERM)
    assert isinstance(readers.read(files[0], FakeReadContext()), Decoded)
    readers.close()
    _until(lambda: not any(_lives(process) for process in processes))


def test_abandoned_reads_end_at_once(folder, square):
    with ProcessReaders(square, 1) as readers:
        hanging = paint(folder, "hangs.png", HANGS)
        thread = threading.Thread(target=readers.read, args=(hanging, FakeReadContext()))
        thread.start()
        _until(square.seen)
        readers.abandon()
        thread.join(5)
        assert not thread.is_alive()


class Library:
    def __init__(self, tmp_path, folder, square):
        self.catalog = Catalog.open(empty_catalog(tmp_path / "catalog.db"))
        self.square = square
        with self.catalog.write() as t:
            self.space = t.spaces.ensure(IDENTITY)
            self.registered = t.folders.add(os.fsencode(folder))

    def index(self):
        with ProcessReaders(self.square, 1) as readers:
            return index_folders(
                self.catalog,
                PipelineRequest(folders=[self.registered], space=self.space, batch_size=4),
                readers=readers,
                image_encoder=FakeImageEncoder,
                tagger=None,
                progress=Listener(),
            )

    def age(self, time):
        """Move all attempts back by *time*."""
        with self.catalog.write() as t:
            t.connection.exec_driver_sql(
                "UPDATE attempt SET last_at = datetime(last_at, ?)", (f"-{time.total_seconds()} seconds",)
            )

    def reason(self):
        with self.catalog.read() as t:
            (problem,) = t.files.problems()
        return problem.reason


def test_a_file_that_crashes_is_tried_three_times_with_growing_waits(tmp_path, folder, square):
    library = Library(tmp_path, folder, square)
    paint(folder, "poison.png", CRASHES)
    for number in range(8):
        paint(folder, f"{number}.png", (number, 9, 9))

    def tries():
        library.index()
        return sum(colour == str(CRASHES) for _, colour in square.seen())

    assert tries() == 1
    with library.catalog.read() as t:
        assert t.photos.count() == 8
    assert tries() == 1
    library.age(timedelta(seconds=61))
    assert tries() == 2
    library.age(timedelta(seconds=61))
    assert tries() == 2
    library.age(timedelta(hours=1))
    assert tries() == 3
    library.age(timedelta(days=400))
    # A copy is the same content.
    (folder / "copy.png").write_bytes((folder / "poison.png").read_bytes())
    assert tries() == 3
    (folder / "copy.png").unlink()
    assert tries() == 3
    assert library.reason() == "the process that read it ended (signal 11); given up after 3 attempts"
    with library.catalog.write() as t:
        t.files.forget_problems()
    assert tries() == 4
    library.catalog.close()


def _lives(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


class Interruption(BaseException):
    """Raised like the exception of Ctrl-C."""


def test_no_process_is_left_when_closing_is_interrupted(folder, square):
    def interrupt(*_):
        raise Interruption

    before = set(multiprocessing.active_children())
    readers = ProcessReaders(square, 3)
    files = [paint(folder, f"{number}.png", PLAIN) for number in range(3)]
    gate = threading.Barrier(3)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda file: (gate.wait(), readers.read(file, FakeReadContext())), files))
    mine = set(multiprocessing.active_children()) - before
    assert len(mine) > 1
    for process in mine:
        os.kill(process.pid, signal.SIGSTOP)
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Interruption):
            readers.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert not any(process.is_alive() for process in mine)


def test_reading_after_close_raises_and_leaves_no_process(folder, square):
    before = set(multiprocessing.active_children())
    readers = ProcessReaders(square, 1)
    readers.close()
    with pytest.raises(NoReaders):
        readers.read(paint(folder, "a.png", PLAIN), FakeReadContext())
    assert set(multiprocessing.active_children()) <= before
