"""The program with encoders that see nothing but colour, and that print where the protocol is: for a subprocess."""

from __future__ import annotations

import os
import sys

from photos.__main__ import main
from photos.cli import Invocation
from tests.photos.encoders import ColourEncoders


class NoisyEncoders(ColourEncoders):
    def text(self, checkpoint, device):
        sys.stdout.write("loading\n")
        sys.stdout.flush()
        os.write(1, b"loading weights\n")
        return super().text(checkpoint, device)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Invocation(encoders=NoisyEncoders())))
