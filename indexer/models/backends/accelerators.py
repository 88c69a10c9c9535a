"""Accelerators of a machine as torch sees them: their precisions, whether they work, and errors of full memory."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol

import torch

from indexer.models.device_names import kind_of

CUDA, XPU, MPS = "cuda", "xpu", "mps"
#: Least compute capability of cards that compute in bfloat16, and of those whose float16 is faster than float32:
#: 6.1 computes it at a 64th of the rate.
_BFLOAT16, _FLOAT16 = (8, 0), (7, 0)
#: Parts of messages by which libraries below torch say that memory is full. cuBLAS needs some for its handle, too.
_MEMORY_IS_FULL = (
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "OUT_OF_DEVICE_MEMORY",
    "OUT_OF_HOST_MEMORY",
    "OUT_OF_RESOURCES",
)
#: Class and vendor of a graphics card by NVIDIA: https://pci-ids.ucw.cz
_DISPLAY, _NVIDIA = "0x03", "0x10de"


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A device other than the CPU: its name in torch, such as `cuda:0`, and the card's name."""

    device: str
    label: str
    #: Compute capability of a CUDA device.
    capability: tuple[int, int] | None = None
    #: Whether it computes in bfloat16, if it is no CUDA device.
    has_bfloat16: bool = False

    @property
    def kind(self) -> str:
        """The kind of device: cuda, xpu or mps."""
        return kind_of(self.device)

    @property
    def precision(self) -> str:
        """The best precision: the fastest one that the hardware computes in."""
        if self.capability is not None:
            if self.capability >= _BFLOAT16:
                return "bfloat16"
            return "float16" if self.capability >= _FLOAT16 else "float32"
        return "bfloat16" if self.has_bfloat16 else "float32"


class Machine(Protocol):
    """The accelerators of a machine."""

    def accelerators(self) -> tuple[Accelerator, ...]:
        """All of them, the best one first; also cards that torch cannot use."""
        ...

    def fault(self, accelerator: Accelerator, precision: str) -> str | None:
        """The reason, a clause, for which it cannot compute in *precision*; None if it can, which is tried."""
        ...


class ThisMachine:
    """The machine that this program runs on."""

    def accelerators(self) -> tuple[Accelerator, ...]:
        """CUDA devices, then Intel's, then Apple's."""
        # torch warns about drivers and cards that it does not support; `fault` says so in a sentence.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (*_cuda_devices(), *_intel_devices(), *_apple_devices())

    def fault(self, accelerator: Accelerator, precision: str) -> str | None:
        """Try a small product."""
        return _fault(accelerator, precision)


#: The one of this process.
THIS_MACHINE: Final[Machine] = ThisMachine()


def label_of(device: str, machine: Machine = THIS_MACHINE) -> str | None:
    """The name of the card that is *device*; None for the CPU."""
    return next((each.label for each in machine.accelerators() if each.device == device), None)


def is_memory_full(error: BaseException) -> bool:
    """Return whether *error* says that a device has too little memory."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(part in str(error) for part in _MEMORY_IS_FULL)


def empty_cache(device: str) -> None:
    """Give memory that torch keeps for later, and does not use, back to *device*."""
    kind = kind_of(device)
    if kind == CUDA:
        torch.cuda.empty_cache()
    elif kind == XPU:
        torch.xpu.empty_cache()
    elif kind == MPS:
        torch.mps.empty_cache()


def reason_of(error: BaseException, capability: tuple[int, int] | None = None) -> str:
    """A clause for people that tells why a device failed with *error*."""
    if is_memory_full(error):
        return "its memory is full"
    text = str(error)
    if "no kernel image" in text:
        compute = "" if capability is None else f" (compute capability {capability[0]}.{capability[1]})"
        return f"this version of torch does not support the card{compute}"
    if "driver" in text.lower():
        return "its driver is missing or too old for this version of torch"
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return f"torch says {first!r}"


@cache
def _fault(accelerator: Accelerator, precision: str) -> str | None:
    # What bitsandbytes makes of the weights is not torch's; the rest of the model is in float32.
    dtype: torch.dtype = getattr(torch, precision, torch.float32)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ones = torch.ones(16, 16, dtype=dtype, device=accelerator.device)
            is_right = float((ones @ ones).sum()) == 16**3
    except (RuntimeError, AssertionError, TypeError) as error:
        return reason_of(error, accelerator.capability)
    return None if is_right else "it computes wrongly"


def _cuda_devices() -> tuple[Accelerator, ...]:
    if torch.cuda.is_available():
        return tuple(
            Accelerator(f"{CUDA}:{index}", torch.cuda.get_device_name(index), torch.cuda.get_device_capability(index))
            for index in range(torch.cuda.device_count())
        )
    # A build for CPUs was chosen on purpose.
    is_for_cuda = torch.version.cuda is not None
    return (Accelerator(f"{CUDA}:0", "an NVIDIA card"),) if is_for_cuda and has_nvidia_card() else ()


def _intel_devices() -> tuple[Accelerator, ...]:
    if not torch.xpu.is_available():
        return ()
    found = []
    for index in range(torch.xpu.device_count()):
        properties = torch.xpu.get_device_properties(index)
        found.append(
            Accelerator(f"{XPU}:{index}", str(properties.name), has_bfloat16=bool(properties.has_bfloat16_conversions))
        )
    return tuple(found)


def _apple_devices() -> tuple[Accelerator, ...]:
    return (Accelerator(MPS, "Apple's GPU"),) if torch.backends.mps.is_available() else ()


def has_nvidia_card(devices: Path = Path("/sys/bus/pci/devices")) -> bool:
    """Return whether Linux lists a graphics card by NVIDIA in the folder *devices*, with a driver or without."""
    return any(
        _line(each / "vendor") == _NVIDIA and _line(each / "class").startswith(_DISPLAY)
        for each in (devices.iterdir() if devices.is_dir() else ())
    )


def _line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
