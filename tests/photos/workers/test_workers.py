"""Workers: files that are indexed by other processes, and what becomes of those that die or see other paths."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photos.config import load
from photos.library import OpenLibrary
from tests.photos.conftest import Program
from tests.photos.encoders import ColourEncoders, make_checkpoint

FLOAT32 = {"PHOTOS_PRECISION": "float32"}


@pytest.fixture
def address(server):
    with server.database(server.template) as made:
        yield made


@pytest.fixture
def shared(tmp_path, capsys, address):
    """The program with an empty library on a server."""
    return Program(tmp_path / "shared", capsys, ColourEncoders(), PHOTOS_CATALOG=address, **FLOAT32)


@contextlib.contextmanager
def worker(address, folder, *options, seconds=0.0):
    """A worker in a process of its own, with its log in a file."""
    log = folder / f"worker-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "tests.photos.workers.colour_worker", str(seconds), "--catalog", address]
    command += ["--library", str(folder / "cache"), "--silence", "2", "--log-level", "debug", *options]
    with open(log, "w") as output:
        process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=output)
        try:
            yield process, log
        finally:
            process.kill()
            process.wait()


def many_colours(folder, count):
    folder.mkdir()
    for number, colour in enumerate(np.random.default_rng(7).integers(0, 256, (count, 3))):
        Image.new("RGB", (24, 24), tuple(map(int, colour))).save(folder / f"{number:04}.png")
    return folder


def tags_of(program, folder):
    found = program("tags", "--json", *sorted(folder.glob("*.png")))
    return [{name: record[name] for name in ("path", "tags")} for record in map(json.loads, found.lines)]


def wait_for(look, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise TimeoutError


def test_three_workers_of_which_one_is_killed_index_as_one_process_does(
    tmp_path, capsys, checkpoint, vocabulary, shared, address
):
    pictures = many_colours(tmp_path / "pictures", 320)
    alone = Program(tmp_path / "alone", capsys, ColourEncoders(), **FLOAT32)
    for program, options in ((alone, []), (shared, ["--queue", "--no-wait"])):
        assert program("vocab", "use", vocabulary).status == 0
        assert program("add", pictures, "--model", checkpoint, *options).status == 0
    assert json.loads(shared("status", "--json").out)["photos"] == 0
    with contextlib.ExitStack() as running:
        workers = [running.enter_context(worker(address, tmp_path, seconds=0.5)) for _ in range(3)]
        victim, log = workers[0]
        wait_for(lambda: "Begun: encode" in log.read_text())
        victim.send_signal(signal.SIGKILL)
        done = shared("index", "--queue", "--json")
    result = json.loads(done.lines[-1])
    assert (done.status, result["photos"], result["queued"]) == (0, 320, 0)
    mine, theirs = alone.embeddings(), shared.embeddings()
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(mine[name], theirs[name]) for name in mine)
    assert tags_of(alone, pictures) == tags_of(shared, pictures)
