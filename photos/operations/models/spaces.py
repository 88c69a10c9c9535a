"""The models of a library: their spaces, the switch from one to another and back, and their deletion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from photos.library import OpenLibrary
from photos.lock import PART_SECONDS, trial_lock
from photos.model_errors import NoEarlierModel, SpaceAnswers, SpaceUnready, TrialBusy
from photos.operations.progress import SILENT, Progress
from photos.spaces import find_space, space_names
from query.tagging import follow_descriptions, is_due, own_thresholds
from store import Space, Transaction, Trial

from .trials import fill_trial, finish_tags, left_out, opening_error, unnamed_space

#: Rows that are deleted in one transaction: other writers wait meanwhile.
_ROWS = 20_000


class Role(StrEnum):
    """The part that a space has in the library."""

    ANSWERS = "answers"
    TRIED = "tried"
    PREVIOUS = "previous"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class SpaceStatus:
    """A space of the library under its name. `missing` says what it lacks to answer, as parts of a sentence."""

    name: str
    space: Space
    role: Role
    #: Photos that have an embedding, of `total`.
    photos: int
    total: int
    #: Of the vectors and scores of a photo, and of the index files of all.
    bytes_a_photo: int
    index_bytes: int
    #: Of encoding a picture, as measured here; None if none was encoded since that is measured.
    seconds_a_photo: float | None
    missing: tuple[str, ...]
    #: What of the library it gets, if it is tried.
    trial: Trial | None
    #: Sentence about a checkpoint that cannot be opened, of a model that does not answer.
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class SwitchResult:
    """A switch from one model to another, and what it does not have yet.

    `untuned` are labels whose tuned thresholds do not count with the model. `written` are labels, and
    `written_vocabularies` vocabularies, with thresholds that a person wrote: as probabilities, these mean other cosines
    than before.
    """

    name: str
    before: str
    missing: tuple[str, ...]
    untuned: tuple[str, ...]
    written: tuple[str, ...]
    written_vocabularies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """A model whose embeddings were deleted, and the bytes that this freed: within the catalog, and of index files."""

    name: str
    photos: int
    catalog_bytes: int
    index_bytes: int


def list_spaces(library: OpenLibrary) -> tuple[SpaceStatus, ...]:
    """The spaces that have photos, are used, or are tried, in the order in which they were made."""
    if library.is_new:
        return ()
    with library.catalog.read() as t:
        spaces = t.spaces.all()
        names, answering = space_names(spaces), t.library.space_id()
        previous, trial = t.library.previous_space_id(), t.library.trial()
        total, found = t.photos.count(), []
        for space in spaces:
            photos = t.embeddings.count(space.id)
            role = _role(space, answering, previous, trial)
            if not photos and role is Role.KEPT:
                continue
            status = SpaceStatus(
                name=names[space.id],
                space=space,
                role=role,
                photos=photos,
                total=total,
                bytes_a_photo=t.spaces.bytes_a_photo(space.id),
                index_bytes=0,
                seconds_a_photo=t.spaces.seconds_a_picture(space.id),
                missing=() if role is Role.ANSWERS or answering is None else _missing(t, space),
                trial=trial if role is Role.TRIED else None,
            )
            found.append(status)
    return tuple(
        replace(each, index_bytes=library.index_of(each.space).status().bytes, problem=_problem(library, each))
        for each in found
    )


def _problem(library: OpenLibrary, status: SpaceStatus) -> str | None:
    error = None if status.role is Role.ANSWERS else opening_error(library, status.space)
    if error is None:
        return None
    return left_out(status.name, error) if status.role is Role.TRIED else f"{status.name} cannot be used: {error}"


def switch_model(library: OpenLibrary, name: str | None = None, *, force: bool = False) -> SwitchResult:
    """Let the model of that name answer from now on, or the one that is tried, or else the only other one.

    Of a photo's rows only tags out of descriptions change, which the model verifies. With *force*, also if it does not
    have all photos and tags. Raises `EmptyLibrary`, `UnknownSpace`, `NothingTried`, `SpaceAnswers`, `SpaceUnready`, and
    the errors of opening the checkpoint.
    """
    return _switch(library, lambda t: _chosen(t, name), force=force, is_back=False)


def roll_back_model(library: OpenLibrary) -> SwitchResult:
    """Let the model before the last switch answer again, at once. `complete_space` makes good what it lacks.

    Raises `NoEarlierModel`, and the errors of opening the checkpoint.
    """
    return _switch(library, _previous, force=True, is_back=True)


def _switch(
    library: OpenLibrary, choose: Callable[[Transaction], Space], *, force: bool, is_back: bool
) -> SwitchResult:
    """Let the space that *choose* gives answer; if *is_back*, the one before cannot be gone back to."""
    _ = library.space
    with library.catalog.read() as t:
        chosen = choose(t)
    # Outside of the transaction that writes: a hash of weights may have to be made.
    library.checkpoint_of(chosen)
    with library.catalog.write() as t:
        # Another process may have switched since.
        target, names, answering = choose(t), space_names(t.spaces.all()), t.library.space_id()
        assert answering is not None
        if target.id == answering:
            raise SpaceAnswers(names[target.id])
        missing = _missing(t, target)
        if missing and not force:
            raise SpaceUnready(names[target.id], missing)
        thresholds = _thresholds(t, t.spaces.get(answering), target)
        t.library.switch(target, previous=None if is_back else answering)
        follow_descriptions(t)
    return SwitchResult(names[target.id], names[answering], missing, *thresholds)


def complete_space(library: OpenLibrary, progress: Progress = SILENT, *, patience: float = PART_SECONDS) -> None:
    """Embed and tag photos that the model which answers lacks, as after a rollback.

    If another process works on the models for *patience* seconds, nothing is done, and a notice says so.
    """
    space = library.space_if_any
    if space is None:
        return
    try:
        with trial_lock(library.settings.library, patience, catalog=library.catalog_if_any):
            fill_trial(library, Trial(space.id), progress)
            finish_tags(library, space, progress)
    except TrialBusy as busy:
        library.on_notice(f"{busy} `photos index` embeds and tags what the model that answers lacks.")


def forget_model(library: OpenLibrary, name: str, *, rows: int = _ROWS) -> ForgetResult:
    """Delete the embeddings, scores and index files of a model that does not answer, so many *rows* at a time.

    If it is interrupted, what is left is deleted when it is called again. Raises `UnknownSpace`, `SpaceAnswers`, and
    `TrialBusy` if another process works on the models.
    """
    _ = library.space
    with trial_lock(library.settings.library, PART_SECONDS, catalog=library.catalog_if_any):
        with library.catalog.write() as t:
            space, names = find_space(t.spaces.all(), name), space_names(t.spaces.all())
            _check_free(t, space, names[space.id])
            before = t.spaces.unused_bytes()
            photos = t.embeddings.count(space.id)
            _end_marks(t, space)
            _withdraw(t, space)
        is_left = True
        while is_left:
            with library.catalog.write() as t:
                _check_free(t, space, names[space.id])
                is_left = t.spaces.empty(space.id, rows)
        # Before the space's own row: without it, a second call would not find them.
        index = library.index_of(space)
        index_bytes = index.status().bytes
        index.remove()
        with library.catalog.write() as t:
            _check_free(t, space, names[space.id])
            # It may have been switched to and back meanwhile.
            _end_marks(t, space)
            t.spaces.delete(space.id)
        with library.catalog.read() as t:
            freed = max(0, t.spaces.unused_bytes() - before)
    # A search by that name may have made them again meanwhile.
    index.remove()
    return ForgetResult(names[space.id], photos, freed, index_bytes)


def _end_marks(t: Transaction, space: Space) -> None:
    """Let the space be neither the one that is tried nor the previous one."""
    trial = t.library.trial()
    if trial is not None and trial.space_id == space.id:
        t.library.set_trial(None)
    if t.library.previous_space_id() == space.id:
        t.library.forget_previous()


def _withdraw(t: Transaction, space: Space) -> None:
    """Let the space not be ready to answer, whatever is deleted of it; a trial can take it up again."""
    t.scores.withdraw(space.id)
    t.calibrations.withdraw(space.id)
    t.slots.of(space.id).mark_all_stale()


def _check_free(t: Transaction, space: Space, name: str) -> None:
    if space.id == t.library.space_id():
        raise SpaceAnswers(name)


def _role(space: Space, answering: int | None, previous: int | None, trial: Trial | None) -> Role:
    if space.id == answering:
        return Role.ANSWERS
    if trial is not None and space.id == trial.space_id:
        return Role.TRIED
    return Role.PREVIOUS if space.id == previous else Role.KEPT


def _chosen(t: Transaction, name: str | None) -> Space:
    return unnamed_space(t) if name is None else find_space(t.spaces.all(), name)


def _previous(t: Transaction) -> Space:
    space_id = t.library.previous_space_id()
    if space_id is None:
        raise NoEarlierModel
    return t.spaces.get(space_id)


def _missing(t: Transaction, space: Space) -> tuple[str, ...]:
    """The parts that *space* lacks to answer, as parts of a sentence."""
    parts = []
    # Counted apart: to look for each of a hundred thousand takes a tenth of a second, and others wait meanwhile.
    photos = t.photos.count() - t.embeddings.count(space.id)
    if photos:
        parts.append(f"{photos} photo{'s are' if photos > 1 else ' is'} not embedded")
    if is_due(t, space):
        parts.append("it is not calibrated")
    slots = t.slots.of(space.id)
    scored = t.scores.stamps(space.id)
    pending = {*slots.pending(), *(each.name for each in slots.all() if each.name not in scored)}
    # Photos that came since the last re-tag are scored as they come, and where that failed a re-tag is pending.
    if pending:
        parts.append(f"tags are pending in {' and '.join(each or 'the main vocabulary' for each in sorted(pending))}")
    return tuple(parts)


def _thresholds(
    t: Transaction, before: Space, after: Space
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Labels whose tuned thresholds are lost in *after*; labels and vocabularies whose own mean other cosines there."""
    untuned: list[str] = []
    written: list[str] = []
    vocabularies: list[str] = []
    for slot in t.slots.all():
        revision = t.vocabularies.revision(slot.target.revision_id)
        names = {label.id: label.definition.name for label in revision.labels}
        tuned = t.tuned_thresholds.of(revision.vocabulary)
        here, there = own_thresholds(t, before, revision), own_thresholds(t, after, revision)
        untuned += [names[key] for key in here if key not in there]
        written += [names[key] for key in there if here.get(key) == there[key] and names[key] not in tuned]
        if revision.threshold is not None:
            vocabularies.append(revision.vocabulary)
    return tuple(untuned), tuple(written), tuple(vocabularies)
