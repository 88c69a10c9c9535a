"""The work of one unit of a re-tag, by a worker."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from photos.library import OpenLibrary
from query.errors import Superseded
from query.tagging import ScoringUnit
from store.queue.base import Json

from .retag import finish_pending


def do_retag_unit(library: OpenLibrary, arguments: Mapping[str, Json]) -> None:
    """Score the photos of a unit; or, if it names a space alone, do the re-tags that are pending there.

    The latter scores what other units have left. Nothing is done for a re-tag that was given up, or a space
    that was forgotten.
    """
    # Written by `share_retag`, of this version or another.
    given = cast("Mapping[str, Any]", arguments)
    if "scoring_id" in given:
        with suppress(Superseded):
            library.unit_scorer.score(ScoringUnit(**given))
        return
    with library.catalog.read() as t:
        space = t.spaces.find(int(given["space_id"]))
    if space is not None:
        finish_pending(library, space, alone=True)
