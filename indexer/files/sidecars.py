"""XMP files beside pictures, in which other programs keep what people say of them."""

from __future__ import annotations

import os
from dataclasses import replace

from indexer.decode import Notes, read_xmp
from store import Facts

from .open_file import open_file

#: Bytes; as much as is read of a packet within a picture.
_MOST = 16 << 20


def is_sidecar(path: bytes) -> bool:
    """Whether a file of that name is one."""
    return path.lower().endswith(b".xmp")


def with_sidecar(facts: Facts, picture: bytes) -> Facts:
    """The *facts* of the file *picture*, absolute, as the sidecar beside it has them, if there is one.

    `IMG.JPG.xmp` is meant for that file alone, and so beats `IMG.xmp`.
    """
    stem = os.path.splitext(picture)[0]
    notes = Notes()
    for base in (picture, stem):
        for ending in (b".xmp", b".XMP"):
            notes = notes.over(read_sidecar(base + ending))
    return annotated(facts, notes)


def read_sidecar(path: bytes) -> Notes:
    """What the file says; nothing, if it is not there or broken."""
    try:
        with open_file(path) as opened:
            return read_xmp(opened.read(_MOST))
    except OSError:
        return Notes()


def annotated(facts: Facts, notes: Notes) -> Facts:
    """*facts* with what *notes* say."""
    own = Notes(facts.rating, facts.caption, facts.keywords)
    over = notes.over(own)
    return replace(facts, rating=over.rating, caption=over.caption, keywords=over.keywords)
