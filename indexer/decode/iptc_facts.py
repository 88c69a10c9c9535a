"""Facts in IPTC IIM (version 4.2): dates, captions, titles and keywords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from indexer.metadata import iptc_in
from indexer.metadata.dates import Moment, read_date
from indexer.metadata.texts import decoded
from store import DateSource

from .notes import Notes, caption_of, keywords_of
from .source import Source

_KEYWORDS: Final = (2, 25)
_CAPTION: Final = (2, 120)
#: ObjectName, and Headline.
_TITLES: Final = ((2, 5), (2, 105))
#: Dates, each with the time of that day.
_DATES: Final = {
    DateSource.IPTC_CREATED: ((2, 55), (2, 60)),
    DateSource.IPTC_DIGITIZED: ((2, 62), (2, 63)),
}


def iptc_source(image: object) -> Source:
    """The facts in IPTC of an open picture; empty if they cannot be read."""
    texts = {key: [decoded(item) for item in items] for key, items in iptc_in(image).items()}
    titles = (caption_of(text) for key in _TITLES for text in texts.get(key, [])[:1])
    notes = Notes(
        caption=caption_of("".join(texts.get(_CAPTION, [])[:1])),
        keywords=keywords_of(texts.get(_KEYWORDS, [])),
        title=next((title for title in titles if title is not None), None),
    )
    return Source(_dates(texts), notes=notes)


def _dates(texts: Mapping[tuple[int, int], list[str]]) -> dict[DateSource, Moment]:
    found: dict[DateSource, Moment] = {}
    for source, keys in _DATES.items():
        moment = read_date(" ".join(text.strip() for key in keys for text in texts.get(key, [])[:1]))
        # Without a date, the digits of a time look like one.
        if moment is not None and keys[0] in texts:
            found[source] = moment
    return found
