"""A canvas in units of its own, so that one scene is the same picture at every size.

The picture is 100 units high; x runs from 0 to `width`, y from 0 at the top to 100 at the bottom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from photos.demo.scene import COLOURS, Scene

from .palette import DIMMED, LAND_LIGHT, SNOW, SNOW_LIGHT, THING_LIGHT, Colour, lit, rgb

Point = tuple[float, float]

#: Masks and textures are made on a grid of this many cells, whatever the picture's size.
GRID = (96, 128)


class Painter:
    """Draws shapes in the light of one scene."""

    def __init__(self, scene: Scene, width: int, height: int) -> None:
        self.scene = scene
        self.random = Random(scene.seed)
        self.noise = np.random.default_rng(scene.seed)
        self.scale = height / 100
        self.width = width / self.scale
        self.image = Image.new("RGB", (width, height))
        self._draw = ImageDraw.Draw(self.image)
        self._land_light = lit((DIMMED[scene.weather],) * 3, LAND_LIGHT[scene.time])
        if scene.time == "night":
            self._land_light = LAND_LIGHT["night"]
        tint = self.random
        self._tint = (tint.uniform(0.94, 1.06), tint.uniform(0.94, 1.06), tint.uniform(0.94, 1.06))

    # Colours in this light

    def land(self, colour: Colour, vary: float = 8.0) -> Colour:
        """*colour* of earth, water, plants and buildings far away, in this light."""
        return lit(lit(self._varied(colour, vary), self._land_light), self._tint)

    def snow(self, vary: float = 4.0) -> Colour:
        """Lying snow in this light."""
        return lit(self._varied(SNOW, vary), SNOW_LIGHT[self.scene.time])

    def thing(self, colour: Colour, vary: float = 6.0) -> Colour:
        """*colour* of a thing in this light."""
        return lit(self._varied(colour, vary), THING_LIGHT[self.scene.time])

    def named(self, colour: str | None) -> Colour:
        """A thing's named colour in this light."""
        return self.thing(COLOURS[colour or "white"])

    def _varied(self, colour: Colour, vary: float) -> Colour:
        shift = self.random.uniform
        return (colour[0] + shift(-vary, vary), colour[1] + shift(-vary, vary), colour[2] + shift(-vary, vary))

    # Shapes

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=rgb(colour))

    def ellipse(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """A filled ellipse about (x, y) with these half axes."""
        s = self.scale
        box = ((x - across) * s, (y - down) * s, (x + across) * s, (y + down) * s)
        self._draw.ellipse(box, fill=rgb(colour))

    def ring(self, x: float, y: float, radius: float, thickness: float, colour: Colour) -> None:
        """A circle's outline."""
        s = self.scale
        box = ((x - radius) * s, (y - radius) * s, (x + radius) * s, (y + radius) * s)
        self._draw.ellipse(box, outline=rgb(colour), width=max(1, round(thickness * s)))

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, *, rounded: float = 0.0) -> None:
        """A filled rectangle between two corners, in any order."""
        s = self.scale
        corners = (min(x0, x1) * s, min(y0, y1) * s, max(x0, x1) * s, max(y0, y1) * s)
        if rounded:
            self._draw.rounded_rectangle(corners, radius=max(1.0, rounded * s), fill=rgb(colour))
        else:
            self._draw.rectangle(corners, fill=rgb(colour))

    def line(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """A line through *points*."""
        at = [(x * self.scale, y * self.scale) for x, y in points]
        self._draw.line(at, fill=rgb(colour), width=max(1, round(thickness * self.scale)), joint="curve")

    def gradient(self, top: float, bottom: float, colours: Sequence[Colour]) -> None:
        """A band across the picture that runs through *colours* from top to bottom."""
        first, last = max(0, int(top * self.scale)), min(self.image.height, math.ceil(bottom * self.scale))
        if last <= first:
            return
        steps = np.linspace(0, len(colours) - 1, last - first)
        table = np.asarray(colours, np.float32)
        rows = np.stack([np.interp(steps, np.arange(len(colours)), table[:, channel]) for channel in range(3)], 1)
        band = np.broadcast_to(rows[:, None].clip(0, 255).astype(np.uint8), (last - first, self.image.width, 3))
        self.image.paste(Image.fromarray(np.ascontiguousarray(band)), (0, first))

    # Soft things

    def wash(
        self, colour: Colour | NDArray[np.float32], mask: NDArray[np.float32], top: float = 0.0, bottom: float = 100.0
    ) -> None:
        """Lay *colour* over the band from *top* to *bottom* by *mask* (any shape, 0 to 1), softly."""
        first, last = int(max(0.0, top) * self.scale), int(min(100.0, bottom) * self.scale)
        if last - first < 2:
            return
        size = (self.image.width, last - first)
        cover = Image.fromarray((mask.clip(0, 1) * 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        if isinstance(colour, tuple):
            paint = Image.new("RGB", size, rgb(colour))
        else:
            paint = Image.fromarray(colour.clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
        self.image.paste(paint, (0, first), cover)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 0.8) -> None:
        """Light around a lamp or the sun."""
        self._spot(x, y, radius, radius, colour, strength, 2.0)

    def shadow(self, x: float, y: float, across: float) -> None:
        """The soft shadow under a thing that stands at (x, y)."""
        self._spot(x, y, across / 2, across * 0.09, (14, 16, 26), 0.5, 0.7)

    def _spot(
        self, x: float, y: float, across: float, down: float, colour: Colour, strength: float, fall: float
    ) -> None:
        s = self.scale
        size = (int(2 * across * s), int(2 * down * s))
        if min(size) < 2:
            return
        rows, columns = np.mgrid[-1:1:24j, -1:1:24j]
        mask = (1 - np.hypot(rows, columns)).clip(0, 1) ** fall * strength
        cover = Image.fromarray((mask * 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
        self.image.paste(Image.new("RGB", size, rgb(colour)), (int((x - across) * s), int((y - down) * s)), cover)

    def clouds(self, octaves: int = 4, base: int = 3, stretch: float = 1.8) -> NDArray[np.float32]:
        """Fractal noise on the grid, 0 to 1; *stretch* makes it lie flat."""
        height, width = GRID
        total = np.zeros(GRID, np.float32)
        weight, weights = 1.0, 0.0
        for octave in range(octaves):
            cells = (max(2, int(base * 2**octave * stretch)), max(2, base * 2**octave))
            layer = Image.fromarray((self.noise.random(cells, np.float32) * 255).astype(np.uint8))
            total += np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255 * weight
            weights += weight
            weight *= 0.52
        return total / weights

    def texture(self, top: float, strength: float = 0.1, base: int = 20, stretch: float = 0.7) -> None:
        """Vary the brightness of everything below *top*, as ground does."""
        first = int(top * self.scale)
        if self.image.height - first < 2:
            return
        size = (self.image.width, self.image.height - first)
        noise = Image.fromarray(self.clouds(2, base, stretch) - 0.5).resize(size, Image.Resampling.BILINEAR)
        below = np.asarray(self.image.crop((0, first, self.image.width, self.image.height)), np.float32)
        varied = below * (1 + np.asarray(noise)[..., None] * strength * 4)
        self.image.paste(Image.fromarray(varied.clip(0, 255).astype(np.uint8)), (0, first))

    def mirror(self, line: float, bottom: float, colour: Colour, share: float) -> None:
        """Mirror what is above *line* into the water down to *bottom*, with *share* of the water's colour over it."""
        s = self.scale
        at, depth = int(line * s), int((bottom - line) * s)
        height = min(at, int(depth * 1.6))
        if depth < 2 or height < 2:
            return
        above = self.image.crop((0, at - height, self.image.width, at)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        above = above.resize((self.image.width, depth), Image.Resampling.BILINEAR)
        water = Image.new("RGB", above.size, rgb(colour))
        self.image.paste(Image.blend(above, water, share), (0, at))
