"""Test pictures: JPEG files, decoded and squashed by the program's own code."""

from __future__ import annotations

import io
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from random import Random

import numpy as np
from numpy.typing import NDArray

from indexer import Preprocessor
from indexer.decode import read_photo
from photos.demo.draw import draw_scene
from photos.demo.scene import Scene


def seen(scenes: list[Scene], preprocessing: Preprocessor) -> NDArray[np.uint8]:
    """Draw *scenes* as 640 by 480 JPEGs of quality 60 to 94 and decode them: uint8 (n, size, size, 3)."""
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        files = list(pool.map(_file, scenes, chunksize=8))
    return np.stack([read_photo(file, preprocessing).pixels for file in files])


def _file(scene: Scene) -> bytes:
    stream = io.BytesIO()
    draw_scene(scene, 640, 480).save(stream, "JPEG", quality=Random(scene.seed ^ 0x1BE6).randint(60, 94))
    return stream.getvalue()
