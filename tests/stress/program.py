"""Run the program with encoders that only see colour, so that a trial needs no model."""

from __future__ import annotations

import sys

from photos.__main__ import main
from photos.cli import Invocation
from tests.photos.encoders import ColourEncoders

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Invocation(encoders=ColourEncoders())))
