"""Greatest difference of our logits from those of transformers, with the same weights and inputs.

    python benchmarks/quality/agreement.py [CHECKPOINT ...]

The baseline is `logits_per_image` of `AutoModel` in float32, with pixels from the Pillow image processor and ids from
the tokenizer of the checkpoint's version. Without arguments it measures newly made tiny checkpoints of every kind, and
the shipped one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from transformers import AutoImageProcessor, AutoModel, Siglip2Tokenizer, SiglipTokenizer
from transformers.utils import logging

sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.models import Checkpoint, open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from tests.checkpoints import make_naflex, make_v1, make_v2, pictures

TEXTS = [
    "Two Cats on the BEACH at sunset",
    "a photo of a red square",
    "snow",
    "naïve café, don't stop!",
    "it rains " * 99,
]


def reference(checkpoint: Checkpoint, images: list) -> np.ndarray:
    """Return the logits of transformers, (images, texts)."""
    kind = SiglipTokenizer if (checkpoint.folder / "spiece.model").exists() else Siglip2Tokenizer
    texts = [" ".join(text.lower().split()) for text in TEXTS]
    ids = kind.from_pretrained(checkpoint.folder)(
        texts, padding="max_length", max_length=checkpoint.text_length, truncation=True, return_tensors="pt"
    )["input_ids"]
    pixels = AutoImageProcessor.from_pretrained(checkpoint.folder, backend="pil")(images=images, return_tensors="pt")
    model = AutoModel.from_pretrained(checkpoint.folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        return model(**pixels, input_ids=ids).logits_per_image.numpy()


def ours(checkpoint: Checkpoint, images: list, precision: str) -> np.ndarray:
    """Return the program's logits, (images, texts); pictures are encoded one at a time, texts together."""
    encoder = SiglipImageEncoder(checkpoint, "cpu", precision)
    pixels = [checkpoint.preprocessing.pixels(image) for image in images]
    vectors = np.concatenate([encoder.encode([one]) for one in pixels])
    cosines = vectors @ TorchTextEncoder(checkpoint, "cpu").encode_text(TEXTS).T
    return np.exp(np.float32(checkpoint.logit_scale)) * cosines + np.float32(checkpoint.logit_bias)


def main() -> None:
    """Measure and print."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        kinds = {name: Path(name) for name in sys.argv[1:]} or {
            "version 1": make_v1(folder / "v1"),
            "version 1, 16 tokens": make_v1(folder / "v1-16", length=16),
            "version 2": make_v2(folder / "v2"),
            "version 2, two widths": make_v2(folder / "v2-wide", text_width=48),
            "version 2, NaFlex": make_naflex(folder / "naflex"),
            "demo, as shipped": Path(__file__).parents[2] / "photos" / "demo" / "checkpoint",
        }
        print(
            f"{'checkpoint':<28}{'precision':<11}{'cosine':>10}{'logit':>10}{'probability':>13}   greatest difference"
        )
        for name, path in kinds.items():
            checkpoint = open_checkpoint(path)
            images = pictures(6)
            expected = reference(checkpoint, images)
            for precision in ("float32", "bfloat16", "int8"):
                logits = ours(checkpoint, images, precision)
                apart = np.abs(logits - expected).max()
                probability = np.abs(1 / (1 + np.exp(-logits)) - 1 / (1 + np.exp(-expected))).max()
                cosine = apart / np.exp(checkpoint.logit_scale)
                print(f"{name:<28}{precision:<11}{cosine:>10.1e}{apart:>10.1e}{probability:>13.1e}")


if __name__ == "__main__":
    main()
