"""Greatest difference of our logits from those of transformers, with the same weights and inputs.

    python benchmarks/quality/agreement.py [CHECKPOINT ...]

The baseline is `logits_per_image` of `AutoModel` in float32, with pixels from the Pillow image processor and ids from
the tokenizer of the checkpoint's version; of weights that bitsandbytes quantised before they were saved, the same model
with these. Without arguments it measures newly made checkpoints of every kind, and the shipped one. All are tiny, but
for two of few layers which have the widths of so400m and giant-opt.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoImageProcessor, AutoModel, BitsAndBytesConfig, Siglip2Tokenizer, SiglipTokenizer
from transformers.utils import logging

sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.models import Checkpoint, open_checkpoint
from indexer.models.backends.bitsandbytes import import_quietly, use_plain_layout
from indexer.models.siglip.encoders import OWN, TRANSFORMERS, image_encoder, text_encoder
from tests.checkpoints import ODD, make_multilingual, make_naflex, make_v1, make_v2, pictures, quantised

TEXTS = [
    "Two Cats on the BEACH at sunset",
    "a photo of a red square",
    "snow",
    "naïve café, don't stop!",
    "it rains " * 99,
]


#: What is measured of a checkpoint: the backend, and the precision of the image encoder. The rest is in float32.
ENCODERS = [
    (OWN, "float32"),
    (TRANSFORMERS, "float32"),
    (OWN, "bfloat16"),
    (OWN, "int8"),
    (OWN, "int8-narrow"),
    (TRANSFORMERS, "bnb-int8"),
    (TRANSFORMERS, "bnb-nf4"),
]
#: Those whose logits are to be those of transformers. A difference of cosines is one of logits less the logits' scale.
EXACT = ENCODERS[:2]
#: Two layers of the widths, the heads and the resolution of so400m-patch14-384 and giant-opt-patch16-384.
SO400M = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_attention_heads": 16,
    "image_size": 384,
    "patch_size": 14,
}
GIANT = {"hidden_size": 1536, "intermediate_size": 6144, "num_attention_heads": 16, "image_size": 384, "patch_size": 16}
#: The pooling head stays in floats, as in the program.
EIGHT = BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=["head"])
FOUR = BitsAndBytesConfig(
    load_in_4bit=True,
    bnb_4bit_quant_type="nf4",
    bnb_4bit_compute_dtype=torch.float32,
    llm_int8_skip_modules=["head"],
)


def kinds(folder: Path) -> Iterator[tuple[str, Path, int | None]]:
    """Yield names and folders of new checkpoints, and of NaFlex a number of patches."""
    yield "version 1", make_v1(folder / "v1"), None
    yield "version 1, 16 tokens", make_v1(folder / "v1-16", length=16), None
    yield "version 1, multilingual", make_multilingual(folder / "v1-many"), None
    second = make_v2(folder / "v2")
    yield "version 2", second, None
    yield "version 2, two widths", make_v2(folder / "v2-wide", text_width=48), None
    yield "version 2, odd sizes", make_v2(folder / "v2-odd", text_width=36, vision=ODD), None
    for patches in (64, 256, 1024):
        yield f"NaFlex, {patches} patches", make_naflex(folder / f"naflex-{patches}"), patches
    yield "widths of so400m", make_v2(folder / "so400m", text_width=1152, vision=SO400M), None
    yield "widths of giant-opt", make_v2(folder / "giant", text_width=1152, vision=GIANT), None
    yield "quantised, bnb-int8", quantised(second, folder / "int8", EIGHT), None
    yield "quantised, bnb-nf4", quantised(second, folder / "nf4", FOUR), None
    yield "demo, as shipped", Path(__file__).parents[2] / "photos" / "demo" / "checkpoint", None


def reference(checkpoint: Checkpoint, images: list) -> np.ndarray:
    """Return the logits of transformers, (images, texts); each pair is computed alone."""
    kind = SiglipTokenizer if (checkpoint.folder / "spiece.model").exists() else Siglip2Tokenizer
    texts = [" ".join(text.lower().split()) for text in TEXTS]
    ids = kind.from_pretrained(checkpoint.folder)(
        texts, padding="max_length", max_length=checkpoint.text_length, truncation=True, return_tensors="pt"
    )["input_ids"]
    processor = AutoImageProcessor.from_pretrained(checkpoint.folder, backend="pil")
    place = {} if checkpoint.quantisation is None else {"device_map": "cpu"}
    model = AutoModel.from_pretrained(checkpoint.folder, dtype=torch.float32, **place).eval()
    # Its layout for AVX512-BF16 rounds to bfloat16, and fails for these widths.
    use_plain_layout(model)
    options = {} if checkpoint.patches is None else {"max_num_patches": checkpoint.patches}
    logits = np.empty((len(images), len(texts)), np.float32)
    with torch.inference_mode():
        for row, image in enumerate(images):
            pixels = processor(images=[image], return_tensors="pt", **options)
            for column, one in enumerate(ids):
                logits[row, column] = model(**pixels, input_ids=one[None]).logits_per_image.item()
    return logits


def ours(checkpoint: Checkpoint, images: list, precision: str, backend: str, cache: Path) -> np.ndarray:
    """Return the program's logits, (images, texts); pictures and texts are encoded one at a time."""
    encoder = image_encoder(checkpoint, "cpu", precision, backend)
    pixels = [checkpoint.preprocessing.pixels(image) for image in images]
    vectors = np.concatenate([encoder.encode([one]) for one in pixels])
    texts = text_encoder(checkpoint, cache, "cpu")
    cosines = vectors @ np.concatenate([texts.encode_text([text]) for text in TEXTS]).T
    return np.exp(np.float32(checkpoint.logit_scale)) * cosines + np.float32(checkpoint.logit_bias)


def main() -> None:
    """Measure and print."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    # Imported here: its messages, and its downloads, are kept off.
    import_quietly()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        print(
            f"{'greatest difference of':<28}"
            + "".join(f"{'logit' if each in EXACT else 'cosine':>14}" for each in ENCODERS)
        )
        print(f"{'':<28}" + "".join(f"{'transformers' if each == EXACT[1] else each[1]:>14}" for each in ENCODERS))
        for name, path, patches in [(each, Path(each), None) for each in sys.argv[1:]] or kinds(folder):
            checkpoint = open_checkpoint(path).decoding(is_full=False, patches=patches)
            images = pictures(6)
            expected = reference(checkpoint, images)
            print(f"{name:<28}", end="", flush=True)
            for backend, precision in ENCODERS:
                if checkpoint.quantisation not in {None, precision}:
                    print(f"{'':>14}", end="")
                    continue
                logits = ours(checkpoint, images, precision, backend, folder / "tokenizers")
                apart = np.abs(logits - expected).max()
                unit = 1 if (backend, precision) in EXACT else np.exp(checkpoint.logit_scale)
                print(f"{apart / unit:>14.1e}", end="", flush=True)
            print()


if __name__ == "__main__":
    main()
