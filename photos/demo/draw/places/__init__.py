"""The land of each place."""

from __future__ import annotations

from collections.abc import Callable

from photos.demo.draw.painter import Painter
from photos.demo.draw.sky import Sky

from .land import Land
from .open import draw_beach, draw_desert, draw_farmland, draw_meadow, draw_snowfield
from .town import draw_harbour, draw_skyline, draw_street
from .wild import draw_forest, draw_lake, draw_mountains, draw_waterfall

__all__ = ["PLACE", "Land"]

#: Place to the function that draws it below the sky and returns the areas for things.
PLACE: dict[str, Callable[[Painter, Sky], Land]] = {
    "beach": draw_beach,
    "mountains": draw_mountains,
    "forest": draw_forest,
    "street": draw_street,
    "desert": draw_desert,
    "lake": draw_lake,
    "meadow": draw_meadow,
    "snowfield": draw_snowfield,
    "harbour": draw_harbour,
    "skyline": draw_skyline,
    "waterfall": draw_waterfall,
    "farmland": draw_farmland,
}
