"""Devices and precisions that encoders run in, and their threads."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor

import torch

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import DeviceUnavailable

#: Linear layers in 8 bits, and in 7.5, for processors that multiply those faster. A space has one of them.
INT8, INT8_NARROW = "int8", "int8-narrow"
IN_INT8 = (INT8, INT8_NARROW)
PRECISIONS = ("float32", "bfloat16", "float16", *IN_INT8)
#: Parameters. A smaller image encoder is fast in any precision, and float32 gives the same vectors on every machine.
_SMALL = 20_000_000


def choose(checkpoint: Checkpoint, device: str | None = None, precision: str | None = None) -> tuple[str, str]:
    """Choose the device and the precision of the image encoder: the given ones, or this machine's best.

    The best device is CUDA, then MPS, then the CPU. The best precision is bfloat16 if the hardware computes in it,
    float16 on older CUDA devices, and float32 otherwise and for small models. int8, for the CPU alone, must be
    asked for. Raises `DeviceUnavailable`.
    """
    available = _devices()
    chosen = device or available[0]
    if chosen.split(":")[0] not in available:
        raise DeviceUnavailable(chosen, available)
    if precision is not None and precision not in PRECISIONS:
        raise DeviceUnavailable(precision, PRECISIONS)
    if precision in IN_INT8 and chosen != "cpu":
        raise DeviceUnavailable(f"{precision} on {chosen}", (f"{precision} on cpu",))
    return chosen, precision or _precision(checkpoint, chosen.split(":")[0])


def is_small(checkpoint: Checkpoint) -> bool:
    """Return whether the image encoder is fast in any precision."""
    return checkpoint.vision_parameters < _SMALL


def _devices() -> tuple[str, ...]:
    devices = []
    if torch.cuda.is_available():
        devices.append("cuda")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return (*devices, "cpu")


def _precision(checkpoint: Checkpoint, device: str) -> str:
    if is_small(checkpoint):
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
        # oneDNN accepts every AVX-512 processor and emulates; emulated bfloat16 is slower than float32.
        has = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001 - no public name before torch 2.9
        # An environment variable may limit oneDNN to fewer instructions than the processor has.
        return bool(has and torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - no public name for it
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - as above


def packs_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 matrices in oneDNN's packed layout."""
    return _is_x86() and _cpu_computes_bfloat16() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _is_x86() -> bool:
    return platform.machine().lower() in {"x86_64", "amd64"}


def pass_count(device: str) -> int:
    """Number of passes that are computed at the same time on *device*.

    Threads that share a pass wait for each other at every layer, and wait long if other programs run.
    """
    return torch.get_num_threads() if device == "cpu" else 1


def pass_threads(count: int) -> ThreadPoolExecutor:
    """*count* threads that each compute passes of their own."""
    return ThreadPoolExecutor(count, "encode", initializer=limit_threads, initargs=(1,))


def limit_threads(count: int) -> None:
    """Compute on the CPU with *count* threads, in this thread and in those that start later."""
    torch.set_num_threads(count)
