"""Greatest difference that decoding JPEG at reduced size makes, from decoding it in full, with the same checkpoint.

    python benchmarks/quality/reduced_decoding.py [CHECKPOINT [PICTURE ...]]

Without pictures it measures drawings of several sizes, smooth, with the grain of a night photo, and with more. The
labels of the probabilities are the things and places of the drawings.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.decode import read_photo
from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from photos.demo.draw import draw_scene
from photos.demo.scene import KINDS, PLACES
from photos.demo.splits import scene_at
from photos.known_models import SHIPPED

#: Standard deviations of grain, of 255.
GRAINS = {"smooth": 0, "grainy": 25, "very grainy": 60}
SIDES = (640, 1000, 1600, 2400)
SCENES = 6


def drawings(grain: int) -> Iterator[bytes]:
    """Yield JPEG files of drawings."""
    for number in range(SCENES):
        drawn = draw_scene(scene_at("test", number, library=7), 640, 480).convert("RGB")
        for side in SIDES:
            pixels = np.asarray(drawn.resize((side, side * 3 // 4), Image.Resampling.BICUBIC), np.float32)
            noise = np.random.default_rng(number).normal(0, grain, pixels.shape).astype(np.float32)
            stream = io.BytesIO()
            Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
            yield stream.getvalue()


def main() -> None:
    """Measure and print."""
    checkpoint = open_checkpoint(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED["demo"])
    texts = TorchTextEncoder(checkpoint, "cpu").encode_text([f"a photo of a {name}" for name in (*KINDS, *PLACES)])
    encoder = SiglipImageEncoder(checkpoint, "cpu", "float32")
    named = [Path(name).read_bytes() for name in sys.argv[2:]]
    sets = {"named": named} if named else {name: list(drawings(grain)) for name, grain in GRAINS.items()}
    print(
        f"{'pictures':<14}{'number':>8}{'1 - cosine':>12}{'cosine to a text':>18}{'probability':>13}"
        "   greatest difference"
    )
    for name, files in sets.items():
        vectors = [
            encoder.encode(np.stack([read_photo(data, each.preprocessing).pixels for data in files]))
            for each in (checkpoint.decoding(is_full=True), checkpoint.decoding(is_full=False))
        ]
        apart = 1 - (vectors[0] * vectors[1]).sum(1)
        cosines = [vector @ texts.T for vector in vectors]
        logits = [np.exp(checkpoint.logit_scale) * each + checkpoint.logit_bias for each in cosines]
        full, reduced = (1 / (1 + np.exp(-each)) for each in logits)
        print(
            f"{name:<14}{len(files):>8}{apart.max():>12.1e}{np.abs(cosines[0] - cosines[1]).max():>18.1e}"
            f"{np.abs(full - reduced).max():>13.1e}"
        )


if __name__ == "__main__":
    main()
