"""A machine with other accelerators than this one."""

from __future__ import annotations

from indexer.models.backends.accelerators import Accelerator

#: Memory of the CPU under another name, which stands for an accelerator.
OTHER = "cpu:1"


class FakeMachine:
    """A machine with these accelerators, some of them with a fault in each precision or in one."""

    def __init__(self, *accelerators, faults=()):
        self._accelerators = accelerators
        self._faults = dict(faults)

    def accelerators(self):
        return self._accelerators

    def fault(self, accelerator, precision):
        return self._faults.get((accelerator.device, precision)) or self._faults.get(accelerator.device)


def one_card():
    """A machine whose card is its CPU under another name."""
    return FakeMachine(Accelerator(OTHER, "a card"))
