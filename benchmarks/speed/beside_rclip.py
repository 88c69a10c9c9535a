"""Cost of indexing a folder with `photos add` and with rclip, as alternating whole processes.

    python benchmarks/speed/make_pictures.py /tmp/pictures 480
    python benchmarks/speed/make_checkpoint.py /tmp/base32 32
    python benchmarks/speed/make_rclip_models.py /tmp/rclip
    python benchmarks/speed/beside_rclip.py /tmp/pictures --model /tmp/base32 --rclip RCLIP --data /tmp/rclip

RCLIP is the executable of a separate environment (`pip install rclip==3.3.0`). The data folder contains its models and
its tokenizer, like RCLIP_DATADIR; it is not written to. The baseline is rclip in the same round. The ratio "x" is its
time divided by ours, in wall-clock time and in CPU time of all processes; CPU time depends less on other load of the
machine. Each run starts with an empty library; that of `photos` has one label, and its tokenizer is already cached.
Linux only.

With ONEDNN_MAX_CPU_ISA=AVX2, ATEN_CPU_CAPABILITY=avx2 and MKL_ENABLE_INSTRUCTIONS=AVX2 in the environment `photos` does
without AVX-512. The runtime of rclip asks the processor alone and keeps it, so ratios are then lower limits.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

_PR_SET_CHILD_SUBREAPER = 36
QUERY = "beach at sunset"


def cost(command: list[str], folder: Path, **variables: str) -> tuple[float, float]:
    """Return the wall seconds of one run in *folder*, and the CPU seconds of it and all its descendants."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, **variables}
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, env=environment)
    wall = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr[-2000:]}")
    # Processes that outlive their parent are reparented to this one, and their time counts once they are waited for.
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rclip(program: Path, data: Path, folder: Path) -> tuple[float, float]:
    """Return the cost of indexing *folder* with rclip, including one search."""
    with tempfile.TemporaryDirectory() as made:
        for path in data.iterdir():
            if not path.name.startswith("db.sqlite3"):
                (Path(made) / path.name).symlink_to(path)
        return cost([str(program), QUERY], folder, RCLIP_DATADIR=made, HF_HUB_OFFLINE="1")


def ours(model: Path, precision: str, folder: Path) -> tuple[float, float]:
    """Return the cost of indexing *folder* with `photos add`."""
    with tempfile.TemporaryDirectory() as made:
        words = Path(made) / "words.txt"
        words.write_text("snow\n")
        photos = [sys.executable, "-P", "-m", "photos", "--library", f"{made}/library"]
        cost([*photos, "vocab", "use", str(words)], folder)
        return cost([*photos, "add", str(folder), "--model", str(model), "--precision", precision], folder)


def warm_up(model: Path) -> None:
    """Cache the tokenizer of the model."""
    with tempfile.TemporaryDirectory() as made:
        picture = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
        Image.fromarray(picture).save(Path(made) / "picture.png")
        ours(model, "bfloat16", Path(made))


def main() -> None:
    """Measure and print."""
    # An installed program has its bytecode cached.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rclip", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--precisions", nargs="+", default=["bfloat16", "int8"])
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    folder, model, data = (path.resolve() for path in (arguments.folder, arguments.model, arguments.data))
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    count = sum(path.is_file() for path in folder.rglob("*"))
    warm_up(model)
    print(f"{count} files, {os.cpu_count()} cores, {arguments.rounds} rounds")
    ratios: dict[str, list[tuple[float, float]]] = {precision: [] for precision in arguments.precisions}
    for _ in range(arguments.rounds):
        theirs = rclip(arguments.rclip.resolve(), data, folder)
        print(f"rclip     {theirs[0]:7.1f} s {theirs[1]:7.1f} CPU-s {1000 * theirs[1] / count:6.0f} a file", flush=True)
        for precision in arguments.precisions:
            wall, cpu = ours(model, precision, folder)
            ratios[precision].append((theirs[0] / wall, theirs[1] / cpu))
            print(
                f"{precision:<9} {wall:7.1f} s {cpu:7.1f} CPU-s {1000 * cpu / count:6.0f} a file"
                f"   {theirs[0] / wall:5.2f} x wall, {theirs[1] / cpu:5.2f} x CPU",
                flush=True,
            )
    for precision, measured in ratios.items():
        wall, cpu = (statistics.median(each) for each in zip(*measured, strict=True))
        print(f"{precision:<9} median {wall:5.2f} x wall, {cpu:5.2f} x CPU")


if __name__ == "__main__":
    main()
