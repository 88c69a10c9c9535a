"""Count files, moves between files, and transactions that a reader of one command has to follow.

    python benchmarks/structure/trace.py

It makes a library of 24 drawings with the demo checkpoint and traces `photos add`, `photos search` and
`photos retag --vocabulary` in this process with `sys.setprofile`. A file counts where one of its functions runs;
module bodies, class bodies and constructors are left out, and so are the decoder processes. A move is a call from a
function of one file to a function of another. `--files` lists the files.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
PACKAGES = tuple(f"{ROOT / name}{os.sep}" for name in ("photos", "indexer", "query", "store"))


class Trace:
    """Counts calls between files of the product while it is installed as the profiler."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()
        self.moves = 0
        self._resumed: Counter[int] = Counter()

    @property
    def transactions(self) -> int:
        """Transactions begun: runs of the store's generator from its first instruction on."""
        return self._resumed[min(self._resumed)] if self._resumed else 0

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """Record one call."""
        if event != "call":
            return
        name, callee = frame.f_code.co_name, _file(frame)
        if callee is None:
            return
        if name == "transaction" and callee.startswith("store/"):
            self._resumed[frame.f_lasti] += 1
        if name in {"<module>", "__init__", "__post_init__"} or _is_class_body(frame):
            return
        self.files[callee] += 1
        caller = None if frame.f_back is None else _file(frame.f_back)
        if caller is not None and caller != callee:
            self.moves += 1


def _file(frame: FrameType) -> str | None:
    path = frame.f_code.co_filename
    return os.path.relpath(path, ROOT) if path.startswith(PACKAGES) else None


def _is_class_body(frame: FrameType) -> bool:
    return "__qualname__" in frame.f_code.co_names and "__module__" in frame.f_code.co_names


@contextlib.contextmanager
def traced() -> Iterator[Trace]:
    """Trace all calls in the block, in all threads."""
    trace = Trace()
    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        yield trace
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def main() -> None:
    """Trace the three commands and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", action="store_true", help="list the files of each command")
    wanted = parser.parse_args()
    from photos.__main__ import main as photos
    from photos.demo.library import draw_library

    with tempfile.TemporaryDirectory() as temporary:
        pictures, library = Path(temporary, "pictures"), Path(temporary, "library")
        draw_library(pictures, 24, seed=7)
        words = Path(temporary, "words.txt")
        words.write_text("boat\nhouse\ncat\n")
        os.environ["PHOTOS_LIBRARY"] = str(library)
        os.environ["PHOTOS_MODEL"] = "demo"
        commands = {
            "add": ["add", str(pictures)],
            "search": ["search", "beach"],
            "retag": ["retag", "--vocabulary", str(words)],
        }
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            photos(["search", "beach"])
        for name, arguments in commands.items():
            said = io.StringIO()
            if name == "search":
                with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                    photos(arguments)  # the second time the words are remembered
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), traced() as trace:
                status = photos(arguments)
            if status:
                raise SystemExit(f"photos {' '.join(arguments)} ended with {status}:\n{said.getvalue()}")
            print(
                f"{name:7} {len(trace.files):4} files {sum(trace.files.values()):6} calls {trace.moves:6} moves "
                f"{trace.transactions:4} transactions"
            )
            if wanted.files:
                for file, count in sorted(trace.files.items()):
                    print(f"    {count:5}  {file}")


if __name__ == "__main__":
    main()
