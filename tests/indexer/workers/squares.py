"""A preprocessing that crashes, hangs or takes all memory for pictures of some colours."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

CRASHES, HANGS, DEVOURS, RAISES = (250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 0, 250)
PLAIN = (90, 90, 90)


@dataclass(frozen=True)
class PoisonSquare:
    """Logs the process of each picture in a file."""

    log: str
    size: int = 16

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        return self.size, self.size

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> np.ndarray:
        pixel = image.getpixel((0, 0))
        with Path(self.log).open("a") as log:
            log.write(f"{os.getpid()} {pixel}\n")
        if pixel == CRASHES:
            os.kill(os.getpid(), signal.SIGSEGV)
        if pixel == HANGS:
            time.sleep(600)
        if pixel == DEVOURS:
            bytearray(1 << 30)
        if pixel == RAISES:
            raise SystemError("a bug")
        return np.asarray(image.resize((self.size, self.size)))

    def seen(self) -> list[tuple[int, str]]:
        """Process and colour of each picture so far."""
        lines = Path(self.log).read_text().splitlines() if Path(self.log).exists() else []
        return [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines]
