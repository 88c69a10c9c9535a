"""Pictures of scenes: everything is drawn in order, and finished like a photograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from photos.demo.scene import Scene

from .layout import draw_things
from .painter import Painter
from .places import PLACE
from .sky import draw_sky
from .weather import draw_before_things, draw_behind_things


def draw_scene(scene: Scene, width: int = 640, height: int = 480, *, oversampling: float = 1.5) -> Image.Image:
    """Draw *scene* as an RGB picture of *width* by *height* pixels, drawn larger by *oversampling* and reduced."""
    painter = Painter(scene, round(width * oversampling), round(height * oversampling))
    sky = draw_sky(painter)
    land = PLACE[scene.place](painter, sky)
    draw_behind_things(painter)
    draw_things(painter, land)
    draw_before_things(painter)
    reduced = painter.image.resize((width, height), Image.Resampling.LANCZOS)
    return _finish(reduced, scene.seed)


def draw_training(scene: Scene, size: int = 96) -> NDArray[np.uint8]:
    """Draw *scene* as a checkpoint's preprocessing returns it: uint8 (size, size, 3), 4:3 squashed to a square."""
    picture = draw_scene(scene, size * 4 // 3, size, oversampling=2)
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def _finish(image: Image.Image, seed: int) -> Image.Image:
    """Add vignette, exposure, contrast, grain and sometimes blur. The amounts depend on *seed*, not on the size."""
    noise = np.random.default_rng(seed ^ 0x5EED)
    vignette, exposure, contrast, grain, colour_grain, soft, softness = noise.random(7)
    pixels = np.asarray(image, np.float32)
    rows, columns = np.ogrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    shade = 1 - 0.22 * vignette * (rows**2 + columns**2 - 0.3).clip(0, 2)
    pixels = pixels * (shade * (0.94 + 0.12 * exposure)).astype(np.float32)[..., None]
    pixels = (pixels - 128) * (0.94 + 0.14 * contrast) + 128
    pixels += noise.standard_normal((image.height, image.width, 1), np.float32) * (0.5 + 3.5 * grain)
    pixels += noise.standard_normal((image.height, image.width, 3), np.float32) * (0.3 + 1.7 * colour_grain)
    finished = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    if soft < 0.3:
        finished = finished.filter(ImageFilter.GaussianBlur(float(0.2 + 0.6 * softness) * image.width / 640))
    return finished
