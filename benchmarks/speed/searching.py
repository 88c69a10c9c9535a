"""What a whole `photos search` costs in a large library, beside the text's vector alone through transformers.

    python benchmarks/speed/searching.py --model CHECKPOINT [--photos 100000] [--library DIR]

CPU and wall seconds of a process, the least of several runs, taken in turns, after one that is not counted. The library
is made of random vectors, in DIR if one is given, where the next run finds it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from photos.config import data_path
from photos.models import open_reference
from store import Catalog, schema

RUNS = 5
REMEMBERED = "beach at sunset"
PART = 5000
TRANSFORMERS = """
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
    """A library of *count* photos with random embeddings of the checkpoint's space."""
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


def cost(command: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def measure(library: Path, checkpoint: str) -> None:
    """Measure and print."""
    searching = [sys.executable, "-P", "-m", "photos", "--library", str(library), "search"]

    def new_words() -> str:
        return f"a photo of {uuid.uuid4().hex[:8]} at sunset"

    commands = {
        "photos search, words remembered": lambda: [*searching, REMEMBERED],
        "photos search, new words": lambda: [*searching, new_words()],
        "transformers, the vector alone": lambda: [sys.executable, "-c", TRANSFORMERS, checkpoint, new_words()],
    }
    # The first makes the index and keeps the tokenizer, once and for all.
    for text in (REMEMBERED, new_words()):
        cost([*searching, text])
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            costs[name].append(cost(command()))
    baseline = min(costs["transformers, the vector alone"])[0]
    print(f"{'':<34}{'CPU s':>8}{'wall s':>8}{'of transformers':>17}")
    for name, measured in costs.items():
        cpu, wall = min(cpu for cpu, _ in measured), min(wall for _, wall in measured)
        print(f"{name:<34}{cpu:>8.2f}{wall:>8.2f}{cpu / baseline:>17.2f}")


def main() -> None:
    """Make the library if need be, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--library", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        library = arguments.library or Path(temporary)
        if not (library / "catalog.sqlite3").exists():
            make(library, arguments.model, arguments.photos)
        measure(library, arguments.model)


if __name__ == "__main__":
    main()
