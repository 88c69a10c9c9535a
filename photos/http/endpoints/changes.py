"""Changes: tags and ratings by hand, thresholds, examples, and jobs that index and tag again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from photos.http.answers.problems import not_found
from photos.http.jobs import Work
from photos.operations.indexing.index import IndexRequest, index
from photos.operations.progress import Progress
from photos.operations.searching.chosen_photos import ChosenPhotos
from photos.operations.searching.photos import photos_by_id
from photos.operations.tagging.ratings import LEAST, MOST, RateRequest, rate
from photos.operations.tagging.retag import RetagRequest, calibrate, retag
from photos.operations.tagging.sidecars import UndoRequest, WriteRequest, undo_sidecars, write_sidecars
from photos.operations.tagging.tags import TagRequest, tag
from photos.operations.tagging.teach import TeachRequest, teach
from photos.operations.tagging.tune import set_threshold
from photos.operations.tagging.vocabulary_changes import AdoptLabelRequest, RollBackRequest, adopt_label, roll_back
from photos.operations.tagging.vocabulary_reports import SuggestRequest, find_gaps
from photos.records.http import JobRecord
from photos.records.photos import PhotoTagsRecord, RatingRecord, photo_tags_record, rating_record
from photos.sidecars import CaptionsBy

from .calls import Call, records
from .labels import vocabulary_name

#: Photos of one change.
MOST_PHOTOS = 100_000

Label = Annotated[str, Meta(min_length=1, max_length=200)]
Labels = Annotated[list[Label], Meta(max_length=100)]
Photo = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
Photos = Annotated[list[Photo], Meta(max_length=MOST_PHOTOS)]
Stars = Annotated[int, Meta(ge=LEAST, le=MOST)]


class TagState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tag by hand."""

    state: Literal["added", "rejected"] = "added"


class Rating(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stars, or null to leave the rating to the photo's files again."""

    stars: Stars | None


class SelectionTags(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tags by hand for several photos."""

    photos: Annotated[list[Photo], Meta(min_length=1, max_length=MOST_PHOTOS)]
    add: Labels = []
    reject: Labels = []
    clear: Labels = []


class SelectionRating(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stars for several photos."""

    photos: Annotated[list[Photo], Meta(min_length=1, max_length=MOST_PHOTOS)]
    stars: Stars | None


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The probability from which a label counts, or null for the usual one."""

    threshold: Annotated[float, Meta(ge=0, le=1)] | None


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Photos that show a label, that do not, and that are no examples any more."""

    yes: Photos = []
    no: Photos = []
    forget: Photos = []


class NewLabel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A label for the main vocabulary, as another vocabulary has it, or scored by its name if that is null."""

    label: Label
    words: Annotated[str, Meta(max_length=200)] | None = None


class Gaps(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The vocabulary whose labels are tried, the included one if it is null, and how many gaps of a kind to find."""

    words: Annotated[str, Meta(max_length=200)] | None = None
    count: Annotated[int, Meta(ge=1, le=100)] = 8


class NoFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing more to say."""


class Retag(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A vocabulary to use from now on, or null to bring the tags up to date."""

    vocabulary: Annotated[str, Meta(max_length=200)] | None = None
    slot: Annotated[str, Meta(max_length=100)] | None = None


class Rollback(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A revision to go back to, or null for the one before."""

    revision: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None


class Sidecars(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Photos whose tags are written into sidecars, and if asked the captions of describers or of that one alone."""

    photos: Annotated[list[Photo], Meta(min_length=1, max_length=MOST_PHOTOS)]
    captions: bool = False
    describer: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class UndoneRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run that wrote sidecars, or null for the newest one."""

    run: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Indexing of all folders."""

    confirm_removals: bool = False


def put_tag(call: Call) -> PhotoTagsRecord:
    """Add a tag to a photo by hand, or reject it."""
    name = call.path["label"]
    is_added = call.body(TagState).state == "added"
    return _tagged(call, add=(name,) if is_added else (), reject=() if is_added else (name,))


def delete_tag(call: Call) -> PhotoTagsRecord:
    """Leave a tag of a photo to the vocabulary again."""
    return _tagged(call, clear=(call.path["label"],))


def put_rating(call: Call) -> RatingRecord:
    """Rate a photo."""
    request = RateRequest(chosen=ChosenPhotos(photos=(call.photo_id,)), stars=call.body(Rating).stars)
    (rated,) = rate(call.library, request)
    return rating_record(rated)


def tag_selection(call: Call) -> object:
    """Change tags of several photos."""
    asked = call.body(SelectionTags)
    request = TagRequest(
        chosen=ChosenPhotos(photos=tuple(asked.photos)),
        add=tuple(asked.add),
        reject=tuple(asked.reject),
        clear=tuple(asked.clear),
    )
    return records([photo_tags_record(each) for each in tag(call.library, request)])


def rate_selection(call: Call) -> object:
    """Rate several photos."""
    asked = call.body(SelectionRating)
    request = RateRequest(chosen=ChosenPhotos(photos=tuple(asked.photos)), stars=asked.stars)
    return records([rating_record(each) for each in rate(call.library, request)])


def patch_label(call: Call) -> JobRecord:
    """Move a label's threshold, and tag with it."""
    name, threshold = call.path["name"], call.body(Threshold).threshold
    return _started(call, "threshold", lambda progress: set_threshold(call.library, name, threshold, progress))


def add_examples(call: Call) -> JobRecord:
    """Teach a label."""
    asked = call.body(Examples)
    request = TeachRequest(
        label=call.path["name"],
        yes=_paths(call, asked.yes),
        no=_paths(call, asked.no),
        forget=_paths(call, asked.forget),
    )
    return _started(call, "teach", lambda progress: teach(call.library, request, progress))


def add_label(call: Call) -> JobRecord:
    """Add a label to the main vocabulary, and tag with it."""
    asked = call.body(NewLabel)
    words = None if asked.words is None else vocabulary_name(asked.words)
    request = AdoptLabelRequest(asked.label, words)
    return _started(call, "label", lambda progress: adopt_label(call.library, request, progress))


def start_calibration(call: Call) -> JobRecord:
    """Measure again how labels score over the library, and tag with that."""
    return _started(call, "calibrate", lambda progress: calibrate(call.library, progress))


def look_for_gaps(call: Call) -> JobRecord:
    """Find what photos show and no label describes. The result is then at the same address."""
    asked, service = call.body(Gaps), call.service
    words = None if asked.words is None else vocabulary_name(asked.words)
    request = SuggestRequest(words, asked.count)

    def work(progress: Progress) -> None:
        service.gaps = find_gaps(call.library, request, progress)

    return _started(call, "suggest", work)


def start_retag(call: Call) -> JobRecord:
    """Tag all photos again."""
    asked = call.body(Retag)
    vocabulary = None if asked.vocabulary is None else vocabulary_name(asked.vocabulary)
    request = RetagRequest(vocabulary=vocabulary, slot=asked.slot)
    return _started(call, "retag", lambda progress: retag(call.library, request, progress))


def write_selection(call: Call) -> JobRecord:
    """Write the tags of several photos into sidecars beside their files."""
    asked = call.body(Sidecars)
    by = CaptionsBy(asked.describer) if asked.captions or asked.describer is not None else None
    request = WriteRequest(paths=_paths(call, asked.photos), captions=by)
    return _started(call, "xmp", lambda progress: write_sidecars(call.library, request, progress))


def undo_sidecar_run(call: Call) -> JobRecord:
    """Put sidecars back as they were before a run."""
    request = UndoRequest(run=call.body(UndoneRun).run)
    return _started(call, "xmp undo", lambda progress: undo_sidecars(call.library, request, progress))


def start_rollback(call: Call) -> JobRecord:
    """Set a vocabulary back to an earlier revision."""
    request = RollBackRequest(vocabulary_name(call.path["name"]), call.body(Rollback).revision)
    return _started(call, "rollback", lambda progress: roll_back(call.library, request, progress))


def start_index(call: Call) -> JobRecord:
    """Bring the library up to date with its folders."""
    request = IndexRequest(confirm_removals=call.body(Index).confirm_removals)
    return _started(call, "index", lambda progress: index(call.library, request, progress))


def _started(call: Call, kind: str, work: Work) -> JobRecord:
    return call.service.jobs.start(kind, work).record()


def _tagged(
    call: Call, *, add: tuple[str, ...] = (), reject: tuple[str, ...] = (), clear: tuple[str, ...] = ()
) -> PhotoTagsRecord:
    chosen = ChosenPhotos(photos=(call.photo_id,))
    (found,) = tag(call.library, TagRequest(chosen=chosen, add=add, reject=reject, clear=clear))
    return photo_tags_record(found)


def _paths(call: Call, photo_ids: Sequence[int]) -> tuple[str, ...]:
    """Return a path of each photo. Raises `Problem` for one that there is not, or that has no file now."""
    found = {photo.id: photo for photo in photos_by_id(call.library, photo_ids)}
    for number in photo_ids:
        if number not in found or not found[number].paths:
            raise not_found(f"There is no photo {number}.")
    return tuple(os.fsdecode(found[number].paths[0]) for number in photo_ids)
