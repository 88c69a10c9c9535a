"""CPU time of thumbnails and previews, as ratios to decoding the same pictures for an encoder.

    python benchmarks/speed/thumbnails.py FOLDER [SIDE]

Of each file in FOLDER that is a photo, decoded for an encoder that takes SIDE pixels each way (256), the least of five
times, in turns: decoded, decoded with its thumbnail, and made into a thumbnail and previews from the file alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PIL import Image

from indexer.decode import SIDE, DecodeError, Fit, jpeg_file, read_photo, shown_colours, webp
from indexer.models import Preprocessing
from photos.thumbnails import PREVIEW_SIDES

ROUNDS = 5


def alone(data: bytes, side: int) -> bytes:
    """Return the small picture of a file, made as on demand."""
    photo = read_photo(data, Fit(side), is_for_display=True)
    image, profile = shown_colours(Image.fromarray(photo.pixels), photo.profile)
    return webp(image, profile) if side == SIDE else jpeg_file(image, profile)


def main() -> None:
    """Measure and print the ratios."""
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    square = Preprocessing(size, "bilinear", 1 / 255, (0.5,) * 3, (0.5,) * 3)
    ways: dict[str, Callable[[bytes], bytes | None]] = {
        "decoded for the encoder": lambda data: read_photo(data, square).thumbnail,
        "the same with its thumbnail": lambda data: read_photo(data, square, with_thumbnail=True).thumbnail,
        "a thumbnail from the file": lambda data: alone(data, SIDE),
        **{
            f"a preview of {side} pixels from the file": lambda data, side=side: alone(data, side)
            for side in PREVIEW_SIDES
        },
    }
    files = []
    for path in sorted(Path(sys.argv[1]).rglob("*")):
        with suppress(DecodeError, OSError):
            data = path.read_bytes()
            read_photo(data, square)
            files.append(data)
    seconds = dict.fromkeys(ways, 0.0)
    sizes = dict.fromkeys(ways, 0)
    made = dict.fromkeys(ways, 0)
    for data in files:
        least = dict.fromkeys(ways, float("inf"))
        for _ in range(ROUNDS):
            for name, way in ways.items():
                started = time.process_time()
                result = way(data)
                least[name] = min(least[name], time.process_time() - started)
        for name, way in ways.items():
            seconds[name] += least[name]
            result = way(data)
            sizes[name] += len(result or b"")
            made[name] += result is not None
    base = seconds["decoded for the encoder"]
    print(f"{len(files)} photos, {1000 * base / len(files):.1f} ms each")
    for name in ways:
        size = f", {sizes[name] / made[name] / 1000:.1f} kB each of {made[name]}" if made[name] else ""
        print(f"{name}: {seconds[name] / base:.2f}{size}")


if __name__ == "__main__":
    main()
