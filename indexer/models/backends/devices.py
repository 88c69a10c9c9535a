"""Devices and precisions that encoders run in, and their threads."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import torch

from indexer.models.device_names import CPU, canonical
from indexer.models.errors import DeviceFailed, DeviceUnavailable

from .accelerators import THIS_MACHINE, Accelerator, Machine
from .bitsandbytes import BNB_INT8, BNB_NF4, check_available, in_bitsandbytes, runs_on

#: Linear layers in 8 bits, and in 7.5, for processors that multiply those faster. A space has one of them.
INT8, INT8_NARROW = "int8", "int8-narrow"
IN_INT8 = (INT8, INT8_NARROW)
PRECISIONS = ("float32", "bfloat16", "float16", *IN_INT8, BNB_INT8, BNB_NF4)
#: Parameters. A smaller image encoder is fast in any precision, and float32 gives the same vectors on every machine.
_SMALL = 20_000_000


class SizedModel(Protocol):
    """A checkpoint of any kind of model, as far as the choice of a device needs it."""

    @property
    def quantisation(self) -> str | None:
        """The precision of quantised weights; None if they are not."""
        ...

    @property
    def vision_parameters(self) -> int:
        """Parameters of the image encoder."""
        ...


def choose_device(
    checkpoint: SizedModel,
    device: str | None = None,
    precision: str | None = None,
    *,
    machine: Machine = THIS_MACHINE,
    on_notice: Callable[[str], None] = lambda _sentence: None,
) -> tuple[str, str]:
    """Choose the device and the precision of the image encoder: the given ones, or this machine's best.

    The best device is CUDA, then XPU, then MPS, then the CPU; one that does not work is passed over, and *on_notice* is
    called with a sentence. The best precision is bfloat16 if the hardware computes in it, float16 on CUDA devices from
    compute capability 7.0 on, and float32 otherwise and for small models. int8, for the CPU alone, must be asked for.
    Raises `DeviceUnavailable`, also for a named device that does not work.
    """
    precision = _allowed(checkpoint, precision)
    wanted = canonical(device)
    if in_bitsandbytes(precision):
        check_available(str(precision), wanted or CPU)
    if wanted == CPU or (wanted is None and precision in IN_INT8):
        return CPU, precision or _cpu_precision(checkpoint)
    if precision in IN_INT8:
        raise DeviceUnavailable(f"{precision} on {device}", (f"{precision} on {CPU}",))
    accelerators = machine.accelerators()
    if in_bitsandbytes(precision):
        accelerators = tuple(each for each in accelerators if runs_on(each.device))
    if wanted is not None:
        named = _named(wanted, accelerators, str(device))
        used = precision or _precision(checkpoint, named)
        if (fault := machine.fault(named, used)) is not None:
            raise DeviceFailed(named.device, named.label, used, fault)
        return named.device, used
    chosen, used, faults = CPU, precision or _cpu_precision(checkpoint), []
    for each in accelerators:
        its_own = precision or _precision(checkpoint, each)
        if (fault := machine.fault(each, its_own)) is None:
            chosen, used = each.device, its_own
            break
        faults.append(f"{each.label} ({each.device}) cannot be used in {its_own}: {fault}")
    if faults:
        on_notice(f"{'; '.join(faults)}. {'The CPU' if chosen == CPU else chosen} is used instead.")
    return chosen, used


def _allowed(checkpoint: SizedModel, precision: str | None) -> str | None:
    """*precision*, or that of quantised weights: no other can be made of them. Raises `DeviceUnavailable`."""
    if checkpoint.quantisation is not None:
        if precision not in {None, checkpoint.quantisation}:
            raise DeviceUnavailable(str(precision), (checkpoint.quantisation,))
        return checkpoint.quantisation
    if precision is not None and precision not in PRECISIONS:
        raise DeviceUnavailable(precision, PRECISIONS)
    return precision


def _named(device: str, accelerators: Sequence[Accelerator], given: str) -> Accelerator:
    for each in accelerators:
        if each.device == device:
            return each
    raise DeviceUnavailable(given, (*(each.device for each in accelerators), CPU))


def is_small(checkpoint: SizedModel) -> bool:
    """Return whether the image encoder is fast in any precision."""
    return checkpoint.vision_parameters < _SMALL


def best_precision(checkpoint: SizedModel, device: str, machine: Machine = THIS_MACHINE) -> str:
    """The precision that `choose_device` prefers on *device*, one that it gave."""
    if checkpoint.quantisation is not None:
        return checkpoint.quantisation
    if device == CPU:
        return _cpu_precision(checkpoint)
    return _precision(checkpoint, _named(device, machine.accelerators(), device))


def _precision(checkpoint: SizedModel, accelerator: Accelerator) -> str:
    return "float32" if is_small(checkpoint) else accelerator.precision


def _cpu_precision(checkpoint: SizedModel) -> str:
    return "bfloat16" if not is_small(checkpoint) and computes_bfloat16() else "float32"


def computes_bfloat16() -> bool:
    """Return whether this CPU computes in bfloat16; others emulate it, several times slower than float32."""
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
    return _is_x86() and computes_bfloat16() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _is_x86() -> bool:
    return platform.machine().lower() in {"x86_64", "amd64"}


def pass_count(device: str) -> int:
    """Number of passes that are computed at the same time on *device*.

    Threads that share a pass wait for each other at every layer, and wait long if other programs run.
    """
    return torch.get_num_threads() if device == CPU else 1


def pass_threads(count: int) -> ThreadPoolExecutor:
    """*count* threads that each compute passes of their own."""
    return ThreadPoolExecutor(count, "encode", initializer=limit_threads, initargs=(1,))


def limit_threads(count: int) -> None:
    """Compute on the CPU with *count* threads, in this thread and in those that start later."""
    torch.set_num_threads(count)
