"""Notes of people and other programs in a picture or its sidecar: rating, caption and keywords.

Those in XMP (ISO 16684-1) are Dublin Core's, xmp:Rating and Windows' percentage, and the keyword lists of Lightroom,
digiKam and Windows, without this program's own keywords.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from indexer.metadata import DEFAULT_LANGUAGE, Xmp
from indexer.metadata.namespaces import DC, DIGIKAM, EXIF, LIGHTROOM, MICROSOFT_PHOTO, PHOTOSHOP, TIFF, XMP
from indexer.metadata.texts import one_line

#: Longer than any list or caption that people write; some programs put whole documents there.
_MOST_KEYWORDS, _LONGEST_KEYWORD, _LONGEST_CAPTION = 500, 200, 5000
_PERCENT: Final = f"{{{MICROSOFT_PHOTO}}}Rating"
_TIFF_DESCRIPTION: Final = f"{{{TIFF}}}ImageDescription"
_COMMENT: Final = f"{{{EXIF}}}UserComment"
_TITLES: Final = (f"{{{DC}}}title", f"{{{PHOTOSHOP}}}Headline")
#: Captions that cameras write by themselves.
_CAMERA_CAPTION = re.compile(
    r"(OLYMPUS|SONY|SAMSUNG|SANYO|KODAK|MINOLTA|KONICA|Exif|NIKON|PENTAX|CASIO|DIGITAL)"
    r"[ _].{0,12}(CAMERA|DSC|CSC|PICTURE|JPEG)"
    # Names of files, and what libraries for scientific pictures write.
    r"|DCIM[\\/].*|<?untitled>?|default|\{\"shape\": .*\}|ImageJ=.*",
    re.IGNORECASE,
)
#: Captions that programs and telephones write by themselves, such as the names of Huawei's effects.
_PROGRAM_CAPTIONS: Final = frozenset(
    [
        *("Created by Imlib", "iClarified", "SAMSUNG", "<Digimax i5, Samsung #1>", "Exif_JPEG_PICTURE"),
        *("binary comment", "charset=Ascii", "x-default"),
        *(
            "btf",
            "btfhdr",
            "btfmdn",
            "btr",
            "burst",
            "cof",
            "dav",
            "edf",
            "fbt",
            "fbthdr",
            "frem",
            "frontbhdp",
            "fshbty",
        ),
        *("hdrpl", "mde", "mde_soft", "mon", "nor", "oznor", "oznorWO", "ptr", "qrf", "rbt", "rhdr", "rpt", "sdr_HDRB"),
    ]
)
#: The namespace in which this program records its own keywords. It is no address on the network.
_OURS: Final = "urn:uuid:bc916edb-b850-4761-ba58-e891f8140305#"


@dataclass(frozen=True, slots=True)
class Property:
    """An XMP property that this program reads and writes."""

    namespace: str
    prefix: str
    name: str

    @property
    def tag(self) -> str:
        """Its qualified name."""
        return f"{{{self.namespace}}}{self.name}"


@dataclass(frozen=True, slots=True)
class LanguageAlternative(Property):
    """An XMP property that holds one text in several languages."""


#: The caption; the one that this program wrote there; and the describer that gave it.
DESCRIPTION: Final = LanguageAlternative(DC, "dc", "description")
OWN_DESCRIPTION: Final = Property(_OURS, "photos", "description")
DESCRIPTION_BY: Final = Property(_OURS, "photos", "descriptionBy")
#: Stars; those that this program wrote there; and what another program had written there before.
RATING: Final = Property(XMP, "xmp", "Rating")
OWN_RATING: Final = Property(_OURS, "photos", "Rating")
FORMER_RATING: Final = Property(_OURS, "photos", "FormerRating")


@dataclass(frozen=True, slots=True)
class KeywordList(Property):
    """An XMP property that holds keywords. `kind` is its RDF container, "Bag" or "Seq".

    `separator` stands between the levels of a path from the general to the special.
    """

    kind: str
    separator: str | None = None

    @property
    def ours(self) -> KeywordList:
        """The list of those keywords that are labels written by this program."""
        return KeywordList(_OURS, "photos", self.name, "Bag")

    @property
    def copies(self) -> KeywordList:
        """The list of those keywords that this program copied here from elsewhere."""
        return KeywordList(_OURS, "photos", f"{self.name}Copies", "Bag")


#: Single words in no order; every level of a path is one of them.
SUBJECT: Final = KeywordList(DC, "dc", "subject", "Bag")
HIERARCHICAL: Final = KeywordList(LIGHTROOM, "lr", "hierarchicalSubject", "Bag", "|")
TAGS: Final = KeywordList(DIGIKAM, "digiKam", "TagsList", "Seq", "/")
WINDOWS: Final = KeywordList(MICROSOFT_PHOTO, "MicrosoftPhoto", "LastKeywordXMP", "Bag", "/")
#: All of them, the first to be read first.
LISTS: Final = (SUBJECT, HIERARCHICAL, TAGS, WINDOWS)


@dataclass(frozen=True, slots=True)
class Notes:
    """Rating, caption and keywords; `None`, or no keywords, if there are none.

    Where there is no `caption`, a `comment` serves as one, or else the `title`.
    """

    #: 1 to 5 stars, 0 for none, -1 for rejected.
    rating: int | None = None
    caption: str | None = None
    keywords: tuple[str, ...] = ()
    comment: str | None = None
    title: str | None = None

    def over(self, other: Notes) -> Notes:
        """These notes, with gaps filled from *other*."""
        return Notes(
            other.rating if self.rating is None else self.rating,
            self.caption or other.caption,
            self.keywords or other.keywords,
            self.comment or other.comment,
            self.title or other.title,
        )


def notes_of(xmp: Xmp) -> Notes:
    """The notes in XMP, without those that this program wrote: its tags, stars and captions are no notes of others."""
    keywords = [
        path.rsplit(each.separator, 1)[-1] if each.separator else path
        for each in LISTS
        for path in foreign_in(xmp, each)
    ]
    stars = rating_of(foreign_rating(*(xmp.text(each.tag) for each in (RATING, OWN_RATING, FORMER_RATING))))
    description, tiff, comment, *titles = (
        caption_of(foreign_caption(xmp, name)) for name in (DESCRIPTION.tag, _TIFF_DESCRIPTION, _COMMENT, *_TITLES)
    )
    return Notes(
        rating_of(xmp.text(_PERCENT), is_percent=True) if stars is None else stars,
        description or tiff,
        keywords_of(keywords),
        comment,
        next((title for title in titles if title is not None), None),
    )


def foreign_rating(stars: str | None, own: str | None, former: str | None) -> str | None:
    """The stars that other programs wrote, as written; None without any.

    *own* are the stars that this program wrote, and *former* those that it replaced. Others than its own are those of a
    program that came after it.
    """
    return former if own is not None and rating_of(stars) == rating_of(own) else stars


def foreign_caption(xmp: Xmp, name: str) -> str | None:
    """The text of a property that other programs wrote, as written, the one for everybody first; None without any.

    Some programs write one caption into several properties, so the caption that this program wrote counts in none.
    """
    own = caption_of(xmp.text(OWN_DESCRIPTION.tag))
    texts = xmp.languages(name)
    theirs = {language: text for language, text in texts.items() if own is None or caption_of(text) != own}
    return theirs.get(DEFAULT_LANGUAGE) or next(iter(theirs.values()), None)


def foreign_in(xmp: Xmp, each: KeywordList) -> list[str]:
    """The keywords of a list that other programs wrote, as written."""
    return foreign(_words_in(xmp, each), xmp.texts(each.ours.tag), xmp.texts(each.copies.tag))


def _words_in(xmp: Xmp, each: KeywordList) -> Sequence[str]:
    """The keywords of a list. Programs that write one as a plain text put commas or semicolons between them."""
    value = xmp.value(each.tag)
    if value is None or value.items:
        return xmp.texts(each.tag)
    return [word.strip() for word in re.split("[;,]", value.text) if word.strip()]


def rating_of(value: object, *, is_percent: bool = False) -> int | None:
    """Stars, -1 to 5; None if *value* is no rating. Windows writes 1, 25, 50, 75 and 99 percent."""
    try:
        number = float(value)  # type: ignore[arg-type]  # any value is tried
        if is_percent:
            return max(1, round(number / 25) + 1) if 0 < number <= 100 else None  # noqa: PLR2004 - percent
        number = round(number)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if -1 <= number <= 5 else None  # noqa: PLR2004 - five stars


def caption_of(value: str | None) -> str | None:
    """*value* on one line; None if there is nothing in it that a person wrote."""
    text = one_line((value or "")[:_LONGEST_CAPTION])
    if text is None or _CAMERA_CAPTION.fullmatch(text) or text in _PROGRAM_CAPTIONS:
        return None
    return text


def keywords_of(values: Iterable[str]) -> tuple[str, ...]:
    """Keywords in their order, each once, ignoring case."""
    found: dict[str, str] = {}
    for value in values:
        for part in _parts(value):
            text = one_line(part)
            if text is not None:
                found.setdefault(text.casefold(), text)
            if len(found) == _MOST_KEYWORDS:
                return tuple(found.values())
    return tuple(found.values())


def _parts(value: str) -> Iterable[str]:
    """*value*, a keyword; of a text too long to be one, the keywords that it lists, or its beginning."""
    text = value[: _MOST_KEYWORDS * _LONGEST_KEYWORD].strip()
    if len(text) <= _LONGEST_KEYWORD:
        return [text]
    separator = next((each for each in (";", "\n", ",", "|") if each in text), None)
    parts = [text] if separator is None else [part.strip() for part in text.split(separator)]
    # A single word of that length is none: it is data that some program keeps there.
    cut = [part if len(part) <= _LONGEST_KEYWORD else part[: _LONGEST_KEYWORD + 1].rpartition(" ")[0] for part in parts]
    return [part for part in cut if part]


def foreign(keywords: Sequence[str], ours: Collection[str], copies: Collection[str]) -> list[str]:
    """Keep those of *keywords* that other programs wrote.

    *ours* and *copies* are the keywords that this program wrote. Copies count as foreign once another program wrote
    into the list: it found them there, and left them.
    """
    labels, copied = set(ours), set(copies)
    has_foreign = any(word not in labels and word not in copied for word in keywords)
    return [word for word in keywords if word not in labels] if has_foreign else []
