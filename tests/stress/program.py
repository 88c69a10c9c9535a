"""The program, with encoders that see nothing but colour, so that what is tried is everything else."""

from __future__ import annotations

import sys

from photos.__main__ import main
from photos.cli import Invocation
from tests.photos.encoders import ColourEncoders

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Invocation(encoders=ColourEncoders())))
