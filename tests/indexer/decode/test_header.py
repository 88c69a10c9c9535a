"""Keywords in the headers of pictures, as their lists have them."""

from __future__ import annotations

import io

import pytest
from PIL import PngImagePlugin

from indexer.decode import HIERARCHICAL, SUBJECT, TAGS, WINDOWS, DecodeError, read_keywords, read_metadata
from tests.indexer.decode.test_notes import iptc, jpeg, packet
from tests.indexer.metadata.packets import bag
from tests.indexer.metadata.test_embedded import TRAILER, gif
from tests.pictures import encoded, png_chunk, scene

TREE = packet(
    bag("dc:subject", "Rome", "Anna")
    + bag("lr:hierarchicalSubject", "Places|Europe|Rome", "People|Anna")
    + bag("digiKam:TagsList", "Places/Europe/Rome", kind="Seq")
    + bag("MicrosoftPhoto:LastKeywordXMP", "Places/Europe/Rome")
)
LISTS = {
    SUBJECT: ("Rome", "Anna"),
    HIERARCHICAL: ("Places|Europe|Rome", "People|Anna"),
    TAGS: ("Places/Europe/Rome",),
    WINDOWS: ("Places/Europe/Rome",),
}


def keywords(data):
    return read_keywords(io.BytesIO(data))


def png_with_text_after_the_pixels():
    info = PngImagePlugin.PngInfo()
    data = encoded(scene(), "png", pnginfo=info)
    text = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + TREE)
    at = data.index(b"IEND") - 4
    return data[:at] + text + data[at:]


@pytest.mark.parametrize(
    "data",
    [
        jpeg(xmp=TREE),
        encoded(scene(), "webp", xmp=TREE),
        encoded(scene(), "tif", tiffinfo={700: TREE}),
        encoded(scene(), "avif", xmp=TREE),
        gif(b"!\xff\x0bXMP DataXMP" + TREE + TRAILER),
        png_with_text_after_the_pixels(),
    ],
    ids=["jpeg", "webp", "tiff", "avif", "gif", "png"],
)
def test_lists_are_read_with_their_paths(data):
    assert keywords(data) == LISTS
    assert read_metadata(io.BytesIO(data)).keywords == ("Rome", "Anna")


def test_keywords_without_xmp_are_single_words():
    assert keywords(jpeg(segments=[(0xED, iptc((25, b"dog"), (25, b"cat")))])) == {SUBJECT: ("dog", "cat")}
    assert keywords(jpeg()) == {}


def test_what_is_no_picture_is_an_error():
    with pytest.raises(DecodeError):
        keywords(b"text")
    with pytest.raises(DecodeError):
        keywords(jpeg()[:20])
