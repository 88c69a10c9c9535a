"""An image tower's matrices in 8 bits, for CPUs: dynamic quantisation, which needs no pictures to calibrate on.

Weights are int8 with one scale a row; what flows through is scaled anew at each layer by its own range. That range is
over everything in a pass, so passes hold one picture each: else a vector would depend on what shares its batch.
"""

from __future__ import annotations

import warnings
from typing import Final

import torch
from transformers import PreTrainedModel

from .errors import DeviceUnavailable

#: Best first; which of them there are depends on the processor and the build.
_ENGINES: Final = ("onednn", "x86", "fbgemm", "qnnpack")


def quantise(tower: PreTrainedModel) -> None:
    """Make every linear layer of *tower*, in float32 on the CPU, one of 8 bits. Raises `DeviceUnavailable`."""
    engine = next((name for name in _ENGINES if name in torch.backends.quantized.supported_engines), None)
    if engine is None:
        raise DeviceUnavailable("int8", ("float32", "bfloat16"))
    torch.backends.quantized.engine = engine
    with warnings.catch_warnings():
        # Its successor is as exact, and slower without compiling for a minute.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.ao.quantization.quantize_dynamic(tower, {torch.nn.Linear}, dtype=torch.qint8, inplace=True)  # type: ignore[no-untyped-call]
