"""XMP packets of sidecars, with the byte offset of each element.

A sidecar is changed by cutting and inserting at these offsets, so everything else in it stays byte for byte.
"""

from __future__ import annotations

import re
from typing import Final

from indexer.decode import KeywordList, LanguageAlternative, Property
from indexer.metadata import RDF, Element, Xmp, descriptions, parse_xml
from photos.errors import SidecarLeft

_BLANK: Final = b" \t\r\n"
#: A pattern for the start of a tag that is well-formed.
_NAME: Final = re.compile(rb"<([^\s/>]+)")


class Packet:
    """A sidecar's content. Raises `SidecarLeft` if it is not XMP, or XMP with a mistake."""

    def __init__(self, content: bytes) -> None:
        self._document = document = parse_xml(content)
        if document.flaw is not None:
            raise SidecarLeft(document.flaw)
        #: Content in UTF-8; all offsets refer to it.
        self.body = document.body
        found = next((each for each in document.walk() if each.name == rdf("RDF")), None)
        if found is None:
            raise SidecarLeft("it is not XMP")
        self.rdf = found
        self.descriptions = found.all(rdf("Description"))

    def values(self, each: KeywordList) -> list[str]:
        """Items of the list, as written. Items with more than text are left out."""
        found: list[str] = []
        for described in self.descriptions:
            if (alone := described.attributes.get(each.tag, "")).strip():
                found.append(alone)
            for held in self.properties(described, each):
                container = container_of(held)
                if container is not None:
                    found += [item.text for item in container.all(rdf("li")) if not item.children]
                elif not held.children and held.text.strip():
                    found.append(held.text)
        return found

    def text(self, each: Property) -> str | None:
        """The property as one text, as written; None if there is none, or it has no text."""
        if isinstance(each, LanguageAlternative):
            return self.xmp.text(each.tag)
        for described in self.descriptions:
            values = (described.attributes.get(each.tag, ""), *map(_text, self.properties(described, each)))
            if (found := next((value for value in values if value.strip()), None)) is not None:
                return found
        return None

    @property
    def xmp(self) -> Xmp:
        """All properties of the packet, as its readers see them."""
        return Xmp([descriptions(self.rdf)])

    def properties(self, described: Element, each: Property) -> list[Element]:
        """Elements that hold the property in one description; more than one breaks the rules of XMP."""
        return described.all(each.tag)

    def attribute(self, element: Element, name: str) -> tuple[int, int]:
        """Start and end of the attribute with that qualified *name*, with the space before it."""
        return self._document.attribute(element, name)

    def written_name(self, element: Element) -> str:
        """Name of an element as written, with its prefix."""
        found = _NAME.match(self.body, element.start)
        assert found is not None
        return found[1].decode()

    def blank_before(self, place: int) -> int:
        """Offset at which the blanks before *place* begin."""
        while place > 0 and self.body[place - 1] in _BLANK:
            place -= 1
        return place

    def encoded(self, body: bytes) -> bytes:
        """Encode *body*, UTF-8, in the encoding of the packet."""
        return self._document.encoded(body)


def _text(held: Element) -> str:
    """Text of a property. One with qualifiers has it in `rdf:value`."""
    qualified = (each for node in (held, *held.all(rdf("Description"))) for each in node.all(rdf("value")))
    return held.attributes.get(rdf("value")) or next((each.text for each in qualified), held.text)


def rdf(name: str) -> str:
    """Qualified name of an element of RDF."""
    return f"{{{RDF}}}{name}"


def container_of(held: Element) -> Element | None:
    """Bag, Seq or Alt of a property; None if it has none."""
    return next(iter(held.all(rdf("Bag"), rdf("Seq"), rdf("Alt"))), None)
