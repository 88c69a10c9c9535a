"""Run the program with an encoder that sends this process a signal in its third batch: `NUMBER ARGUMENTS…`."""

from __future__ import annotations

import os
import sys

from photos.__main__ import main
from photos.cli import Invocation
from tests.photos.encoders import ColourEncoders, ColourImageEncoder


class SignallingEncoders(ColourEncoders):
    def image(self, checkpoint, device, precision):
        return SignallingImageEncoder()


class SignallingImageEncoder(ColourImageEncoder):
    batches = 0

    def encode(self, pixels):
        self.batches += 1
        if self.batches == 3:
            os.kill(os.getpid(), int(sys.argv[1]))
        return super().encode(pixels)


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], Invocation(encoders=SignallingEncoders())))
