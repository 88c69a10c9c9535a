"""Stress trials of faults: damaged files, limits of the system, overlapping commands, and broken input.

Each returns its outcome as a sentence. A command may end with status 0, 1 or 2, and says what is wrong in a sentence:
an internal error fails the trial.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from .library import Library

#: Seconds in which a command on a few pictures has to end.
_PATIENCE = 300
#: Commands that read everything there is.
_READING = (
    ("search", "red"),
    ("search", "something new"),
    ("status",),
    ("tags",),
    ("failed",),
    ("why", "{picture}", "red"),
)


def damage(folder: Path, times: int) -> str:
    """Damage a byte or a value of the catalog, or a file of the index, and run commands on each; nothing is made up."""
    library = _filled(folder)
    sound = folder / "sound"
    shutil.copytree(library.path, sound)
    chance = random.Random(1)
    refused = 0
    for number in range(times):
        shutil.rmtree(library.path)
        shutil.copytree(sound, library.path)
        (_in_index, _in_bytes, _in_value)[number % 3](library.path, chance)
        statuses = [_ended(library, *command) for command in (*_READING, ("verify", "--repair"), ("index",))]
        refused += 1 in statuses
    return f"{times} damaged libraries, {refused} of them with a command that refused: no internal error"


def limits(folder: Path, times: int) -> str:
    """Run commands with few files that may be open, or small files that may be written, and then without limits."""
    library = _filled(folder)
    chance = random.Random(1)
    stopped = 0
    for number in range(times):
        library.make(3)
        kind, most = (
            (resource.RLIMIT_NOFILE, chance.randint(3, 60))
            if number % 2
            else (resource.RLIMIT_FSIZE, chance.choice([0, 4096, 1 << 16, chance.randint(1, 1 << 20)]))
        )
        command = chance.choice([("index",), ("search", f"new {number}"), ("retag",), ("verify",), ("status",)])
        stopped += _ended(library, *command, limit=(kind, most)) != 0
    assert library.run("index") == 0
    library.check()
    return f"{times} commands under limits, {stopped} of them stopped by one: nothing lost, nothing twice"


def calls(folder: Path, times: int) -> str:
    """Let one system call fail, on the disk of the library or where the program is loaded; needs strace."""
    if shutil.which("strace") is None:
        return "not run: strace is not installed"
    library = _filled(folder)
    chance = random.Random(1)
    failed = 0
    for number in range(times):
        library.make(3)
        call, errors = chance.choice(sorted(_CALLS.items()))
        inject = f"inject={call}:error={chance.choice(errors)}:when={chance.randint(1, _DEEPEST[call])}"
        command = ("index",) if number % 3 else chance.choice([("retag",), ("search", f"new {number}"), ("verify",)])
        tracer = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
        failed += _ended(library, *command, below=tracer) != 0
    assert library.run("index") == 0
    library.check()
    return f"{times} commands with a call that failed, {failed} of them stopped by it: nothing lost, nothing twice"


def overlaps(folder: Path, times: int) -> str:
    """Run commands at the same time, of which several change the library."""
    library = _filled(folder)
    chance = random.Random(1)
    words = [folder / name for name in ("one.txt", "two.txt")]
    for path in words:
        path.write_text("".join(f"{path.stem} {number}\n" for number in range(700)))
    for _ in range(times):
        library.make(10)
        commands = [
            ("index",),
            ("retag", "--vocabulary", chance.choice(words)),
            ("vocab", "import", chance.choice(words)),
            ("search", f"new {chance.random()}"),
            ("tag", library.pictures / "000000.png", "+mine"),
            ("verify",),
        ]
        running = [library.start(*each) for each in chance.sample(commands, 4)]
        statuses = [process.wait(_PATIENCE) for process in running]
        assert set(statuses) <= {0, 1}, statuses
        _check_log(library)
    assert library.run("index") == 0
    assert library.run("retag") == 0
    library.check()
    library.check_tags()
    return f"{times} times four commands at once: nothing lost, nothing twice"


def inputs(folder: Path, times: int) -> str:
    """Give commands vocabularies, settings, tags and rules that are cut, mixed up or nested without end."""
    library = _filled(folder)
    chance = random.Random(1)
    makers: tuple[Callable[[random.Random], tuple[str, str, tuple[str, ...]]], ...] = (_vocabulary, _tags, _rules)
    for number in range(times):
        content, name, command = makers[number % len(makers)](chance)
        path = library.pictures / name if name.startswith(".") else folder / name
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        _ended(library, *command, *([] if name.startswith(".") else [path]))
        path.unlink()
    assert library.run("index") == 0
    library.check()
    return f"{times} broken files: each read or refused in a sentence"


#: Errors of system calls, and the call up to which one of them fails.
_CALLS = {
    "pwrite64": ("ENOSPC", "EIO"),
    "fdatasync": ("EIO", "ENOSPC"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("EIO", "EACCES", "ENOSPC"),
    "unlink": ("EIO", "EACCES"),
    "ftruncate": ("EIO", "ENOSPC"),
    "fcntl": ("EIO", "ENOLCK"),
}
_DEEPEST = {"pwrite64": 30, "fdatasync": 6, "fsync": 4, "rename": 2, "unlink": 3, "ftruncate": 2, "fcntl": 100}


def _filled(folder: Path) -> Library:
    library = Library(folder)
    library.make(12)
    assert library.run("add", library.pictures, "--model", library.model) == 0
    assert library.run("search", "something else") == 0
    return library


def _ended(library: Library, *command: object, limit: tuple[int, int] | None = None, below: Sequence[str] = ()) -> int:
    """Run a command to its end, and return its status."""
    words = [str(word).replace("{picture}", str(library.pictures / "000000.png")) for word in command]
    process = library.start(*words, limit=limit, below=below)
    try:
        status = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"{words} did not end") from None
    assert status in {0, 1, 2} or (limit is not None and status > 0), f"{words} ended with {status}"
    _check_log(library, is_limited=limit is not None)
    return status


def _check_log(library: Library, *, is_limited: bool = False) -> None:
    said = library.log.read_text(errors="replace")
    # With hardly a file to open Python itself may not start; then nothing of ours has run.
    if not (is_limited and "tests.stress.program" not in said and "Traceback" in said):
        assert "Internal error" not in said, said[-2000:]
    library.log.write_text("")


def _in_bytes(library: Path, chance: random.Random) -> None:
    """Change a few bytes of the catalog's file, anywhere."""
    path = library / "catalog.sqlite3"
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 1, 8, 64))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _in_value(library: Path, chance: random.Random) -> None:
    """Put a value of another kind into a column of a table."""
    with sqlite3.connect(library / "catalog.sqlite3") as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(20):
            table = chance.choice([name for name in tables if not name.startswith("sqlite_")])
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            value = chance.choice(["2026-1q-29", -1, 1 << 62, b"\xff", "[", None, "\x00", 1e308, b""])
            try:
                connection.execute(f'UPDATE "{table}" SET "{chance.choice(columns)}" = ?', (value,))
            except sqlite3.Error:
                continue
            break
    connection.close()


def _in_index(library: Path, chance: random.Random) -> None:
    """Cut, empty, replace or change a file of the index."""
    path = chance.choice(sorted((library / "index").iterdir()))
    content = bytearray(path.read_bytes())
    match chance.randrange(4):
        case 0:
            path.write_bytes(content[: chance.randrange(len(content) + 1)])
        case 1:
            path.unlink()
        case 2:
            content[chance.randrange(len(content))] ^= 0xFF
            path.write_bytes(content)
        case _:
            path.write_bytes(json.dumps({"format": 2, "files": []}).encode())


def _broken(text: str, chance: random.Random) -> str:
    match chance.randrange(5):
        case 0:
            return text[: chance.randrange(len(text))]
        case 1:
            return chance.choice("[{(->%@\\\"'\0\ud800") * chance.choice((1, 100, 20_000))
        case 2:
            at = chance.randrange(len(text))
            return text[:at] + chance.choice(["\0", "9" * 5000, "nan", "1e999", "\ud800", "[" * 3000]) + text[at:]
        case 3:
            return "".join(chance.sample(text, len(text)))
        case _:
            return text * 50


def _vocabulary(chance: random.Random) -> tuple[str, str, tuple[str, ...]]:
    ending, text = chance.choice(
        [
            ("txt", "# a list\n[animals]\ndog = a dog; a puppy\n> puppy @ 0.01\n% exclusive dog, cat\ncat\n"),
            ("csv", "name,prompts,threshold\ndog,a dog,0.1\ncat,a cat,\n"),
            ("yaml", "threshold: 0.1\nlabels:\n- dog\n- label: cat\n  prompts: [a cat]\n  parents: [dog]\n"),
        ]
    )
    return _broken(text, chance), f"broken.{ending}", ("vocab", "import")


def _tags(chance: random.Random) -> tuple[str, str, tuple[str, ...]]:
    ending, text = chance.choice(
        [
            ("json", '{"path": "pictures/000000.png", "tags": ["red", "blue"]}\n'),
            ("csv", "path,tags\na.png,red;blue\n"),
            ("txt", "a.png: red | blue\n"),
            ("log", "a.png\nImage Tags:  red | blue\n"),
        ]
    )
    return _broken(text, chance), f"tags.{ending}", ("tags", "import", "--source", "other")


def _rules(chance: random.Random) -> tuple[str, str, tuple[str, ...]]:
    pieces = ["*", "**", "a", "/", "[a-z]", "?", "!", "\\", "[", "0"]
    lines = ["".join(chance.choices(pieces, k=chance.choice((3, 20, 200)))) for _ in range(5)]
    # Nothing of it may leave a picture out for good: the trial's end takes it away.
    return "\n".join(lines), ".photosignore", ("index",)
