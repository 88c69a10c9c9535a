"""Similarity of two pictures by their miniatures, to recognise an edit.

An edit turns, flips, crops, frames, brightens or shrinks a picture. So one of the two shows a part of the other, or
all of it, in one of eight positions. The miniature of the one is laid over every part of the other that has its
proportions, and their details are compared by normalised cross-correlation. Details are a band of frequencies: a bright
sky above dark ground is found in many pictures. The smaller the part, the more parts there are and the fewer pixels
decide, so the more is asked of it. Where the details fit, all frequencies must fit, too. Pictures without details, such
as fog, are compared whole, with all frequencies.

The lines were measured by `benchmarks/quality/edits.py`: see there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.decode.miniature import SIDE

Pixels = NDArray[np.float32]

#: Steps of smoothing, each with the weights 1/4, 1/2, 1/4: before the comparison, and from there to the band's lower
#: end. A detail is between 2 and 5 pixels of the miniature wide.
_FINE: Final = 1
_COARSE: Final = 5
#: Pixels along the sides that are not compared: details there depend on what was cut off.
_RIM: Final = 2
#: Grey levels of noise: two smooth pictures do not correlate by the rounding of their pixels.
_NOISE: Final = 0.5
#: The least part of a picture that is recognised, of its area, and of either side.
_LEAST_AREA: Final = 0.3
_LEAST_SIDE: Final = 0.4
#: The correlation of details from which a half of a picture or more is recognised, and how much more is asked of less.
_LINE: Final = 0.74
_SLOPE: Final = 0.8
_HALF: Final = 0.5
#: The correlation of everything that a place must have besides.
_SHADES: Final = 0.75
#: The correlation of whole pictures, with all frequencies, from which they are alike whatever their details.
_WHOLE: Final = 0.985
#: The standard deviation in grey levels that a picture must have for that.
_CONTRAST: Final = 4.0


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A picture as it is compared: its miniature, float32 (32, 32), and its proportions, width by height."""

    pixels: Pixels
    proportions: float


@dataclass(frozen=True, slots=True)
class PictureSimilarity:
    """The similarity of two pictures.

    At the best place, which takes `area` of the larger picture, `details` is the correlation of the details, and
    `shades` that of everything. `whole` is that of everything in the whole pictures, in the best position.
    """

    details: float
    area: float
    shades: float
    whole: float

    @property
    def margin(self) -> float:
        """Distance above the line from which a picture is an edit of the other; negative below it."""
        return max(_Place(self.details, self.area, self.shades).margin, self.whole - _WHOLE)


class _Place(NamedTuple):
    """The similarity of one picture and a part of another."""

    details: float
    area: float
    shades: float

    @property
    def margin(self) -> float:
        return min(self.details - _LINE - _SLOPE * max(0.0, _HALF - self.area), self.shades - _SHADES)


def compare_pictures(one: SmallPicture, other: SmallPicture) -> PictureSimilarity:
    """Compare two pictures; the order does not matter. Takes some ten milliseconds."""
    best = max([*_places(one, other), *_places(other, one)], key=lambda place: place.margin)
    return PictureSimilarity(*best, _whole(one.pixels, other.pixels))


def _places(whole: SmallPicture, part: SmallPicture) -> Iterator[_Place]:
    """The best place of *part* within *whole* for each size that it may have there."""
    details, smooth = (_inner(filtered(whole.pixels[None], SIDE, SIDE))[0] for filtered in (_band, _smooth))
    straight = np.stack(list(_mirrored(part.pixels)))
    for turned, proportions in ((straight, part.proportions), (straight.swapaxes(1, 2), 1 / part.proportions)):
        for width, height in _sizes(whole.proportions / proportions):
            correlations = _correlations(details, _inner(_band(turned, width, height)))
            at, turn = np.unravel_index(int(correlations.argmax()), correlations.shape)
            template = _inner(_smooth(turned[turn][None], width, height))[0]
            there = _parts(smooth, template.shape)[at][None]
            shades = float(_correlations(there.reshape(template.shape), template[None])[0, 0])
            yield _Place(float(correlations[at, turn]), width * height / SIDE**2, shades)


def _sizes(stretch: float) -> list[tuple[int, int]]:
    """Sizes of a part, in pixels of the whole; *stretch* is its height divided by its width there.

    Of all sizes of these proportions, and that of the whole: a picture may be printed with other proportions.
    """
    sizes = {(SIDE, SIDE)}
    for longer in range(int(_LEAST_SIDE * SIDE), SIDE + 1):
        width, height = (longer, round(longer * stretch)) if stretch <= 1 else (round(longer / stretch), longer)
        if min(width, height) >= _LEAST_SIDE * SIDE and width * height >= _LEAST_AREA * SIDE**2:
            sizes.add((width, height))
    return sorted(sizes)


def _correlations(picture: Pixels, templates: Pixels) -> Pixels:
    """The correlations of *templates*, (n, h, w), with the parts of *picture* of that size, (parts, n)."""
    parts = _parts(picture, templates.shape[1:])
    flat = templates.reshape(len(templates), -1)
    flat = flat - flat.mean(1, keepdims=True)
    spread = np.sqrt(np.maximum((parts * parts).mean(1) - parts.mean(1) ** 2, 0))
    products = parts @ flat.T / flat.shape[1]
    return np.asarray(products / (np.outer(spread, np.sqrt((flat * flat).mean(1))) + _NOISE), np.float32)


def _parts(picture: Pixels, shape: tuple[int, ...]) -> Pixels:
    """The parts of *picture* of that *shape*, row by row, (parts, h * w)."""
    return np.lib.stride_tricks.sliding_window_view(picture, shape).reshape(-1, shape[0] * shape[1])


def _inner(pictures: Pixels) -> Pixels:
    return pictures[:, _RIM:-_RIM, _RIM:-_RIM]


def _whole(one: Pixels, other: Pixels) -> float:
    centred = one - one.mean()
    straight = np.stack(list(_mirrored(other - other.mean())))
    turned = np.concatenate([straight, straight.swapaxes(1, 2)])
    spreads = float(centred.std()), float(other.std())
    if min(spreads) < _CONTRAST:
        return 0.0
    return float((turned * centred).mean((1, 2)).max()) / (spreads[0] * spreads[1])


def _mirrored(pixels: Pixels) -> Iterator[Pixels]:
    """The four of the eight positions of *pixels* that keep its proportions; transposed, they are the others."""
    yield from (pixels, pixels[::-1], pixels[:, ::-1], pixels[::-1, ::-1])


def _band(pictures: Pixels, width: int, height: int) -> Pixels:
    """The details of *pictures*, (n, 32, 32), resized to *width* x *height*: (n, height, width)."""
    return _smooth(pictures, width, height) - _smooth(pictures, width, height, _COARSE)


def _smooth(pictures: Pixels, width: int, height: int, steps: int = _FINE) -> Pixels:
    """*pictures*, resized as `_band` does it, without what is finer than *steps* of smoothing leave."""
    return np.asarray(_filter(height, steps) @ pictures @ _filter(width, steps).T, np.float32)


@cache
def _filter(size: int, steps: int) -> Pixels:
    """The matrix, (size, 32), that averages 32 pixels to *size* and smooths these *steps* times."""
    edges = np.arange(size + 1) * SIDE / size
    starts = np.arange(SIDE)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    average = np.clip(overlap, 0, None) * size / SIDE
    smooth = np.zeros((size, size))
    for at in range(size):
        for shift, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
            smooth[at, min(max(at + shift, 0), size - 1)] += weight
    return np.asarray(np.linalg.matrix_power(smooth, steps) @ average, np.float32)
