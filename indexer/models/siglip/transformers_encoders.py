"""SigLIP's encoders as transformers runs them: the reference for our own, and the way to weights of bitsandbytes.

They are slower to import than our own and no faster. In float32 the vectors are equal to 1e-6, so both belong to one
space; the precisions of bitsandbytes are spaces of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray

from indexer.models.backends.accelerators import THIS_MACHINE, Machine, empty_cache
from indexer.models.backends.bitsandbytes import (
    BNB_INT8,
    import_quietly,
    in_bitsandbytes,
    settings_for,
    use_plain_layout,
)
from indexer.models.backends.devices import IN_INT8, choose_device
from indexer.models.backends.fitting_passes import TEXT_ENCODER, CpuFallback, FittingPasses
from indexer.models.backends.stored_weights import ModelClass, load_model, stored_weights
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import DeviceUnavailable
from indexer.models.protocols import Pictures
from indexer.models.tokenizers.tokenizer import Tokenizer
from indexer.models.transformers_log import keep_transformers_off_stderr, without_warnings

from .passes import PixelScaling, largest_pass, places_by_shape, unit_vectors
from .towers import DTYPES, cut

#: Layers that stay in floats: the pooling head, in which errors count most, and the patch embedding, which is a linear
#: layer in NaFlex: transformers would round pixels to the type of its weights. Each is a thirtieth of the work.
_IN_FLOATS = ("head", "patch_embedding")
_SDPA, _EAGER = "sdpa", "eager"


class _Output(Protocol):
    pooler_output: torch.Tensor


class _ModelClass(ModelClass, Protocol):
    """A class of SigLIP's models, as far as it is used here."""

    _supports_sdpa: bool


class LoadTower(Protocol):
    """Loads one tower of transformers."""

    def __call__(self, checkpoint: Checkpoint, device: str, precision: str) -> torch.nn.Module:
        """The tower, on *device*."""
        ...


def load_vision(checkpoint: Checkpoint, device: str, precision: str) -> torch.nn.Module:
    """Load the image tower. Raises `BackendMissing` and `CheckpointDamaged`."""
    return _loaded(checkpoint, "vision", device, precision, DTYPES.get(precision, torch.float32))


def load_text(checkpoint: Checkpoint, device: str, precision: str) -> torch.nn.Module:
    """Load the text tower, in float32 where its weights are not quantised. Otherwise as `load_vision`."""
    return _loaded(checkpoint, "text", device, precision, torch.float32)


class TransformersImageEncoder:
    """A checkpoint's image encoder in transformers. Pictures of one shape share a pass, so that none is padded.

    Where a device's memory does not suffice, it does as `SiglipImageEncoder`. Raises `DeviceUnavailable`,
    `BackendMissing` and `CheckpointDamaged`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str | None = None,
        precision: str | None = None,
        *,
        machine: Machine = THIS_MACHINE,
        on_notice: Callable[[str], None] = lambda _sentence: None,
        load: LoadTower = load_vision,
    ) -> None:
        chosen, self.precision = choose_device(checkpoint, device, precision, machine=machine, on_notice=on_notice)
        if self.precision in IN_INT8:
            raise DeviceUnavailable(f"{self.precision} by transformers", ("float32", "bfloat16", "float16", BNB_INT8))
        self._checkpoint = checkpoint
        self._load_vision = load
        self._dtype = DTYPES.get(self.precision, torch.float32)
        self._fallback = CpuFallback(chosen, self._load, on_notice)

    @property
    def device(self) -> str:
        """The device that it computes on."""
        return self._fallback.device

    @property
    def batch_size(self) -> int:
        """Pictures of a pass."""
        return self._fitting.most

    def encode(self, pixels: Pictures) -> NDArray[np.float32]:
        """Embeddings of length one, float32 (n, d), of *pixels*, in their order. Raises `NumbersOverflowed`."""
        return self._fallback.call(partial(self._encoded, pixels))

    def _load(self, device: str) -> None:
        self._model = self._load_vision(self._checkpoint, device, self.precision)
        self._scaled = PixelScaling(self._checkpoint.preprocessing, device)
        # Outliers are found among the rows of a pass, so another picture would change the vector.
        most = 1 if self.precision == BNB_INT8 else largest_pass(device)
        self._fitting = FittingPasses(self._pass, most, partial(empty_cache, device))

    def _encoded(self, pixels: Pictures) -> NDArray[np.float32]:
        made = np.empty((len(pixels), self._checkpoint.dimension), np.float32)
        for places in places_by_shape(pixels).values():
            made[places] = self._fitting([pixels[place] for place in places])
        return made

    @torch.inference_mode()
    def _pass(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        scaled = self._scaled(pictures).to(self._dtype)
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            output = cast("_Output", self._model(**self._inputs(scaled)))
        return unit_vectors(output.pooler_output, self._checkpoint.folder, self.precision)

    def _inputs(self, scaled: torch.Tensor) -> dict[str, torch.Tensor]:
        if self._checkpoint.patches is None:
            return {"pixel_values": scaled.permute(0, 3, 1, 2)}
        size = self._checkpoint.patch_size
        patches, shape = cut(scaled, size), (scaled.shape[1] // size, scaled.shape[2] // size)
        return {
            "pixel_values": patches,
            "pixel_attention_mask": torch.ones(patches.shape[:2], dtype=torch.int32, device=self.device),
            "spatial_shapes": torch.tensor([shape] * len(patches), device=self.device),
        }


class TransformersTextEncoder:
    """A checkpoint's text encoder in transformers, for quantised weights. Otherwise as `TorchTextEncoder`."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str | None = None,
        tokenizer: Tokenizer | None = None,
        *,
        machine: Machine = THIS_MACHINE,
        on_notice: Callable[[str], None] = lambda _sentence: None,
        load: LoadTower = load_text,
    ) -> None:
        self._checkpoint = checkpoint
        self._tokenizer = tokenizer or Tokenizer(checkpoint)
        self._load_text = load
        chosen, self._precision = choose_device(checkpoint, device, machine=machine, on_notice=on_notice)
        self._fallback = CpuFallback(chosen, self._load, on_notice, TEXT_ENCODER)

    @property
    def device(self) -> str:
        """The device that it computes on."""
        return self._fallback.device

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d)."""
        ids = list(self._tokenizer.tokens(texts))
        if not ids:
            return np.empty((0, self._checkpoint.dimension), np.float32)
        return self._fallback.call(lambda: self._fitting(ids))

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Return for each text whether it is longer than the model reads."""
        return self._tokenizer.truncated(texts)

    def _load(self, device: str) -> None:
        self._model = self._load_text(self._checkpoint, device, self._precision)
        most = 1 if self._precision == BNB_INT8 else largest_pass(device)
        self._fitting = FittingPasses(self._pass, most, partial(empty_cache, device))

    @torch.inference_mode()
    def _pass(self, ids: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        output = cast("_Output", self._model(input_ids=torch.from_numpy(np.stack(ids)).to(self.device)))
        return unit_vectors(output.pooler_output, self._checkpoint.folder, self._precision)


def attention(checkpoint: Checkpoint) -> str:
    """The attention that transformers is told to compute with: `sdpa` where its model has it, otherwise `eager`."""
    return _SDPA if _model_class(checkpoint, "vision")._supports_sdpa else _EAGER  # noqa: SLF001 - it has no public name


def _model_class(checkpoint: Checkpoint, part: str) -> _ModelClass:
    import transformers  # noqa: PLC0415 - takes seconds

    family = "Siglip" if checkpoint.patches is None else "Siglip2"
    name = {"vision": "VisionModel", "text": "TextModel", "whole": "Model"}[part]
    return cast("_ModelClass", getattr(transformers, family + name))


def whole_model(checkpoint: Checkpoint) -> torch.nn.Module:
    """Both encoders with their scale and bias, on the CPU, in float32 or in the precision of quantised weights."""
    precision = checkpoint.quantisation or "float32"
    return _loaded(checkpoint, "whole", choose_device(checkpoint, "cpu", precision)[0], precision, torch.float32)


def _loaded(checkpoint: Checkpoint, part: str, device: str, precision: str, dtype: torch.dtype) -> torch.nn.Module:
    """Load "vision", "text" or "whole"."""
    if in_bitsandbytes(precision):
        import_quietly()
    keep_transformers_off_stderr()
    # Of quantised weights transformers 5.23 loads one encoder alone wrongly, without an error, so the whole is loaded.
    loaded = part if checkpoint.quantisation is None else "whole"
    options: dict[str, object] = {"dtype": dtype, "attn_implementation": attention(checkpoint)}
    if in_bitsandbytes(precision):
        options["device_map"] = device
        if checkpoint.quantisation is None:
            options["quantization_config"] = settings_for(precision, _IN_FLOATS)
    with without_warnings():
        model = _from_pretrained(checkpoint, loaded, options)
    if loaded != part:
        model = getattr(model, f"{part}_model")
    if in_bitsandbytes(precision):
        use_plain_layout(model)
        return model.eval()
    return model.to(device).eval()


def _from_pretrained(checkpoint: Checkpoint, part: str, options: Mapping[str, object]) -> torch.nn.Module:
    from transformers import AutoConfig  # noqa: PLC0415 - takes seconds

    def arguments() -> dict[str, object]:
        config = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
        if part != "whole":
            config = config.vision_config if part == "vision" else config.text_config
            # A checkpoint may be cut to its first layers, to measure it.
            config.num_hidden_layers = (checkpoint.vision if part == "vision" else checkpoint.text).layers
        weights = stored_weights(checkpoint.weights, "" if part == "whole" else f"{part}_model.")
        return {"config": config, "state_dict": weights, **options}

    may_lack = {"logit_bias"} if checkpoint.logit_bias is None else set()
    return load_model(_model_class(checkpoint, part), checkpoint.folder, arguments, may_lack)
