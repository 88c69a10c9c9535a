"""The lists of keywords in XMP: what they are called, and how a path from the general to the special is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

#: The namespace in which this program notes what it wrote. It names nothing on the network.
_OURS: Final = "urn:uuid:bc916edb-b850-4761-ba58-e891f8140305#"


@dataclass(frozen=True, slots=True)
class KeywordList:
    """A property that holds keywords: in RDF a `kind`, "Bag" or "Seq"; `parting` stands between levels of a path."""

    namespace: str
    prefix: str
    name: str
    kind: str
    parting: str | None = None

    @property
    def tag(self) -> str:
        """Its name in full, as ElementTree has it."""
        return f"{{{self.namespace}}}{self.name}"

    @property
    def ours(self) -> KeywordList:
        """The list that says which of these keywords are labels that this program wrote."""
        return KeywordList(_OURS, "photos", self.name, "Bag")

    @property
    def copies(self) -> KeywordList:
        """The list that says which of these keywords this program copied here from elsewhere."""
        return KeywordList(_OURS, "photos", f"{self.name}Copies", "Bag")


def foreign(held: Sequence[str], ours: Collection[str], copies: Collection[str]) -> list[str]:
    """What of a list that is *held* others wrote.

    Copies count once another program wrote into the list: it found them there, and left them.
    """
    strangers = any(word not in ours and word not in copies for word in held)
    return [word for word in held if word not in ours] if strangers else []


#: Words, without an order; of paths, every level.
SUBJECT: Final = KeywordList("http://purl.org/dc/elements/1.1/", "dc", "subject", "Bag")
HIERARCHICAL: Final = KeywordList("http://ns.adobe.com/lightroom/1.0/", "lr", "hierarchicalSubject", "Bag", "|")
TAGS: Final = KeywordList("http://www.digikam.org/ns/1.0/", "digiKam", "TagsList", "Seq", "/")
WINDOWS: Final = KeywordList("http://ns.microsoft.com/photo/1.0/", "MicrosoftPhoto", "LastKeywordXMP", "Bag", "/")
