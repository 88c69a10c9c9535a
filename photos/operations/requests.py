"""Searches as they are asked and answered, whichever process does either. Imports only the standard library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self, cast

if TYPE_CHECKING:
    from photos.output.json_records import MatchRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What the user asks for. `words` are a query, see docs/searching.md; `directory` is where paths in it begin."""

    words: tuple[str, ...]
    directory: str
    top: int
    #: How many better ones are passed over.
    offset: int = 0
    #: "relevance" or "date".
    sort: str = "relevance"
    #: The cosine from which on a photo is found; none unless it is set.
    min_score: float | None = None
    #: Leave out what is no more than chance.
    stands_out: bool = False
    #: Near-duplicates and bursts count as one.
    group: bool = False
    #: Look at every photo, however many there are.
    exact: bool = False

    def record(self) -> dict[str, object]:
        """This as JSON holds it."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """What `record` gave. Raises `TypeError`, `KeyError` or `ValueError` if it is none."""
        request = cls(**{**record, "words": tuple(record["words"])})
        if not all(isinstance(text, str) for text in (*request.words, request.directory)):
            raise TypeError(request)
        if request.top < 1 or request.offset < 0:
            raise ValueError(request)
        return request


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarRequest:
    """What is to be like the picture file `image`, whose path, if it is relative, begins in `directory`."""

    image: str
    directory: str
    top: int
    #: Near-duplicates and bursts count as one.
    group: bool = False

    def record(self) -> dict[str, object]:
        """This as JSON holds it."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """What `record` gave. Raises `TypeError` or `ValueError` if it is none."""
        request = cls(**record)
        if not all(isinstance(text, str) for text in (request.image, request.directory)):
            raise TypeError(request)
        if request.top < 1:
            raise ValueError(request)
        return request


#: All that can be asked.
Request = SearchRequest | SimilarRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """What was found, in order. `of_text`: whether probabilities mean anything. `notes` are told beside it.

    `title` is the question as a heading has it. `reason` is a sentence on why nothing was found, where that is known.
    """

    matches: Sequence[MatchRecord]
    of_text: bool
    title: str = ""
    notes: tuple[str, ...] = ()
    reason: str | None = None

    def record(self) -> dict[str, object]:
        """This as JSON holds it."""
        return {
            "matches": list(self.matches),
            "of_text": self.of_text,
            "title": self.title,
            "notes": list(self.notes),
            "reason": self.reason,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """What `record` gave. Raises `KeyError` if it is none."""
        matches = cast("list[MatchRecord]", record["matches"])
        return cls(
            matches=matches,
            of_text=record["of_text"],
            title=record["title"],
            notes=tuple(record["notes"]),
            reason=record["reason"],
        )
