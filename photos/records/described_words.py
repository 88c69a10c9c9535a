"""Words of descriptions, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypedDict

from photos.records.photos import rounded

if TYPE_CHECKING:
    from query.tagging import DescribedWord


class DescribedWordRecord(TypedDict):
    """A word of a describer: one of its labels, or a label's name in its caption."""

    word: Annotated[str, "The word or phrase; of a caption its words alone, in lower case."]
    state: Annotated[
        str,
        "`tag`; `unverified` if the photo's score for the label is too low, or not known yet; `rejected` by a person; "
        "or `unknown` if no label in force for the photo is called so.",
    ]
    label: Annotated[str | None, "The label that is called so, by its full name; null if there is none."]
    score: Annotated[float | None, "Cosine of the photo with the label; null if there is none."]
    probability: Annotated[float | None, "The model's probability for that; null if there is none."]


def described_word_record(found: DescribedWord) -> DescribedWordRecord:
    """Return the record of a word."""
    return {
        "word": found.word,
        "state": str(found.state),
        "label": found.label,
        "score": rounded(found.score),
        "probability": rounded(found.probability),
    }
