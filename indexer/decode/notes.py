"""Notes of people and other programs in a picture or its sidecar: rating, caption and keywords.

Sources, in order of precedence: XMP (ISO 16684-1; Dublin Core, xmp:Rating, the keyword lists of Lightroom,
digiKam and Windows, without this program's own keywords), IPTC IIM (records 2:25 and 2:120), EXIF (ImageDescription,
and Windows' XP tags).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import ExifTags

from indexer.metadata import Xmp, iptc_in, packets_in, read_packets
from indexer.metadata.namespaces import DC, XMP
from store.errors import is_shown

#: Longer than any list or caption that people write; some programs put whole documents there.
_MOST_KEYWORDS, _LONGEST_KEYWORD, _LONGEST_CAPTION = 500, 200, 5000
_RATING: Final = f"{{{XMP}}}Rating"
_DESCRIPTION: Final = f"{{{DC}}}description"
#: Captions that cameras write by themselves.
_CAMERA_CAPTION = re.compile(
    r"(OLYMPUS|SONY|SAMSUNG|SANYO|KODAK|MINOLTA|KONICA|Exif|NIKON|PENTAX|CASIO|DIGITAL)"
    r"[ _].{0,12}(CAMERA|DSC|CSC|PICTURE|JPEG)"
    r"|DCIM[\\/].*|<?untitled>?|default",
    re.IGNORECASE,
)
_EXIF_RATING: Final = 0x4746
_UTF8_MARK: Final = b"\x1b%G"
#: Soft hyphen, word joiner and byte order mark, which are in words, and no part of them.
_UNSEEN: Final = dict.fromkeys([0xAD, 0x2060, 0xFEFF])
#: The namespace in which this program records its own keywords. It is no address on the network.
_OURS: Final = "urn:uuid:bc916edb-b850-4761-ba58-e891f8140305#"


@dataclass(frozen=True, slots=True)
class KeywordList:
    """An XMP property that holds keywords. `kind` is its RDF container, "Bag" or "Seq".

    `separator` stands between the levels of a path from the general to the special.
    """

    namespace: str
    prefix: str
    name: str
    kind: str
    separator: str | None = None

    @property
    def tag(self) -> str:
        """Its qualified name."""
        return f"{{{self.namespace}}}{self.name}"

    @property
    def ours(self) -> KeywordList:
        """The list of those keywords that are labels written by this program."""
        return KeywordList(_OURS, "photos", self.name, "Bag")

    @property
    def copies(self) -> KeywordList:
        """The list of those keywords that this program copied here from elsewhere."""
        return KeywordList(_OURS, "photos", f"{self.name}Copies", "Bag")


#: Single words in no order; every level of a path is one of them.
SUBJECT: Final = KeywordList("http://purl.org/dc/elements/1.1/", "dc", "subject", "Bag")
HIERARCHICAL: Final = KeywordList("http://ns.adobe.com/lightroom/1.0/", "lr", "hierarchicalSubject", "Bag", "|")
TAGS: Final = KeywordList("http://www.digikam.org/ns/1.0/", "digiKam", "TagsList", "Seq", "/")
WINDOWS: Final = KeywordList("http://ns.microsoft.com/photo/1.0/", "MicrosoftPhoto", "LastKeywordXMP", "Bag", "/")


@dataclass(frozen=True, slots=True)
class Notes:
    """Rating, caption and keywords; `None`, or no keywords, if there are none."""

    #: 1 to 5 stars, 0 for none, -1 for rejected.
    rating: int | None = None
    caption: str | None = None
    keywords: tuple[str, ...] = ()

    def over(self, other: Notes) -> Notes:
        """These notes, with gaps filled from *other*."""
        return Notes(
            other.rating if self.rating is None else self.rating,
            self.caption or other.caption,
            self.keywords or other.keywords,
        )


def notes_in(image: object, tags: Mapping[int, object], data: bytes = b"") -> Notes:
    """The notes in *image*, an open picture, whose main EXIF tags are *tags*. Raises nothing.

    *data* is the whole file.
    """
    found = notes_of(read_packets(*packets_in(image, data, tags)))
    return found.over(_iptc(image)).over(_exif(tags))


def read_xmp(packet: bytes) -> Notes:
    """The notes in an XMP packet or a sidecar file, as far as it can be read."""
    return notes_of(read_packets(packet))


def notes_of(xmp: Xmp) -> Notes:
    """The notes in XMP, without those that this program wrote: its own tags are not notes of others."""
    keywords = [
        path.rsplit(each.separator, 1)[-1] if each.separator else path
        for each in (SUBJECT, HIERARCHICAL, TAGS, WINDOWS)
        for path in foreign(xmp.texts(each.tag), xmp.texts(each.ours.tag), xmp.texts(each.copies.tag))
    ]
    return Notes(_rating(xmp.text(_RATING)), _caption(xmp.text(_DESCRIPTION) or ""), _keywords(keywords))


def _iptc(image: object) -> Notes:
    found = iptc_in(image)
    is_utf8 = _UTF8_MARK in found.get((1, 90), [])
    keywords = [_decoded(item, is_utf8=is_utf8) for item in found.get((2, 25), [])]
    caption = "".join(_decoded(item, is_utf8=is_utf8) for item in found.get((2, 120), [])[:1])
    return Notes(None, _caption(caption), _keywords(keywords))


def _exif(tags: Mapping[int, object]) -> Notes:
    base = ExifTags.Base
    keywords = (_wide(tags.get(base.XPKeywords)) or "").split(";")
    caption = text_of(tags.get(base.ImageDescription)) or _wide(tags.get(base.XPComment)) or ""
    return Notes(_rating(tags.get(_EXIF_RATING)), _caption(caption), _keywords(keywords))


def _decoded(value: bytes, *, is_utf8: bool) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("utf-8" if is_utf8 else "cp1252", "replace")


def _wide(value: object) -> str | None:
    """A text that Windows wrote into EXIF: UTF-16, as bytes or as a tuple of them."""
    try:
        raw = bytes(value) if isinstance(value, bytes | tuple) else b""
    except (TypeError, ValueError):
        return None
    return text_of(raw.decode("utf-16-le", "replace"))


def _rating(value: object) -> int | None:
    try:
        number = round(float(value))  # type: ignore[arg-type]  # any value is tried
    except (TypeError, ValueError, OverflowError):
        return None
    return number if -1 <= number <= 5 else None  # noqa: PLR2004 - five stars


def _caption(value: str) -> str | None:
    text = text_of(value[:_LONGEST_CAPTION])
    return None if text is None or _CAMERA_CAPTION.fullmatch(text) else text


def _keywords(values: Iterable[str]) -> tuple[str, ...]:
    """Keywords in their order, each once, ignoring case."""
    found: dict[str, str] = {}
    for value in values:
        text = text_of(value[: _LONGEST_KEYWORD + 1])
        if text is not None and len(text) <= _LONGEST_KEYWORD:
            found.setdefault(text.casefold(), text)
        if len(found) == _MOST_KEYWORDS:
            break
    return tuple(found.values())


def foreign(keywords: Sequence[str], ours: Collection[str], copies: Collection[str]) -> list[str]:
    """Keep those of *keywords* that other programs wrote.

    *ours* and *copies* are the keywords that this program wrote. Copies count as foreign once another program wrote
    into the list: it found them there, and left them.
    """
    labels, copied = set(ours), set(copies)
    has_foreign = any(word not in labels and word not in copied for word in keywords)
    return [word for word in keywords if word not in labels] if has_foreign else []


def text_of(value: object) -> str | None:
    """*value*, text or bytes of a tag, on one line and without unprintable characters; None if nothing is left."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    shown = "".join(mark if is_shown(mark) else " " for mark in value.partition("\0")[0].translate(_UNSEEN))
    return " ".join(shown.split()) or None
