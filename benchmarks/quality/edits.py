"""Edits that are recognised, and strangers that are taken for edits, by the rule that keeps tags with edited photos.

    python benchmarks/quality/edits.py [--count N] [--pictures FOLDER] [--series FOLDER]

Every picture is edited in the ways of `EDITS`, saved as JPEG, and read as the program reads files. An edit counts as
recognised if the miniatures say so ("pixels"), or if these leave a doubt and the embeddings of the `demo` checkpoint
decide ("with emb"). The baseline is the other rule at hand, that of `photos duplicates`: perceptual hashes, here under
eight turns, of which at most ten bits of 64 differ ("hash"). Strangers are pairs of different pictures. "Emb only" is
the rule for photos without a miniature.

Pictures are drawn scenes that training never saw, or the files of a folder, of which none should show the same scene as
another. `--series` names a folder with a folder for each series: pictures taken shortly after each other, in the order
of their names. They have no camera and no time here; in a library these keep them apart.

The lines in `indexer/pipeline/picture_similarity.py` were chosen on the drawings of library 3, and on pictures and
series that were at hand; `--library` takes other drawings.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

sys.path.insert(0, str(Path(__file__).parents[2]))

from tagging import CHECKPOINT

from indexer.decode import read_photo
from indexer.decode.miniature import unpack_miniature
from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from indexer.pipeline.edits import DOUBT
from indexer.pipeline.picture_similarity import SmallPicture, compare_pictures
from photos.demo.draw import draw_scene
from photos.demo.splits import scene_at
from photos.duplicates.perceptual_hash import MAX_BITS, hash_pixels

#: The longer side of pictures, at most.
SIDE = 800
#: Pairs of strangers that are compared.
PAIRS = 4000
#: Distances within a series, in pictures.
GAPS = (1, 2, 4, 8)
Picture = Image.Image


def crop(share: float, across: float, down: float) -> Callable[[Picture], Picture]:
    """Cut that share off both sides; *across* and *down* say where, from 0 to 1."""

    def edit(image: Picture) -> Picture:
        width, height = image.size
        left, top = round(width * share * across), round(height * share * down)
        return image.crop((left, top, left + round(width * (1 - share)), top + round(height * (1 - share))))

    return edit


def gamma(power: float) -> Callable[[Picture], Picture]:
    """Raise every channel to that power."""
    return lambda image: image.point([round(255 * (value / 255) ** power) for value in range(256)] * 3)


def stamp(image: Picture) -> Picture:
    """Write a date into a corner."""
    stamped = image.copy()
    place = image.width * 0.05, image.height * 0.85
    ImageDraw.Draw(stamped).text(place, "2024-06-01 18:30", fill=(255, 160, 0), font_size=max(10, image.height // 12))
    return stamped


def straighten(image: Picture) -> Picture:
    """Turn by three degrees, and cut the corners off."""
    return crop(0.1, 0.5, 0.5)(image.rotate(3, Image.Resampling.BICUBIC))


def then(*edits: Callable[[Picture], Picture]) -> Callable[[Picture], Picture]:
    """One edit after the other."""

    def edit(image: Picture) -> Picture:
        for each in edits:
            image = each(image)
        return image

    return edit


def grey(image: Picture) -> Picture:
    """Black and white."""
    return image.convert("L").convert("RGB")


EDITS: dict[str, Callable[[Picture], Picture]] = {
    "saved again": lambda image: image,
    "a quarter of the size": lambda image: image.resize((image.width // 4, image.height // 4)),
    "turned by 90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turned by 180": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "turned by 270": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "mirrored": ImageOps.mirror,
    **{
        f"cropped by {share * 100:.0f} %, {name}": crop(share, *at)
        for share in (0.1, 0.2, 0.3, 0.4)
        for name, at in (("corner", (0, 0)), ("middle", (0.5, 0.5)), ("other corner", (1, 1)))
    },
    "cropped to a square": lambda image: ImageOps.fit(image, (min(image.size),) * 2),
    "cropped to 16:9": lambda image: ImageOps.fit(image, (640, 360)),
    "brightness x 1.4": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "brightness x 0.6": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "contrast x 1.6": lambda image: ImageEnhance.Contrast(image).enhance(1.6),
    "gamma 0.5": gamma(0.5),
    "gamma 1.8": gamma(1.8),
    "black and white": grey,
    "border of 8 %": lambda image: ImageOps.expand(image, round(max(image.size) * 0.08), "white"),
    "date stamped": stamp,
    "straightened by 3 degrees": straighten,
    "cropped by 20 %, turned, grey": then(
        crop(0.2, 0, 0), lambda image: image.transpose(Image.Transpose.ROTATE_90), grey
    ),
    "cropped by 30 %, gamma 0.6": then(crop(0.3, 1, 1), gamma(0.6)),
}


@dataclass(frozen=True)
class Seen:
    """A picture as the program knows it: its pixels, its embedding, (d,), and its 32 x 32 pixels, RGB."""

    small: SmallPicture
    vector: NDArray[np.float32]
    pixels: NDArray[np.uint8]


class Reader:
    """Reads pictures as the program does."""

    def __init__(self) -> None:
        checkpoint = open_checkpoint(CHECKPOINT, "demo")
        self._preprocessing = checkpoint.preprocessing
        self._encoder = SiglipImageEncoder(checkpoint, "cpu")

    def read(self, images: Sequence[Picture]) -> list[Seen]:
        """Save and read *images*."""
        read = []
        for image in images:
            stream = io.BytesIO()
            image.save(stream, "JPEG", quality=85)
            read.append((image, read_photo(stream.getvalue(), self._preprocessing)))
        vectors = self._encoder.encode(np.stack([photo.pixels for _, photo in read]))
        return [
            Seen(
                SmallPicture(unpack_miniature(photo.miniature), photo.facts.width / photo.facts.height),
                vector,
                np.asarray(image.resize((32, 32), Image.Resampling.LANCZOS)),
            )
            for (image, photo), vector in zip(read, vectors, strict=True)
        ]


def same_hash(one: Seen, other: Seen) -> bool:
    """The baseline: perceptual hashes under eight turns."""
    own = hash_pixels(one.pixels).bits
    turned = (np.rot90(side, turns) for side in (other.pixels, other.pixels[:, ::-1]) for turns in range(4))
    return min(int((hash_pixels(np.ascontiguousarray(each)).bits != own).sum()) for each in turned) <= MAX_BITS


def verdicts(before: Seen, now: Seen, others: NDArray[np.float32]) -> tuple[bool, bool, bool, bool]:
    """Say whether *now* is taken for an edit by its pixels, with the embedding, by the embedding alone, by its hash."""
    margin = compare_pictures(before.small, now.small).margin
    is_nearest = bool(before.vector @ now.vector > (others @ before.vector).max())
    return margin >= 0, margin >= 0 or (margin >= -DOUBT and is_nearest), is_nearest, same_hash(before, now)


def show(name: str, found: Sequence[tuple[bool, ...]]) -> None:
    """Print the shares that are taken for edits, in percent."""
    print(f"{name:32}" + "".join(f"{100 * np.mean(column):9.1f}" for column in zip(*found, strict=True)))


def measure(images: list[Picture], reader: Reader) -> None:
    """Measure edits of *images*, and pairs of them."""
    print(f"{'':32}" + "".join(f"{name:>9}" for name in ("pixels", "with emb", "emb only", "hash")))
    seen = reader.read(images)
    vectors = np.stack([each.vector for each in seen])
    total = []
    for name, edit in EDITS.items():
        edited = reader.read([edit(image) for image in images])
        found = [
            verdicts(before, now, np.delete(vectors, at, 0))
            for at, (before, now) in enumerate(zip(seen, edited, strict=True))
        ]
        show(name, found)
        total += found
    show(f"all {len(total)} edits", total)
    pairs = [(one, other) for one in range(len(seen)) for other in range(len(seen)) if one != other]
    random.Random(0).shuffle(pairs)
    strangers = [verdicts(seen[one], seen[other], np.delete(vectors, [one, other], 0)) for one, other in pairs[:PAIRS]]
    show(f"{len(strangers)} strangers", strangers)
    began = time.process_time()
    for one, other in pairs[:200]:
        compare_pictures(seen[one].small, seen[other].small)
    print(f"one comparison takes {(time.process_time() - began) / len(pairs[:200]) * 1e3:.1f} ms of a processor")


def measure_series(folder: Path, reader: Reader) -> None:
    """Print how many pictures of series are taken for edits of another, by their distance."""
    for series in sorted(path for path in folder.iterdir() if path.is_dir()):
        seen = reader.read(list(pictures_in(series)))
        for gap in GAPS:
            margins = [
                compare_pictures(one.small, other.small).margin for one, other in zip(seen, seen[gap:], strict=False)
            ]
            if margins:
                share = 100 * np.mean(np.array(margins) >= 0)
                print(f"{series.name}: {gap} further, {len(margins)} pairs, {share:.0f} % taken for edits")


def pictures_in(folder: Path) -> Iterator[Picture]:
    """Open the files of *folder* in the order of their names."""
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        image.thumbnail((SIDE, SIDE))
        yield image


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100, help="drawings")
    parser.add_argument("--library", type=int, default=3, help="number of the library of drawings")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--series", type=Path)
    options = parser.parse_args()
    reader = Reader()
    if options.pictures is None:
        scenes = [scene_at("test", index, library=options.library) for index in range(options.count)]
        measure([draw_scene(scene) for scene in scenes], reader)
    else:
        measure(list(pictures_in(options.pictures)), reader)
    if options.series is not None:
        measure_series(options.series, reader)


if __name__ == "__main__":
    main()
