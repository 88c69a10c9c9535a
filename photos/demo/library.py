"""Sample libraries of any size: drawn pictures in dated folders, named as cameras name them."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from PIL import Image

from .capture import Capture, capture_of, exif_of
from .draw import draw_scene
from .scene import Scene
from .splits import Split, scene_at

#: Ground truth of a sample library. The name is hidden, so the indexer ignores the file.
TRUTH = ".truth.jsonl"
_SIZE = (640, 480)
#: Rotation before a picture is stored; its EXIF orientation turns it back.
_STORED = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


@dataclass(frozen=True, slots=True)
class SamplePicture:
    """A picture of a sample library: its path below the library's folder, and its scene."""

    path: str
    scene: Scene


def sample_picture(split: Split, seed: int, index: int) -> SamplePicture:
    """Picture *index* of the library *seed*: always the same, however large the library is."""
    scene = scene_at(split, index, library=seed)
    capture = capture_of(scene)
    when = capture.taken_at
    folder = f"{when.year}/{when.year}-{when.month:02} {capture.region}"
    prefix = {"Apple": "IMG", "Google": "PXL", "NIKON CORPORATION": "DSC", "SONY": "DSC"}.get(capture.make, "IMG")
    return SamplePicture(f"{folder}/{prefix}_{index + 1:04}.{_format_of(scene)[0]}", scene)


def draw_library(
    folder: Path,
    count: int,
    *,
    seed: int = 0,
    split: Split = "library",
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[SamplePicture]:
    """Draw the missing pictures of a library of *count* pictures into *folder*, and return all of them.

    *progress* gets the pictures so far and in all. An interruption leaves complete pictures only.
    """
    pictures = [sample_picture(split, seed, index) for index in range(count)]
    missing = [picture for picture in pictures if not (folder / picture.path).exists()]
    done = len(pictures) - len(missing)
    tasks = [(folder, picture) for picture in missing]
    workers = min(workers or os.cpu_count() or 1, len(tasks))
    if workers > 1:
        # Workers ignore Ctrl-C; the parent handles it and lets them finish their pictures.
        quiet = (signal.SIGINT, signal.SIG_IGN)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, spawn, initializer=signal.signal, initargs=quiet) as pool:
            for _ in pool.map(_draw, tasks, chunksize=4):
                done += 1
                if progress is not None:
                    progress(done, count)
    else:
        for task in tasks:
            _draw(task)
            done += 1
            if progress is not None:
                progress(done, count)
    if missing:
        _write_truth(folder, pictures)
    return pictures


def _draw(task: tuple[Path, SamplePicture]) -> None:
    folder, picture = task
    target = folder / picture.path
    target.parent.mkdir(parents=True, exist_ok=True)
    capture = capture_of(picture.scene)
    image = _turned(draw_scene(picture.scene, *_SIZE), capture)
    _, name, options = _format_of(picture.scene)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        image.save(partial, name, exif=exif_of(capture), **options)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _turned(image: Image.Image, capture: Capture) -> Image.Image:
    turn = _STORED.get(capture.orientation)
    return image if turn is None else image.transpose(turn)


def _format_of(scene: Scene) -> tuple[str, str, dict[str, int]]:
    """File name suffix, Pillow's name of the format, and save options: mostly JPEG."""
    random = Random(scene.seed ^ 0xF0E)
    lot = random.random()
    if lot < 0.04:
        return "png", "PNG", {}
    if lot < 0.1:
        return "webp", "WEBP", {"quality": 88}
    return "jpg", "JPEG", {"quality": random.randint(84, 92)}


def _write_truth(folder: Path, pictures: list[SamplePicture]) -> None:
    partial = folder / f"{TRUTH}.{secrets.token_hex(4)}"
    lines = [json.dumps({"path": picture.path, **asdict(picture.scene)}) for picture in pictures]
    partial.write_text("\n".join(lines) + "\n", "utf-8")
    partial.replace(folder / TRUTH)
