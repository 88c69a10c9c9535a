"""CPU-seconds of `photos add` over a folder, as a ratio to another checkout of the program. Linux only.

    python benchmarks/speed/adding.py FOLDER CHECKOUT [ROUNDS]

The two take turns, each into a new library with the `demo` checkpoint. The seconds are those in user mode, of the
command and of all its reader processes. Only JPEG and PNG files that Pillow decodes alone are added.
"""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from decoding import ordinary

ROUNDS = 5
#: Orphans of the command become children of this process: its fork server outlives it for a moment.
_SUBREAPER = 36


def seconds_of(checkout: Path, pictures: Path) -> float:
    """Return the CPU-seconds of adding the folder *pictures* to a new library, by the program in *checkout*."""
    with tempfile.TemporaryDirectory() as library:
        command = [sys.executable, "-m", "photos", "--library", library]
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        subprocess.run([*command, "model", "use", "demo"], env=environment, check=True, capture_output=True)
        _reap()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([*command, "add", str(pictures)], env=environment, check=True, capture_output=True)
        _reap()
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def _reap() -> None:
    """Wait for orphans."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def main() -> None:
    """Measure both checkouts and print the ratio."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    here, other = Path(__file__).resolve().parents[2], Path(sys.argv[2]).resolve()
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    with tempfile.TemporaryDirectory() as pictures:
        for at, path in enumerate(ordinary(Path(sys.argv[1]))):
            # Names that make no pairs.
            Path(pictures, f"{at:05}{path.suffix.lower()}").write_bytes(path.read_bytes())
        taken: dict[Path, list[float]] = {here: [], other: []}
        for _ in range(rounds):
            for checkout, seconds in taken.items():
                seconds.append(seconds_of(checkout, Path(pictures)))
                print(f"{checkout}: {seconds[-1]:.2f} s", flush=True)
        count = len(os.listdir(pictures))
    ours, theirs = taken.values()
    pairs = sorted(one / before for one, before in zip(ours, theirs, strict=True))
    medians = statistics.median(ours), statistics.median(theirs)
    print(f"{count} files; medians {medians[0]:.2f} and {medians[1]:.2f} s, ratio {medians[0] / medians[1]:.3f}")
    print(f"pairs: median {statistics.median(pairs):.3f}, least {pairs[0]:.3f}, greatest {pairs[-1]:.3f}")


if __name__ == "__main__":
    main()
