"""The tables. Ids only grow and are never reused; every table about a photo has its `photo_id`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

from .dialect import ServerText, Unsigned, Vector

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


#: Numbers have 64 bits in both databases. SQLite autoincrements only a column of its own type INTEGER.
_INTEGER = BigInteger().with_variant(Integer, "sqlite")
#: Texts are compared by their code points in both databases, whatever the server's locale.
_TEXT = String().with_variant(ServerText(), "postgresql")


def _id() -> Column[int]:
    return Column("id", _INTEGER, primary_key=True, autoincrement=True)


def _of(table: str, *, null: bool = False, name: str | None = None, primary: bool = False) -> Column[int]:
    return Column(
        name or f"{table}_id",
        _INTEGER,
        ForeignKey(f"{table}.id"),
        nullable=null,
        primary_key=primary,
    )


def _need(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _where(condition: str) -> dict[str, Any]:
    """Arguments of an index of the rows that meet *condition* alone."""
    # SQLAlchemy imports each dialect that is named here, at every start. Only the revisions name PostgreSQL, too.
    return {"sqlite_where": text(condition)}


folder = Table(
    "folder",
    metadata,
    _id(),
    Column("path", LargeBinary, nullable=False, unique=True),
    Column("excludes", JSON, nullable=False, server_default="[]"),
    Column("device", Unsigned),
    sqlite_autoincrement=True,
)

#: Folders that were added by themselves and are part of a registered one; `path` is relative to that.
folder_within = Table(
    "folder_within",
    metadata,
    Column("folder_id", ForeignKey("folder.id"), primary_key=True),
    Column("path", LargeBinary, primary_key=True),
)

photo = Table(
    "photo",
    metadata,
    _id(),
    Column("content_hash", LargeBinary(32), nullable=False, unique=True),
    _need("size", BigInteger),
    _need("width", _INTEGER),
    _need("height", _INTEGER),
    _need("format", _TEXT),
    Column("taken_at", DateTime),
    Column("taken_offset", _INTEGER),
    Column("camera", _TEXT),
    Column("latitude", Float),
    Column("longitude", Float),
    _need("added_at", DateTime),
    Column("gone_at", DateTime),
    Column("lens", _TEXT),
    Column("focal_length", Float),
    Column("aperture", Float),
    Column("exposure", Float),
    Column("iso", _INTEGER),
    Column("rating", _INTEGER),
    Column("caption", _TEXT),
    Column("keywords", JSON, nullable=False, server_default="[]"),
    Column("date_source", _TEXT),
    #: The version of the reader of its facts; 0 if it is unknown.
    Column("reader", _INTEGER, nullable=False, server_default="0"),
    # Stars by a person, in place of those in the files, and the time when they were last given or taken back.
    Column("own_rating", _INTEGER),
    Column("rated_at", DateTime),
    # For the order of listings, and for filters that few photos meet.
    Index(None, "taken_at"),
    Index(None, "latitude", "longitude", **_where("latitude IS NOT NULL")),
    Index(None, "camera", **_where("camera IS NOT NULL")),
    Index(None, "lens", **_where("lens IS NOT NULL")),
    sqlite_autoincrement=True,
)

#: Hashes that photos' files had before another program changed them; references by content still find the photo.
former_content = Table(
    "former_content",
    metadata,
    Column("content_hash", LargeBinary(32), primary_key=True),
    _of("photo"),
    Index(None, "photo_id"),
)

file = Table(
    "file",
    metadata,
    _id(),
    _of("folder"),
    _need("path", LargeBinary),
    _need("size", BigInteger),
    _need("mtime_ns", BigInteger),
    _need("ctime_ns", BigInteger),
    _need("inode", Unsigned),
    _need("outcome", _TEXT),
    Column("reason", _TEXT),
    _of("photo", null=True),
    Column("companion_of", LargeBinary),
    UniqueConstraint("folder_id", "path"),
    CheckConstraint("(outcome = 'indexed') = (photo_id IS NOT NULL)", name="indexed_has_photo"),
    Index(None, "photo_id"),
    Index(None, "companion_of", **_where("companion_of IS NOT NULL")),
    sqlite_autoincrement=True,
)

#: The facts that a content states itself, of photos that have sidecars with facts, too.
stated_facts = Table("stated_facts", metadata, _of("photo", primary=True), _need("facts", JSON))

#: The facts in a sidecar of a picture, both rows of `file`. A lower rank comes before a higher one; `reader` is the
#: version that read them.
sidecar_facts = Table(
    "sidecar_facts",
    metadata,
    _of("file", primary=True),
    _of("file", name="picture_id"),
    _need("rank", _INTEGER),
    _need("facts", JSON),
    _need("reader", _INTEGER),
    Index(None, "picture_id"),
)

#: `reference` is the checkpoint as the user named it, a name or a folder; NULL where it is not known. So many
#: pictures were encoded in so many seconds. A model without a bias has no probabilities.
space = Table(
    "space",
    metadata,
    _id(),
    _need("model", _TEXT),
    _need("weights_hash", _TEXT),
    _need("preprocessing", _TEXT),
    _need("precision", _TEXT),
    _need("dimension", _INTEGER),
    _need("logit_scale", Float),
    Column("logit_bias", Float),
    Column("reference", LargeBinary),
    Column("encoded", _INTEGER, nullable=False, server_default="0"),
    Column("encode_seconds", Float, nullable=False, server_default="0"),
    UniqueConstraint("weights_hash", "preprocessing", "precision"),
    sqlite_autoincrement=True,
)

embedding = Table(
    "embedding",
    metadata,
    _id(),
    _of("space"),
    _of("photo"),
    _need("vector", Vector("float16")),
    _need("checksum", BigInteger),
    Column("pixels", LargeBinary(16)),
    UniqueConstraint("space_id", "photo_id"),
    Index(None, "space_id", "pixels"),
    sqlite_autoincrement=True,
)

#: The log that the index follows: `put` when a photo that has a file gains or changes its embedding, or comes back;
#: `delete` when it can no longer be found. Append-only, written with the change itself. `token` is random: where it is
#: the same at a number, everything up to that number is (a catalog restored from a copy counts on with other rows).
embedding_change = Table(
    "embedding_change",
    metadata,
    Column("seq", _INTEGER, primary_key=True, autoincrement=True),
    _of("space"),
    # Not a reference: the log outlives photos that were pruned.
    Column("photo_id", _INTEGER, nullable=False),
    _need("op", _TEXT),
    _need("token", BigInteger),
    CheckConstraint("op IN ('put', 'delete')", name="op"),
    Index(None, "space_id", "seq"),
    sqlite_autoincrement=True,
)

#: The bits of a photo's perceptual hash by the method of that number, and the mean colours, RGB, of 8 x 8 parts.
perceptual_hash = Table(
    "perceptual_hash",
    metadata,
    _of("photo", primary=True),
    _need("method", _INTEGER),
    _need("bits", LargeBinary(8)),
    _need("colours", LargeBinary(192)),
)

#: A photo's pixels, kept small, to recognise the photo after an edit: see `indexer/decode/miniature.py`.
miniature = Table("miniature", metadata, _of("photo", primary=True), _need("pixels", LargeBinary(514)))

#: The photo that a path held before, of photos that have a history of tags or are examples of labels: another photo
#: there may be an edit of it.
#: `newest_id` is the newest photo when the path lost it, `compared_id` the one that was last found to be no edit.
former_photo = Table(
    "former_photo",
    metadata,
    _of("folder", primary=True),
    Column("path", LargeBinary, primary_key=True),
    _of("photo"),
    Column("newest_id", _INTEGER, nullable=False),
    Column("compared_id", _INTEGER),
    Index(None, "photo_id"),
)

#: Edits at which a photo took over another one's annotations, in order: the hash of that one's content.
photo_edit = Table(
    "photo_edit",
    metadata,
    _id(),
    _of("photo"),
    _need("content_hash", LargeBinary(32)),
    _need("at", DateTime),
    Index(None, "photo_id"),
    sqlite_autoincrement=True,
)

#: Contents whose decoding failed without a known fault: how often, and when last.
attempt = Table(
    "attempt",
    metadata,
    Column("content_hash", LargeBinary(32), primary_key=True),
    _need("tries", _INTEGER),
    _need("last_at", DateTime),
    _need("reason", _TEXT),
)

#: A describer's answers about a photo: a caption, labels as it wrote them, and the text in the picture. `origin` is the
#: describer, and `tasks` are those that it was asked for.
description = Table(
    "description",
    metadata,
    _of("photo", primary=True),
    Column("origin", _TEXT, primary_key=True),
    _need("tasks", JSON),
    Column("caption", _TEXT),
    Column("labels", JSON, nullable=False, server_default="[]"),
    Column("text", _TEXT),
    _need("made_at", DateTime),
    Index(None, "origin"),
)

#: The words (`store/words.py`) of captions and of texts in pictures, joined by spaces. The origin is empty for the
#: caption in the photo's files. A full-text index is kept of them, `photo_words` (`word_index.py`), on SQLite by
#: triggers; a revision that makes this table anew makes them anew, too.
photo_text = Table(
    "photo_text",
    metadata,
    _id(),
    _of("photo"),
    _need("origin", _TEXT),
    _need("kind", _TEXT),
    _need("words", _TEXT),
    UniqueConstraint("photo_id", "origin", "kind"),
    CheckConstraint("kind IN ('caption', 'text')", name="kind"),
    sqlite_autoincrement=True,
)

#: The vector of a photo's caption in a space, and the digest of that caption.
caption_vector = Table(
    "caption_vector",
    metadata,
    _of("photo", primary=True),
    _of("space", primary=True),
    Column("caption_digest", LargeBinary(16), nullable=False),
    _need("vector", Vector("float16")),
)

text_vector = Table(
    "text_vector",
    metadata,
    _id(),
    _of("space"),
    _need("text", _TEXT),
    _need("vector", Vector("float32")),
    #: When a search first asked for it; NULL for the texts of labels.
    Column("searched_at", DateTime),
    UniqueConstraint("space_id", "text"),
    Index(None, "searched_at"),
    sqlite_autoincrement=True,
)

label = Table(
    "label",
    metadata,
    _id(),
    _need("name", _TEXT),
    _need("texts", JSON),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("examples", JSON, nullable=False, server_default="[]"),
    Column("counterexamples", JSON, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)

#: Every content that was ever an example of a label, or a counterexample.
example_content = Table("example_content", metadata, Column("content_hash", LargeBinary(32), primary_key=True))

label_vector = Table(
    "label_vector",
    metadata,
    _of("label", primary=True),
    _of("space", primary=True),
    _need("vector", Vector("float32")),
    #: The number of examples, of both kinds, that it was made of, and the cosine from which they say it counts.
    Column("examples", _INTEGER, nullable=False, server_default="0"),
    Column("minimum", Float),
    #: The part of the label's score that comes from its texts, from 0 to 1.
    Column("text_share", Float, nullable=False, server_default="1"),
)

vocabulary = Table(
    "vocabulary", metadata, _id(), Column("name", _TEXT, nullable=False, unique=True), sqlite_autoincrement=True
)

revision = Table(
    "revision",
    metadata,
    _id(),
    _of("vocabulary"),
    _need("number", _INTEGER),
    _need("digest", LargeBinary(32)),
    Column("threshold", Float),
    _need("created_at", DateTime),
    Column("exclusive", JSON, nullable=False, server_default="[]"),
    #: The number of the revision whose content a rollback brought back as this one.
    Column("restores", _INTEGER),
    UniqueConstraint("vocabulary_id", "number"),
    sqlite_autoincrement=True,
)

revision_label = Table(
    "revision_label",
    metadata,
    _of("revision", primary=True),
    Column("position", _INTEGER, primary_key=True),
    _of("label"),
    Column("category", _TEXT),
    _need("aliases", JSON),
    Column("threshold", Float),
    Column("parents", JSON, nullable=False, server_default="[]"),
)

tag = Table(
    "tag",
    metadata,
    _of("photo", primary=True),
    _of("label", primary=True),
    Column("source", _TEXT, primary_key=True),
    #: The program that an imported tag came from; empty for others.
    Column("origin", _TEXT, primary_key=True, server_default=""),
    CheckConstraint("source IN ('user', 'rejected', 'imported')", name="source"),
    CheckConstraint("(source = 'imported') = (origin <> '')", name="imported_has_origin"),
    Index(None, "label_id", "photo_id"),
)

#: The labels that photos were scored with. The newest complete one of a space and a slot is in force.
#: `label_ids` are int64, ascending, `offsets` float64; `change_seq` is the last entry of the change log at its begin.
scoring = Table(
    "scoring",
    metadata,
    _id(),
    _of("space"),
    _of("revision"),
    _need("edition", _INTEGER),
    _need("label_ids", LargeBinary),
    _need("offsets", LargeBinary),
    _need("change_seq", BigInteger),
    _need("complete", Boolean),
    Column("slot", _TEXT, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

#: A photo's best labels, int32, and their cosines, float32, by falling cosine: as many for every photo.
photo_scores = Table(
    "photo_scores",
    metadata,
    _of("scoring", primary=True),
    # Not a reference: checking one would take an index as large as the rows.
    Column("photo_id", _INTEGER, primary_key=True),
    _need("label_ids", LargeBinary),
    _need("cosines", LargeBinary),
    sqlite_with_rowid=False,
)

#: The least rank that each photo has kept, float32, of a page of 4096 ids (see `LeastRanks`).
least_rank = Table(
    "least_rank",
    metadata,
    _of("scoring", primary=True),
    Column("page", _INTEGER, primary_key=True, autoincrement=False),
    _need("ranks", LargeBinary),
)

#: A snapshot of scores over the library, and its number of photos then; the newest of a space is in force.
calibration = Table(
    "calibration",
    metadata,
    _id(),
    _of("space"),
    _need("photos", _INTEGER),
    _need("created_at", DateTime),
    sqlite_autoincrement=True,
)

label_calibration = Table(
    "label_calibration",
    metadata,
    _of("calibration", primary=True),
    _of("label", primary=True),
    _need("median", Float),
    _need("spread", Float),
)

#: Changes of tags by people and other programs, in order.
tag_event = Table(
    "tag_event",
    metadata,
    _id(),
    _of("photo"),
    _of("label"),
    _need("what", _TEXT),
    Column("origin", _TEXT),
    _need("at", DateTime),
    CheckConstraint("what IN ('added', 'rejected', 'cleared', 'imported')", name="what"),
    Index(None, "photo_id"),
    sqlite_autoincrement=True,
)

#: A command that wrote sidecars.
sidecar_run = Table(
    "sidecar_run",
    metadata,
    _id(),
    _need("started_at", DateTime),
    #: None while it runs, and where it was killed.
    Column("ended_at", DateTime),
    Column("undone_at", DateTime),
    sqlite_autoincrement=True,
)

#: A sidecar that a run wrote: its absolute path, its content before (zlib; none if it was made), and the SHA-256 after.
sidecar_write = Table(
    "sidecar_write",
    metadata,
    _id(),
    _of("sidecar_run"),
    # Not a reference: what was written can be undone when the photo was pruned, too.
    Column("photo_id", _INTEGER, nullable=False),
    _need("path", LargeBinary),
    Column("before", LargeBinary),
    _need("after_hash", LargeBinary(32)),
    Column("undone", Boolean, nullable=False, server_default="0"),
    UniqueConstraint("sidecar_run_id", "path"),
    Index(None, "path"),
    sqlite_autoincrement=True,
)

#: A threshold of a label that answers about photos gave, in a vocabulary of that name. As a probability it means
#: something in that space alone.
tuned_threshold = Table(
    "tuned_threshold",
    metadata,
    Column("vocabulary", _TEXT, primary_key=True),
    Column("label", _TEXT, primary_key=True),
    _of("space", primary=True),
    Column("threshold", Float, primary_key=True),
    _need("at", DateTime),
)

#: A vocabulary in force: the main one, whose name is empty, and the others; and the revision that photos are to be
#: tagged with.
slot = Table("slot", metadata, Column("name", _TEXT, primary_key=True), _of("revision", name="target_revision_id"))

#: Re-tags of a slot in a space. The target is the slot's revision and a version, which grows with everything that makes
#: photos' scores differ there; `current` is the target that all photos were last scored for, NULL and 0 before the
#: first re-tag. A re-tag is pending where the two versions differ. Without a row the target has version 1.
slot_state = Table(
    "slot_state",
    metadata,
    Column("slot", _TEXT, ForeignKey("slot.name"), primary_key=True),
    # Not a reference: it is 0 before the library has a space.
    Column("space_id", _INTEGER, primary_key=True),
    _of("revision", null=True, name="current_revision_id"),
    _need("current_version", _INTEGER),
    _need("target_version", _INTEGER),
    CheckConstraint("current_version <= target_version", name="versions"),
)

#: Absolute paths below which a slot's labels are shown; none for everywhere.
slot_folder = Table(
    "slot_folder",
    metadata,
    Column("slot", _TEXT, ForeignKey("slot.name"), primary_key=True),
    Column("path", LargeBinary, primary_key=True),
)

#: One row: the checkpoint and the space that searches use, and how files are read; the space before the last switch,
#: and the space that is tried, perhaps with at most so many photos, and those of the folder of that absolute path.
library = Table(
    "library",
    metadata,
    Column("id", _INTEGER, primary_key=True, autoincrement=False),
    Column("model", LargeBinary),
    _of("space", null=True),
    Column("decoders", _TEXT),
    Column("indexing", Boolean, nullable=False, server_default="0"),
    _of("space", null=True, name="previous_space_id"),
    _of("space", null=True, name="trying_space_id"),
    Column("trying_folder", LargeBinary),
    Column("trying_sample", _INTEGER),
    CheckConstraint("id = 1", name="one_row"),
)

#: SHA-256 of weights' files, remembered by their sizes and times so that a start does not read gigabytes.
weights = Table("weights", metadata, Column("stamp", _TEXT, primary_key=True), _need("hash", _TEXT))

#: Queries that a person gave a name.
saved_search = Table(
    "saved_search",
    metadata,
    Column("name", _TEXT, primary_key=True),
    _need("query", _TEXT),
    _need("saved_at", DateTime),
)

#: Files that were moved out of the library at once, to one folder.
move_run = Table(
    "move_run",
    metadata,
    _id(),
    _need("folder", LargeBinary),
    _need("started_at", DateTime),
    #: None while it runs, and where it was killed.
    Column("ended_at", DateTime),
    Column("undone_at", DateTime),
    sqlite_autoincrement=True,
)

#: A file that a run moved: its absolute paths before and after, and its content, size and time.
file_move = Table(
    "file_move",
    metadata,
    _id(),
    _of("move_run"),
    # Not a reference: what was moved can be put back when the photo was pruned, too.
    Column("photo_id", _INTEGER, nullable=False),
    _need("old_path", LargeBinary),
    _need("new_path", LargeBinary),
    Column("content_hash", LargeBinary(32), nullable=False),
    _need("size", BigInteger),
    _need("mtime_ns", BigInteger),
    _need("is_sidecar", Boolean),
    Column("undone", Boolean, nullable=False, server_default="0"),
    Index(None, "move_run_id"),
    sqlite_autoincrement=True,
)
