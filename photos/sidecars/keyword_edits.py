"""Edits of keyword lists and single values in an XMP packet. Every other byte stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from indexer.decode import KeywordList, LanguageAlternative, Property
from indexer.metadata import DEFAULT_LANGUAGE, RDF, Element
from photos.errors import SidecarLeft

from .packet import Packet, container_of, rdf

#: Indentation of an element within another.
_INDENT = " "
NO_VALUES: Final[Mapping[Property, str | None]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Change:
    """Items to remove from a list, wherever they are, and items to append."""

    removed: AbstractSet[str] = frozenset()
    added: tuple[str, ...] = ()


class _Splice(NamedTuple):
    """Replacement of the bytes from `start` to `end` by `new`."""

    start: int
    end: int
    new: str = ""


def edited(
    packet: Packet, changes: Mapping[KeywordList, Change], values: Mapping[Property, str | None] = NO_VALUES
) -> bytes:
    """Content of the packet after *changes* to its lists, with these *values* of other properties; None is no value.

    Raises `SidecarLeft` if a list is written in a form to which nothing can be added.
    """
    editor = _Editor(packet)
    for each, change in changes.items():
        editor.change(each, change)
    for single, value in values.items():
        editor.put(single, value)
    return packet.encoded(editor.result())


class _Editor:
    def __init__(self, packet: Packet) -> None:
        self._packet = packet
        self._splices: list[_Splice] = []
        #: Lists missing from the packet, with their items.
        self._missing: list[tuple[KeywordList, Sequence[str]]] = []
        #: Single values that are missing from the packet.
        self._new: list[tuple[Property, str]] = []
        self._line = "\r\n" if b"\r\n" in packet.body else "\n"

    def change(self, each: KeywordList, change: Change) -> None:
        pending: Sequence[str] = change.added
        for described in self._packet.descriptions:
            pending = self._change_attribute(described, each, change.removed, pending)
            for held in self._packet.properties(described, each):
                pending = self._change_property(held, each, change.removed, pending)
        if pending:
            self._missing.append((each, pending))

    def put(self, each: Property, value: str | None) -> None:
        """Give the property that single *value* wherever it is written, or delete it (None)."""
        is_there = False
        for described in self._packet.descriptions:
            if each.tag in described.attributes:
                start, end = self._packet.attribute(described, each.tag)
                name = self._packet.body[start:end].split(b"=", 1)[0].decode()
                # XMP allows alternatives in elements only.
                is_kept = value is not None and not isinstance(each, LanguageAlternative)
                self._splices.append(_Splice(start, end, f"{name}={quoteattr(value or '')}" if is_kept else ""))
                is_there = is_there or is_kept
            for held in self._packet.properties(described, each):
                if value is None:
                    self._delete(held)
                else:
                    new = self._single(each, value, described, self._margin(held))
                    self._splices.append(_Splice(held.start, held.end, new))
                is_there = True
        if not is_there and value is not None:
            self._new.append((each, value))

    def result(self) -> bytes:
        if self._missing or self._new:
            self._insert()
        body, at = self._packet.body, 0
        pieces: list[bytes] = []
        for splice in sorted(self._splices):
            pieces += [body[at : splice.start], splice.new.encode("utf-8")]
            at = splice.end
        return b"".join([*pieces, body[at:]])

    def _change_attribute(
        self, described: Element, each: KeywordList, removed: AbstractSet[str], pending: Sequence[str]
    ) -> Sequence[str]:
        """Move a keyword in an attribute into a list: XMP allows no list beside the attribute."""
        alone = described.attributes.get(each.tag)
        if alone is None or not (pending or alone in removed):
            return pending
        self._splices.append(_Splice(*self._packet.attribute(described, each.tag)))
        return pending if alone in removed or not alone.strip() else [alone, *pending]

    def _change_property(
        self, held: Element, each: KeywordList, removed: AbstractSet[str], pending: Sequence[str]
    ) -> Sequence[str]:
        container = container_of(held)
        if container is not None:
            self._change_container(held, container, removed, pending)
            return ()
        if held.text in removed:
            self._delete(held)
            return pending
        if not pending:
            return ()
        if held.children or held.attributes:
            raise SidecarLeft(f"its {each.prefix}:{each.name} is not a list")
        values = [*([held.text] if held.text.strip() else []), *pending]
        self._splices.append(_Splice(held.start, held.end, self._list(each, values, held, self._margin(held))))
        return ()

    def _change_container(
        self, held: Element, container: Element, removed: AbstractSet[str], pending: Sequence[str]
    ) -> None:
        items = container.all(rdf("li"))
        removed_items = [item for item in items if not item.children and item.text in removed]
        if removed_items and len(removed_items) == len(container.children) and not pending:
            self._delete(held)
            return
        for item in removed_items:
            self._delete(item)
        if pending:
            margin = self._margin(items[-1]) if items else self._indented(self._margin(container))
            self._fill(container, "".join(margin + self._item(value, container) for value in pending))

    def _insert(self) -> None:
        packet = self._packet
        if not packet.descriptions:
            margin = self._indented(self._margin(packet.rdf))
            name, declared = _named("rdf", "Description", RDF, packet.rdf)
            prefix = name.partition(":")[0]
            added = self._added(packet.rdf, self._indented(margin))
            self._fill(packet.rdf, f'{margin}<{name}{declared} {prefix}:about="">{added}{margin}</{name}>')
            return
        described = packet.descriptions[0]
        margin = self._margin(described.children[0]) if described.children else self._indented(self._margin(described))
        self._fill(described, self._added(described, margin))

    def _added(self, around: Element, margin: str) -> str:
        lists = (self._list(each, values, around, margin) for each, values in self._missing)
        single = (self._single(each, value, around, margin) for each, value in self._new)
        return "".join(margin + added for added in (*lists, *single))

    def _single(self, each: Property, value: str, around: Element, margin: str) -> str:
        if isinstance(each, LanguageAlternative):
            return self._container(each, "Alt", [self._item(value, around, DEFAULT_LANGUAGE)], around, margin)
        name, declared = _named(each.prefix, each.name, each.namespace, around)
        return f"<{name}{declared}>{escape(value)}</{name}>"

    def _list(self, each: KeywordList, values: Sequence[str], around: Element, margin: str) -> str:
        return self._container(each, each.kind, [self._item(value, around) for value in values], around, margin)

    def _container(self, each: Property, kind: str, items: Sequence[str], around: Element, margin: str) -> str:
        """The property as an element within *around* that holds *items*; its own lines begin at *margin*."""
        name, declared = _named(each.prefix, each.name, each.namespace, around)
        container, also = _named("rdf", kind, RDF, around, may_be_default=True)
        inner = self._indented(margin)
        lines = "".join(self._indented(inner) + item for item in items)
        return f"<{name}{declared}>{inner}<{container}{also}>{lines}{inner}</{container}>{margin}</{name}>"

    def _item(self, value: str, around: Element, language: str = "") -> str:
        name, declared = _named("rdf", "li", RDF, around, may_be_default=True)
        said = f' xml:lang="{language}"' if language else ""
        return f"<{name}{declared}{said}>{escape(value, {chr(13): '&#13;'})}</{name}>"

    def _fill(self, element: Element, new: str) -> None:
        """Insert *new* at the end of the content of *element*."""
        if element.is_single:
            name = self._packet.written_name(element)
            start = self._packet.blank_before(element.inner - 2)
            self._splices.append(_Splice(start, element.inner, f">{new}{self._margin(element)}</{name}>"))
        else:
            place = max(element.inner, self._packet.blank_before(element.close))
            self._splices.append(_Splice(place, place, new))

    def _delete(self, element: Element) -> None:
        self._splices.append(_Splice(self._packet.blank_before(element.start), element.end))

    def _margin(self, element: Element) -> str:
        """Line feed and blanks before *element*; empty if it does not begin a line."""
        blank = self._packet.body[self._packet.blank_before(element.start) : element.start].decode()
        return self._line + blank.rpartition("\n")[2] if "\n" in blank else ""

    @staticmethod
    def _indented(margin: str) -> str:
        return margin and margin + _INDENT


def _named(prefix: str, name: str, namespace: str, around: Element, *, may_be_default: bool = False) -> tuple[str, str]:
    """Qualified name for use within *around*, and a declaration of its prefix if it needs one."""
    scope = around.scope
    if scope.get(prefix) == namespace:
        return f"{prefix}:{name}", ""
    if may_be_default and scope.get("") == namespace:
        return name, ""
    return f"{prefix}:{name}", f' xmlns:{prefix}="{namespace}"'
