"""Re-tags by workers: units of photos in the queue, and at last one that puts the revision in force."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

from photos.operations.progress import Progress, Stage, steps
from photos.operations.shared_work import has_workers, wait_for_units
from query.tagging import RetagOptions, RetagReport, ScoringUnit, retag, retag_units
from store.queue.base import Unit

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from query.similarity import TextVectors
    from store import Revision, Space, Transaction
    from store.queue.base import WorkQueue

#: The task that scores photos for a re-tag.
RETAG: Final = "retag"


def share_retag(
    library: OpenLibrary,
    queue: WorkQueue,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    options: RetagOptions,
    progress: Progress,
) -> RetagReport:
    """Let workers do a re-tag, and wait until the revision is in force. Raises `Superseded`.

    This process does it, or what is left of it, if little is to be scored or no worker lives. However it ends, the
    last unit puts the revision in force.
    """
    catalog, deferred = library.catalog, dict[int, int]()

    def defer(t: Transaction, units: Sequence[ScoringUnit]) -> None:
        # Units are taken in the order of their ids.
        last = Unit(RETAG, {"space_id": space.id}, 0)
        made = [*(Unit(RETAG, asdict(unit), unit.photos) for unit in units), last] if units else []
        deferred.update(zip(queue.defer(t, made), (unit.items for unit in made), strict=True))

    on_text, on_photo = steps(progress, Stage.ENCODE_LABELS), steps(progress, Stage.TAG)
    if not has_workers(catalog, queue, RETAG):
        return retag(catalog, space, revision, texts, options, progress=on_photo, text_progress=on_text)
    begun = retag_units(catalog, space, revision, texts, defer, options, text_progress=on_text)
    started = time.perf_counter()
    if begun.units and wait_for_units(catalog, queue, RETAG, deferred, on_photo):
        report = _done(library, space, revision, options, time.perf_counter() - started)
        if report is not None:
            return replace(report, labels_encoded=begun.labels_encoded, encoding_seconds=begun.encoding_seconds)
    # What has begun is of a target that was set, perhaps after a calibration.
    options = replace(options, only_if_target=True, calibrate_anew=False)
    rest = retag(catalog, space, revision, texts, options, progress=on_photo, text_progress=on_text)
    return replace(
        rest,
        labels_encoded=begun.labels_encoded + rest.labels_encoded,
        encoding_seconds=begun.encoding_seconds + rest.encoding_seconds,
    )


def _done(
    library: OpenLibrary, space: Space, revision: Revision, options: RetagOptions, seconds: float
) -> RetagReport | None:
    """The report of a re-tag that workers did in so many seconds; None if it is pending."""
    with library.catalog.read() as t:
        slot = t.slots.of(space.id).get(options.slot)
        if slot is None or slot.target.revision_id != revision.id or slot.is_pending:
            return None
        return RetagReport(t.embeddings.count(space.id), 0, None, 0.0, seconds, 0.0)
