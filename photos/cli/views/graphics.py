"""Graphics protocols of terminals: Kitty, iTerm2 and Sixel.

https://sw.kovidgoyal.net/kitty/graphics-protocol/, https://iterm2.com/documentation-images.html, and the VT3xx manual's
chapter 14 (https://vt100.net/docs/vt3xx-gp/chapter14.html).
"""

from __future__ import annotations

import base64
import io
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ESC: Final = b"\x1b"
#: Most characters of base64 in one escape sequence of Kitty.
_PART = 4096
_COLOURS = 255
#: Sixels are six pixels high; shorter runs than this are written without a count.
_HIGH, _RUN = 6, 4


def kitty(image: Image.Image, rows: int) -> bytes:
    """*image* in Kitty's protocol, *rows* lines high. The terminal sends no answer (`q=2`)."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    data = base64.standard_b64encode(stream.getvalue())
    parts = [data[at : at + _PART] for at in range(0, len(data), _PART)]
    written = bytearray()
    for at, part in enumerate(parts):
        keys = f"a=T,f=100,q=2,r={rows}," if at == 0 else ""
        written += ESC + f"_G{keys}m={int(at < len(parts) - 1)};".encode() + part + ESC + b"\\"
    return bytes(written)


def iterm(image: Image.Image, rows: int) -> bytes:
    """*image* in iTerm2's protocol, *rows* lines high."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    content = stream.getvalue()
    keys = f"inline=1;size={len(content)};height={rows};preserveAspectRatio=1"
    return ESC + f"]1337;File={keys}:".encode() + base64.standard_b64encode(content) + b"\x07"


def sixel(image: Image.Image) -> bytes:
    """*image* in Sixel, in at most 255 colours and at its own size."""
    reduced = image.convert("RGB").quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)
    pixels = np.asarray(reduced)
    palette = np.array(reduced.getpalette("RGB") or [], np.int64).reshape(-1, 3)
    used = np.unique(pixels)
    written = bytearray(ESC + b'P0;1;0q"1;1;%d;%d' % (image.width, image.height))
    for colour in used.tolist():
        # Sixel gives colours in per cent.
        written += b"#%d;2;%d;%d;%d" % (colour, *((palette[colour] * 100 + 127) // 255).tolist())
    bands = [pixels[top : top + _HIGH] for top in range(0, len(pixels), _HIGH)]
    written += b"-".join(_band(band) for band in bands)
    return bytes(written + ESC + b"\\")


def _band(band: NDArray[np.uint8]) -> bytes:
    """Six lines of pixels, or fewer at the end. Each colour is one pass over the line, from the left edge."""
    weights = 1 << np.arange(len(band))[:, np.newaxis]
    lines = []
    for colour in np.unique(band).tolist():
        bits = ((band == colour) * weights).sum(axis=0)
        lines.append(b"#%d" % colour + b"".join(_run(value, len(list(same))) for value, same in groupby(bits.tolist())))
    return b"$".join(lines)


def _run(value: int, count: int) -> bytes:
    mark = bytes([63 + value])
    return mark * count if count < _RUN else b"!%d" % count + mark


def through_tmux(written: bytes) -> bytes:
    """Wrap *written* so that tmux passes it to the outer terminal, with `allow-passthrough` on."""
    return ESC + b"Ptmux;" + written.replace(ESC, ESC + ESC) + ESC + b"\\"
