"""Stress trials. Each disturbs the program, checks the library, and returns the outcome as a sentence."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from store import Catalog

from .library import Library, wait_for


def kills(folder: Path, times: int) -> str:
    """Kill the indexer at random moments, while pictures are added and renamed."""
    library = Library(folder)
    library.make(60)
    library.run("add", library.pictures, "--model", library.model)
    chance = random.Random(1)
    ended = 0
    for _ in range(times):
        library.make(40)
        some = chance.sample(sorted(library.pictures.glob("*.png")), 10)
        for path in some:
            path.rename(path.with_name(f"{path.stem}x.png"))
        before = library.photos()
        process = library.start("index")
        time.sleep(chance.uniform(0.3, 2.5))
        ended += process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = library.photos()
        assert {content: after.get(content) for content in before} == before, "photos were lost, or added again"
    assert library.run("index") == 0
    library.check()
    return f"{times} kills ({ended} came too late): {library.made} photos, none lost, none twice"


def retags(folder: Path, times: int) -> str:
    """Kill re-tags at random moments; all photos keep the tags of one vocabulary revision, the old or the new one."""
    library = Library(folder)
    library.make(10)
    library.run("add", library.pictures, "--model", library.model)
    library.add_synthetic(20_000)
    assert library.run("retag") == 0
    for name, count in (("one", 40), ("two", 40), ("more", 41)):
        prefix = "two" if name == "two" else "one"
        (folder / f"{name}.txt").write_text("".join(f"{prefix}{number}\n" for number in range(count)))
        assert library.run("retag", "--vocabulary", folder / f"{name}.txt") == 0
    chance = random.Random(1)
    before = library.check_tags()
    kept = 0
    for _ in range(times):
        process = library.start("retag", "--vocabulary", folder / f"{chance.choice(['one', 'two', 'more'])}.txt")
        time.sleep(chance.uniform(0.4, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = library.check_tags()
        kept += after == before
        before = after
    assert library.run("index") == 0
    library.check_tags()
    return f"{times} kills of re-tags of 20 010 photos ({times - kept} came too late): all old or all new each time"


def stopped(folder: Path, files: int) -> str:
    """Make files while the watching process is suspended, more than the queue of file system events holds."""
    library = Library(folder)
    library.make(10)
    library.run("add", library.pictures, "--model", library.model)
    watching = library.start("watch")
    try:
        wait_for((library.path / "watch.json").exists, 60)
        time.sleep(3)
        os.kill(watching.pid, signal.SIGSTOP)
        for part in range(files // 100):
            library.make(100, f"{part:04}")
        os.kill(watching.pid, signal.SIGCONT)
        took = wait_for(lambda: library.indexed() == library.made, 3600)
    finally:
        watching.terminate()
        watching.wait()
    library.check()
    return f"{files} files made while the watcher was stopped: all found, {took:.0f} s"


def renamed(folder: Path, files: int) -> str:
    """Rename a folder of many files while a process watches it."""
    library = Library(folder)
    library.make(files, "before")
    library.run("add", library.pictures, "--model", library.model)
    photos = library.photos()
    watching = library.start("watch")
    try:
        wait_for((library.path / "watch.json").exists, 60)
        time.sleep(3)
        (library.pictures / "before").rename(library.pictures / "after")
        took = wait_for(lambda: _all_in(library, b"after/"), 600)
    finally:
        watching.terminate()
        watching.wait()
    assert library.photos() == photos, "photos were added again"
    library.check()
    return f"a folder of {files} files renamed: none embedded again, {took:.0f} s"


def starts(folder: Path, times: int) -> str:
    """Start many watching processes at once."""
    library = Library(folder)
    library.make(5)
    library.run("add", library.pictures, "--model", library.model)
    processes = [library.start("watch") for _ in range(times)]
    wait_for(lambda: sum(process.poll() is None for process in processes) <= 1, 600)
    time.sleep(2)
    (living,) = (process for process in processes if process.poll() is None)
    assert {process.returncode for process in processes if process is not living} == {1}
    living.terminate()
    assert living.wait(timeout=10) == 128 + signal.SIGTERM
    library.check()
    return f"{times} started at once: one keeps running"


def _all_in(library: Library, place: bytes) -> bool:
    with Catalog.open(library.path / "catalog.sqlite3") as catalog, catalog.read() as t:
        (folder,) = t.folders.all()
        return all(file.path.startswith(place) for file in t.files.known(folder.id))
