"""XML documents of XMP, parsed by expat into elements with byte offsets.

Broken documents are read as far as they can be understood, and their first flaw is kept: programs write undeclared
prefixes, control characters, bare `&`, wrong encodings and truncated packets. Only a document without a flaw may be
edited at the offsets.

Time and memory grow with the size alone: sizes, depth, and numbers of elements and attributes are limited, and elements
share the scopes of their prefixes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.entities import name2codepoint
from types import MappingProxyType
from typing import Final
from xml.parsers import expat
from xml.parsers.expat import errors

from .namespaces import PREFIXES, XML, canonical

#: Bytes. Programs that keep masks and drawings in XMP make some megabytes of it.
MAX_SIZE: Final = 16 << 20
#: Levels; structures of programs have up to 20.
_MAX_DEPTH: Final = 100
#: Development settings with many brush strokes have some 100,000 elements.
_MAX_ELEMENTS: Final = 250_000
#: A start tag is held whole, with all its attributes, before any limit could be checked.
_MAX_EQUALS_SIGNS: Final = 250_000
#: Characters. A qualified name contains the namespace, so a long one would be held many times.
_MAX_NAMESPACE: Final = 500
#: Documents in one packet: some programs append a packet instead of replacing it.
_MAX_DOCUMENTS: Final = 8
#: Mistakes that are mended; what comes after the next one is lost.
_MAX_MENDED: Final = 10_000
#: Attempts to read a document, each of which mends one tag; and the bytes and elements of all attempts together.
_MAX_ATTEMPTS: Final = 50
_MAX_READ: Final = 4 * MAX_SIZE
_MAX_BUILT: Final = 2 * _MAX_ELEMENTS
_BUFFER: Final = 1 << 16
_BLANK: Final = b" \t\r\n\0"

#: Longer byte order marks first: the one of UTF-32 begins with the one of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: First bytes of `<` in encodings with wider characters, and of a packet's own mark within them.
_WIDE: Final = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<\0\0\0", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<\0", "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']""")
#: Python's names of encodings that may be declared. Others, such as `idna`, are no encodings of documents.
_ENCODING: Final = re.compile(
    "ascii|utf-8|iso8859-[0-9]+|cp(125[0-8]|437|850|852|866|874|932|949)|koi8-[ru]|mac-roman|tis-620"
    "|shift_jis|euc_jp|iso2022_jp|gb2312|gbk|gb18030|big5|euc_kr"
)

#: A pattern for tags that expat has found to be well-formed.
_START: Final = re.compile(rb"""<[^\s/>]+(?:[^"'>]++|"[^"]*"|'[^']*')*+>""")
#: A name after `<`, or after the slash of an end tag.
_NAME: Final = re.compile(rb"[</]([^\s/>]+)")
_ATTRIBUTE: Final = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
#: Characters that XML does not allow, references that are none, and a `<` that begins nothing.
_MISTAKE: Final = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&(?!(?:amp|lt|gt|quot|apos);)(?:#(?P<number>x[0-9A-Fa-f]{1,6}|[0-9]{1,7});|(?P<name>[A-Za-z]\w{1,9});)?"
    r"|<(?![^\W\d]|[:/?!])"
)
#: A comment, an instruction, or a start tag, however broken. Its parts are bounded, or end at a mark that they contain.
_BROKEN_TAG: Final = re.compile(
    rb"""<(?:[!?](?!DOCTYPE)[^<>]{0,4096}>|(?P<name>[A-Za-z_:][\w:.\-]*)(?P<rest>(?:[^"'<>]++|"[^"]*"|'[^']*')*+)>)"""
)
_BROKEN_ATTRIBUTE: Final = re.compile(
    rb"""(?<![\w:.\-])([A-Za-z_:][\w:.\-]*)\s{0,100}=\s{0,100}(?:"([^"]*)"|'([^']*)'|([^\s"'<>/]+))"""
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Prefixes that an element declares, within the scope around it."""

    declared: Mapping[str, str]
    around: Scope | None = None

    def get(self, prefix: str) -> str | None:
        """Namespace of *prefix* as declared; None if it is not. The empty prefix is the default namespace."""
        scope: Scope | None = self
        while scope is not None:
            if (found := scope.declared.get(prefix)) is not None:
                return found
            scope = scope.around
        return None


@dataclass(slots=True)
class Element:
    """An element: its start tag is at `start` to `inner`, its end tag at `close` to `end`, in bytes of the body.

    For a single tag, `close` equals `end`. Names are qualified: `{namespace}name`. An undeclared prefix stands for
    itself.
    """

    name: str
    start: int
    inner: int
    scope: Scope
    attributes: Mapping[str, str]
    close: int = 0
    end: int = 0
    #: Text directly in the element; empty for blanks around children.
    text: str = ""
    children: Sequence[Element] = ()

    @property
    def is_single(self) -> bool:
        """True if it is written as `<name/>`."""
        return self.close == self.end

    def all(self, *names: str) -> list[Element]:
        """Child elements with one of these qualified *names*."""
        return [child for child in self.children if child.name in names]

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in their order."""
        pending = [self]
        while pending:
            first = pending.pop()
            yield first
            pending += reversed(first.children)


@dataclass(frozen=True, slots=True)
class Document:
    """Elements of XML, and the first `flaw` as a clause: "it is not well-formed XML (line 3)"; None without one.

    Offsets in elements refer to `body`, the text in UTF-8. A broken document can have several `roots`, or none.
    """

    mark: bytes
    encoding: str
    body: bytes
    roots: tuple[Element, ...]
    flaw: str | None

    def walk(self) -> Iterator[Element]:
        """All elements in their order."""
        for root in self.roots:
            yield from root.walk()

    def attribute(self, element: Element, name: str) -> tuple[int, int]:
        """Start and end of the attribute with that qualified *name*, with the space before it. Raises `KeyError`."""
        tag = self.body[element.start : element.inner]
        for found in _ATTRIBUTE.finditer(tag):
            written = found[1].decode()
            if not _declares(written) and _qualified_attribute(written, element.scope) == name:
                return element.start + found.start(), element.start + found.end()
        raise KeyError(name)

    def encoded(self, body: bytes) -> bytes:
        """Encode *body*, UTF-8, in the encoding of the document."""
        # Characters outside an old encoding are written as references.
        return self.mark + body.decode("utf-8").encode(self.encoding, "xmlcharrefreplace")


def parse_xml(content: bytes) -> Document:
    """Parse *content*, of a file or a picture. Raises nothing because of it.

    A document type ends it, since XMP has none: one is a mistake, or an attack by entity expansion.
    """
    if len(content) > MAX_SIZE:
        return Document(b"", "utf-8", b"", (), f"it has more than {MAX_SIZE >> 20} MB")
    mark, encoding, text, flaw = _decoded(content)
    body = text.encode("utf-8", "replace")
    if body.count(b"=") > _MAX_EQUALS_SIGNS:
        return Document(mark, encoding, body, (), "it has too many attributes")
    reader = _Reader(body)
    reader.read()
    return Document(mark, encoding, reader.body, tuple(reader.roots), flaw or reader.flaw)


def _decoded(content: bytes) -> tuple[bytes, str, str, str | None]:
    """Byte order mark, encoding, text and flaw."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", ""))
    flaw = None
    if not encoding:
        encoding = next((name for start, name in _WIDE if content.startswith(start)), "")
    if not encoding and (declared := _DECLARED.match(content)) is not None:
        encoding = _known(declared[1].decode())
        if not encoding:
            flaw = f"its encoding {declared[1].decode()} is not supported"
    encoding = encoding or "utf-8"
    written = content[len(mark) :]
    # Padding of packets counts in bytes, and may end within a character.
    if excess := len(written) % {"utf-16": 2, "utf-32": 4}.get(encoding[:6], 1):
        written, flaw = written[:-excess], f"it is not text in {encoding.upper()}"
    try:
        text = written.decode(encoding)
    except UnicodeDecodeError:
        return mark, encoding, _decoded_badly(written, encoding), f"it is not text in {encoding.upper()}"
    if flaw is None and not encoding.startswith("utf-") and text.encode(encoding, "replace") != written:
        flaw = f"its encoding {encoding} has several forms of one text"
    return mark, encoding, text, flaw


def _known(declared: str) -> str:
    """Python's name of a *declared* encoding; empty if it is not supported."""
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        return ""
    if name.startswith(("utf-16", "utf-32")):
        # The declaration could be read byte by byte, so that is not true.
        return "utf-8"
    return {"iso8859-1": "latin-1"}.get(name, name) if _ENCODING.fullmatch(name) else ""


def _decoded_badly(written: bytes, encoding: str) -> str:
    if encoding != "utf-8":
        return written.decode(encoding, "replace")
    # Single bytes of Windows-1252 in between come from programs that joined two texts.
    return written.decode("utf-8", "surrogateescape").translate(_ESCAPED)


#: Bytes that are no UTF-8, as Python's `surrogateescape` marks them, and what they are in Windows-1252.
_ESCAPED: Final = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


class _Reader:
    """Roots of the documents in *body*. The body is repaired where it is not well-formed."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.roots: list[Element] = []
        self.flaw: str | None = None
        #: What is tried once each, in this order.
        self._repairs = [_without_mistakes, _with_whole_tags]
        self._attempts = self._built = 0

    def read(self) -> None:
        at = self._next(0)
        # Each attempt is linear, and together they are bounded.
        while at is not None:
            self._attempts += 1
            tree = _Tree(self.body, at)
            error = tree.parse()
            self._built += tree.count
            self._note(tree.flaw)
            if tree.is_refused:
                return
            if error is not None and not tree.is_complete:
                self._note(f"it is not well-formed XML (line {self._line(at + error.offset)})")
                if self._repair(error, at):
                    self.roots.clear()
                    at = self._next(0)
                    continue
            if tree.root is not None:
                self.roots.append(tree.root)
            if error is None or not tree.is_complete or len(self.roots) == _MAX_DOCUMENTS:
                return
            at = self._next(at + error.offset)

    def _next(self, start: int) -> int | None:
        """Offset of the next tag; None if there is none."""
        at = self.body.find(b"<", start)
        skipped = self.body[start : at if at >= 0 else len(self.body)].removeprefix(codecs.BOM_UTF8)
        if skipped.strip(_BLANK) or (at < 0 and not self.roots):
            self._note(f"it is not well-formed XML (line {self._line(max(at, 0))})")
        elif at >= 0 and self.roots:
            self._note("it has more than one document")
        return at if at >= 0 else None

    def _repair(self, error: _Error, at: int) -> bool:
        """Change the body so that another attempt can come further; False if there is no way."""
        is_costly = self._attempts * len(self.body) > _MAX_READ or self._built > _MAX_BUILT
        if is_costly or self._attempts >= _MAX_ATTEMPTS:
            return False
        if error.code == _DOUBLED:
            return self._remove_doubled(at + error.offset)
        if error.code == _MISMATCH:
            return self._close(at + error.offset, error.unclosed)
        before = self.body
        while self._repairs and self.body == before:
            self.body = self._repairs.pop(0)(before)
        return self.body != before

    def _remove_doubled(self, doubled: int) -> bool:
        """Remove attributes that come again in the tag with the one at offset *doubled*."""
        found = _START.match(self.body, self.body.rfind(b"<", 0, doubled + 1))
        if found is None:
            return False
        seen: set[bytes] = set()

        def once(attribute: re.Match[bytes]) -> bytes:
            is_first = attribute[1] not in seen
            seen.add(attribute[1])
            return attribute[0] if is_first else b""

        tag = _ATTRIBUTE.sub(once, found[0])
        self.body = self.body[: found.start()] + tag + self.body[found.end() :]
        return tag != found[0]

    def _close(self, wrong: int, unclosed: Sequence[int]) -> bool:
        """Make text of a start tag without an end, such as `<br>`, or else of the end tag near the offset *wrong*."""
        end = self.body.rfind(b"</", 0, wrong + 2)
        if end < 0 or not unclosed:
            return False
        names = [found[1] for start in unclosed if (found := _NAME.match(self.body, start))]
        closed = _NAME.match(self.body, end + 1)
        is_around = closed is not None and closed[1] in names[:-1]
        at = unclosed[-1] if is_around else end
        self.body = self.body[:at] + b"&lt;" + self.body[at + 1 :]
        return True

    def _note(self, flaw: str | None) -> None:
        self.flaw = self.flaw or flaw

    def _line(self, offset: int) -> int:
        return self.body.count(b"\n", 0, offset) + 1


def _without_mistakes(body: bytes) -> bytes:
    return _MISTAKE.sub(_mended, body.decode("utf-8"), _MAX_MENDED).encode("utf-8", "replace")


def _with_whole_tags(body: bytes) -> bytes:
    """*body* with start tags written anew, of their attributes, and without comments and instructions."""
    return _BROKEN_TAG.sub(_whole_tag, body)


def _whole_tag(tag: re.Match[bytes]) -> bytes:
    if tag["name"] is None:
        return b" "
    rest = tag["rest"]
    attributes = (
        b' %s="%s"'
        % (found[1], (found[2] or found[3] or found[4] or b"").replace(b"<", b"&lt;").replace(b'"', b"&quot;"))
        for found in _BROKEN_ATTRIBUTE.finditer(rest)
    )
    return b"".join((b"<", tag["name"], *attributes, b"/>" if rest.rstrip().endswith(b"/") else b">"))


def _mended(mistake: re.Match[str]) -> str:
    written = mistake[0]
    if written == "<":
        return "&lt;"
    if not written.startswith("&"):
        return " "
    if number := mistake["number"]:
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        return written if _is_allowed(code) else " "
    if name := mistake["name"]:
        return chr(name2codepoint[name]) if name in name2codepoint else f"&amp;{written[1:]}"
    return "&amp;" + written[1:]


def _is_allowed(code: int) -> bool:
    """Return whether XML 1.0 allows that character."""
    if code < 0x20:  # noqa: PLR2004 - control characters
        return code in {0x9, 0xA, 0xD}
    return code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF  # noqa: PLR2004 - ranges of XML


@dataclass(frozen=True, slots=True)
class _Error:
    """Error of expat: its code, its offset from where parsing began, and where the tags begin that have no end yet."""

    code: int
    offset: int
    unclosed: tuple[int, ...] = ()


_DOUBLED: Final = errors.codes[errors.XML_ERROR_DUPLICATE_ATTRIBUTE]
_MISMATCH: Final = errors.codes[errors.XML_ERROR_TAG_MISMATCH]


_NO_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType({})


class _Stop(Exception):
    """End of parsing at a limit."""


class _Tree:
    """Tree of the document in *body* that begins at *at*."""

    def __init__(self, body: bytes, at: int) -> None:
        self._body = body
        self._at = at
        self._open: list[Element] = []
        #: Their texts and children so far.
        self._texts: list[list[str]] = []
        self._children: list[list[Element]] = []
        #: Elements so far.
        self.count = 0
        #: Namespaces by prefixes, here and now, and what to put back when elements end.
        self._namespaces: dict[str, str | None] = {"xml": XML}
        self._changed: list[Mapping[str, str | None]] = []
        self._names: dict[tuple[str, str], str] = {}
        self.root: Element | None = None
        #: True once the root has ended.
        self.is_complete = False
        self.is_refused = False
        self.flaw: str | None = None
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.buffer_size = _BUFFER
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take_text
        parser.StartDoctypeDeclHandler = self._refuse

    def parse(self) -> _Error | None:
        """Parse. Returns the error if it is not well-formed to its end; elements before it are there."""
        try:
            self._parser.Parse(memoryview(self._body)[self._at :], True)
        except expat.ExpatError as error:
            found = _Error(error.code, self._parser.ErrorByteIndex, tuple(element.start for element in self._open))
            self._cut()
            return found
        except _Stop:
            self._cut()
        finally:
            # It refers to this tree, and the two would be freed late.
            del self._parser
        return None

    def _start(self, written: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > _MAX_ELEMENTS or len(self._open) == _MAX_DEPTH:
            self.flaw = self.flaw or (
                "it has too many elements" if self.count > _MAX_ELEMENTS else f"it has more than {_MAX_DEPTH} levels"
            )
            raise _Stop
        at = self._at + self._parser.CurrentByteIndex
        tag = _START.match(self._body, at)
        assert tag is not None
        scope = self._open[-1].scope if self._open else _OUTERMOST
        changed: Mapping[str, str | None] = {}
        if declared := _declared(attributes):
            scope = Scope(declared, scope)
            changed = {prefix: self._namespaces.get(prefix) for prefix in declared}
            self._namespaces.update((prefix, self._checked(uri)) for prefix, uri in declared.items())
        own = {self._qualified(key, ""): value for key, value in attributes.items() if not _declares(key)}
        default = self._namespaces.get("") or ""
        element = Element(self._qualified(written, default), at, tag.end(), scope, own or _NO_ATTRIBUTES)
        if self._open:
            self._children[-1].append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])
        self._children.append([])
        self._changed.append(changed)

    def _end(self, name: str) -> None:
        del name
        element = self._leave()
        at = self._at + self._parser.CurrentByteIndex
        is_single = self._body.endswith(b"/>", element.start, element.inner)
        element.close = element.inner if is_single else at
        element.end = element.inner if is_single else self._body.index(b">", at) + 1
        self.is_complete = not self._open

    def _leave(self) -> Element:
        element = self._open.pop()
        text = "".join(self._texts.pop())
        # Most elements have none, and there can be many.
        element.children = self._children.pop() or ()
        element.text = text if not element.children or text.strip() else ""
        self._namespaces.update(self._changed.pop())
        return element

    def _cut(self) -> None:
        """End the elements that are open. The innermost is dropped if it has text: that may lack its end."""
        if len(self._open) > 1 and not self._children[-1] and any(self._texts[-1]):
            self._children[-2].pop()
        while self._open:
            self._leave()

    def _take_text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _refuse(self, *declared: object) -> None:
        del declared
        self.flaw = self.flaw or "it has a document type, and XMP allows none"
        self.is_refused = True
        raise _Stop

    def _checked(self, namespace: str) -> str:
        if len(namespace) > _MAX_NAMESPACE:
            self.flaw = self.flaw or "it has too long a namespace"
        return canonical(namespace[:_MAX_NAMESPACE])

    def _qualified(self, written: str, default: str) -> str:
        prefix, _, local = written.rpartition(":")
        namespace = self._namespaces.get(prefix) if prefix else default
        if namespace is None:
            self.flaw = self.flaw or f"its prefix {prefix[:20]} is not declared"
            namespace = PREFIXES.get(prefix, prefix[:_MAX_NAMESPACE])
        # The same few names are held once.
        key = namespace, local
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"{{{namespace}}}{local}" if namespace else local
        return name


def _declares(name: str) -> bool:
    return name == "xmlns" or name.startswith("xmlns:")


def _declared(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name.partition(":")[2]: uri for name, uri in attributes.items() if _declares(name)}


def _qualified_attribute(written: str, scope: Scope) -> str:
    prefix, _, local = written.rpartition(":")
    return f"{{{canonical(scope.get(prefix) or '')}}}{local}" if prefix else local


_OUTERMOST: Final = Scope({"xml": XML})
