"""Tuning: a label's threshold from a person's answers about photos around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from photos.errors import NothingFound, safe
from photos.library import OpenLibrary
from photos.operations.progress import SILENT, Progress
from query.errors import NoProbabilities, UnknownLabel
from query.similarity import cosine_of, probability
from query.tagging import full_name, record_manual_tags
from query.vocabulary_design import borderline_photos, fit_threshold
from store import Photo, SpaceIdentity, VocabularyDefinition

from .retag import RetagResult, finish_retag
from .revisions import label_in_force
from .vocabulary_changes import Change, revise


@dataclass(frozen=True, slots=True)
class TuneRequest:
    """A label, with its slot as `birds:heron` if it has one, and how many photos to judge at most."""

    label: str
    count: int = 12


@dataclass(frozen=True, slots=True)
class TuningRound:
    """Photos to be judged, best first, each with its cosine to the label.

    `label` is the full name, `name` the one within `slot`. The label counts from the cosine `minimum` on, which the
    model takes for `probability`.
    """

    label: str
    name: str
    slot: str
    minimum: float
    probability: float
    photos: tuple[tuple[Photo, float], ...]
    #: The name of the label's vocabulary.
    vocabulary: str


@dataclass(frozen=True, slots=True)
class TuningAnswer:
    """A person's answer: whether the label is right for a photo. `cosine` is the photo's, of the `TuningRound`."""

    photo_id: int
    cosine: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class TuneResult:
    """The threshold that fits most answers, as a cosine and a probability; `fitting` of `answers` fit.

    `retag` is None if the threshold stays as it was.
    """

    label: str
    minimum: float
    probability: float
    answers: int
    fitting: int
    retag: RetagResult | None


def begin_tuning(library: OpenLibrary, request: TuneRequest) -> TuningRound:
    """Return photos on both sides of a label's threshold, to be judged by a person.

    Raises `EmptyLibrary`, `UnknownLabel`, `NothingFound` if there is no photo to judge, or `NoProbabilities`.
    """
    space = library.space
    with library.catalog.read() as t:
        label, revision, slot = label_in_force(t, request.label)
        folders = t.slots.folders(slot)
    found = borderline_photos(library.catalog, space, revision, label, request.count, folders)
    name = label.definition.name
    full = full_name(slot, name)
    if not found.photos:
        raise NothingFound(f"There is no photo to judge for {safe(full)!r} yet.")
    likely = _probability(found.minimum, space.identity)
    return TuningRound(full, name, slot, found.minimum, likely, found.photos, revision.vocabulary)


def note_answer(library: OpenLibrary, tuning: TuningRound, answer: TuningAnswer) -> None:
    """Keep *answer* as a tag by hand: added or rejected. Each is noted at once, so that none is asked for twice."""
    record_manual_tags(
        library.catalog, [answer.photo_id], **{"added" if answer.is_right else "rejected": [tuning.label]}
    )


def finish_tuning(
    library: OpenLibrary, tuning: TuningRound, answers: Sequence[TuningAnswer], progress: Progress = SILENT
) -> TuneResult:
    """Move the label's threshold to where it fits most *answers*, and tag with it.

    Raises `UnknownLabel` or `UnknownSlot` if another process took the label or its slot away since, or
    `Superseded`.
    """
    identity = library.space.identity
    judged = [(answer.cosine, answer.is_right) for answer in answers]
    minimum = fit_threshold(judged, tuning.minimum)
    fitting = sum((cosine >= minimum) == is_right for cosine, is_right in judged)
    threshold = _probability(minimum, identity)
    done = None
    if minimum != tuning.minimum:
        with library.catalog.write() as t:
            # First, so that no revision ever has it as a threshold that a person wrote.
            t.tuned_thresholds.note(library.space.id, tuning.vocabulary, tuning.name, threshold)
        revision = revise(library.catalog, _with_threshold(tuning.name, threshold), tuning.slot)
        done = finish_retag(library, revision, tuning.slot, progress)
    return TuneResult(tuning.label, minimum, threshold, len(judged), fitting, done)


def _probability(minimum: float, identity: SpaceIdentity) -> float:
    """The probability of that cosine. Vocabularies keep thresholds as probabilities."""
    found = probability(minimum, identity)
    if found is None:
        raise NoProbabilities(identity.model)
    return found


def set_threshold(
    library: OpenLibrary, label: str, threshold: float | None, progress: Progress = SILENT
) -> RetagResult:
    """Let *label* count from the probability *threshold* on, or from the usual one if None, and tag with it.

    Raises `EmptyLibrary`, `UnknownLabel`, `NothingFound`, `Superseded`, and `NoProbabilities` for a threshold that the
    checkpoint cannot have.
    """
    identity = library.space.identity
    if threshold is not None and cosine_of(threshold, identity) is None:
        raise NoProbabilities(identity.model)
    with library.catalog.read() as t:
        found, _, slot = label_in_force(t, label)
    revision = revise(library.catalog, _with_threshold(found.definition.name, threshold), slot)
    return finish_retag(library, revision, slot, progress)


def _with_threshold(name: str, threshold: float | None) -> Change:
    def changed(definition: VocabularyDefinition) -> VocabularyDefinition:
        names = [label.name for label in definition.labels]
        # Another process may have taken the label out while the user was judging.
        if name not in names:
            raise UnknownLabel(name, definition.name, names)
        labels = (replace(each, threshold=threshold) if each.name == name else each for each in definition.labels)
        return replace(definition, labels=tuple(labels))

    return changed
