"""Files without a photo: those that could not be indexed, and those that are no pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photos.library import OpenLibrary
from store.records import Outcome, Problem


@dataclass(frozen=True, slots=True)
class FailedFiles:
    """Files that could not be indexed, by path, with the reasons.

    `outcomes` are those that were asked for, none for all failures. `not_pictures` counts the files of the library that
    are something else.
    """

    problems: tuple[Problem, ...]
    outcomes: tuple[Outcome, ...] = ()
    not_pictures: int = 0


def failed_files(library: OpenLibrary, outcomes: Sequence[Outcome] = ()) -> FailedFiles:
    """Return the files that could not be indexed, or those of *outcomes*. An empty library has none, and stays so."""
    if library.is_new:
        return FailedFiles((), tuple(outcomes))
    with library.catalog.read() as t:
        others = t.files.counts().get(Outcome.NOT_A_PICTURE, 0)
        return FailedFiles(tuple(t.files.problems(outcomes)), tuple(outcomes), others)
