"""Draws scenes. The same scene is the same picture at every size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photos.demo.scene import Scene

from .finish import finish
from .layout import draw_things
from .painter import Painter
from .places import PLACE
from .sky import draw_sky
from .weather import draw_before_things, draw_behind_things

__all__ = ["draw_scene", "draw_training"]


def draw_scene(scene: Scene, width: int = 640, height: int = 480, *, oversampling: float = 1.5) -> Image.Image:
    """*scene* as an RGB picture of *width* by *height* pixels, drawn larger by *oversampling* and reduced."""
    painter = Painter(scene, round(width * oversampling), round(height * oversampling))
    sky = draw_sky(painter)
    land = PLACE[scene.place](painter, sky)
    draw_behind_things(painter)
    draw_things(painter, land)
    draw_before_things(painter)
    reduced = painter.image.resize((width, height), Image.Resampling.LANCZOS)
    return finish(reduced, scene.seed)


def draw_training(scene: Scene, size: int = 96) -> NDArray[np.uint8]:
    """*scene* as a checkpoint would see its 4:3 picture: uint8 (size, size, 3), squashed to a square."""
    picture = draw_scene(scene, size * 4 // 3, size, oversampling=2)
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))
