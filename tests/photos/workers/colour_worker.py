"""`photos worker` on encoders that see nothing but colour, and take their time: `python -m … SECONDS OPTION…`."""

import sys
import time

from photos.__main__ import main
from photos.cli import Invocation
from tests.photos.conftest import read_here
from tests.photos.encoders import ColourEncoders, ColourImageEncoder


class SlowImageEncoder(ColourImageEncoder):
    def __init__(self, seconds):
        self.seconds = seconds

    def encode(self, pixels):
        time.sleep(self.seconds)
        return super().encode(pixels)


class SlowEncoders(ColourEncoders):
    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def image(self, checkpoint, device, precision):
        return SlowImageEncoder(self.seconds)


if __name__ == "__main__":
    sys.exit(
        main(["worker", *sys.argv[2:]], Invocation(encoders=SlowEncoders(float(sys.argv[1])), make_readers=read_here))
    )
