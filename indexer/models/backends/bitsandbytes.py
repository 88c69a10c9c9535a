"""Linear layers in 8 and 4 bits by bitsandbytes (extra `photos[bnb]`), which transformers applies to its own models.

`bnb-int8` is LLM.int8() (Dettmers and others 2022, arXiv 2208.07339): rows in 8 bits, with columns of outliers in
float16. `bnb-nf4` has weights in 4 bits (Dettmers and others 2023, arXiv 2305.14314), which changes answers. `bnb-fp4`
is that of checkpoints which were saved so.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from indexer.models.device_names import kind_of
from indexer.models.errors import BackendMissing, DeviceUnavailable

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig

BNB_INT8, BNB_NF4 = "bnb-int8", "bnb-nf4"
_PREFIX: Final = "bnb-"
#: Libraries that transformers needs for it.
_LIBRARIES: Final = ("bitsandbytes", "accelerate")
_DEVICES: Final = ("cpu", "cuda")


def in_bitsandbytes(precision: str | None) -> bool:
    """Return whether bitsandbytes makes that precision."""
    return precision is not None and precision.startswith(_PREFIX)


def runs_on(device: str) -> bool:
    """Return whether bitsandbytes was tried on that kind of *device*."""
    return kind_of(device) in _DEVICES


def check_available(precision: str, device: str, libraries: Sequence[str] = _LIBRARIES) -> None:
    """Raise `BackendMissing` without the *libraries*, and `DeviceUnavailable` for a device that was not tried."""
    if not runs_on(device):
        raise DeviceUnavailable(f"{precision} on {device}", tuple(f"{precision} on {each}" for each in _DEVICES))
    for library in libraries:
        if find_spec(library) is None:
            raise BackendMissing(precision, library)


def import_quietly() -> None:
    """Import bitsandbytes without its messages and without its downloads.

    On some processors it looks for faster code on the hub as soon as it is imported, and would run it.
    """
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    if "bitsandbytes" in sys.modules:
        return
    known = sys.modules.get("kernels")
    # None in this place makes `import kernels` fail, which bitsandbytes takes for "not installed".
    sys.modules["kernels"] = None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import bitsandbytes  # noqa: F401, PLC0415 - an extra
    finally:
        if known is None:
            del sys.modules["kernels"]
        else:
            sys.modules["kernels"] = known


def settings_for(precision: str, skipped: Sequence[str]) -> BitsAndBytesConfig:
    """Settings that make transformers quantise a model while it loads it, but not the modules named *skipped*."""
    import torch  # noqa: PLC0415 - heavy, and only this needs it here
    from transformers import BitsAndBytesConfig  # noqa: PLC0415 - as above

    if precision == BNB_INT8:
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=list(skipped))  # type: ignore[no-untyped-call]
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.float32,
        llm_int8_skip_modules=list(skipped),
    )


def use_plain_layout(model: torch.nn.Module) -> None:
    """Let 4-bit layers of *model* keep their weights as stored.

    With AVX512-BF16 bitsandbytes packs them in another layout, which rounds to bfloat16, and fails for matrices whose
    rows are no multiple of 64, as in so400m.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False  # type: ignore[assignment]
