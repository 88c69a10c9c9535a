"""A describer that sees nothing but colour, and is its own factory, for passes without a model."""

from __future__ import annotations

import numpy as np

from indexer.describers import DescriberAway, Description, NotDescribed
from photos.operations.describing.describers import DescriberIdentity
from tests.photos.encoders import COLOURS


class ColourDescriber:
    """Names the colour of each picture, and keeps the pictures that it got.

    It has no description for the colours in *silent*, fails for those in *failing*, goes away at call number *away_at*,
    and is interrupted at call number *interrupted_at*.
    """

    name = "colours@here"
    side = 64
    parameters = None

    def __init__(self, *, silent=(), failing=(), away_at=0, interrupted_at=0):
        self.silent = set(silent)
        self.failing = set(failing)
        self.away_at = away_at
        self.interrupted_at = interrupted_at
        self.pictures = []
        self.calls = 0
        self.opened = 0
        self.closed = 0
        #: Called at each call.
        self.meanwhile = lambda: None

    def identify(self, library, chosen):
        """Its identity, with those parameters that it pretends to have."""
        return DescriberIdentity(self.name, self.parameters)

    def open(self, library, chosen):
        """Open it in place of the chosen one."""
        self.opened += 1
        self.chosen = chosen
        return self

    def describe(self, pictures):
        self.calls += 1
        self.meanwhile()
        if self.calls == self.away_at:
            raise DescriberAway(self.name, "it went out")
        if self.calls == self.interrupted_at:
            raise KeyboardInterrupt
        self.pictures += pictures
        return [self._outcome(colour_of(picture)) for picture in pictures]

    def _outcome(self, colour):
        if colour in self.silent:
            return NotDescribed(f"No words for {colour}.")
        if colour in self.failing:
            return NotDescribed(f"It broke at {colour}.", is_passing=True)
        return Description(f"A {colour} area", (colour, "area"), f"{colour.upper()}!")

    def close(self):
        self.closed += 1


def colour_of(picture):
    """The name of the colour nearest to the mean of *picture*."""
    mean = np.asarray(picture).reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda name: float(np.abs(mean - COLOURS[name]).sum()))
