"""The program as its user runs it: a library of drawings, and `photos serve`."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

COUNT = 40
WINDOW = {"width": 1280, "height": 800}


class Program:
    """Runs commands of the program on the library of a demo of *count* drawings in *folder*."""

    def __init__(self, folder: Path, count: int = COUNT) -> None:
        self.folder = folder
        self.environment = {**os.environ, "HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1"}
        (folder / "home").mkdir(parents=True)
        self.run("demo", "--count", str(count), "--folder", str(folder / "demo"), own=False)
        self.pictures = folder / "demo" / "pictures"

    @property
    def words(self) -> list[str]:
        return [sys.executable, "-m", "photos"]

    @property
    def library(self) -> list[str]:
        return ["--library", str(self.folder / "demo" / "library")]

    def run(self, *words: str, own: bool = True) -> str:
        """Run a command, and return what it prints."""
        ran = subprocess.run(
            [*self.words, *(self.library if own else []), *words], capture_output=True, text=True, env=self.environment
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def records(self, *words: str) -> list[Any]:
        """Run a command with --json, and return its records."""
        return [json.loads(line) for line in self.run(*words, "--json").splitlines()]


class Serving:
    """`photos serve` for a program's library, until the end of a `with`. `once` is the address for one browser."""

    def __init__(self, program: Program, port: int | None = None) -> None:
        self.port = port or _free_port()
        self._process = subprocess.Popen(
            [*program.words, *program.library, "serve", "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=program.environment,
        )
        assert self._process.stdout is not None
        self.once = self._process.stdout.readline().strip()
        if not self.once.startswith("http://127.0.0.1:"):
            self.end()
            raise AssertionError(self.once)
        self.url = self.once.partition("/login")[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill the server, as a crash would."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
