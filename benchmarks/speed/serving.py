"""The daemon's server against an earlier checkout's, and strips of a large library.

    git worktree add ../before cdcfa7a
    python benchmarks/speed/serving.py --before ../before
    python benchmarks/speed/serving.py --strip 100000

With `--before`, both checkouts' daemons answer `photos search` for copies of the demo's library, in turns. The table
has medians, this checkout's second and then by the other's: CPU seconds of the command and of the daemon for a search,
seconds by the clock, and the memory that is the daemon's alone (USS), before the first search and after the last.

With `--strip N` it makes a library of N photos without files, taken in bursts, and prints the bytes of its strip for a
photo, plain and by gzip, and the CPU seconds for it by those of one scan of the same columns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

#: Shapes of photos and how frequent they are.
SHAPES = ((4000, 3000), (3000, 4000), (6000, 4000), (4000, 6000), (1920, 1080), (3000, 3000))
PARTS = (0.45, 0.2, 0.15, 0.08, 0.08, 0.04)
START = datetime(2012, 1, 1)  # noqa: DTZ001 - cameras' clocks have no zone


class Side:
    """A checkout, and a library that its daemon serves."""

    def __init__(self, checkout: Path, library: Path) -> None:
        self.library = library
        self._environment = {**os.environ, "PYTHONPATH": str(checkout), "PHOTOS_LIBRARY": str(library)}

    def run(self, *words: str) -> tuple[float, float]:
        """Run the program. Returns CPU seconds and seconds by the clock."""
        before, began = os.times(), time.perf_counter()
        command = [sys.executable, "-m", "photos", *words]
        subprocess.run(command, env=self._environment, check=True, capture_output=True, cwd=self.library)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return used, time.perf_counter() - began

    @contextmanager
    def daemon(self) -> Iterator[psutil.Process]:
        """Run the daemon until it is idle, and then until the end."""
        command = [sys.executable, "-m", "photos", "watch", "--log-level", "error"]
        process = subprocess.Popen(command, env=self._environment, cwd=self.library)
        try:
            watched = psutil.Process(process.pid)
            while not (self.library / "photos.sock").exists():
                if process.poll() is not None:
                    raise SystemExit("the daemon ended")
                time.sleep(0.1)
            used = -1.0
            while (now := sum(watched.cpu_times()[:2])) != used:
                used = now
                time.sleep(3)
            yield watched
        finally:
            process.terminate()
            process.wait()


def compare(before: Path, rounds: int) -> None:
    """Print this checkout's medians by those of *before*."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        place = Path(name)
        subprocess.run(
            [sys.executable, "-m", "photos", "demo", "--count", "60", "--folder", str(place / "demo")],
            env={**os.environ, "PYTHONPATH": str(before)},
            cwd=place,
            check=True,
            capture_output=True,
        )
        sides = {}
        for label, checkout in (("before", before), ("now", ROOT)):
            shutil.copytree(place / "demo" / "library", place / label)
            sides[label] = Side(checkout, place / label)
        daemons = {label: stack.enter_context(side.daemon()) for label, side in sides.items()}
        figures: dict[str, dict[str, list[float]]] = {label: {} for label in sides}
        for label, daemon in daemons.items():
            figures[label]["memory of the idle daemon, MB"] = [daemon.memory_full_info().uss / 1e6]
        for turn in range(rounds + 1):
            for label, side in sides.items():
                used = sum(daemons[label].cpu_times()[:2])
                cpu, clock = side.run("search", "a dog on the beach", "--json")
                served = sum(daemons[label].cpu_times()[:2]) - used
                if turn:
                    for what, value in (("CPU of the command, s", cpu), ("by the clock, s", clock)):
                        figures[label].setdefault(what, []).append(value)
                    figures[label].setdefault("CPU of the daemon, s (mean)", []).append(served)
        for label, daemon in daemons.items():
            figures[label]["memory after that, MB"] = [daemon.memory_full_info().uss / 1e6]
        for what, values in figures["now"].items():
            middle = statistics.fmean if "mean" in what else statistics.median
            now, then = middle(values), middle(figures["before"][what])
            print(f"{what:32} {then:8.3f} {now:8.3f}   {now / then if then else float('nan'):.2f} x")


def measure_strip(count: int) -> None:
    """Print the size of a strip of *count* photos, and its CPU."""
    from sqlalchemy import insert, select

    from photos.http.answers.strip import aspect_column, day_column, id_column, order_of, strip
    from photos.http.strip_cache import PackedStrip
    from store import Catalog, Facts
    from store.catalog.photo_facts import facts_values
    from store.sql import schema
    from store.sql.dialect import plain_cursor, utc_now

    random = np.random.default_rng(1)
    bursts = random.choice(len(SHAPES), size=count, p=PARTS)
    moments = np.sort(random.integers(0, 10 * 365 * 24 * 60, size=count // 8 + 1))
    with tempfile.TemporaryDirectory() as name, Catalog.open(Path(name) / "catalog.sqlite3") as catalog:
        with catalog.write() as t:
            rows = []
            for number in range(count):
                # Eight photos of a burst are alike in shape, but for some.
                width, height = SHAPES[bursts[number // 8 if number % 5 else number]]
                taken = START + timedelta(minutes=int(moments[number // 8]), seconds=number % 8)
                facts = facts_values(Facts(width, height, "JPEG", taken_at=taken))
                rows.append({"content_hash": number.to_bytes(32, "big"), "size": 1, "added_at": utc_now(), **facts})
            t.connection.execute(insert(schema.photo), rows)
        photo = schema.photo.c
        columns = select(photo.id, photo.width, photo.height, photo.taken_at).where(photo.gone_at.is_(None))
        scans, makes = [], []
        for _ in range(5):
            with catalog.read() as t:
                began = time.process_time()
                plain_cursor(t.connection, columns.order_by(photo.taken_at.desc(), photo.id.desc())).fetchall()
                scans.append(time.process_time() - began)
                began = time.process_time()
                shapes = t.selection.shapes()
                parts = [id_column(shapes.ids), aspect_column(shapes.widths, shapes.heights), day_column(shapes.days)]
                whole = PackedStrip.of(strip(count, parts, {"order": order_of(shapes.ids)}))
                makes.append(time.process_time() - began)
    print(f"plain     {len(whole.plain) / count:.3f} bytes a photo")
    print(f"by gzip   {len(whole.packed) / count:.3f} bytes a photo")
    print(f"CPU       {statistics.median(makes) / statistics.median(scans):.2f} x one scan of its columns")


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="an earlier checkout")
    parser.add_argument("--rounds", type=int, default=15, help="searches of each")
    parser.add_argument("--strip", type=int, help="photos of the library")
    options = parser.parse_args()
    if options.before is not None:
        compare(options.before.absolute(), options.rounds)
    if options.strip is not None:
        measure_strip(options.strip)


if __name__ == "__main__":
    main()
