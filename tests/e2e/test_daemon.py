"""The daemon in a subprocess, on real files."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from photos.lock import running_daemon
from store import Catalog, Outcome, Trial
from store.private_files import CATALOG_FILE
from tests.indexer.describers.conftest import ChatServer

from .program import ROOT, run, start

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (DEBUG|INFO|WARNING|CRITICAL) .")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make pictures and a library of them; each test copies both."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "pictures").mkdir()
    for i in range(8):
        Image.new("RGB", (30, 30), (i, 2 * i, 3 * i)).save(folder / "pictures" / f"{i:02}.png")
    (folder / "words.txt").write_text("beach\n")
    library = ["photos", "--library", folder / "library"]
    assert run(*library, "vocab", "use", folder / "words.txt")[0] == 0
    assert run(*library, "add", folder / "pictures", "--model", "demo")[0] == 0
    return folder


@pytest.fixture
def pictures(made, tmp_path):
    return shutil.copytree(made / "pictures", tmp_path / "pictures")


@pytest.fixture
def library(made, pictures, tmp_path, monkeypatch):
    """Copy the library for these pictures; its daemon is stopped after the test."""
    monkeypatch.setenv("PHOTOS_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("PHOTOS_QUIET_SECONDS", "0.3")
    shutil.copytree(made / "library", tmp_path / "library")
    assert run("photos", "add", "--moved", made / "pictures", pictures)[0] == 0
    yield tmp_path / "library"
    run("photos", "daemon", "stop")


def status():
    code, out, _ = run("photos", "daemon", "status", "--json")
    return json.loads(out) if code == 0 else None


# Waits ask the library itself: each start of the program takes half a second of the processor that the daemon needs.
def state(library):
    info = running_daemon(library)
    return info and info.state


def known(library):
    with Catalog.open(library / CATALOG_FILE) as catalog, catalog.read() as t:
        return t.files.counts().get(Outcome.INDEXED, 0)


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"the condition did not hold within {seconds} seconds"
        time.sleep(0.1)


def test_the_daemon_indexes_changes_and_stops_on_request(library, pictures):
    code, out, _ = run("photos", "daemon", "start")
    assert (code, b"keeps" in out) == (0, True)
    wait_for(lambda: state(library) == "waiting")
    Image.new("RGB", (30, 30), (200, 10, 10)).save(pictures / "new.png")
    wait_for(lambda: known(library) == 9)
    (pictures / "00.png").unlink()
    wait_for(lambda: known(library) == 8)
    (pictures / "trip").mkdir()
    for name in ("01.png", "02.png"):
        (pictures / name).rename(pictures / "trip" / name)
    (pictures / "03.png").unlink()
    wait_for(lambda: known(library) == 7)
    assert json.loads(run("photos", "status", "--json")[1])["files"]["indexed"] == 7
    shown = status()
    assert shown["state"] in {"indexing", "waiting"}
    pid = shown["pid"]
    code, _, err = run("photos", "daemon", "start")
    assert (code, f"process {pid} already".encode() in err) == (1, True)
    assert run("photos", "daemon", "stop")[0] == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert run("photos", "daemon", "status")[0] == 1
    assert b"No process keeps" in run("photos", "daemon", "stop")[2]
    log = (library / "watch.log").read_text()
    assert "Traceback" not in log
    assert all(LOG_LINE.match(line) for line in log.splitlines())
    assert f"INFO Watching {library}; process {pid}." in log
    assert "INFO 1 photo embedded" in log
    assert log.splitlines()[-1].endswith("INFO Stopped by a signal.")


def test_answers_are_equal_and_the_client_imports_little(library, pictures, tmp_path):
    searches = (
        ["search", "beach", "--json"],
        ["search", "beach"],
        ["search", " "],
        ["similar", pictures / "03.png", "--json", "--group"],
        ["similar", pictures / "none.png"],
    )
    alone = [run("photos", *arguments) for arguments in searches]
    assert run("photos", "daemon", "start")[0] == 0
    assert (library / "photos.sock").is_socket()
    assert status()["answers"]
    assert status()["log"] == str(library / "watch.log")
    assert b"Its log is " in run("photos", "daemon", "status")[1]
    assert b"and answers searches" in run("photos", "status")[1]
    assert [run("photos", *arguments) for arguments in searches] == alone
    heavy = ("torch", "transformers", "faiss", "sqlalchemy", "numpy", "PIL", "starlette", "uvicorn", "query", "indexer")
    Image.new("RGB", (50, 50), (9, 90, 200)).save(tmp_path / "new.png")
    for arguments, count in (
        (["search", "some", "new", "words", "--json"], 8),
        (["similar", str(pictures / "03.png"), "--json"], 7),
        (["similar", str(tmp_path / "new.png"), "--json"], 8),
    ):
        code = (
            "import sys\nfrom photos.__main__ import main\n"
            f"status = main({arguments!r})\n"
            f"print(status, [name for name in sys.modules if name in {heavy!r} or name.startswith('store.')])"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        *results, last = done.stdout.splitlines()
        # Of the store the base of all errors, and nothing else.
        assert (len(results), last) == (count, "0 ['store.errors']")
    assert run("photos", "daemon", "stop")[0] == 0
    assert not (library / "photos.sock").exists()
    assert run("photos", *searches[0]) == alone[0]
    log = (library / "watch.log").read_text()
    assert "This process answers searches." in log
    assert not [word for word in ("beach", "words", "03.png") if word in log]


def test_the_daemon_describes_new_photos(library, pictures, monkeypatch, chat_server):
    monkeypatch.setenv("PHOTOS_DESCRIBE_ENDPOINT", chat_server.url)
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "good")
    monkeypatch.setenv("PHOTOS_DESCRIBE_NEW", "true")
    run("photos", "daemon", "start")
    wait_for((library / "describe.json").exists)
    Image.new("RGB", (30, 30), (200, 10, 10)).save(pictures / "new.png")
    wait_for(lambda: known(library) == 9)
    wait_for(lambda: "Described 1 photo by good@" in (library / "watch.log").read_text())
    shown = run("photos", "captions", pictures, "--json")[1]
    described = [json.loads(line)["path"] for line in shown.splitlines() if json.loads(line)["descriptions"]]
    assert described == [str(pictures / "new.png")]


@pytest.fixture
def chat_server():
    running = ChatServer()
    yield running
    assert running.stop() == ""


def test_the_daemon_goes_on_with_a_trial_and_follows_a_switch(library, pictures):
    assert run("photos", "model", "try", "demo", "--precision", "bfloat16", "--sample", "1")[0] == 0
    with Catalog.open(library / CATALOG_FILE) as catalog, catalog.write() as t:
        # As if the command had been asked for all photos, and killed.
        trial = t.library.trial()
        t.library.set_trial(Trial(trial.space_id))
    assert run("photos", "daemon", "start")[0] == 0
    wait_for(lambda: not spaces()["tried"]["missing"], 120)
    Image.new("RGB", (30, 30), (200, 10, 10)).save(pictures / "new.png")
    wait_for(lambda: spaces()["tried"]["photos"] == 9)
    before = run("photos", "search", "beach", "--json", "--all")
    there = run("photos", "search", "beach", "--json", "--all", "--model", "demo@bfloat16")
    assert before != there
    assert run("photos", "model", "switch")[0] == 0
    assert run("photos", "search", "beach", "--json", "--all") == there
    Image.new("RGB", (30, 30), (10, 200, 10)).save(pictures / "newer.png")
    wait_for(lambda: spaces()["answers"]["photos"] == 10)
    assert (spaces()["answers"]["name"], spaces()["previous"]["photos"]) == ("demo@bfloat16", 9)
    assert run("photos", "daemon", "stop")[0] == 0
    assert "Traceback" not in (library / "watch.log").read_text()
    assert run("photos", "verify")[0] == 0


def spaces():
    return {each["role"]: each for each in json.loads(run("photos", "model", "status", "--json")[1])["spaces"]}


def test_a_daemon_that_cannot_start_reports_the_reason(library, made, tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTOS_MODELS", str(tmp_path / "none"))
    with Catalog.open(library / CATALOG_FILE) as catalog, catalog.write() as t:
        t.library.set_model("nobody/nothing")
    code, _, err = run("photos", "daemon", "start")
    assert (code, b"The daemon ended at once: " in err) == (1, True)
    assert b"nobody/nothing" in err
    last = (library / "watch.log").read_text().splitlines()[-1]
    assert LOG_LINE.match(last)
    assert "CRITICAL" in last


def test_the_level_of_the_log_can_be_chosen(library):
    assert run("photos", "daemon", "start", "--log-level", "debug")[0] == 0
    wait_for(lambda: state(library) == "waiting")
    assert run("photos", "daemon", "stop")[0] == 0
    assert "DEBUG Nothing changed in 8 known files." in (library / "watch.log").read_text()


def test_the_daemon_can_run_without_answering_searches(library, monkeypatch):
    monkeypatch.setenv("PHOTOS_ANSWER_SEARCHES", "false")
    assert run("photos", "daemon", "start")[0] == 0
    assert not status()["answers"]
    assert b"does not answer searches" in run("photos", "daemon", "status")[1]
    assert not (library / "photos.sock").exists()
    assert run("photos", "search", "beach")[0] == 0


def test_a_new_daemon_starts_after_a_kill(library):
    assert run("photos", "daemon", "start")[0] == 0
    os.kill(status()["pid"], signal.SIGKILL)
    wait_for(lambda: state(library) is None)
    assert run("photos", "daemon", "start")[0] == 0
    assert status() is not None


def test_one_of_many_simultaneous_starts_succeeds(library):
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: run("photos", "daemon", "start")[0], range(8)))
    assert (codes.count(0), codes.count(1)) == (1, 7)
    assert status() is not None


def test_files_added_while_the_daemon_is_suspended_are_found(library, pictures):
    assert run("photos", "daemon", "start")[0] == 0
    wait_for(lambda: state(library) == "waiting")
    pid = status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    for i in range(20):
        (pictures / f"deep{i}").mkdir()
        Image.new("RGB", (30, 30), (100, 2 * i, 3 * i)).save(pictures / f"deep{i}" / "x.png")
    os.kill(pid, signal.SIGCONT)
    wait_for(lambda: known(library) == 28)


def test_a_folder_that_returns_keeps_its_photos(library, pictures, tmp_path):
    assert run("photos", "daemon", "start")[0] == 0
    wait_for(lambda: state(library) == "waiting")
    pictures.rename(tmp_path / "elsewhere")
    time.sleep(2)
    assert known(library) == 8
    shutil.copy(tmp_path / "elsewhere" / "00.png", tmp_path / "elsewhere" / "copy.png")
    (tmp_path / "elsewhere").rename(pictures)
    assert known(library) >= 8
    wait_for(lambda: known(library) == 9, seconds=90)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_foreground_watch(library, number, code):
    process = start("photos", "watch")
    wait_for(lambda: state(library) == "waiting")
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 10
    assert (process.returncode, out) == (code, b"")
    assert LOG_LINE.match(err.decode().splitlines()[0])
    assert b"INFO Watching" in err
    assert not (library / "watch.log").exists()
    assert b"Traceback" not in err


def test_an_empty_library_cannot_be_watched(tmp_path):
    code, _, err = run("photos", "--library", tmp_path / "empty", "watch")
    assert (code, b"has no photos yet" in err) == (1, True)
    assert not (tmp_path / "empty").exists()
