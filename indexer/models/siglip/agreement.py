"""Agreement of our encoders with transformers, on the same weights, pictures and texts.

The reference is the whole model of transformers in float32 on the CPU, with its own image processor and tokenizer: what
`logits_per_image` says. Quantised weights are what they are, in the reference too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.config import read_json
from indexer.models.device_names import CPU
from indexer.models.errors import CheckpointDamaged
from indexer.models.tokenizers.tokenizer import normalize
from indexer.models.transformers_log import without_warnings

from .encoders import OWN, image_encoder, text_encoder
from .passes import PixelScaling
from .towers import cut
from .transformers_encoders import whole_model

if TYPE_CHECKING:
    from PIL import Image

Floats = NDArray[np.float32]
_FLOAT32: Final = "float32"


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest differences: of scaled pixels, of the numbers of unit vectors, and of logits.

    The encoders compute in float32, or as quantised weights do. `cosine` is the least one between a picture's vector in
    the library's precision and the reference's; None if that precision is float32.
    """

    pixels: float
    images: float
    texts: float
    logits: float
    cosine: float | None


class _Outputs(Protocol):
    image_embeds: torch.Tensor
    text_embeds: torch.Tensor
    logits_per_image: torch.Tensor


class _ImageProcessor(Protocol):
    def __call__(self, **options: object) -> Mapping[str, torch.Tensor]: ...


class _Tokenizer(Protocol):
    def __call__(self, texts: Sequence[str], **options: object) -> Mapping[str, torch.Tensor]: ...


def agreement(
    checkpoint: Checkpoint,
    images: Sequence[Image.Image],
    texts: Sequence[str],
    *,
    device: str | None,
    precision: str | None,
    cache: Path,
) -> Agreement:
    """Compare the encoders on *images*, RGB and upright, and *texts*; at least one each.

    *precision* is that of the library's embeddings. Takes seconds, and twice the memory of the model. Raises
    `ModelError`.
    """
    reference = _Reference(checkpoint)
    exact = None if checkpoint.quantisation is not None else _FLOAT32
    seen = [checkpoint.preprocessing.pixels(image) for image in images]
    pixels = max(
        _largest(_scaled(checkpoint, picture), theirs)
        for picture, theirs in zip(seen, map(reference.pixels, images), strict=True)
    )
    vectors = image_encoder(checkpoint, device, exact, OWN).encode(seen)
    words = text_encoder(checkpoint, cache, device, lambda: None, None).encode_text(texts)
    scale = np.exp(np.float32(checkpoint.logit_scale))
    bias = np.float32(reference.bias if checkpoint.logit_bias is None else checkpoint.logit_bias)
    theirs = np.empty_like(vectors)
    apart: dict[str, float] = {"images": 0.0, "texts": 0.0, "logits": 0.0}
    # Pairs of one picture and one text, until every one of both has had its turn.
    for turn in range(max(len(images), len(texts))):
        image, text = turn % len(images), turn % len(texts)
        output = reference.outputs(images[image], texts[text])
        theirs[image] = output.image_embeds[0].numpy()
        logit = scale * (vectors[image] @ words[text]) + bias
        found = {
            "images": _largest(vectors[image], theirs[image]),
            "texts": _largest(words[text], output.text_embeds[0].numpy()),
            "logits": abs(float(logit) - output.logits_per_image.item()),
        }
        apart = {name: max(apart[name], difference) for name, difference in found.items()}
    cosine = None
    if precision not in {None, exact, checkpoint.quantisation}:
        cosine = float((image_encoder(checkpoint, device, precision, OWN).encode(seen) * theirs).sum(1).min())
    return Agreement(pixels, **apart, cosine=cosine)


class _Reference:
    """The model of transformers, its image processor for Pillow, and its tokenizer."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        from transformers import (  # noqa: PLC0415 - takes seconds
            AutoImageProcessor,
            Siglip2Tokenizer,
            SiglipTokenizer,
        )

        self._checkpoint = checkpoint
        self._model = whole_model(checkpoint)
        folder = checkpoint.folder
        is_first = read_json(folder, "tokenizer_config.json").get("tokenizer_class") == "SiglipTokenizer"
        # For fixed resolutions of SigLIP 2, `AutoTokenizer` takes a class that does not lower-case.
        kind = SiglipTokenizer if is_first else Siglip2Tokenizer
        try:
            with without_warnings():
                self._tokenizer = cast("_Tokenizer", kind.from_pretrained(folder, local_files_only=True))
                # The Pillow one, also where torchvision is installed.
                processor = AutoImageProcessor.from_pretrained(folder, backend="pil", local_files_only=True)  # type: ignore[no-untyped-call]
                self._processor = cast("_ImageProcessor", processor)
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise CheckpointDamaged(folder, f"transformers cannot load its processors ({reason})") from error

    @property
    def bias(self) -> float:
        """The model's bias; any number if the weights have none."""
        return float(cast("torch.Tensor", self._model.logit_bias).item())

    def pixels(self, image: Image.Image) -> Floats:
        """Scaled pixels: (channels, height, width), or (patches, numbers) of a flexible resolution, without padding."""
        inputs = self._inputs(image)
        values = inputs["pixel_values"][0]
        if self._checkpoint.patches is not None:
            values = values[: int(inputs["pixel_attention_mask"][0].sum())]
        made: Floats = values.numpy()
        return made

    @torch.inference_mode()
    def outputs(self, image: Image.Image, text: str) -> _Outputs:
        """The model's output for the pair."""
        length = self._checkpoint.text_length
        options = {"padding": "max_length", "max_length": length, "truncation": True, "return_tensors": "pt"}
        ids = self._tokenizer([normalize(text)], **options)["input_ids"]
        return cast("_Outputs", self._model(**self._inputs(image), input_ids=ids))

    def _inputs(self, image: Image.Image) -> Mapping[str, torch.Tensor]:
        patches = self._checkpoint.patches
        options = {} if patches is None else {"max_num_patches": patches}
        return self._processor(images=[image], return_tensors="pt", **options)


def _scaled(checkpoint: Checkpoint, pixels: NDArray[np.uint8]) -> Floats:
    """Our pixels in the form of `_Reference.pixels`, scaled as the image encoder does."""
    scaled = PixelScaling(checkpoint.preprocessing, CPU)([pixels])
    laid_out = scaled.permute(0, 3, 1, 2) if checkpoint.patches is None else cut(scaled, checkpoint.patch_size)
    made: Floats = laid_out[0].numpy()
    return made


def _largest(ours: Floats, theirs: Floats) -> float:
    """The largest difference; infinite if the shapes differ."""
    return float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
