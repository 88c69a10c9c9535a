"""Vocabularies of a library."""

from __future__ import annotations

import os
from collections.abc import Sequence

from photos.operations.progress import SILENT, Progress
from photos.operations.tagging import tune, vocabularies, vocabulary_changes, vocabulary_reports
from photos.operations.tagging.retag import RetagResult
from photos.operations.tagging.tune import TuneRequest, TuneResult, TuningAnswer, TuningRound
from photos.operations.tagging.vocabularies import ListedRevision, ListedVocabulary, UseRequest, UseResult
from photos.operations.tagging.vocabulary_changes import (
    Change,
    EditResult,
    RollBackRequest,
    RollBackResult,
    SaveLabelRequest,
)
from photos.operations.tagging.vocabulary_reports import (
    CompareResult,
    CompareVocabulariesRequest,
    LintResult,
    SuggestRequest,
    SuggestResult,
    TryRequest,
    TryResult,
)
from store.records import Revision, VocabularyDefinition

from .arguments import AnyPath, path_texts, several
from .followed import Followed


class Vocabularies(Followed):
    """Lists of labels that photos are tagged with, as `library.vocabularies`.

    A vocabulary is named `"birds"`, `"birds@3"` for its third revision, or `"birds:"` for the one in that slot, or by
    the path of a file. If it may be left out, the main one is the default. A vocabulary that is used or changed
    tags all photos at once, from their embeddings. Raises `UnknownVocabulary` and `VocabularyError`; and `Superseded`
    if another process put another vocabulary into the slot during the re-tag.
    """

    def list(self) -> Sequence[ListedVocabulary]:
        """Return the vocabularies, yours and the included ones, and the slots where each is in force."""
        return vocabularies.list_vocabularies(self._library)

    def show(self, name: AnyPath | None = None) -> VocabularyDefinition:
        """Return a vocabulary's labels with their texts, thresholds and groups."""
        return vocabularies.show_vocabulary(self._library, _text(name))

    def history(self, name: str | None = None) -> Sequence[ListedRevision]:
        """Return a vocabulary's revisions, newest first."""
        return vocabularies.vocabulary_history(self._library, name)

    # Use

    def use(
        self,
        name: AnyPath,
        *,
        slot: str | None = None,
        folders: Sequence[AnyPath] | None = None,
        progress: Progress = SILENT,
    ) -> UseResult:
        """Tag with a vocabulary from now on, in *slot* or as the main one, and return its revision and the re-tag.

        *folders* limit a slot to photos below them; an empty list lifts the limit.
        """
        limits = None if folders is None else path_texts(folders)
        request = UseRequest(vocabulary=os.fspath(name), slot=slot, folders=limits)
        return vocabularies.use_vocabulary(self._library, request, progress)

    def drop(self, slot: str) -> str:
        """Stop tagging with the vocabulary in *slot*, and return the slot's name. Manual tags stay.

        Raises `query.errors.UnknownSlot`.
        """
        return vocabularies.drop_vocabulary(self._library, slot)

    def import_file(self, file: AnyPath, name: str | None = None) -> Revision:
        """Read a vocabulary file without using it yet, and return the new revision. *name* replaces the file's name."""
        return vocabularies.import_vocabulary(self._library, os.fspath(file), name)

    def export(self, name: str, file: AnyPath | None = None) -> str:
        """Return a vocabulary in its text format, and write it to *file* if given. Raises `FileExists`."""
        return vocabularies.export_vocabulary(self._library, name, _text(file))

    # Changes

    def add_label(self, name: str, text: str, *, progress: Progress = SILENT) -> RetagResult:
        """Add a label that is scored by *text*, tag all photos with it, and return the re-tag.

        The name may begin with a slot, as `birds:heron`. Raises `photos.errors.LabelExists`.
        """
        return vocabulary_changes.save_label(self._library, SaveLabelRequest(name, text), progress)

    def save(self, definition: VocabularyDefinition, *, progress: Progress = SILENT) -> EditResult:
        """Save a vocabulary, new or the newest revision of that name, and return the revision and the re-tag.

        Photos are tagged with it where an earlier revision is in force.
        """
        return vocabulary_changes.save_vocabulary(self._library, definition, progress)

    def edit(self, change: Change, name: AnyPath | None = None, *, progress: Progress = SILENT) -> EditResult:
        """Change a vocabulary by a function of its definition, and return the new revision and the re-tag.

        If another process changes it at the same time, *change* is called again with the outcome of that.
        """
        return vocabulary_changes.edit_vocabulary(self._library, _text(name), change, progress)

    def rollback(
        self, name: str | None = None, number: int | None = None, *, progress: Progress = SILENT
    ) -> RollBackResult:
        """Set a vocabulary back to its revision *number*, or the one before, and return that and the re-tag.

        Raises `photos.errors.NoEarlierRevision`, or `InForceTwice` for a vocabulary in several slots.
        """
        return vocabulary_changes.roll_back(self._library, RollBackRequest(name, number), progress)

    # Reports

    def try_label(self, label: str, threshold: float | None = None) -> TryResult:
        """Return the photos that a label would be on, and the histogram of its scores. Nothing is tagged."""
        return vocabulary_reports.try_new_label(self._library, TryRequest(label, threshold))

    def diff(self, one: AnyPath, other: AnyPath, *, photos: bool = False, progress: Progress = SILENT) -> CompareResult:
        """Return the difference of two vocabularies and of the tags they give; with *photos*, of each photo too."""
        request = CompareVocabulariesRequest(one=os.fspath(one), other=os.fspath(other), of_photos=photos)
        return vocabulary_reports.compare_vocabularies(self._library, request, progress)

    def lint(self, name: AnyPath | None = None) -> LintResult:
        """Return a vocabulary's doubtful labels: near-synonyms, prompts that are cut, labels on no photo or on all."""
        return vocabulary_reports.lint_vocabulary(self._library, _text(name))

    def suggest(self, words: AnyPath | None = None, count: int = 8, *, progress: Progress = SILENT) -> SuggestResult:
        """Return at most *count* gaps: subjects of photos for which the main vocabulary has no label.

        *words* is the vocabulary whose labels are tried. Raises `photos.errors.NothingFound` for very few photos.
        """
        return vocabulary_reports.find_gaps(self._library, SuggestRequest(_text(words), count), progress)

    # Tuning

    def begin_tuning(self, label: str, count: int = 12) -> TuningRound:
        """Return at most *count* photos on both sides of a label's threshold, to be judged by a person.

        Raises `query.errors.UnknownLabel`, or `photos.errors.NothingFound` if there is no photo to judge.
        """
        return tune.begin_tuning(self._library, TuneRequest(label, count))

    def note_answer(self, tuning: TuningRound, answer: TuningAnswer) -> None:
        """Keep one answer at once, as a manual tag: added or rejected. `finish_tuning` moves the threshold."""
        tune.note_answer(self._library, tuning, answer)

    def finish_tuning(
        self, tuning: TuningRound, answers: Sequence[TuningAnswer], *, progress: Progress = SILENT
    ) -> TuneResult:
        """Move the label's threshold to where it fits most answers, and return it and the re-tag."""
        return tune.finish_tuning(self._library, tuning, several(answers), progress)


def _text(path: AnyPath | None) -> str | None:
    return None if path is None else os.fspath(path)
