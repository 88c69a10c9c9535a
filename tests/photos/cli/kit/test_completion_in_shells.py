"""Completion as people have it: keys on a terminal, in bash, zsh and fish, if they are installed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Commands by which a shell starts without its user's files, and lines that make it complete.
SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], 'eval "$(photos completion bash)"'),
    "zsh": (["-f", "-i"], 'autoload -Uz compinit; compinit -u -D; eval "$(photos completion zsh)"'),
    "fish": (["--no-config", "-i"], "photos completion fish | source"),
}
#: Stands for the program: it completes, and otherwise says what words it was given.
STUB = """#!/bin/sh
if [ -n "$_PHOTOS_COMPLETE" ] || [ "$1" = completion ]; then exec "{python}" -m photos "$@"; fi
printf '<<'; for word; do printf '[%s]' "$word"; done; printf '>>'
"""
ROOT = Path(__file__).parents[4]
#: Runs a command on a terminal of its own: fish ends without one.
LOGIN = "import os, sys; os.login_tty(int(sys.argv[1])); os.execvp(sys.argv[2], sys.argv[2:])"
#: Seconds after which a shell that says nothing hangs.
LONGEST = 120


class Terminal:
    """A shell on a terminal, in the folder of the pictures."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._shown = b""

    def type(self, keys):
        os.write(self._descriptor, keys.encode())

    def until(self, mark):
        """Return the text that was shown before *mark*."""
        while mark.encode() not in self._shown:
            assert select.select([self._descriptor], [], [], LONGEST)[0], self._shown.decode(errors="replace")
            self._shown += os.read(self._descriptor, 65_536)
        shown, _, self._shown = self._shown.partition(mark.encode())
        return shown.decode(errors="replace")

    def complete(self, line):
        """The words of the command that *line* became with the Tab key."""
        self.type(f"{line}\t\r")
        self.until("<<")
        return self.until(">>")


@contextmanager
def shell(name, environment, folder):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    options, setup = SHELLS[name]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", LOGIN, str(theirs), name, *options], env=environment, cwd=folder, pass_fds=[theirs]
    )
    os.close(theirs)
    try:
        terminal = Terminal(ours)
        terminal.type(f"{setup}; photos ready\r")
        terminal.until("[ready]>>")
        yield terminal
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.fixture
def environment(tmp_path, filled):
    program = tmp_path / "bin" / "photos"
    program.parent.mkdir()
    program.write_text(STUB.format(python=sys.executable))
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    own = {"PATH": path, "PHOTOS_LIBRARY": str(filled.library), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    return {**os.environ, "TERM": "xterm", **own}


LINES = {
    # File names, with whatever is in them.
    "photos tag bea": "[tag][beach one.jpg]",
    "photos tag 'bea": "[tag][beach one.jpg]",
    "photos tag it": "[tag][it's.jpg]",
    "photos similar ün": "[similar][ünï.jpg]",
    "photos search --like ./doll": "[search][--like][./dollar$x.jpg]",
    "photos vocab use not": "[vocab][use][notes.txt]",
    # Names of the library, options and filters.
    "photos tag red.png +yel": "[tag][red.png][+yellow]",
    "photos search tag:yel": "[search][tag:yellow]",
    "photos vocab use col": "[vocab][use][colours]",
    "photos search --form": "[search][--format]",
    "photos search is:unr": "[search][is:unrated]",
    "photos help sideca": "[help][sidecars]",
}


@pytest.mark.parametrize("name", list(SHELLS))
def test_the_tab_key_completes_names_and_files(environment, pictures, name):
    for each in ("beach one.jpg", "it's.jpg", "ünï.jpg", "dollar$x.jpg", "notes.txt"):
        (pictures / each).touch()
    with shell(name, environment, pictures) as terminal:
        assert {line: terminal.complete(line) for line in LINES} == LINES
