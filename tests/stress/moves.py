"""A trial of moves: duplicates that are moved away, and put back, by programs that are killed."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import time
from pathlib import Path

from .library import Library


def moves(folder: Path, times: int) -> str:
    """Kill moves of duplicates, and every third time the undo, at random files. The last undo brings everything back.

    Every second time the folder is on another file system, where there is one.
    """
    library = Library(folder)
    library.make(20)
    copies = library.pictures / "copies"
    copies.mkdir()
    for path in sorted(library.pictures.glob("*.png")):
        for number in range(4):
            shutil.copy2(path, copies / f"{path.stem}-{number}.png")
    assert library.run("add", library.pictures, "--model", library.model) == 0
    before, chance, killed = _contents(library.pictures), random.Random(1), 0
    far = Path("/dev/shm") / f"photos-moves-{os.getpid()}"
    places = [folder / "away", *([far] if far.parent.is_dir() else [])]
    for turn in range(times):
        away = places[turn % len(places)]
        process = library.start("duplicates", "--exact", "--move-to", away)
        most = chance.randrange(80)
        while process.poll() is None and _count(away) <= most:
            time.sleep(0.001)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        here = _contents(library.pictures)
        assert set(here.values()) == set(before.values()), "a photo has no file left"
        if turn % 3 == 2:
            undo, wanted = library.start("duplicates", "--undo"), _count(away) // 2
            while undo.poll() is None and _count(away) > wanted:
                time.sleep(0.001)
            undo.send_signal(signal.SIGKILL)
            undo.wait()
        _undo_all(library, before)
        assert _count(away) == 0
    shutil.rmtree(far, ignore_errors=True)
    return f"{times} moves of 80 files ({killed} killed): each file is at its place, with its content"


def _undo_all(library: Library, before: dict[str, str]) -> None:
    """Undo the last run, also where an undo of it was killed."""
    library.run("duplicates", "--undo")
    assert _contents(library.pictures) == before
    assert library.run("index") == 0
    assert library.run("verify") == 0


def _count(folder: Path) -> int:
    return len(os.listdir(folder)) if folder.is_dir() else 0


def _contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
