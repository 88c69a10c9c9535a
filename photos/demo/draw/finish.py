"""What a camera adds: vignette, exposure, contrast, grain, and sometimes a little blur."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter


def finish(image: Image.Image, seed: int) -> Image.Image:
    """*image* as if photographed. The amounts follow from *seed* and not from the size."""
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
