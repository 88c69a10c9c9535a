"""Cost of whole commands, compared with `python -c "import click"`, in one run.

    python benchmarks/speed/start.py [LIBRARY]

CPU seconds of the process and its children, and wall seconds: the minimum of several alternating runs. With a LIBRARY
(`photos demo` makes one) it also measures a search for a remembered text and one for a new text.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import uuid

RUNS = 5
PROGRAM = [sys.executable, "-P", "-m", "photos"]


def cost(command: list[str]) -> tuple[float, float]:
    """Return the CPU and wall seconds of one run."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main() -> None:
    """Measure and print."""
    # What is installed keeps its bytecode, and is not compiled at every start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    commands = {
        "python -c pass": lambda: [sys.executable, "-c", "pass"],
        'python -c "import click"': lambda: [sys.executable, "-c", "import click"],
        "photos --version": lambda: [*PROGRAM, "--version"],
        "photos --help": lambda: [*PROGRAM, "--help"],
    }
    if len(sys.argv) > 1:
        searching = [*PROGRAM, "--library", sys.argv[1], "search"]
        commands["search, text remembered"] = lambda: [*searching, "beach at sunset"]
        # A text never seen before loads the text encoder.
        commands["search, new text"] = lambda: [*searching, f"a photo {uuid.uuid4().hex[:8]}"]
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            costs[name].append(cost(command()))
    baseline = min(costs['python -c "import click"'])[0]
    print(f"{'command':<28}{'CPU s':>8}{'wall s':>8}{'x import click':>16}")
    for name, measured in costs.items():
        cpu, wall = min(cpu for cpu, _ in measured), min(wall for _, wall in measured)
        print(f"{name:<28}{cpu:>8.3f}{wall:>8.3f}{cpu / baseline:>16.1f}")


if __name__ == "__main__":
    main()
