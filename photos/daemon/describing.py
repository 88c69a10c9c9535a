"""New photos described in the background, with growing pauses while the describer is away."""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from indexer.describers import Describer
from photos.errors import PhotosError, safe
from photos.library import OpenLibrary
from photos.lock import describe_lock
from photos.model_errors import DescribersBusy
from photos.operations.describing.describe import lacking_photos, photos_after
from photos.operations.describing.describers import CONFIGURED, DescriberFactory, choose_describer
from photos.operations.describing.passes import PassReport, describe_photos
from photos.operations.progress import SILENT, Progress
from photos.operations.searching.caption_vectors import embed_captions
from store.json_text import parse_json
from store.open_file import read_file
from store.private_files import as_catalog

#: File in the library with the last photo before those that are described.
_FILE: Final = "describe.json"
_LARGEST: Final = 1 << 12
#: Seconds before a describer that failed is asked again: at first, and at most.
_FIRST_PAUSE: Final = 60.0
_LONGEST_PAUSE: Final = 3600.0
#: Photos whose captions get vectors between two looks at other work.
_EMBEDDED: Final = 256

_log = logging.getLogger(__name__)


class NewPhotos:
    """Describes the photos that came to *library* since `describe_new` was first in force there.

    A photo that gets no description is asked about once in the life of this object. One whose file is away is
    asked about after each whole scan. So is one for which the describer failed; and if that ended the work, after the
    pause, behind the others. *describers* opens the describer, and *clock* gives seconds.
    """

    def __init__(
        self,
        library: OpenLibrary,
        describers: DescriberFactory = CONFIGURED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._library = library
        self._describers = describers
        self._clock = clock
        self._describer: Describer | None = None
        self._is_due = True
        self._after: int | None = None
        self._undescribed: set[int] = set()
        self._away: set[int] = set()
        self._unanswered: set[int] = set()
        self._asked: set[int] = set()
        self._described = 0
        self._pause = 0.0
        self._not_before = -1.0

    @property
    def is_due(self) -> bool:
        """True if photos may have come, and no pause is being kept."""
        return self._is_due and self._clock() >= self._not_before

    def refresh(self, *, is_whole: bool) -> None:
        """Look for new photos at the next call of `work`, after a scan of all folders or of a part of them."""
        self._is_due = True
        if is_whole:
            self._away.clear()
            self._unanswered.clear()

    def work(self, is_over: Callable[[], bool], progress: Progress = SILENT) -> bool:
        """Describe new photos until *is_over*, which is asked every few photos. Returns whether there is more to do."""
        if not self.is_due:
            return False
        try:
            with describe_lock(self._library.settings.library, patience=0, catalog=self._library.catalog):
                return self._work(is_over, progress)
        except DescribersBusy:
            # A person describes photos; the new ones have time.
            return False
        except PhotosError as error:
            self._fail(str(error))
        return False

    def close(self) -> None:
        """Close the describer."""
        if self._describer is not None:
            describer, self._describer = self._describer, None
            describer.close()

    def _work(self, is_over: Callable[[], bool], progress: Progress) -> bool:
        lacking, choice = self._new(), choose_describer(self._library.settings)
        if lacking:
            name = self._describers.identify(self._library, choice).name
            lacking = lacking_photos(self._library, name, choice.tasks, lacking)
        if not lacking:
            self._end()
            self._embed(is_over, progress)
            return self._is_due
        self._asked.update(lacking)
        self._describer = self._describer or self._describers.open(self._library, choice)
        report = describe_photos(
            self._library,
            self._describer,
            choice.tasks,
            lacking,
            progress,
            at_once=choice.at_once(self._library.settings),
            is_over=is_over,
        )
        return self._note(report)

    def _new(self) -> list[int]:
        """Photos that came since, without those that were tried in vain; oldest first, and those to try again last."""
        if self._after is None:
            newest = max(photos_after(self._library, 0), default=0)
            self._after = _first_mark(self._library.settings.library, newest)
        # A pause was for the describer to come back. Without one, a picture that makes it fail is not asked about.
        tried = self._undescribed | self._away | (set() if self._pause else self._unanswered)
        found = [photo_id for photo_id in photos_after(self._library, self._after) if photo_id not in tried]
        return sorted(found, key=lambda photo_id: photo_id in self._unanswered)

    def _note(self, report: PassReport) -> bool:
        """Note a pass. Returns whether the describer can go on."""
        self._undescribed.update(set(report.undescribed).difference(report.unanswered))
        self._away.update(report.away)
        self._unanswered.update(report.unanswered)
        self._described += report.described
        if report.described and self._pause:
            self._pause = 0.0
            _log.info("New photos are described again.")
        problem = report.problem
        for each in report.named:
            sentence = f"{os.fsdecode(each.path)} got no description: {each.reason}"
            if each.photo_id not in report.unanswered:
                _log.info("%s", safe(sentence))
            elif not report.described:
                problem = problem or sentence
        if problem is not None:
            self._fail(problem)
        return problem is None

    def _fail(self, problem: str) -> None:
        """Pause, the longer the more often in a row. The first time alone is told."""
        if not self._pause:
            _log.warning("New photos are not described for now: %s", safe(problem))
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause or _FIRST_PAUSE)
        self._not_before = self._clock() + self._pause
        self.close()

    def _end(self) -> None:
        """Wait for the next photos, without the memory of a model."""
        if self._described and self._describer is not None:
            count = "1 photo" if self._described == 1 else f"{self._described} photos"
            _log.info("Described %s by %s.", count, safe(self._describer.name))
        self._described = 0
        self._is_due = False
        self.close()

    def _embed(self, is_over: Callable[[], bool], progress: Progress) -> None:
        """Make the vectors of the new captions, for searches with captions, until *is_over*."""
        while self._asked and not is_over():
            some = sorted(self._asked)[:_EMBEDDED]
            # A search on the command line makes those that are missing then, if the checkpoint can be read.
            with suppress(PhotosError):
                embed_captions(self._library, progress, some)
            self._asked.difference_update(some)
        self._is_due = bool(self._asked)


def _first_mark(library: Path, newest: int) -> int:
    """The photo after which photos are new: kept in *library*, or now *newest*."""
    path = library / _FILE
    try:
        content = parse_json(read_file(path, _LARGEST))
        if isinstance(content, dict) and isinstance(after := content.get("after"), int):
            return after
    except (OSError, ValueError):
        # There is none yet, or it is damaged.
        pass
    partial = library / f".{_FILE}.{secrets.token_hex(4)}"
    try:
        with open(partial, "w", encoding="ascii", opener=as_catalog) as file:
            json.dump({"after": newest}, file)
        partial.replace(path)
    except OSError as error:
        _log.warning("%s cannot be written (%s).", safe(str(path)), error.strerror)
    finally:
        partial.unlink(missing_ok=True)
    return newest
