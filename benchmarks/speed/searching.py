"""Cost of a whole `photos search` and `photos similar` in a large library, with and without the daemon.

    python benchmarks/speed/searching.py --model CHECKPOINT [--photos 100000] [--library DIR]
        [--rclip EXECUTABLE --rclip-data DIR] [--without-transformers]

Baselines in the same run: `python -c "import click"`, the text's vector alone by transformers, and a search by rclip.
rclip's DIR must contain its models and is filled with as many random vectors. Printed are CPU and wall seconds of a
process, the minimum of several alternating runs, and its peak anonymous memory. The library has random vectors and is
made in DIR if given, where the next run reuses it; the daemon is started on it and stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import insert, update

from photos.config import data_path
from photos.models import open_reference
from photos.operations.tagging.revisions import ensure_vocabulary
from query.similarity import normalized_text
from store import Catalog, Space
from store.sql import schema

RUNS = 5
REMEMBERED = "beach at sunset"
PART = 5000
CLICK, RCLIP, TRANSFORMERS = "import click", "rclip -n, new words", "transformers, the vector alone"
WITH_CAPTIONS = "photos search, with captions"
PHOTOS = [str(Path(sys.executable).with_name("photos"))]
RANDOM = np.random.default_rng(0)
VECTOR = """
import sys, torch
from transformers import AutoModel, AutoTokenizer
model = AutoModel.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
length = model.config.text_config.max_position_embeddings
ids = tokenizer([sys.argv[2]], padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
with torch.inference_mode():
    print(torch.nn.functional.normalize(model.get_text_features(input_ids=ids).pooler_output))
"""


def make(library: Path, reference: str, count: int) -> None:
    """Make a library of *count* photos with random embeddings of the checkpoint's space."""
    library.mkdir(parents=True, exist_ok=True)
    checkpoint = open_reference(reference, data_path() / "models")
    weights_hash = checkpoint.weights_hash()
    random = np.random.default_rng(0)
    with Catalog.open(library / "catalog.sqlite3") as catalog, catalog.write() as t:
        space = t.spaces.ensure(checkpoint.identity("float32", weights_hash))
        t.library.set_model(reference)
        t.library.set_space(space.id)
        t.library.remember_weights(checkpoint.weights_stamp(), weights_hash)
        folder = t.folders.add(b"/pictures")
        now = datetime.now(UTC).replace(tzinfo=None)
        for start in range(0, count, PART):
            # Row by row, as the indexer writes them, this would take minutes.
            numbers = range(start + 1, min(start + PART, count) + 1)
            rows = random.normal(size=(len(numbers), checkpoint.dimension)).astype(np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            photo = {"size": 1, "width": 4000, "height": 3000, "format": "JPEG", "added_at": now}
            file = {"folder_id": folder.id, "size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": 1, "outcome": "indexed"}
            sums = [zlib.crc32(row.astype("<f2").tobytes()) for row in rows]
            tables = {
                schema.photo: [{**photo, "id": n, "content_hash": n.to_bytes(32, "big")} for n in numbers],
                schema.file: [{**file, "path": b"%d.jpg" % n, "photo_id": n} for n in numbers],
                schema.embedding: [
                    {"space_id": space.id, "photo_id": n, "vector": row, "checksum": checksum}
                    for n, row, checksum in zip(numbers, rows, sums, strict=True)
                ],
                schema.embedding_change: [
                    {"space_id": space.id, "photo_id": n, "op": "put", "token": n} for n in numbers
                ],
            }
            for table, values in tables.items():
                t.connection.execute(insert(table), values)
    add_vocabulary(library, reference, space)


def add_vocabulary(library: Path, reference: str, space: Space) -> None:
    """Put the default vocabulary in force with random vectors: encoding its texts takes a quarter of an hour."""
    with Catalog.open(library / "catalog.sqlite3") as catalog:
        revision = ensure_vocabulary(catalog, reference)
        texts = {normalized_text(text) for label in revision.labels for text in label.definition.texts}
        with catalog.write() as t:
            t.texts.put(space.id, {text: unit(space.identity.dimension) for text in texts})


def add_captions(library: Path) -> None:
    """Give all photos captions with random vectors, unless there are some."""
    with Catalog.open(library / "catalog.sqlite3") as catalog, catalog.write() as t:
        space = t.spaces.all()[0]
        photo_ids = t.selection.all().tolist()
        if not t.descriptions.any_without_caption_vector(space.id) and t.descriptions.origins():
            return
        now = datetime.now(UTC).replace(tzinfo=None)
        row = {"origin": "random", "tasks": ["caption"], "labels": [], "made_at": now}
        for start in range(0, len(photo_ids), PART):
            some = {photo_id: f"a photo with the number {photo_id}" for photo_id in photo_ids[start : start + PART]}
            rows = [{**row, "photo_id": photo_id, "caption": caption} for photo_id, caption in some.items()]
            t.connection.execute(insert(schema.description), rows)
            vectors = ((photo_id, caption, unit(space.identity.dimension)) for photo_id, caption in some.items())
            t.descriptions.put_caption_vectors(space.id, vectors)


class Cost(NamedTuple):
    """Cost of one process: CPU and wall seconds, and peak anonymous memory in megabytes.

    `daemon` is the CPU time of the daemon for it, to a hundredth of a second.
    """

    cpu: float
    wall: float
    anonymous: float
    daemon: float = 0.0


def cost(command: list[str], folder: Path | None = None, **environment: str) -> Cost:
    """Return the cost of *command*, run in *folder*. A thread samples its memory, on Linux only."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env={**os.environ, **environment}
    )
    peaks, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(0.01):
            peaks.append(anonymous(process.pid))

    looking = threading.Thread(target=look)
    looking.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    ended.set()
    looking.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(usage.ru_utime + usage.ru_stime, wall, max(peaks))


def anonymous(pid: int) -> float:
    """Return the anonymous memory of the process in megabytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("RssAnon:")), 0.0)


def cost_with(pid: int, command: list[str]) -> Cost:
    """Return the cost of *command*, with that of the daemon *pid*."""
    daemon = psutil.Process(pid)
    before = daemon.cpu_times()
    taken = cost(command)
    after = daemon.cpu_times()
    return taken._replace(daemon=after.user + after.system - before.user - before.system)


def pictures(library: Path) -> tuple[Path, Path]:
    """Make a picture that is the first photo of the library, and one that is not in it; returns their paths."""
    known, new = library / "known.jpg", library / "new.jpg"
    for path, shade in ((known, 60), (new, 200)):
        Image.effect_noise((1200, 900), shade).convert("RGB").save(path)
    with Catalog.open(library / "catalog.sqlite3") as catalog, catalog.write() as t:
        content = hashlib.sha256(known.read_bytes()).digest()
        t.connection.execute(update(schema.photo).where(schema.photo.c.id == 1).values(content_hash=content))
    return known, new


def new_words() -> str:
    """Return words that were never searched for."""
    return f"a photo of {uuid.uuid4().hex[:8]} at sunset"


@contextmanager
def running_daemon(library: Path) -> Iterator[int]:
    """Run the daemon, ready after its first pass; yields its process id."""
    subprocess.run([*PHOTOS, "--library", str(library), "daemon", "start"], check=True, stdout=subprocess.DEVNULL)
    try:
        asking = [*PHOTOS, "--library", str(library), "daemon", "status", "--json"]
        while True:
            now = json.loads(subprocess.run(asking, check=True, capture_output=True).stdout)
            if now["answers"] and now["state"] == "waiting":
                break
            time.sleep(0.5)
        yield int(now["pid"])
    finally:
        subprocess.run([*PHOTOS, "--library", str(library), "daemon", "stop"], check=True, stdout=subprocess.DEVNULL)


class Rclip:
    """rclip with a library of *count* random vectors, made in *data* if missing."""

    def __init__(self, program: Path, data: Path, count: int) -> None:
        self.command = [str(program.absolute()), "-n"]
        self.environment = {"RCLIP_DATADIR": str(data.resolve()), "HF_HUB_OFFLINE": "1"}
        self.folder = data.resolve() / "pictures"
        self.folder.mkdir(exist_ok=True)
        cost([*self.command, REMEMBERED], self.folder, **self.environment)
        with closing(sqlite3.connect(data / "db.sqlite3")) as database, database:
            if database.execute("SELECT count(*) FROM images").fetchone()[0] != count:
                database.execute("DELETE FROM images")
                database.executemany(
                    "INSERT INTO images (filepath, modified_at, size, vector) VALUES (?, 1, 1, ?)",
                    ((str(self.folder / f"{n}.jpg"), unit(512).tobytes()) for n in range(count)),
                )

    def search(self) -> Cost:
        """Return the cost of one search."""
        return cost([*self.command, new_words()], self.folder, **self.environment)


def unit(dimension: int) -> NDArray[np.float32]:
    """Return a random unit vector, float32 (d,)."""
    row = RANDOM.normal(size=dimension).astype(np.float32)
    return row / np.linalg.norm(row)


def alternating(runs: int, commands: Mapping[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """Return the minimum cost of each over *runs* alternating runs, so that all see the same machine load."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            costs[name].append(command())
    return {
        name: Cost(
            min(each.cpu for each in taken),
            min(each.wall for each in taken),
            max(each.anonymous for each in taken),
            min(each.daemon for each in taken),
        )
        for name, taken in costs.items()
    }


def measure(library: Path, checkpoint: str, runs: int, rclip: Rclip | None, *, transformers: bool) -> None:
    """Measure and print."""
    searching = [*PHOTOS, "--library", str(library), "search"]
    known, new = ([*PHOTOS, "--library", str(library), "similar", str(path)] for path in pictures(library))
    click: dict[str, Callable[[], Cost]] = {CLICK: lambda: cost([sys.executable, "-c", "import click"])}
    searches: dict[str, Callable[[], Cost]] = {
        "photos search, words remembered": lambda: cost([*searching, REMEMBERED]),
        "photos search, new words": lambda: cost([*searching, new_words()]),
        WITH_CAPTIONS: lambda: cost([*searching, REMEMBERED, "--with-captions"]),
        "photos similar, a photo": lambda: cost(known),
        "photos similar, another picture": lambda: cost(new),
    }
    others: dict[str, Callable[[], Cost]] = {} if rclip is None else {RCLIP: rclip.search}
    if transformers:
        others[TRANSFORMERS] = lambda: cost([sys.executable, "-c", VECTOR, checkpoint, new_words()])
    # The first searches make the tags and the index, and cache the tokenizer.
    with running_daemon(library) as pid:
        warm: dict[str, Callable[[], Cost]] = {
            "photos search, words remembered, warm": lambda: cost_with(pid, [*searching, REMEMBERED]),
            "photos search, new words, warm": lambda: cost_with(pid, [*searching, new_words()]),
            "photos similar, a photo, warm": lambda: cost_with(pid, known),
            "photos similar, another picture, warm": lambda: cost_with(pid, new),
        }
        for command in ([*searching, REMEMBERED], [*searching, new_words()], new):
            cost(command)
        found = alternating(runs, click | warm | others)
        show("Answered by the daemon", found)
    add_captions(library)
    found = alternating(runs, click | searches | others)
    show("Without the daemon", found)
    one, other = found[WITH_CAPTIONS], found["photos search, words remembered"]
    print(f"with captions, of the same search without: {one.cpu / other.cpu:.2f} CPU, {one.wall / other.wall:.2f} wall")


def show(title: str, found: Mapping[str, Cost]) -> None:
    """Print costs, and ratios to the baselines."""
    names = [name for name in (CLICK, TRANSFORMERS, RCLIP) if name in found]
    print(
        f"{title:<40}{'CPU s':>8}{'wall s':>8}{'daemon':>8}{'anon MB':>9}"
        + "".join(f"{'of ' + name:>36}" for name in names)
    )
    for name, one in found.items():
        ratios = "".join(
            f"{one.cpu / found[base].cpu:>16.3f} CPU{one.wall / found[base].wall:>11.3f} wall" for base in names
        )
        print(f"{name:<40}{one.cpu:>8.3f}{one.wall:>8.3f}{one.daemon:>8.2f}{one.anonymous:>9.0f}{ratios}")


def main() -> None:
    """Make the library if necessary, and measure."""
    # An installed program has its bytecode cached.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rclip", type=Path, help="executable of rclip, for comparison")
    parser.add_argument("--rclip-data", type=Path, help="data folder of rclip, with its models")
    parser.add_argument("--without-transformers", action="store_true")
    arguments = parser.parse_args()
    rclip = arguments.rclip and Rclip(arguments.rclip, arguments.rclip_data, arguments.photos)
    with tempfile.TemporaryDirectory() as temporary:
        library = arguments.library or Path(temporary)
        if not (library / "catalog.sqlite3").exists():
            make(library, arguments.model, arguments.photos)
        measure(library, arguments.model, arguments.runs, rclip, transformers=not arguments.without_transformers)


if __name__ == "__main__":
    main()
