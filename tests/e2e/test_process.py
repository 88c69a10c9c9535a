"""Signals, pipes and imports of the program in a subprocess."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from PIL import Image

from store import MAIN_SLOT, Catalog
from tests.photos.encoders import COLOURS, make_checkpoint

from .program import ROOT, run, start

HEAVY = ("torch", "transformers", "faiss", "sqlalchemy", "numpy", "PIL", "starlette", "uvicorn", "msgspec")


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(40):
        Image.new("RGB", (30, 30), (i, 2 * i, 3 * i)).save(folder / f"{i:02}.png")
    return folder


@pytest.fixture
def first_add(tmp_path, pictures, monkeypatch):
    """Return the arguments of a first `add`, with batches of eight and a vocabulary of a few words."""
    monkeypatch.setenv("PHOTOS_BATCH_SIZE", "8")
    monkeypatch.setenv("PHOTOS_PRECISION", "float32")  # detecting the best precision loads torch
    monkeypatch.setenv("PHOTOS_LIBRARY", str(tmp_path / "library"))
    (tmp_path / "colours.txt").write_text("\n".join(COLOURS))
    assert run("photos", "vocab", "use", tmp_path / "colours.txt")[0] == 0
    return ["add", pictures, "--model", make_checkpoint(tmp_path / "checkpoint")]


def counts(library):
    with Catalog.open(library / "catalog.sqlite3") as catalog, catalog.read() as t:
        photos = t.photos.count()
        assert t.embeddings.count(t.library.space_id()) == photos
        scoring = t.scores.current(t.library.space_id(), MAIN_SLOT)
        return photos, len(t.scores.of(scoring.id, range(1, photos + 1)))


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [
        (signal.SIGINT, 130, b"Interrupted"),
        (signal.SIGTERM, 143, b"Stopped"),
        (signal.SIGHUP, 129, b"Stopped"),
        (signal.SIGKILL, -signal.SIGKILL, b""),
    ],
)
def test_a_signal_loses_two_batches_and_a_second_run_completes(tmp_path, first_add, number, status, word):
    stopped, out, err = run("tests.e2e.signalling", int(number), *first_add)
    assert (stopped, out) == (status, b"")
    assert err.strip().startswith(word)
    assert err.count(b"\n") <= 2
    # It comes during the third batch, while the second one may be stored.
    kept, tagged = counts(tmp_path / "library")
    assert kept == tagged
    assert kept in {8, 16}

    again, out, _ = run("tests.e2e.signalling", 0, *first_add)
    assert again == 0
    assert f"40 photos in 40 files; {40 - kept} photos embedded".encode() in out
    assert counts(tmp_path / "library") == (40, 40)


def test_an_ignored_hang_up_stays_ignored(first_add):
    quoted = " ".join(f"'{word}'" for word in first_add)
    line = f"trap '' HUP; exec {sys.executable} -m tests.e2e.signalling {int(signal.SIGHUP)} {quoted}"
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["search", "--help"], ["vocab", "--help"]])
def test_help_imports_nothing_heavy_and_writes_no_file(arguments, own_home):
    code = (
        "import sys\nfrom photos.__main__ import main\n"
        f"status = main({arguments!r})\n"
        f"print(status, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
    assert list(own_home.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="another library of OpenMP")
@pytest.mark.parametrize(("own", "sleeps"), [(None, True), ("ACTIVE", False)])
def test_threads_sleep_while_they_wait_unless_told_otherwise(monkeypatch, own, sleeps):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if own is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", own)
    monkeypatch.setenv("OMP_DISPLAY_ENV", "VERBOSE")
    code = "from photos.__main__ import main\nmain(['--version'])\nimport torch"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ("GOMP_SPINCOUNT = '0'" in done.stderr) is sleeps


def test_the_search_client_imports_nothing_heavy():
    code = (
        "import sys, photos.operations.searching.requests, photos.records.photos, photos.daemon.client\n"
        "import photos.cli.commands.search, photos.cli.commands.similar, photos.cli.views.search\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_search_for_a_remembered_text_imports_no_torch(tmp_path, first_add):
    assert run("tests.e2e.signalling", 0, *first_add)[0] == 0
    assert run("tests.e2e.signalling", 0, "search", "red")[0] == 0
    code = (
        "import sys\nfrom photos.__main__ import main\n"
        "status = main(['search', 'Red', '--json'])\n"
        "print(status, [name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    *results, last = done.stdout.splitlines()
    assert last == "0 []"
    assert json.loads(results[0])["path"].endswith(".png")


def test_new_words_import_no_torch_and_pictures_no_transformers(tmp_path, pictures, monkeypatch):
    monkeypatch.setenv("PHOTOS_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("PHOTOS_MODEL", "demo")
    (tmp_path / "colours.txt").write_text("\n".join(COLOURS))
    assert run("photos", "vocab", "use", tmp_path / "colours.txt")[0] == 0
    assert run("photos", "add", pictures)[0] == 0
    code = (
        "import sys\nfrom photos.__main__ import main\n"
        "statuses = main(['search', 'a', 'lighthouse', '--json']), main(['embed', '--text', 'a windmill'])\n"
        "print(statuses, [name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    *results, last = done.stdout.splitlines()
    assert last == "(0, 0) []"
    assert json.loads(results[0])["path"].endswith(".png")

    Image.new("RGB", (30, 30), (9, 9, 200)).save(pictures / "new.png")
    code = code.replace("main(['search', 'a', 'lighthouse', '--json'])", "main(['index'])")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "(0, 0) ['torch']"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["vocab", "show"], ["vocab", "list", "--json"], ["vocab", "export", "photographic"]]
)
def test_a_closed_pipe_is_no_error(arguments):
    process = start("photos", *arguments)
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait() == 141


def test_a_full_disk_is_reported_in_one_sentence():
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "photos", "vocab", "show"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE
        )
        _, err = process.communicate()
    assert process.returncode == 1
    assert err.startswith(b"photos: The disk is full")
    assert err.count(b"\n") == 1


def test_output_of_native_libraries_is_discarded_but_not_ours(tmp_path):
    code = (
        "import logging, os, sys\n"
        "from photos.cli.kit.program import hush_logs, native_noise_hushed\n"
        "with native_noise_hushed():\n"
        "    os.write(2, b'noise')\n"
        "    hush_logs()\n"
        "    logging.getLogger('library').error('noise')\n"
        "    sys.stderr.write('ours ')\n"
        "sys.stderr.write('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stderr == b"ours after"


def test_closed_streams_are_no_error(first_add):
    line = f"exec {sys.executable} -m photos status >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], cwd=ROOT, check=False).returncode == 0


def test_only_debug_shows_a_traceback(own_home):
    config = own_home / ".config/photos/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("top = 0\n")
    status, _, err = run("photos", "status")
    assert (status, err.count(b"\n")) == (2, 1)
    debug = subprocess.run(
        [sys.executable, "-m", "photos", "--debug", "status"], cwd=ROOT, capture_output=True, check=False
    )
    assert b"Traceback" in debug.stderr


def test_the_shell_can_complete_commands(monkeypatch):
    monkeypatch.setenv("_PHOTOS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_LINE", "photos vo")
    _, out, _ = run("photos")
    assert [line.split(b"\t")[:2] for line in out.splitlines()] == [[b"plain", b"vocab"]]
