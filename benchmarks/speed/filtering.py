"""Speed of query filters in a generated library, against reading the ids of all photos: python filtering.py PHOTOS.

CPU milliseconds, the minimum of several alternating runs, and their ratio to reading the ids. Then filters on captions,
where every photo has one by a describer, against reading all of these with LIKE.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import insert, or_, select

from query.filters import matching_photos
from query.language import parse
from store import (
    MAIN_SLOT,
    Catalog,
    LabelDefinition,
    PhotoScores,
    Space,
    SpaceIdentity,
    TagSource,
    Transaction,
    VocabularyDefinition,
)
from store.filters.criteria import Worded, Wording
from store.sql import schema

PART, RUNS, KEPT, LABELS = 20_000, 3, 32, 2000
FILTERS = (
    "year:2019", "month:dec", "time:evening", "weekday:sat..sun", "camera:d3", "iso:..100", "rating:4..",
    "format:raw", "orientation:portrait", "size:>13mp", "near:48.85,2.35,100km", "in:/photos/2019/Italy",
    "in:Italy", "in:2019/Italy", "name:*0001.jpg", "keyword:beach", "caption:sea", "is:duplicate", "has:gps",
    "has:caption", "-camera:d3", "tag:label-7", "tag:group-0", "tag:parent", "is:untagged",
    "year:2019 rating:4.. tag:label-7",
)  # fmt: skip
#: Words of generated captions, the frequent ones first.
WORDS = (
    "a", "the", "with", "on", "in", "and", "of", "red", "white", "dog", "beach", "table", "house", "tree", "cake",
    "birthday", "candles", "harbour", *(f"word{number}" for number in range(2000)),
)  # fmt: skip
#: Phrases that few, some and many captions have.
PHRASES = ("birthday cake", "dog on", "cake with candles", "harbour", "a", "nowhere")


def fill(catalog: Catalog, count: int) -> Space:
    """Make a library of *count* photos, one in twenty with a tag by hand; returns its space."""
    random = np.random.default_rng(0)
    groups = tuple(f"group-{number}" for number in range(4))
    children = [LabelDefinition(f"label-{n}", ("x",), parents=("parent",) if n < 20 else ()) for n in range(LABELS)]
    labels = (*children, LabelDefinition("parent", ("x",)), *(LabelDefinition(name, ("x",)) for name in groups))
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", 8, float(np.log(112.0)), -16.0))
        folder = t.folders.add(b"/photos")
        revision = t.vocabularies.put(VocabularyDefinition("v", labels, None, (groups,)))
        t.slots.put_in_force("", revision.id)
        ids = np.array(sorted(label.id for label in revision.labels), np.int64)
        scoring = t.scores.begin(space.id, MAIN_SLOT, revision.id, ids, np.zeros(len(ids)), complete=True)
    for start in range(1, count + 1, PART):
        numbers = np.arange(start, min(start + PART, count + 1))
        with catalog.write() as t:
            t.connection.execute(insert(schema.photo), [_photo(random, int(number)) for number in numbers])
            t.connection.execute(insert(schema.file), [_file(folder.id, int(number)) for number in numbers])
            t.photo_texts.mend(numbers.tolist())
            # Every photo has a label of the exclusive group, as with day and night.
            kept = random.choice(ids, (len(numbers), KEPT))
            kept[:, 3] = random.choice(ids[-len(groups) :], len(numbers))
            cosines = -np.sort(-random.uniform(-0.05, 0.14, (len(numbers), KEPT)), axis=1)
            t.scores.put(scoring.id, PhotoScores(numbers, kept, cosines.astype(np.float32)))
            for number in numbers[::20].tolist():
                source = TagSource.USER if random.random() < 0.5 else TagSource.REJECTED
                t.tags.record(number, int(random.choice(ids)), source)
    return space


def _photo(random: np.random.Generator, number: int) -> dict[str, object]:
    taken_at = datetime(2005, 1, 1) + timedelta(seconds=int(random.integers(0, 600_000_000)))  # noqa: DTZ001
    width, height = (4000, 3000) if number % 3 else (3000, 4000)
    return {
        "id": number, "content_hash": number.to_bytes(32, "big"), "size": int(random.integers(10**6, 10**7)),
        "width": width, "height": height, "format": "RAW" if number % 10 == 0 else "JPEG",
        "taken_at": taken_at if number % 20 else None, "camera": f"NIKON D{number % 60}", "lens": "50mm",
        "focal_length": 50.0, "aperture": 2.8, "exposure": 0.004, "iso": int(random.choice([100, 200, 400, 800])),
        "latitude": random.uniform(-60, 70) if number % 2 else None, "longitude": random.uniform(-180, 180),
        "rating": number % 6, "caption": "a day at the sea" if number % 5 == 0 else None,
        "keywords": ["holiday", "beach"] if number % 4 == 0 else [], "added_at": datetime(2024, 1, 1),  # noqa: DTZ001
    }  # fmt: skip


def _file(folder: int, number: int) -> dict[str, object]:
    path = f"{2005 + number % 20}/{('Italy', 'France', 'Spain')[number % 3]}/IMG_{number:07}.jpg".encode()
    stamp = {"size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": number}
    return {"folder_id": folder, "path": path, **stamp, "outcome": "indexed", "photo_id": number}


def describe(catalog: Catalog, count: int) -> None:
    """Give every photo a caption of a dozen words, as frequent as words of a language (Zipf, 1935)."""
    random = np.random.default_rng(1)
    chances = 1 / np.arange(1, len(WORDS) + 1)
    chances /= chances.sum()
    made_at = datetime(2026, 1, 1)  # noqa: DTZ001 - the catalog keeps times without a zone
    for start in range(1, count + 1, PART):
        numbers = range(start, min(start + PART, count + 1))
        captions = [" ".join(words) for words in random.choice(WORDS, (len(numbers), 12), p=chances)]
        told = {"origin": "model@1", "tasks": ["caption"], "labels": [], "made_at": made_at}
        with catalog.write() as t:
            rows = [{"photo_id": key, "caption": text, **told} for key, text in zip(numbers, captions, strict=True)]
            t.connection.execute(insert(schema.description), rows)
            t.photo_texts.mend(numbers)


def cpu_milliseconds(call: Callable[[], object]) -> float:
    """Return the CPU time of *call* in milliseconds."""
    started = time.process_time()
    call()
    return 1000 * (time.process_time() - started)


def measure(t: Transaction, space: Space) -> None:
    """Measure and print."""
    queries = {text: parse([text]).filters for text in FILTERS}
    times: dict[str, list[float]] = {text: [] for text in ("", *queries)}
    for _ in range(RUNS):
        times[""].append(cpu_milliseconds(t.selection.all))
        for text, filters in queries.items():
            times[text].append(cpu_milliseconds(partial(matching_photos, t, space, filters, "/")))
    baseline = min(times[""])
    print(f"{'':<36}{'photos':>9}{'CPU ms':>9}{'of the ids':>12}")
    print(f"{'the ids of all photos':<36}{len(t.selection.all()):>9}{baseline:>9.0f}{1:>12.1f}")
    for text, filters in queries.items():
        found = len(matching_photos(t, space, filters, "/").photo_ids)
        print(f"{text:<36}{found:>9}{min(times[text]):>9.0f}{min(times[text]) / baseline:>12.1f}")


def like(t: Transaction, phrase: str) -> int:
    """Count the photos of captions with *phrase* by the database's own comparison, which knows no words."""
    captions = (schema.photo.c.caption, schema.description.c.caption)
    rows = select(schema.photo.c.id).select_from(schema.photo.join(schema.description))
    rows = rows.where(or_(*(caption.like(f"%{phrase}%") for caption in captions)))
    return len(t.connection.execute(rows.where(schema.photo.c.gone_at.is_(None))).all())


def measure_captions(t: Transaction, space: Space) -> None:
    """Measure filters on captions beside LIKE, and print."""
    print(f"\n{'':<36}{'photos':>9}{'CPU ms':>9}{'LIKE ms':>9}{'of LIKE':>10}")
    for phrase in PHRASES:
        filters = parse([f'caption:"{phrase}"']).filters
        times: tuple[list[float], list[float]] = [], []
        for _ in range(RUNS):
            times[0].append(cpu_milliseconds(partial(t.selection.matching, [Worded(Wording.CAPTION, phrase)])))
            times[1].append(cpu_milliseconds(partial(like, t, phrase)))
        found = len(matching_photos(t, space, filters, "/").photo_ids)
        own, other = min(times[0]), min(times[1])
        print(f"caption:{phrase:<28}{found:>9}{own:>9.1f}{other:>9.1f}{own / other:>10.3f}")


def main() -> None:
    """Make the library, and measure."""
    with tempfile.TemporaryDirectory() as temporary, Catalog.open(Path(temporary) / "catalog.sqlite3") as catalog:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
        space = fill(catalog, count)
        with catalog.read() as t:
            measure(t, space)
        describe(catalog, count)
        with catalog.read() as t:
            measure_captions(t, space)


if __name__ == "__main__":
    main()
