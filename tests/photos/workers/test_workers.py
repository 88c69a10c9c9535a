"""Workers: files that are indexed by other processes, and what becomes of those that die or see other paths."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photos.lock import catalog_lock
from store import Catalog
from tests.photos.conftest import Program
from tests.photos.encoders import ColourEncoders

SIDECAR = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>"""
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


@contextlib.contextmanager
def known_worker(program, address, folder, *options):
    """Like `worker`, of which the library knows: a command that waits for workers does nothing itself."""
    with worker(address, folder, *options) as (process, log):
        wait_for(lambda: any(each["pid"] == process.pid for each in queue_of(program)["workers"]))
        yield process, log


def queue_of(program):
    return json.loads(program("status", "--json").out)["queue"]


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
        wait_for(lambda: len(queue_of(shared)["workers"]) == len(workers))
        victim.send_signal(signal.SIGKILL)
        done = shared("index", "--queue", "--json")
        assert "Done" not in log.read_text()
    result = json.loads(done.lines[-1])
    assert (done.status, result["photos"], result["queued"]) == (0, 320, 0)
    mine, theirs = alone.embeddings(), shared.embeddings()
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(mine[name], theirs[name]) for name in mine)
    assert tags_of(alone, pictures) == tags_of(shared, pictures)


def test_a_worker_reads_folders_at_their_paths_on_its_machine(tmp_path, checkpoint, vocabulary, shared, address):
    pictures = many_colours(tmp_path / "pictures", 3)
    (pictures / "0000.xmp").write_text(SIDECAR)
    assert shared("vocab", "use", vocabulary).status == 0
    assert shared("add", pictures, "--model", checkpoint, "--queue", "--no-wait").status == 0
    # Inodes and times of changes are another machine's.
    here = shutil.copytree(pictures, tmp_path / "mounted")
    away = pictures.rename(tmp_path / "away")
    with worker(address, tmp_path, "--drain") as (process, log):
        process.wait(60)
        assert f"{pictures} is not on this machine, or empty" in log.read_text()
    assert json.loads(shared("status", "--json").out)["photos"] == 0
    away.rename(pictures)
    with known_worker(shared, address, tmp_path, "--map", f"{pictures}={here}"):
        done = json.loads(shared("index", "--queue", "--json").lines[-1])
        assert (done["photos"], done["companions"], done["queued"]) == (3, 1, 0)
    with Catalog.open(address) as catalog, catalog.read() as t:
        photo = t.photos.at(os.fsencode(pictures / "0000.png"))
        assert photo is not None
        assert photo.facts.rating == 4
    # The catalog's stamps are those of the machine that scanned.
    assert json.loads(shared("index", "--json").lines[-1])["unchanged"] == 4


def test_files_that_changed_after_the_scan_are_read_again(tmp_path, checkpoint, vocabulary, shared, address):
    pictures = many_colours(tmp_path / "pictures", 2)
    assert shared("vocab", "use", vocabulary).status == 0
    assert shared("add", pictures, "--model", checkpoint, "--queue", "--no-wait").status == 0
    Image.new("RGB", (30, 30), "red").save(pictures / "0000.png")
    (pictures / "0001.png").unlink()
    with known_worker(shared, address, tmp_path):
        done = json.loads(shared("index", "--queue", "--json").lines[-1])
        assert (done["photos"], done["queued"]) == (1, 0)
        # Now it is as it was scanned.
        done = json.loads(shared("index", "--queue", "--json").lines[-1])
    assert (done["unchanged"], done["embedded"], done["outcomes"]) == (1, 0, {})


def test_files_in_the_queue_are_not_put_there_twice_and_nothing_is_forgotten_meanwhile(
    tmp_path, checkpoint, vocabulary, shared, address
):
    pictures = many_colours(tmp_path / "pictures", 2)
    assert shared("vocab", "use", vocabulary).status == 0
    for _ in range(2):
        done = shared("add", pictures, "--model", checkpoint, "--queue", "--no-wait", "--json")
        assert json.loads(done.lines[-1])["queued"] == 2
    queue = queue_of(shared)
    assert [(task["task"], task["waiting"], task["items"]) for task in queue["tasks"]] == [("encode", 1, 2)]
    assert "encode: 2 items in 1 unit to do" in shared("status").out
    assert "run `photos worker`" in shared("status").out
    with worker(address, tmp_path, "--drain") as (process, _):
        process.wait(60)
    (pictures / "0000.png").rename(pictures / "moved.png")
    assert json.loads(shared("index", "--queue", "--no-wait", "--json").lines[-1])["gone"] == 0
    with known_worker(shared, address, tmp_path):
        done = json.loads(shared("index", "--queue", "--json").lines[-1])
    assert (done["photos"], done["gone"]) == (2, 1)


def test_workers_need_a_catalog_on_a_server(photos, pictures, checkpoint):
    assert "a catalog on a PostgreSQL server" in photos("worker").err
    refused = photos("add", pictures, "--model", checkpoint, "--queue")
    assert (refused.status, "a catalog on a PostgreSQL server" in refused.err) == (2, True)
    assert "the tasks are encode" in photos("worker", "--tasks", "nothing").err


def test_one_machine_at_a_time_keeps_a_library_up_to_date(tmp_path, capsys, checkpoint, shared, address):
    pictures = many_colours(tmp_path / "pictures", 1)
    assert shared("add", pictures, "--model", checkpoint).status == 0
    with Catalog.open(address) as catalog, catalog_lock(catalog) as hold:
        hold()
        elsewhere = Program(tmp_path / "elsewhere", capsys, ColourEncoders(), PHOTOS_CATALOG=address, **FLOAT32)
        refused = elsewhere("watch")
        assert f"process {os.getpid()} on {socket.gethostname()[:30]}" in refused.err
        assert json.loads(elsewhere("status", "--json").out)["keeper"]["pid"] == os.getpid()
    assert json.loads(shared("status", "--json").out)["keeper"] is None
