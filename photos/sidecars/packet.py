"""XMP packets (ISO 16684-1: RDF as XML), parsed with the byte offset of each element.

A sidecar is changed by cutting and inserting at these offsets, so everything else in it stays byte for byte.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from indexer.decode import KeywordList
from photos.errors import SidecarLeft

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_BLANK: Final = b" \t\r\n"
#: Longer byte order marks first: the one of UTF-32 begins with the one of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']""")
_KNOWN: Final = {"utf-8": "utf-8", "us-ascii": "ascii", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}
#: Patterns for tags that expat has found to be well-formed.
_START: Final = re.compile(rb"""<([^\s/>]+)(?:[^"'>]++|"[^"]*"|'[^']*')*+>""")
_ATTRIBUTE: Final = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")


@dataclass(slots=True)
class Element:
    """An element: its start tag is at `start` to `inner`, its end tag at `close` to `end`.

    For a single tag, `close` equals `end`. Names are qualified: `{namespace}name`.
    """

    name: str
    start: int
    inner: int
    scope: Mapping[str, str]
    attributes: Mapping[str, str]
    close: int = 0
    end: int = 0
    #: Text directly in the element.
    text: str = ""
    children: list[Element] = field(default_factory=list)

    @property
    def is_single(self) -> bool:
        """True if it is written as `<name/>`."""
        return self.close == self.end

    def all(self, *names: str) -> list[Element]:
        """Child elements with one of these *names* of RDF."""
        wanted = {f"{{{RDF}}}{name}" for name in names}
        return [child for child in self.children if child.name in wanted]


class Packet:
    """A sidecar's content. Raises `SidecarLeft` if it is not XMP."""

    def __init__(self, content: bytes) -> None:
        self._mark, self._encoding, text = _decoded(content)
        #: Content in UTF-8; all offsets refer to it.
        self.body = text.encode("utf-8")
        self._root = _Parser(self.body.rstrip(b"\0" + _BLANK)).root
        found = next((each for each in _walk(self._root) if each.name == f"{{{RDF}}}RDF"), None)
        if found is None:
            raise SidecarLeft("it is not XMP")
        self.rdf = found
        self.descriptions = found.all("Description")

    def values(self, each: KeywordList) -> list[str]:
        """Items of the list, as written. Items with more than text are left out."""
        found: list[str] = []
        for described in self.descriptions:
            if (alone := described.attributes.get(each.tag, "")).strip():
                found.append(alone)
            for held in self.properties(described, each):
                container = container_of(held)
                if container is not None:
                    found += [item.text for item in container.all("li") if not item.children]
                elif not held.children and held.text.strip():
                    found.append(held.text)
        return found

    def properties(self, described: Element, each: KeywordList) -> list[Element]:
        """Elements that hold the list in one description; more than one breaks the rules of XMP."""
        return [child for child in described.children if child.name == each.tag]

    def attribute(self, element: Element, name: str) -> tuple[int, int]:
        """Start and end of the attribute with that qualified *name*, with the space before it."""
        tag = self.body[element.start : element.inner]
        for found in _ATTRIBUTE.finditer(tag):
            written = found[1].decode()
            if not _declares(written) and _qualified(written, element.scope, is_attribute=True) == name:
                return element.start + found.start(), element.start + found.end()
        raise AssertionError(name)

    def written_name(self, element: Element) -> str:
        """Name of an element as written, with its prefix."""
        found = _START.match(self.body, element.start)
        assert found is not None
        return found[1].decode()

    def blank_before(self, place: int) -> int:
        """Offset at which the blanks before *place* begin."""
        while place > 0 and self.body[place - 1] in _BLANK:
            place -= 1
        return place

    def encoded(self, body: bytes) -> bytes:
        """Encode *body*, UTF-8, in the encoding of the packet."""
        # Characters outside an old encoding are written as references.
        return self._mark + body.decode("utf-8").encode(self._encoding, "xmlcharrefreplace")


def container_of(held: Element) -> Element | None:
    """Bag, Seq or Alt of a property; None if it has none."""
    return next(iter(held.all("Bag", "Seq", "Alt")), None)


def _walk(element: Element) -> Iterator[Element]:
    pending = [element]
    while pending:
        first = pending.pop()
        yield first
        pending += reversed(first.children)


def _decoded(content: bytes) -> tuple[bytes, str, str]:
    """Byte order mark, encoding, and text."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", ""))
    if not encoding and (declared := _DECLARED.match(content)) is not None:
        encoding = _KNOWN.get(declared[1].decode().lower(), "")
        if not encoding:
            raise SidecarLeft(f"its encoding {declared[1].decode()} is not supported")
    if not encoding:
        encoding = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(content[:2], "utf-8")
    try:
        return mark, encoding, content[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        raise SidecarLeft(f"it is not text in {encoding.upper()}") from None


class _Parser:
    """Element tree of *body*, UTF-8, built by expat."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._open: list[Element] = []
        self._found: Element | None = None
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take_text
        self._parser.StartDoctypeDeclHandler = self._refuse
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            raise SidecarLeft(f"it is not well-formed XML (line {error.lineno})") from None

    @property
    def root(self) -> Element:
        """Outermost element."""
        assert self._found is not None
        return self._found

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        tag = _START.match(self._body, at)
        assert tag is not None
        scope: Mapping[str, str] = self._open[-1].scope if self._open else {"xml": _XML}
        if declared := _declared(attributes):
            scope = {**scope, **declared}
        own = {
            _qualified(key, scope, is_attribute=True): value for key, value in attributes.items() if not _declares(key)
        }
        element = Element(_qualified(name, scope), at, tag.end(), scope, own)
        if self._open:
            self._open[-1].children.append(element)
        elif self._found is None:
            self._found = element
        self._open.append(element)

    def _end(self, name: str) -> None:
        del name
        element = self._open.pop()
        at = self._parser.CurrentByteIndex
        is_single = self._body.endswith(b"/>", element.start, element.inner)
        element.close = element.inner if is_single else at
        element.end = element.inner if is_single else self._body.index(b">", at) + 1

    def _take_text(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text

    def _refuse(self, *declared: object) -> None:
        del declared
        # XMP has no document types: one is a mistake, or an attack by entity expansion.
        raise SidecarLeft("it has a document type, and XMP allows none")


def _declares(name: str) -> bool:
    return name == "xmlns" or name.startswith("xmlns:")


def _declared(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name.partition(":")[2]: uri for name, uri in attributes.items() if _declares(name)}


def _qualified(name: str, scope: Mapping[str, str], *, is_attribute: bool = False) -> str:
    prefix, _, local = name.rpartition(":")
    if not prefix and is_attribute:
        return local
    namespace = scope.get(prefix, None if prefix else "")
    if namespace is None:
        raise SidecarLeft(f"its prefix {prefix[:20]} is not declared")
    return f"{{{namespace}}}{local}" if namespace else local
