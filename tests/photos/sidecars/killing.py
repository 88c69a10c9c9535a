"""Kills the program before each step that it takes in a folder: `FOLDER LIBRARY WORK ARGUMENTS…`.

A step is whatever opens, links, renames or removes a file there. For each, folder and library are put as they were, a
process is forked that is killed by the system at that step, and then one that undoes and one that writes again. Prints
a line of JSON each: the status, the contents of the folder after each of the three, and whether `verify` then finds
files gone. The last is of a process that came through.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from photos.__main__ import main
from photos.cli.views import xmp as _view  # noqa: F401 - loaded before the forks, so that each is quick
from photos.operations.tagging import sidecars as _operation  # noqa: F401 - as above

FOLDER, LIBRARY, WORK, *ARGUMENTS = sys.argv[1:]
STEPS = {"open", "os.rename", "os.link", "os.remove"}


def die_at(step):
    left = step

    def hear(event, arguments):
        nonlocal left
        # Names come without their folder, which is open.
        if event not in STEPS or not is_ours(os.fsdecode(str_of(arguments[0]))):
            return
        if event == "open" and not arguments[2] & os.O_CREAT:
            return
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    sys.addaudithook(hear)


def is_ours(name):
    return name.startswith(".photos-") or name.endswith(".xmp")


def str_of(path):
    return path if isinstance(path, str | bytes) else ""


def forked(arguments, step=None):
    process = os.fork()
    if process == 0:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        if step is not None:
            die_at(step)
        os._exit(main(["--library", LIBRARY, *arguments]))
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def contents():
    return {
        str(path.relative_to(FOLDER)): path.read_bytes().decode("latin-1")
        for path in sorted(Path(FOLDER).rglob("*"))
        if path.is_file()
    }


def is_gone():
    """Return whether `verify` finds files gone."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(writing, 1)
        os._exit(main(["--library", LIBRARY, "verify", "--json"]))
    os.close(writing)
    with open(reading, "rb") as output:
        report = output.read()
    os.waitpid(process, 0)
    return b" gone" in report


for place in (FOLDER, LIBRARY):
    shutil.copytree(place, Path(WORK) / Path(place).name, copy_function=shutil.copy2)
status, point = -1, 0
while status < 0:
    for place in (FOLDER, LIBRARY):
        shutil.rmtree(place)
        shutil.copytree(Path(WORK) / Path(place).name, place, copy_function=shutil.copy2)
    status = forked(ARGUMENTS, point)
    seen, gone = [contents()], [is_gone()]
    for command in (["xmp", "undo"], ["xmp", "write"]):
        forked(command)
        seen.append(contents())
        gone.append(is_gone())
    sys.stdout.write(json.dumps({"status": status, "seen": seen, "gone": gone}) + "\n")
    point += 1
