"""Companions: files that belong to another file of their directory: RAW files, live videos, sidecars, originals.

Pairs are found by name, as cameras, telephones, programs and takeouts make them. A file's content still decides whether
it is a picture.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from store import SidecarRank

from .letter_case import folded
from .takeout_names import TakeoutNames, original_of, original_of_any

#: Endings of pictures that every program shows, best first: companions belong to the first of several with one name.
_SHOWN_BY_ALL: Final = {
    ending: place
    for place, ending in enumerate(b"jpg jpeg jpe jfif heic heif hif avif tif tiff png webp gif bmp".split())
}
#: Endings of RAW files.
RAW: Final = frozenset(
    b"3fr ari arw cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw "
    b"nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f".split()
)
#: Short videos that telephones keep with a picture, and the endings of those pictures.
_VIDEOS: Final = frozenset({b"mov", b"mp4", b"mp", b"mv"})
_WITH_VIDEOS: Final = frozenset({b"jpg", b"jpeg", b"jpe", b"jfif", b"heic", b"heif", b"hif", b"avif"})
#: Ends of the names of live videos, besides the picture's own name: some programs name the codec.
_OF_VIDEO: Final = (b"", b"_hevc")
_SIDECARS: Final = frozenset({b"xmp", b"aae"})
_WITH_NOTES: Final = _SIDECARS | {b"json"}
_FOLLOWERS: Final = RAW | _VIDEOS | _WITH_NOTES
#: A picture in one of these was hardly developed from a RAW file of its name.
_NEVER_DEVELOPED: Final = frozenset({b"gif", b"bmp"})
#: Endings of companions that state facts about their picture.
SIDECAR_ENDINGS: Final = (b".xmp", b".json")
#: A sidecar of another version of a picture, as darktable numbers them: `a_01.jpg.xmp` of `a.jpg`.
_VERSION: Final = re.compile(rb"(.+)_\d{2,3}(\.[^.]+)\.xmp")
#: IMG_E1234 is IMG_1234 as it was edited on the telephone; IMG_O1234.AAE is what was done.
_EDITED: Final = re.compile(rb"(img_)[eo](\d{4,})(.*)")


class _Part(NamedTuple):
    """A file's name, and its stem and ending in lower case."""

    name: bytes
    stem: bytes
    ending: bytes


def companions(names: Iterable[bytes], *, of_pictures: bool = True) -> dict[bytes, bytes]:
    """Map file names of one directory to the names of their main files. Other files are left out.

    Without *of_pictures* only sidecars are companions.
    """
    parts = [_Part(name, *_split(name)) for name in names]
    takeout = _takeout(parts)
    edited = _edited(parts, takeout) if of_pictures else {}
    if not edited and not any(part.ending in _FOLLOWERS for part in parts):
        return {}
    mains = _Mains(parts, edited, takeout)
    found: dict[bytes, bytes] = {}
    for part in parts:
        main = mains.main_of(part) if of_pictures or part.ending in _WITH_NOTES else None
        if main is not None and main != part.name:
            found[part.name] = main
    return {name: _end_of_chain(found, main) for name, main in found.items()}


class _Mains:
    """The main files of a directory by their names."""

    def __init__(self, parts: Sequence[_Part], edited: Mapping[bytes, bytes], takeout: Mapping[bytes, bytes]) -> None:
        self._names = {part.name for part in parts}
        self._named = {folded(part.name): part.name for part in reversed(parts)}
        self._shown = _main_by_stem(parts)
        self._shown_as_written = _main_by_stem([part._replace(stem=os.path.splitext(part.name)[0]) for part in parts])
        self._raw = {part.stem: part.name for part in parts if part.ending in RAW}
        self._edited = edited
        self._takeout = takeout

    def main_of(self, part: _Part) -> bytes | None:
        """The main file of *part*; None if it is one itself."""
        if part.ending in _SIDECARS:
            return self._of_sidecar(part)
        if part.ending == b"json":
            return self._takeout.get(part.name)
        if part.name in self._edited:
            return self._edited[part.name]
        if part.ending in RAW:
            main = self._shown.get(part.stem)
            return None if main is None or _split(main)[1] in _NEVER_DEVELOPED else main
        if part.ending in _VIDEOS:
            return self._of_video(part)
        return None

    def _of_sidecar(self, part: _Part) -> bytes | None:
        # The same letters first: two pictures may differ in their capitals alone.
        exact = os.path.splitext(part.name)[0]
        if exact in self._names:
            return exact
        version = _VERSION.fullmatch(folded(part.name))
        original = _EDITED.fullmatch(part.stem) if part.ending == b"aae" else None
        return (
            self._named.get(part.stem)
            or self._shown_as_written.get(exact)
            or self._shown.get(part.stem)
            or self._raw.get(part.stem)
            or (self._named.get(version[1] + version[2]) if version else None)
            or (self._shown.get(original[1] + original[2]) if original else None)
        )

    def _of_video(self, part: _Part) -> bytes | None:
        whole = folded(part.name)
        stems = (part.stem.removesuffix(end) for end in _OF_VIDEO if part.stem.endswith(end))
        # `PXL_1.MP` belongs to `PXL_1.MP.jpg`, and `IMG_1.HEIC.MOV` to `IMG_1.HEIC`.
        for main in (*(self._shown.get(stem) for stem in (*stems, whole)), self._named.get(part.stem)):
            if main is not None and _split(main)[1] in _WITH_VIDEOS:
                return main
        return None


def is_sidecar(path: bytes) -> bool:
    """Return whether *path* has the ending of an XMP sidecar."""
    return path.lower().endswith(b".xmp")


def is_note(path: bytes) -> bool:
    """Return whether *path* has the ending of a companion that says something about its picture: XMP, AAE or JSON."""
    return _split(path)[1] in _WITH_NOTES


def sidecar_rank(name: bytes, main: bytes) -> SidecarRank | None:
    """Return the precedence of the file *name* as a sidecar of the picture *main*; None if it has no facts to read."""
    lower, of = folded(name), folded(main)
    if lower.endswith(b".json"):
        return SidecarRank.TAKEOUT
    if lower == of + b".xmp":
        return SidecarRank.OWN
    stem, version = _split(of)[0], _VERSION.fullmatch(lower)
    if not lower.endswith(b".xmp") or (version is not None and version[1] == stem):
        # Another version of a picture says nothing about the picture itself.
        return None
    return SidecarRank.STEM if lower == stem + b".xmp" else SidecarRank.OTHER


def _takeout(parts: Sequence[_Part]) -> dict[bytes, bytes]:
    """JSON files, with the names of the pictures, or of the live videos, that they are about."""
    files = [part.name for part in parts if part.ending == b"json"]
    if not files:
        return {}
    stems = {part.stem for part in parts if part.ending in _WITH_VIDEOS}
    names = TakeoutNames(
        part.name
        for part in parts
        if part.ending in _SHOWN_BY_ALL or part.ending in RAW or (part.ending in _VIDEOS and part.stem in stems)
    )
    return {name: main for name in files if (main := names.picture_of(name)) is not None}


def _edited(parts: Iterable[_Part], takeout: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Originals of edited pictures, with the names of these."""
    if not any(b"-" in part.stem or part.stem.startswith(b"img_e") for part in parts):
        return {}
    by_stem: defaultdict[bytes, list[_Part]] = defaultdict(list)
    for part in parts:
        if part.ending in _SHOWN_BY_ALL or part.ending in RAW:
            by_stem[part.stem].append(part)
    with_json = set(takeout.values())
    found: dict[bytes, bytes] = {}
    for stem, name in _main_by_stem(parts).items():
        original = _original(stem)
        if original is None and with_json and name not in with_json:
            # Takeouts have a JSON file for each picture but edited copies.
            some = original_of_any(stem)
            original = some if any(part.name in with_json for part in by_stem.get(some or b"", ())) else None
        for before in by_stem.get(original, ()) if original is not None else ():
            found[before.name] = name
    return found


def _original(stem: bytes) -> bytes | None:
    match = _EDITED.fullmatch(stem)
    if match is not None and stem.startswith(b"img_e"):
        return match[1] + match[2] + match[3]
    return original_of(stem)


def _main_by_stem(parts: Iterable[_Part]) -> dict[bytes, bytes]:
    best: dict[bytes, tuple[int, bytes]] = {}
    for part in parts:
        if part.ending in _SHOWN_BY_ALL:
            place = (_SHOWN_BY_ALL[part.ending], part.name)
            best[part.stem] = min(best.get(part.stem, place), place)
    return {stem: name for stem, (_, name) in best.items()}


def _split(name: bytes) -> tuple[bytes, bytes]:
    """Stem and ending, in lower case."""
    stem, _, ending = folded(name).rpartition(b".")
    return stem, ending


def _end_of_chain(found: dict[bytes, bytes], main: bytes) -> bytes:
    """The end of a chain of companions: an edited picture's RAW belongs to the picture made from its JPEG."""
    passed = {main}
    while main in found and found[main] not in passed:
        main = found[main]
        passed.add(main)
    return main
