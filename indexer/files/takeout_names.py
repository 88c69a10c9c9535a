"""Names in takeouts of Google Photos: which JSON file belongs to which picture, and which picture is an edited copy.

A JSON file has the name of its picture, since 2024 with `.supplemental-metadata` after it, cut to 46 characters
before `.json`. A number that tells equal names apart stands before the picture's ending, but after all of the JSON
file's name: `IMG(1).jpg` and `IMG.jpg(1).json`, or `IMG.jpg.supplemental-metadata(1).json`. Edited copies have no JSON
file of their own.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from .letter_case import folded

_LONGEST: Final = 46
_SUPPLEMENT: Final = ".supplemental-metadata"
_NUMBERED: Final = re.compile(r"(.*?)(\(\d{1,5}\))?", re.DOTALL)
_CUT_SUPPLEMENT: Final = re.compile(
    r"(.+)\.(?:" + "|".join(_SUPPLEMENT[1:end] for end in range(len(_SUPPLEMENT), 1, -1)) + r")?", re.DOTALL
)
#: A picture's name that may be cut has as many characters before its ending.
_CUT: Final = 44
#: Words after the name of an edited copy, in the account's language.
_WORDS: Final = tuple(
    unicodedata.normalize(form, f"-{word}").encode()
    for word in (
        *(
            "edited",
            "effects",
            "bearbeitet",
            "modifié",
            "editado",
            "editada",
            "ha editado",
            "editat",
            "modificato",
            "bewerkt",
        ),
        *(
            "edytowane",
            "edytowany",
            "redigerad",
            "redigert",
            "redigeret",
            "muokattu",
            "upraveno",
            "upravené",
            "szerkesztett",
        ),
        *("düzenlendi", "изменено", "отредактировано", "змінено", "編集済み", "已编辑", "已編輯", "已修改", "수정됨"),
    )
    for form in ("NFC", "NFD")
)
#: A word of any language after a name.
_ANY_WORD: Final = re.compile(rb"(.+)-[^\d\-()]{2,20}(\(\d{1,5}\))?", re.DOTALL)
_NUMBER: Final = re.compile(rb"(.*?)(\(\d{1,5}\))?", re.DOTALL)


def original_of(stem: bytes) -> bytes | None:
    """Return the stem of the picture of which *stem*, in lower case, is an edited copy by its name; None for others."""
    if b"-" not in stem:
        return None
    match = _NUMBER.fullmatch(stem)
    assert match is not None
    name, number = match[1], match[2] or b""
    for word in _WORDS:
        if name.endswith(word) and len(name) > len(word):
            return name.removesuffix(word) + number
    if len(os.fsdecode(name)) >= _CUT:
        start, dash, rest = name.rpartition(b"-")
        if len(rest) > 1 and start and any(word.startswith(dash + rest) for word in _WORDS):
            return start + number
    return None


def original_of_any(stem: bytes) -> bytes | None:
    """Return the stem of the picture of which *stem* is an edited copy, if its last word means that in some language.

    It may mean anything, so this is only for a picture that lacks a JSON file where the original has one.
    """
    match = _ANY_WORD.fullmatch(stem)
    return None if match is None else match[1] + (match[2] or b"")


class TakeoutNames:
    """The pictures of a directory, by the names of their JSON files."""

    def __init__(self, pictures: Iterable[bytes]) -> None:
        self._by_core: dict[str, bytes | None] = {}
        self._by_name: dict[str, bytes] = {}
        names = sorted(pictures)
        for name in names:
            self._by_name.setdefault(os.fsdecode(folded(name)), name)
        # The whole names of all pictures come before cut ones of any.
        for cores in (_exact_cores, _cut_cores, _cores_of_original):
            found: dict[str, bytes | None] = {}
            for name in names:
                for core in cores(os.fsdecode(folded(name))):
                    # Two pictures of one cut name: it says nothing.
                    found[core] = name if found.get(core, name) == name else None
            self._by_core = {**found, **self._by_core}

    def picture_of(self, json_name: bytes) -> bytes | None:
        """Return the picture that the JSON file *json_name* is about; None if there is none."""
        core = os.fsdecode(folded(json_name)).removesuffix(".json")
        if core in self._by_core:
            return self._by_core[core]
        match = _NUMBERED.fullmatch(core)
        assert match is not None
        plain, number = match[1], match[2] or ""
        supplement = _CUT_SUPPLEMENT.fullmatch(plain)
        if supplement is None:
            return None
        stem, ending = os.path.splitext(supplement[1])
        return self._by_name.get(stem + number + ending)


def _exact_cores(name: str) -> Iterator[str]:
    plain, number = _without_number(name)
    for each, counter in {(name, ""), (plain, number)}:
        if len(each) <= _LONGEST:
            yield each + counter
            yield (each + _SUPPLEMENT)[:_LONGEST] + counter


def _cut_cores(name: str) -> Iterator[str]:
    plain, number = _without_number(name)
    for each, counter in {(name, ""), (plain, number)}:
        yield each[:_LONGEST] + counter
    # The oldest takeouts left out the picture's ending.
    yield os.path.splitext(name)[0]


def _cores_of_original(name: str) -> Iterator[str]:
    """Names of the original's file, where only the edited copy is there."""
    stem, ending = os.path.splitext(name)
    original = original_of(os.fsencode(stem))
    if original is not None:
        for each in {ending, ".jpg", ".jpeg", ".heic", ".png"}:
            before = os.fsdecode(original) + each
            yield from _exact_cores(before)
            yield from _cut_cores(before)


def _without_number(name: str) -> tuple[str, str]:
    stem, ending = os.path.splitext(name)
    match = _NUMBERED.fullmatch(stem)
    assert match is not None
    return match[1] + ending, match[2] or ""
