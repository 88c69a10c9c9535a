"""Properties in XMP packets (ISO 16684-1), by qualified names: `{http://purl.org/dc/elements/1.1/}subject`.

Nothing is said here about their meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .namespaces import RDF, XML
from .xml_document import Element, parse_xml

_ROOT: Final = f"{{{RDF}}}RDF"
_ABOUT: Final = f"{{{RDF}}}about"
_ITEM: Final = f"{{{RDF}}}li"
_VALUE: Final = f"{{{RDF}}}value"
_RESOURCE: Final = f"{{{RDF}}}resource"
_CONTAINERS: Final = (f"{{{RDF}}}Bag", f"{{{RDF}}}Seq", f"{{{RDF}}}Alt")
_LANGUAGE: Final = f"{{{XML}}}lang"
#: The language of the text for everybody.
DEFAULT_LANGUAGE: Final = "x-default"


@dataclass(frozen=True, slots=True)
class XmpValue:
    """A value: a text, or items of a list or of alternatives, or fields of a structure by qualified names.

    Text is as written, blanks at its ends included. `language` is a tag of RFC 3066 in lower case, or empty.
    """

    text: str = ""
    language: str = ""
    items: tuple[XmpValue, ...] = ()
    fields: Mapping[str, XmpValue] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """Texts of the items, or the text itself; none of them is blank."""
        return tuple(each.text for each in self.items or (self,) if each.text.strip())

    @property
    def languages(self) -> Mapping[str, str]:
        """Texts by their languages, in their order; the first of several in one language."""
        found: dict[str, str] = {}
        for each in self.items or (self,):
            if each.text.strip():
                found.setdefault(each.language, each.text)
        return found


class Xmp:
    """Properties of one or several packets. Where several have a property, the first one counts."""

    def __init__(self, packets: Sequence[Sequence[Element]] = (), flaw: str | None = None) -> None:
        self._packets = packets
        #: The first flaw of the packets, as a clause; None without one.
        self.flaw = flaw

    def names(self) -> Iterator[str]:
        """Qualified names of the properties; some may come twice."""
        for packet in self._packets:
            for described in packet:
                yield from (name for name in described.attributes if name != _ABOUT)
                yield from (child.name for child in described.children)

    def value(self, name: str) -> XmpValue | None:
        """Value of the property; None if there is none. Lists that are written in several parts are joined."""
        for packet in self._packets:
            found = [value for described in packet for value in _values(described, name) if not _is_empty(value)]
            if any(each.items for each in found) and len(found) > 1:
                return XmpValue(items=tuple(item for each in found for item in each.items or (each,)))
            if found:
                return found[0]
        return None

    def text(self, name: str) -> str | None:
        """The property as one text: of alternatives the default, of a list the first; None if there is none."""
        value = self.value(name)
        if value is None:
            return None
        return value.languages.get(DEFAULT_LANGUAGE) or next(iter(value.texts), None)

    def texts(self, name: str) -> tuple[str, ...]:
        """Texts of a list, in their order; a property that is no list gives its one text."""
        value = self.value(name)
        return () if value is None else value.texts

    def languages(self, name: str) -> Mapping[str, str]:
        """Texts of a property by languages; the key is `x-default` for the default, and empty for no language."""
        value = self.value(name)
        return {} if value is None else value.languages

    def over(self, other: Xmp) -> Xmp:
        """These packets before those of *other*."""
        return Xmp([*self._packets, *other._packets], self.flaw or other.flaw)


def read_packets(*packets: bytes) -> Xmp:
    """Read *packets*, or contents of sidecars; an earlier one counts before a later one. Raises nothing."""
    found = Xmp()
    for packet in packets:
        document = parse_xml(packet)
        described = [descriptions(root) for root in document.walk() if root.name == _ROOT]
        found = found.over(Xmp(described, document.flaw))
    return found


def descriptions(root: Element) -> list[Element]:
    """Elements that hold the properties below *root*, an `rdf:RDF`."""
    return [child for child in root.children if child.name != _ITEM]


def _values(described: Element, name: str) -> Iterator[XmpValue]:
    if (attribute := described.attributes.get(name)) is not None:
        yield XmpValue(attribute)
    for child in described.children:
        if child.name == name:
            yield _value(child)


def _is_empty(value: XmpValue) -> bool:
    return not (value.text.strip() or value.items or value.fields)


def _value(element: Element, language: str = "") -> XmpValue:
    """Value of a property or an item. Its depth is that of the document, which is limited."""
    language = element.attributes.get(_LANGUAGE, language).lower()
    items = [item for container in element.all(*_CONTAINERS) for item in container.all(_ITEM)] or element.all(_ITEM)
    if items:
        return XmpValue("", language, tuple(_value(item) for item in items))
    if any(child.name in _CONTAINERS for child in element.children):
        return XmpValue("", language)
    nodes = [element, *(child for child in element.children if child.name == f"{{{RDF}}}Description")]
    for node in nodes:
        # A value with qualifiers, which say more about it.
        if (value := node.attributes.get(_VALUE)) is not None:
            return XmpValue(value, language)
        if qualified := node.all(_VALUE):
            return _value(qualified[0], node.attributes.get(_LANGUAGE, language))
    if (resource := element.attributes.get(_RESOURCE)) is not None:
        return XmpValue(resource, language)
    return XmpValue(element.text, language, (), _fields(nodes))


def _fields(nodes: Iterable[Element]) -> Mapping[str, XmpValue]:
    found: dict[str, XmpValue] = {}
    for node in nodes:
        for name, value in node.attributes.items():
            if not name.startswith((f"{{{RDF}}}", f"{{{XML}}}")):
                found.setdefault(name, XmpValue(value))
        for child in node.children:
            if child.name != f"{{{RDF}}}Description":
                found.setdefault(child.name, _value(child))
    return found
