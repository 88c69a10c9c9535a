"""Reasons for which a picture cannot be decoded: words for people, never a decoder's own."""

import re

import numpy as np
import pytest

from indexer.decode import DecodeError, Unsupported, read_photo
from indexer.decode.reasons import error_of
from tests.indexer.decode.test_decode import SQUARE
from tests.pictures import FORMATS, encoded, scene

#: What no reason may hold: quotes and codes of decoders, names of classes and functions.
JARGON = re.compile(r"['\"_<>]|error|decoder|-\d|0x|stream|tile|Traceback|[a-z][A-Z]|KeyError|libtiff|codec", re.ASCII)
random = np.random.default_rng(7)


def broken_files():
    for ending in FORMATS:
        whole = encoded(scene(160, 120, seed=3), ending)
        for _ in range(25):
            kind = random.integers(3)
            data = bytearray(whole)
            at = int(random.integers(4 if ending != "heic" else 16, len(data)))
            if kind == 0:
                del data[at:]
            elif kind == 1:
                data[at : at + 30] = random.integers(0, 255, 30, np.uint8).tobytes()
            else:
                data[at : at + 4] = b"\xff\xff\xff\xff"
            yield bytes(data)


def test_every_reason_is_a_sentence_without_jargon():
    reasons = set()
    for data in broken_files():
        try:
            read_photo(data, SQUARE)
        except DecodeError as error:
            reasons.add(error.reason)
    assert len(reasons) > 10
    for reason in reasons:
        assert reason.startswith(("it ", "its ", "there "))
        assert JARGON.search(reason) is None, reason


@pytest.mark.parametrize(
    ("error", "picture_format", "reason"),
    [
        (OSError("decoder error -2"), "TIFF", "it is a TIFF picture whose compressed data are broken"),
        (KeyError("MPO"), "JPEG", "it is a JPEG picture whose compressed data are broken"),
        (OSError("image file is truncated (4 bytes not processed)"), "GIF", "it is incomplete: it ends before its"),
        (ValueError("Failed to decode image: Invalid image grid"), "AVIF", "it is an AVIF picture whose parts do not"),
        (SyntaxError("Truncated IHDR chunk"), "PNG", "it is incomplete"),
        (OSError("tile cannot extend outside image"), "GIF", "it states a size that its picture does not have"),
        (OSError("Unsupported BMP pixel depth (30000)"), "BMP", "it begins as a BMP picture, but its description"),
    ],
)
def test_messages_of_decoders_become_reasons(error, picture_format, reason):
    assert error_of(error, picture_format).reason.startswith(reason)


def test_a_kind_that_a_decoder_lacks_is_no_damage():
    assert isinstance(error_of(OSError("Failed to decode image: Not implemented"), "AVIF"), Unsupported)
    assert not isinstance(error_of(SyntaxError("Unknown compression method 120"), "PNG"), Unsupported)
