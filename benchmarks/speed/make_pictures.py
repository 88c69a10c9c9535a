"""Make JPEG files of 12 megapixels, like those of a camera: drawn scenes, enlarged, with grain.

python benchmarks/speed/make_pictures.py FOLDER [COUNT]
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from photos.demo.draw import draw_scene
from photos.demo.splits import scene_at

SIZE = (4000, 3000)


def make(folder: Path, number: int) -> None:
    """Write picture *number*."""
    picture = draw_scene(scene_at("test", number, library=7), 640, 480).convert("RGB").resize(SIZE)
    grain = np.random.default_rng(number).normal(0, 6, (SIZE[1], SIZE[0], 1)).astype(np.float32)
    pixels = np.clip(np.asarray(picture, np.float32) + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f"IMG_{number:04}.jpg", quality=90)


def main() -> None:
    """Write all pictures."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 48
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(make, folder), range(count)))
    size = sum(path.stat().st_size for path in folder.iterdir()) / count / 1e6
    print(f"{count} files of {size:.1f} MB on average in {folder}")


if __name__ == "__main__":
    main()
