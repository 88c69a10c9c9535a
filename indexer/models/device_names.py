"""Names of devices, without torch."""

from __future__ import annotations

from typing import Final

CPU: Final = "cpu"
#: The best device of the machine.
AUTO: Final = "auto"


def kind_of(device: str) -> str:
    """The kind of a device: `cuda` of cuda:0."""
    return device.partition(":")[0]


def canonical(device: str | None) -> str | None:
    """The one spelling of a device's name: `cpu:0` is cpu, `cuda` is cuda:0; None for auto."""
    if device is None or device == AUTO:
        return None
    kind, _, index = device.partition(":")
    if kind in {CPU, "mps"}:
        return kind if index in {"", "0"} else device
    return f"{kind}:{index or 0}"
