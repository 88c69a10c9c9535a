"""Which device and precision a tower runs in."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor

import torch

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import DeviceUnavailable

PRECISIONS = ("float32", "bfloat16", "float16", "int8")
#: Below this an image tower is quick in any precision, and float32 gives the same vectors on every machine.
_SMALL = 20_000_000


def choose(checkpoint: Checkpoint, device: str | None = None, precision: str | None = None) -> tuple[str, str]:
    """The device and the precision of the image tower: those asked for, or the best that this machine has.

    Without a wish: CUDA, then MPS, then the CPU; bfloat16 where the hardware computes in it, float16 on older
    CUDA devices, float32 otherwise and for small models. int8, for the CPU alone, is never chosen
    unasked. Raises `DeviceUnavailable`.
    """
    available = _devices()
    chosen = device or available[0]
    if chosen.split(":")[0] not in available:
        raise DeviceUnavailable(chosen, available)
    if precision is not None and precision not in PRECISIONS:
        raise DeviceUnavailable(precision, PRECISIONS)
    if precision == "int8" and chosen != "cpu":
        raise DeviceUnavailable(f"int8 on {chosen}", ("int8 on cpu",))
    return chosen, precision or _precision(checkpoint, chosen.split(":")[0])


def _devices() -> tuple[str, ...]:
    devices = []
    if torch.cuda.is_available():
        devices.append("cuda")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return (*devices, "cpu")


def _precision(checkpoint: Checkpoint, device: str) -> str:
    if checkpoint.vision_parameters < _SMALL:
        return "float32"
    if device == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability() >= (8, 0) else "float16"
    if device == "cpu" and _cpu_computes_bfloat16():
        return "bfloat16"
    return "float32"


def _cpu_computes_bfloat16() -> bool:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if _is_x86():
        # oneDNN says yes to every AVX-512 processor and emulates; emulated, bfloat16 is slower than float32.
        has = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001 - no public name before torch 2.9
        # It may be told to keep to less than the processor has.
        return bool(has and torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - no public name for it
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - as above


def packs_bfloat16() -> bool:
    """Whether matrices in bfloat16 may be kept as oneDNN wants them on this CPU."""
    return _is_x86() and _cpu_computes_bfloat16() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _is_x86() -> bool:
    return platform.machine().lower() in {"x86_64", "amd64"}


def pass_threads(device: str) -> ThreadPoolExecutor:
    """Threads that each compute a pass of their own on *device*.

    Threads that share a pass wait for each other at every layer, and long if something else runs beside them.
    """
    count = torch.get_num_threads() if device == "cpu" else 1
    return ThreadPoolExecutor(count, "encode", initializer=limit_threads, initargs=(1,))


def limit_threads(count: int) -> None:
    """Compute on the CPU with so many threads, in this thread and in those that begin after it."""
    torch.set_num_threads(count)
