"""CPU-seconds of decoding a folder's ordinary JPEG and PNG files, as a ratio to another checkout of the program.

    python benchmarks/speed/decoding.py FOLDER CHECKOUT

The two take turns, each in a process of its own, five times; each reads the files that both can read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROUNDS, REPEATS = 5, 3


def measure(names: list[str]) -> None:
    """Print the CPU-seconds for the named files, with the program that is on the path."""
    from indexer.decode import read_photo
    from indexer.models import Preprocessing

    square = Preprocessing(224, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    contents = [Path(name).read_bytes() for name in names]
    for content in contents:
        read_photo(content, square)
    started = time.process_time()
    for _ in range(REPEATS):
        for content in contents:
            read_photo(content, square)
    print(time.process_time() - started)


def ordinary(folder: Path) -> list[Path]:
    """Return the paths of JPEG and PNG files that Pillow alone decodes."""
    from PIL import Image

    found = []
    for path in sorted(folder.rglob("*")):
        try:
            with Image.open(path, formats=["JPEG", "PNG"]) as image:
                image.load()
        except Exception:  # noqa: BLE001 - decoders raise anything
            continue
        found.append(path)
    return found


def main() -> None:
    """Measure both checkouts and print the ratios."""
    if sys.argv[1] == "--measure":
        measure(sys.stdin.read().splitlines())
        return
    here = Path(__file__).parents[2]
    files = ordinary(Path(sys.argv[1]))
    seconds: dict[Path, list[float]] = {here: [], Path(sys.argv[2]): []}
    for _ in range(ROUNDS):
        for checkout, taken in seconds.items():
            environment = {**os.environ, "PYTHONPATH": str(checkout)}
            command = [sys.executable, __file__, "--measure"]
            ended = subprocess.run(
                command, input="\n".join(map(str, files)), env=environment, capture_output=True, text=True, check=True
            )
            taken.append(float(ended.stdout))
    ours, theirs = seconds.values()
    pairs = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    print(f"{len(files)} files, {min(ours) / REPEATS:.2f} s; ratio {pairs[len(pairs) // 2]:.2f} (median of {ROUNDS})")
    print(f"least {pairs[0]:.2f}, greatest {pairs[-1]:.2f}")


if __name__ == "__main__":
    main()
