"""The records that the store takes and returns: plain, frozen, and free of the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from .facts import Facts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


#: The name of the slot of the main vocabulary.
MAIN_SLOT: Final = ""
#: A table of ids may have this many times as many places as there are ids.
_TABLE = 100


class Outcome(StrEnum):
    """The outcome of indexing a file."""

    INDEXED = "indexed"
    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    TOO_LARGE = "too large"
    FAILED = "failed"
    #: Something else, such as a video or a text.
    NOT_A_PICTURE = "not a picture"
    #: It belongs to a photo that is decoded from another file of its directory.
    COMPANION = "companion"

    @property
    def is_problem(self) -> bool:
        """True if the file is meant to hold a photo, and none can be found in it."""
        return self not in {Outcome.INDEXED, Outcome.COMPANION, Outcome.NOT_A_PICTURE}


class TagSource(StrEnum):
    """Source of a tag. The automatic pass owns only `AUTO`."""

    AUTO = "auto"
    USER = "user"
    REJECTED = "rejected"
    IMPORTED = "imported"


# Stamps and files are named tuples: a library has a million of them, and frozen dataclasses take three times as long.
class Stamp(NamedTuple):
    """Size, times and inode of a file: while they are equal, it is unchanged. In bytes and nanoseconds."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory the user asked to have indexed. `path` is absolute, as the system's bytes."""

    id: int
    path: bytes
    #: Patterns of what is left out, in the syntax of .gitignore.
    excludes: tuple[str, ...] = ()
    #: The number of the device that it was last seen on.
    device: int | None = None


class File(NamedTuple):
    """One path on disk. `path` is relative to its folder; `photo_id` is None unless the file was indexed."""

    id: int
    folder_id: int
    path: bytes
    stamp: Stamp
    outcome: Outcome
    reason: str | None
    photo_id: int | None
    #: The name of the file in the same directory that this one belongs to.
    companion_of: bytes | None = None


class IndexedFile(NamedTuple):
    """A file that holds a photo: its absolute path, and its stamp when it was read."""

    photo_id: int
    path: bytes
    stamp: Stamp


class Replacement(NamedTuple):
    """A path, relative to its folder, that held the photo `before` and now holds, or belongs to, the photo `now`.

    `is_new`: `now` came into the library since. `is_companion`: it is the photo of the path's main file.
    """

    folder_id: int
    path: bytes
    before: int
    now: int
    is_new: bool
    is_companion: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be indexed: its absolute path, outcome and reason."""

    path: bytes
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed attempts to decode a content: their number, the last one's time (UTC, without a zone) and reason."""

    count: int
    last_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture: its content, and every absolute path it is found under (none while its files are gone).

    `companions` are the absolute paths of files in the same directories that belong to those.
    """

    id: int
    content_hash: bytes
    facts: Facts
    paths: tuple[bytes, ...]
    companions: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SpaceIdentity:
    """The identity of a space. Embeddings can be compared only if all of this is equal."""

    #: Name or folder that the user gave, only shown to people. The weights' hash identifies the checkpoint.
    model: str
    #: SHA-256, hexadecimal.
    weights_hash: str
    #: Name and version of the preprocessing, such as "squash-256-bilinear-1".
    preprocessing: str
    #: Such as "float32", "bfloat16" or "int8-narrow".
    precision: str
    dimension: int
    #: As in the checkpoint: the scale's natural logarithm, and the bias; without a bias there are no probabilities.
    logit_scale: float
    logit_bias: float | None

    @property
    def has_probabilities(self) -> bool:
        """True if the model gives probabilities, and not scores alone."""
        return self.logit_bias is not None


@dataclass(frozen=True, slots=True)
class Space:
    """A space that the catalog knows."""

    id: int
    identity: SpaceIdentity
    #: Its checkpoint as the user named it, a name or a folder; None where it is not known.
    reference: str | None = None

    @property
    def model(self) -> str:
        """Its checkpoint as the user named it, or if that is not known as it was named at first."""
        return self.reference or self.identity.model


@dataclass(frozen=True, slots=True)
class Trial:
    """A space that is filled beside the one that answers: with all photos, or with fewer.

    With photos below `folder`, absolute, alone, and with at most `sample`.
    """

    space_id: int
    folder: bytes | None = None
    sample: int | None = None

    @property
    def is_whole(self) -> bool:
        """True if it gets all photos."""
        return self.folder is None and self.sample is None


@dataclass(frozen=True, slots=True)
class Vectors:
    """Unit vectors by id: `ids` int64 (n,), `matrix` float32 (n, d), row by row."""

    ids: NDArray[np.int64]
    matrix: NDArray[np.float32]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoScores:
    """Labels and cosines of photos: `photo_ids` int64 (n,), `label_ids` int64 and `cosines` float32 (n, k).

    The labels of a photo come by falling cosine, equal ones by label.
    """

    photo_ids: NDArray[np.int64]
    label_ids: NDArray[np.int64]
    cosines: NDArray[np.float32]

    def __len__(self) -> int:
        """The number of photos."""
        return len(self.photo_ids)

    def of(self, mask: NDArray[np.bool_]) -> PhotoScores:
        """The photos of *mask*, bool (n,)."""
        return PhotoScores(self.photo_ids[mask], self.label_ids[mask], self.cosines[mask])

    def rows(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float32]]]:
        """Each photo with its labels and cosines."""
        yield from zip(self.photo_ids.tolist(), self.label_ids, self.cosines, strict=True)


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """The labels of scores: ids, int64 (k,), ascending, and the offset that is taken off each one's cosine to rank it.

    `edition` counts its changes, `offsets` are float64 (k,). The main vocabulary's `slot` is empty.
    """

    id: int
    edition: int
    space_id: int
    revision_id: int
    label_ids: NDArray[np.int64]
    offsets: NDArray[np.float64]
    slot: str

    def is_of(self, revision_id: int, label_ids: NDArray[np.int64], offsets: NDArray[np.float64]) -> bool:
        """True if it is of that revision with these labels and offsets."""
        import numpy as np  # noqa: PLC0415 - the other records need no numpy

        same_labels = np.array_equal(self.label_ids, label_ids)
        return self.revision_id == revision_id and same_labels and np.array_equal(self.offsets, offsets)

    def places(self, label_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of these labels in the scoring."""
        import numpy as np  # noqa: PLC0415 - the other records need no numpy

        ids = self.label_ids
        if len(ids) and ids[-1] >= _TABLE * len(ids):
            return np.searchsorted(ids, label_ids)
        # Ids are handed out in order, so a table of them is small, and looking up is much quicker than searching.
        table = np.zeros(ids[-1] + 1 if len(ids) else 1, np.int64)
        table[ids] = np.arange(len(ids))
        places: NDArray[np.int64] = table[label_ids]
        return places

    def ranks(self, kept: PhotoScores) -> NDArray[np.float64]:
        """Ranks of the labels of *kept*, float64 (n, k)."""
        return kept.cosines - self.offsets[self.places(kept.label_ids)]


class IdRange(NamedTuple):
    """A range of ids of photos, both ends included, and the number of photos in it that are meant."""

    first: int
    last: int
    photos: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest photos, best first: `photo_ids` int64 (k,), `cosines` float32 (k,)."""

    photo_ids: NDArray[np.int64]
    cosines: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LabelDefinition:
    """One label as a vocabulary defines it. `texts` are the final prompts, templates already filled in."""

    name: str
    texts: tuple[str, ...]
    category: str | None = None
    aliases: tuple[str, ...] = ()
    #: Probability from which the label counts; None leaves it to the vocabulary.
    threshold: float | None = None
    #: Names of labels of the same vocabulary that this one implies: a kestrel is a bird.
    parents: tuple[str, ...] = ()
    #: Photos that show it and photos that do not, by the SHA-256 of their contents, in hexadecimal.
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()

    @property
    def is_taught(self) -> bool:
        """True if it has examples or counterexamples."""
        return bool(self.examples or self.counterexamples)


@dataclass(frozen=True, slots=True)
class VocabularyDefinition:
    """A vocabulary's whole content, in order."""

    name: str
    labels: tuple[LabelDefinition, ...]
    #: Probability from which a label counts; None leaves it to the program.
    threshold: float | None = None
    #: Groups of names of labels; a photo has at most one label of a group, such as day and night.
    exclusive: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """A label in the catalog. Its id stands for its name, texts and examples, so a vector cached by id stays right."""

    id: int
    definition: LabelDefinition


class LabelFit(NamedTuple):
    """The origin of a label's vector: the number of examples used, and the least cosine that they suggest, if any.

    `text_share` is the share of its texts in its score, from 0 to 1.
    """

    examples: int
    minimum: float | None
    text_share: float


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a vocabulary; never changes once it is made. `number` counts from 1 within the vocabulary."""

    id: int
    vocabulary: str
    number: int
    created_at: datetime
    threshold: float | None
    labels: tuple[Label, ...] = field(repr=False)
    exclusive: tuple[tuple[str, ...], ...] = ()
    #: The number of the revision whose content a rollback brought back as this one.
    restores: int | None = None

    @property
    def definition(self) -> VocabularyDefinition:
        """Its content."""
        labels = tuple(label.definition for label in self.labels)
        return VocabularyDefinition(self.vocabulary, labels, self.threshold, self.exclusive)


@dataclass(frozen=True, slots=True)
class VocabularySummary:
    """A vocabulary's newest revision, in short."""

    name: str
    revision_id: int
    number: int
    label_count: int
    created_at: datetime
    #: Whether it is in force in any slot.
    in_use: bool


class Target(NamedTuple):
    """A revision that photos are to be tagged with, and the version of this target: see `Slot`."""

    revision_id: int
    version: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A vocabulary in force: the main one, whose name is empty, or another one.

    `current` is the target that all photos were last tagged for, None before the first re-tag has ended. `folders` are
    absolute paths below which its labels are shown; none for everywhere.
    """

    name: str
    current: Target | None
    target: Target
    folders: tuple[bytes, ...] = ()

    @property
    def is_pending(self) -> bool:
        """True if a re-tag is pending: photos are not all tagged for the target."""
        return self.current != self.target


@dataclass(frozen=True, slots=True)
class SlotSummary:
    """The current revision of a slot, in short. The name is empty for the main one.

    `folders` are absolute paths below which its labels are shown; none for everywhere.
    """

    name: str
    vocabulary: str
    revision_id: int
    number: int
    label_count: int
    folders: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A snapshot of the distribution of scores over a library of `photos` photos."""

    id: int
    photos: int
    created_at: datetime


class CosineSpread(NamedTuple):
    """The distribution of a label's cosines: the median, and 1.4826 times the median distance from it."""

    median: float
    spread: float


@dataclass(frozen=True, slots=True)
class TagEvent:
    """A change of a manual tag: "added", "rejected", "cleared" or "imported", and its time (UTC).

    "edited" has no label: the file was edited, and its tags were kept. "rated" has none either: a person gave the photo
    `stars` then, or left its rating to its files again (None). Only the last rating is known.
    """

    label: str | None
    what: str
    origin: str | None
    at: datetime
    stars: int | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A label on a photo. `cosine` is None unless the tag is automatic."""

    photo_id: int
    label_id: int
    label: str
    source: TagSource
    cosine: float | None
    #: The program that an imported tag came from.
    origin: str | None = None


class DerivedTag(NamedTuple):
    """An imported tag that follows from the words of a describer, its `origin`: its label's name and id."""

    photo_id: int
    origin: str
    label: str
    label_id: int


@dataclass(frozen=True, slots=True)
class ServerState:
    """The PostgreSQL server that a catalog is on: its version and pgvector's, and the bytes of the database.

    `is_standby`: it follows another server, and changes nothing itself. `may_write`: this role may change the catalog.
    """

    version: str
    pgvector: str
    bytes: int
    is_standby: bool
    may_write: bool


@dataclass(frozen=True, slots=True)
class SidecarRun:
    """A command that wrote sidecars: how many it made and changed, and when (UTC) it was undone, if it was."""

    id: int
    started_at: datetime
    made: int
    changed: int
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class SidecarWrite:
    """A sidecar that a run wrote: its earlier content, None if it is new, and the SHA-256 of the new content."""

    id: int
    run_id: int
    photo_id: int
    #: Absolute.
    path: bytes
    before: bytes | None
    after_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredDescription:
    """Answers of a describer about a photo, and their time (UTC, no zone): caption, labels, and text in the picture.

    `origin` holds the describer's identity, and `tasks` are those it was asked for. A caption or text that was asked
    for and is None was not found.
    """

    origin: str
    tasks: frozenset[str]
    caption: str | None
    labels: tuple[str, ...]
    text: str | None
    made_at: datetime


class DescriptionWords(NamedTuple):
    """The labels and the caption of a photo's description by a describer."""

    photo_id: int
    origin: str
    labels: tuple[str, ...]
    caption: str | None


@dataclass(frozen=True, slots=True)
class DescriberSummary:
    """A describer, the number of photos it described, and the time of its last description (UTC, no zone)."""

    origin: str
    photos: int
    last_at: datetime
