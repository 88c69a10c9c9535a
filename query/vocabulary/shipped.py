"""The vocabularies that come with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from store import VocabularyDefinition

from .reader import read_vocabulary

_FOLDER = Path(__file__).parent / "data"

#: Their names: the default for photographs, the sample library's own, and a second one for it.
SHIPPED: Final = ("photographic", "demo", "demo-moods")


def shipped_vocabulary(name: str) -> VocabularyDefinition:
    """The vocabulary of that name, which must be one of `SHIPPED`."""
    assert name in SHIPPED, name
    return read_vocabulary(_FOLDER / f"{name}.txt")
