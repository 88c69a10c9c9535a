"""Cost of `photos index` with one new picture, compared with `python -c "import torch"`, in one run.

    python benchmarks/speed/one_picture.py --model CHECKPOINT

CPU and wall seconds of a process and its children: the minimum of several alternating runs. Each run finds one more
picture; the library has a vocabulary of one label, which is encoded when it is made.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

RUNS = 5


def cost(command: list[str]) -> tuple[float, float]:
    """Return the CPU and wall seconds of one run."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def draw(folder: Path, number: int) -> None:
    """Draw one random picture."""
    pixels = np.random.default_rng(number).integers(0, 255, (60, 80, 3), np.uint8)
    Image.fromarray(pixels).resize((800, 600)).save(folder / f"{number}.jpg")


def main() -> None:
    """Measure and print."""
    # Keep bytecode, as an installed program does: nothing is compiled at every start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=lambda path: str(Path(path).resolve()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        pictures, words = Path(temporary) / "pictures", Path(temporary) / "words.txt"
        pictures.mkdir()
        words.write_text("snow\n")
        photos = [sys.executable, "-P", "-m", "photos", "--library", f"{temporary}/library"]
        draw(pictures, 0)
        cost([*photos, "vocab", "use", str(words)])
        cost([*photos, "add", str(pictures), "--model", arguments.model])
        commands = {
            'python -c "import torch"': [sys.executable, "-c", "import torch"],
            "photos index, nothing new": [*photos, "index"],
            "photos index, one new picture": [*photos, "index"],
        }
        costs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for run in range(RUNS):
            for name, command in commands.items():
                if "one new" in name:
                    draw(pictures, run + 1)
                costs[name].append(cost(command))
    baseline = min(costs['python -c "import torch"'])[0]
    print(f"{'':<32}{'CPU s':>8}{'wall s':>8}{'x import torch':>16}")
    for name, measured in costs.items():
        cpu, wall = min(cpu for cpu, _ in measured), min(wall for _, wall in measured)
        print(f"{name:<32}{cpu:>8.2f}{wall:>8.2f}{cpu / baseline:>16.1f}")


if __name__ == "__main__":
    main()
