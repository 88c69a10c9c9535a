"""Which files of a directory belong to another one: RAW files, live videos, sidecars, originals of edited pictures.

Pairs are found by name, as cameras and programs make them. What a file holds still decides whether it is a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: Pictures that everything shows, best first: of several with one name, the others' companions go to the first.
_SHOWN: Final = (b"jpg", b"jpeg", b"heic", b"heif", b"avif", b"tif", b"tiff", b"png", b"webp")
_RAW: Final = frozenset(
    b"3fr ari arw cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw "
    b"nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f".split()
)
#: The seconds around a picture that telephones keep, and what they lie beside.
_VIDEOS: Final = frozenset({b"mov", b"mp4", b"mp", b"mv"})
_BESIDE_VIDEOS: Final = frozenset({b"jpg", b"jpeg", b"heic", b"heif", b"avif"})
_SIDECARS: Final = frozenset({b"xmp", b"aae"})
_FOLLOWERS: Final = _RAW | _VIDEOS | _SIDECARS
#: Edited pictures by the names of their originals: IMG_E1234 of IMG_1234 (telephones), x-edited of x (takeouts).
_EDITED: Final = (re.compile(rb"(img_)e(\d{4})"), re.compile(rb"(.+)-edited()"))


def companions(names: Iterable[bytes]) -> dict[bytes, bytes]:
    """File names of one directory to the names that they belong to; those that stand for themselves are left out."""
    parts = [(name, *_split(name)) for name in names]
    edited = {stem: original for _, stem, _ in parts if (original := _original(stem)) is not None}
    if not edited and not any(ending in _FOLLOWERS for _, _, ending in parts):
        return {}
    shown = _first_shown(parts)
    raw = {stem: name for name, stem, ending in parts if ending in _RAW}
    named = {name.lower(): name for name, _, _ in parts}
    found: dict[bytes, bytes] = {}
    for name, stem, ending in parts:
        main = None
        if ending in _SIDECARS:
            main = named.get(stem) or shown.get(stem) or raw.get(stem)
        elif ending in _RAW:
            main = shown.get(stem)
        elif ending in _VIDEOS and stem in shown and _split(shown[stem])[1] in _BESIDE_VIDEOS:
            main = shown[stem]
        if main is not None and main != name:
            found[name] = main
    for stem, original in edited.items():
        before = shown.get(original) or raw.get(original)
        if stem in shown and before is not None:
            found[before] = shown[stem]
    return {name: _last(found, main) for name, main in found.items()}


def _first_shown(parts: Iterable[tuple[bytes, bytes, bytes]]) -> dict[bytes, bytes]:
    best: dict[bytes, tuple[int, bytes]] = {}
    for name, stem, ending in parts:
        if ending in _SHOWN:
            best[stem] = min(best.get(stem, (len(_SHOWN), b"")), (_SHOWN.index(ending), name))
    return {stem: name for stem, (_, name) in best.items()}


def _split(name: bytes) -> tuple[bytes, bytes]:
    """What stands before the last dot, and after it, in small letters."""
    stem, _, ending = name.lower().rpartition(b".")
    return stem, ending


def _original(stem: bytes) -> bytes | None:
    for pattern in _EDITED:
        if match := pattern.fullmatch(stem):
            return match[1] + match[2]
    return None


def _last(found: dict[bytes, bytes], main: bytes) -> bytes:
    """Where a chain of companions ends: an edited picture's RAW goes to what was made of its JPEG."""
    passed = {main}
    while main in found and found[main] not in passed:
        main = found[main]
        passed.add(main)
    return main
