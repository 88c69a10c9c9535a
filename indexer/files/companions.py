"""Companions: files that belong to another file of their directory: RAW files, live videos, sidecars, originals.

Pairs are found by name, as cameras and programs make them. A file's content still decides whether it is a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: Endings of pictures that every program shows, best first: companions belong to the first of several with one name.
_SHOWN: Final = (b"jpg", b"jpeg", b"heic", b"heif", b"avif", b"tif", b"tiff", b"png", b"webp")
#: Endings of RAW files.
RAW: Final = frozenset(
    b"3fr ari arw cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw "
    b"nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f".split()
)
#: Short videos that telephones keep with a picture, and the endings of those pictures.
_VIDEOS: Final = frozenset({b"mov", b"mp4", b"mp", b"mv"})
_WITH_VIDEOS: Final = frozenset({b"jpg", b"jpeg", b"heic", b"heif", b"avif"})
_SIDECARS: Final = frozenset({b"xmp", b"aae"})
_FOLLOWERS: Final = RAW | _VIDEOS | _SIDECARS
#: Edited pictures by the names of their originals: IMG_E1234 of IMG_1234 (telephones), x-edited of x (takeouts).
_EDITED: Final = (re.compile(rb"(img_)e(\d{4})"), re.compile(rb"(.+)-edited()"))


def companions(names: Iterable[bytes]) -> dict[bytes, bytes]:
    """Map file names of one directory to the names of their main files. Other files are left out."""
    parts = [(name, *_split(name)) for name in names]
    edited = {stem: original for _, stem, _ in parts if (original := _original(stem)) is not None}
    if not edited and not any(ending in _FOLLOWERS for _, _, ending in parts):
        return {}
    shown = _first_shown(parts)
    raw = {stem: name for name, stem, ending in parts if ending in RAW}
    named = {name.lower(): name for name, _, _ in parts}
    found: dict[bytes, bytes] = {}
    for name, stem, ending in parts:
        main = None
        if ending in _SIDECARS:
            main = named.get(stem) or shown.get(stem) or raw.get(stem)
        elif ending in RAW:
            main = shown.get(stem)
        elif ending in _VIDEOS and stem in shown and _split(shown[stem])[1] in _WITH_VIDEOS:
            main = shown[stem]
        if main is not None and main != name:
            found[name] = main
    for stem, original in edited.items():
        before = shown.get(original) or raw.get(original)
        if stem in shown and before is not None:
            found[before] = shown[stem]
    return {name: _last(found, main) for name, main in found.items()}


def is_sidecar(path: bytes) -> bool:
    """Return whether *path* has the ending of an XMP sidecar."""
    return path.lower().endswith(b".xmp")


def _first_shown(parts: Iterable[tuple[bytes, bytes, bytes]]) -> dict[bytes, bytes]:
    best: dict[bytes, tuple[int, bytes]] = {}
    for name, stem, ending in parts:
        if ending in _SHOWN:
            best[stem] = min(best.get(stem, (len(_SHOWN), b"")), (_SHOWN.index(ending), name))
    return {stem: name for stem, (_, name) in best.items()}


def _split(name: bytes) -> tuple[bytes, bytes]:
    """Stem and ending, in lower case."""
    stem, _, ending = name.lower().rpartition(b".")
    return stem, ending


def _original(stem: bytes) -> bytes | None:
    for pattern in _EDITED:
        if match := pattern.fullmatch(stem):
            return match[1] + match[2]
    return None


def _last(found: dict[bytes, bytes], main: bytes) -> bytes:
    """The end of a chain of companions: an edited picture's RAW belongs to the picture made from its JPEG."""
    passed = {main}
    while main in found and found[main] not in passed:
        main = found[main]
        passed.add(main)
    return main
