"""Stress of the reader of XMP: random damage, and packets that are made to cost time and memory."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

from indexer.metadata import read_packets
from indexer.workers.bounded_calls import BoundedCalls, CallFailed
from photos.errors import SidecarLeft
from tests.indexer.metadata.packets import bag, packet, rated
from tests.photos.sidecars.packets import ADOBE, DARKTABLE, merge

LABELS = {"dog": ["animal"], "animal": []}
TOKENS = (
    *(b"<", b">", b"&", b"&#0;", b"&#xD800;", b"<!DOCTYPE a [", b"<!ENTITY", b"]]>", b"<![CDATA[", b"<!--", b"-->"),
    *(b"<?", b"?>", b"xmlns:", b'="', b"'", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"<rdf:li>", b"</rdf:li>"),
    *(b"<rdf:Bag>", b'rdf:parseType="Resource"', b"<rdf:value>", b'xml:lang="x"', b'encoding="utf-16"', b"<br>"),
)
#: Bytes of address space that a call may take, and seconds.
MEMORY, LONGEST = 1 << 30, 60.0
#: Bytes by which the process may grow after the first tenth of the trial.
GROWTH = 32 << 20

#: Packets of about *size* bytes.
HOSTILE: dict[str, Callable[[int], str]] = {
    "nested namespaces": lambda size: packet(
        "".join(f'<a xmlns:p{n}="u{n}">' for n in range(size // 26)) + "</a>" * (size // 26)
    ),
    "declared namespaces": lambda size: packet("".join(f'<a xmlns:p{n}="u{n}"/>' for n in range(size // 27))),
    "a long namespace": lambda size: packet("<p:a/>" * (size // 12), f'xmlns:p="{"u" * (size // 2)}"'),
    "attributes": lambda size: packet("<a " + " ".join(f'a{n}=""' for n in range(size // 11)) + "/>"),
    "elements": lambda size: packet("<a></a>" * (size // 7)),
    "a long list": lambda size: packet(bag("dc:subject", *(f"word {n}" for n in range(size // 31)))),
    "levels": lambda size: packet("<a>" * (size // 3)),
    "text": lambda size: packet(f"<a>{'x' * size}</a>"),
    "bare ampersands": lambda size: packet(f"<a>{'& ' * (size // 2)}</a>"),
    "control characters": lambda size: packet("<a>" + "\x01" * size + "</a>"),
    "tags without an end": lambda size: packet("<br>" * (size // 4)),
    "ends without a tag": lambda size: packet("<a></a>" * (size // 8) + "</b>" * 50),
    "comments without an end": lambda size: packet("<!--" * (size // 4)),
    "quotes": lambda size: packet("<a " + "\"'" * (size // 2)),
    "documents": lambda size: "<a/>" * (size // 4),
    "a document type": lambda size: f'<!DOCTYPE a [<!ENTITY b "{"x" * size}">]><a>&b;</a>',
}


def packets(_: Path, times: int) -> str:
    """Damage packets at random, read them, and merge labels into those that are whole."""
    seeds = [ADOBE.encode(), DARKTABLE.encode(), rated("K\xe4tz&amp;chen").encode(), rated().encode("utf-16")]
    chance = random.Random(1)
    slowest, merged, start = 0.0, 0, 0
    for number in range(times):
        content = _damaged(chance.choice(seeds), chance)
        began = time.process_time()
        _read(content)
        merged += _merge(content)
        slowest = max(slowest, time.process_time() - began)
        if number == times // 10:
            start = _memory()
    grown = _memory() - start
    assert grown < GROWTH, grown
    return f"{times} packets read, {merged} of them merged; the slowest took {slowest:.2f} s, grown by {grown >> 20} MB"


def hostile(_: Path, megabytes: int) -> str:
    """Read packets of many megabytes that are made to cost much, and merge labels into them, in a limited process."""
    slowest = (0.0, "")
    with BoundedCalls(longest=LONGEST, most_memory=MEMORY) as calls:
        for name, make in HOSTILE.items():
            content = make(megabytes << 20).encode()
            result = calls.call(_read_and_merge, content)
            assert not isinstance(result, CallFailed), (name, result)
            slowest = max(slowest, (result, name))
    took, name = slowest
    return f"{len(HOSTILE)} packets of {megabytes} MB within {MEMORY >> 20} MB; the slowest, {name}, took {took:.1f} s"


def _read_and_merge(content: bytes) -> float:
    began = time.process_time()
    _read(content)
    _merge(content)
    return time.process_time() - began


def _read(content: bytes) -> None:
    xmp = read_packets(content)
    for name in set(xmp.names()):
        xmp.languages(name)


def _merge(content: bytes) -> bool:
    try:
        new = merge(content, LABELS)
    except SidecarLeft:
        return False
    assert new is None or merge(new.content, LABELS) is None
    return True


def _damaged(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice([0, 1, 1, 2, 4, 10, 40])):
        at = chance.randrange(len(damaged) + 1)
        end = at + chance.choice([0, 0, 1, 5, 60])
        other = chance.randrange(len(damaged) + 1)
        damaged[at:end] = chance.choice(
            [
                chance.choice(TOKENS) * chance.choice([1, 1, 3, 50]),
                chance.randbytes(chance.randrange(6)),
                damaged[other : other + chance.randrange(400)],
            ]
        )
    return bytes(damaged)


def _memory() -> int:
    """Most bytes that the process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
