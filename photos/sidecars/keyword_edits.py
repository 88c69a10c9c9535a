"""Changes lists of keywords in an XMP packet and leaves every other byte of it as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape

from indexer.decode import KeywordList
from photos.errors import SidecarLeft

from .packet import RDF, Element, Packet, container_of

#: By which what is in an element stands further in than itself.
_STEP = " "


@dataclass(frozen=True, slots=True)
class Change:
    """What goes out of a list, wherever in it, and what comes to its end."""

    removed: AbstractSet[str] = frozenset()
    added: tuple[str, ...] = ()


class _Splice(NamedTuple):
    """The bytes from `start` to `end` become `new`."""

    start: int
    end: int
    new: str = ""


def edited(packet: Packet, changes: Mapping[KeywordList, Change]) -> bytes:
    """The packet's content with those *changes* of its lists.

    Raises `SidecarLeft` where a list is written in a way that nothing can be added to.
    """
    editor = _Editor(packet)
    for each, change in changes.items():
        editor.change(each, change)
    return packet.encoded(editor.outcome())


class _Editor:
    def __init__(self, packet: Packet) -> None:
        self._packet = packet
        self._splices: list[_Splice] = []
        #: Lists that the packet lacks, with their items.
        self._lacking: list[tuple[KeywordList, Sequence[str]]] = []
        self._line = "\r\n" if b"\r\n" in packet.body else "\n"

    def change(self, each: KeywordList, change: Change) -> None:
        waiting: Sequence[str] = change.added
        for described in self._packet.descriptions:
            waiting = self._change_attribute(described, each, change.removed, waiting)
            for held in self._packet.properties(described, each):
                waiting = self._change_property(held, each, change.removed, waiting)
        if waiting:
            self._lacking.append((each, waiting))

    def outcome(self) -> bytes:
        if self._lacking:
            self._insert_lists()
        body = self._packet.body
        for splice in sorted(self._splices, reverse=True):
            body = body[: splice.start] + splice.new.encode("utf-8") + body[splice.end :]
        return body

    def _change_attribute(
        self, described: Element, each: KeywordList, removed: AbstractSet[str], waiting: Sequence[str]
    ) -> Sequence[str]:
        """A single keyword may stand in an attribute, beside which there can be no list: it moves into one."""
        alone = described.attributes.get(each.tag)
        if alone is None or not (waiting or alone in removed):
            return waiting
        self._splices.append(_Splice(*self._packet.attribute(described, each.tag)))
        return waiting if alone in removed or not alone.strip() else [alone, *waiting]

    def _change_property(
        self, held: Element, each: KeywordList, removed: AbstractSet[str], waiting: Sequence[str]
    ) -> Sequence[str]:
        container = container_of(held)
        if container is not None:
            self._change_container(held, container, removed, waiting)
            return ()
        if held.text in removed:
            self._cut(held)
            return waiting
        if not waiting:
            return ()
        if held.children or held.attributes:
            raise SidecarLeft(f"its {each.prefix}:{each.name} is no list")
        values = [*([held.text] if held.text.strip() else []), *waiting]
        self._splices.append(_Splice(held.start, held.end, self._list(each, values, held, self._margin(held))))
        return ()

    def _change_container(
        self, held: Element, container: Element, removed: AbstractSet[str], waiting: Sequence[str]
    ) -> None:
        items = container.all("li")
        going = [item for item in items if not item.children and item.text in removed]
        if going and len(going) == len(container.children) and not waiting:
            self._cut(held)
            return
        for item in going:
            self._cut(item)
        if waiting:
            margin = self._margin(items[-1]) if items else self._further(self._margin(container))
            self._fill(container, "".join(margin + self._item(value, container) for value in waiting))

    def _insert_lists(self) -> None:
        packet = self._packet
        if not packet.descriptions:
            margin = self._further(self._margin(packet.rdf))
            name, declared = _named("rdf", "Description", RDF, packet.rdf)
            prefix = name.partition(":")[0]
            lists = self._lists(packet.rdf, self._further(margin))
            self._fill(packet.rdf, f'{margin}<{name}{declared} {prefix}:about="">{lists}{margin}</{name}>')
            return
        described = packet.descriptions[0]
        margin = self._margin(described.children[0]) if described.children else self._further(self._margin(described))
        self._fill(described, self._lists(described, margin))

    def _lists(self, around: Element, margin: str) -> str:
        return "".join(margin + self._list(each, values, around, margin) for each, values in self._lacking)

    def _list(self, each: KeywordList, values: Sequence[str], around: Element, margin: str) -> str:
        """The list as an element in *around*, whose own lines begin at *margin*."""
        name, declared = _named(each.prefix, each.name, each.namespace, around)
        kind, also = _named("rdf", each.kind, RDF, around, may_be_default=True)
        inner = self._further(margin)
        items = "".join(self._further(inner) + self._item(value, around) for value in values)
        return f"<{name}{declared}>{inner}<{kind}{also}>{items}{inner}</{kind}>{margin}</{name}>"

    def _item(self, value: str, around: Element) -> str:
        name, declared = _named("rdf", "li", RDF, around, may_be_default=True)
        return f"<{name}{declared}>{escape(value, {chr(13): '&#13;'})}</{name}>"

    def _fill(self, element: Element, new: str) -> None:
        """Put *new* at the end of what is in *element*."""
        if element.is_single:
            name = self._packet.written_name(element)
            start = self._packet.blank_before(element.inner - 2)
            self._splices.append(_Splice(start, element.inner, f">{new}{self._margin(element)}</{name}>"))
        else:
            place = max(element.inner, self._packet.blank_before(element.close))
            self._splices.append(_Splice(place, place, new))

    def _cut(self, element: Element) -> None:
        self._splices.append(_Splice(self._packet.blank_before(element.start), element.end))

    def _margin(self, element: Element) -> str:
        """The line feed and the blanks before *element*; nothing where it does not begin a line."""
        blank = self._packet.body[self._packet.blank_before(element.start) : element.start].decode()
        return self._line + blank.rpartition("\n")[2] if "\n" in blank else ""

    @staticmethod
    def _further(margin: str) -> str:
        return margin and margin + _STEP


def _named(prefix: str, name: str, namespace: str, around: Element, *, may_be_default: bool = False) -> tuple[str, str]:
    """A name as it is to be written in *around*, and the declaration of its prefix where there is none yet."""
    scope = around.scope
    if scope.get(prefix) == namespace:
        return f"{prefix}:{name}", ""
    if may_be_default and scope.get("") == namespace:
        return name, ""
    return f"{prefix}:{name}", f' xmlns:{prefix}="{namespace}"'
