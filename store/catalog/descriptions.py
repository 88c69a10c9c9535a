"""Descriptions of photos by other models: captions, labels as the models wrote them, and texts in the pictures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Connection,
    LargeBinary,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)

from store.errors import BadVector
from store.records import DescriberSummary, DescriptionWords, StoredDescription, Vectors
from store.sql import schema
from store.sql.dialect import (
    chunks,
    each_of,
    holds_others_than_ascii,
    ids_of,
    is_filled,
    pack,
    plain_cursor,
    put_rows,
    replacing,
    stored_text,
    vector_length,
    vector_pages,
)
from store.tagging.manual_tags import Tags

from .captions import caption_digest, captions_of
from .photo_texts import follow_texts

_photo, _description, _vector = schema.photo, schema.description, schema.caption_vector
_SHORT, _DETAILED = "caption", "detailed-caption"
#: The part of a description that a task gives. Of two tasks for one part, the one that was asked last gives it.
_PARTS: Final = {
    _SHORT: "caption",
    _DETAILED: "caption",
    "objects": "labels",
    "regions": "labels",
    "text": "text",
}
#: Rows that are fetched at once.
_PART = 5000
_LENGTH_TOLERANCE = 1e-2
# Built once: making a statement costs more than running it.
_ONE = select(_description)
_ONE = _ONE.where(_description.c.photo_id == bindparam("photo"), _description.c.origin == bindparam("describer"))
_PUT = replacing(_description, ["photo_id", "origin"], ["tasks", "caption", "labels", "text", "made_at"])
_KEY, _VALUES = ("photo_id", "space_id"), ("caption_digest", "vector")
#: Descriptions newest first; those of one moment by origin.
_NEWEST = (_description.c.made_at.desc(), _description.c.origin)


class Descriptions:
    """The newest description of each photo by each describer, its *origin*, and the vectors of captions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, photo_id: int, description: StoredDescription, *, keep_detailed: bool = False) -> None:
        """Store a describer's answers about the photo.

        Of its earlier description stays what other tasks gave: the caption, the labels or the text; and a detailed
        caption in place of a short one, if *keep_detailed*. Raises
        `ValueError` for an unknown task, and for an empty origin, which stands for the photo's own files.
        """
        unknown = set(description.tasks) - _PARTS.keys()
        if unknown or not description.origin:
            raise ValueError(f"not a description by a describer: origin {description.origin!r}, tasks {unknown}")
        row = self._connection.execute(_ONE, {"photo": photo_id, "describer": description.origin}).one_or_none()
        merged = description if row is None else _merged(_stored(row), description, keep_detailed=keep_detailed)
        self._connection.execute(_PUT, {"photo_id": photo_id, **_values(merged)})
        follow_texts(self._connection, [photo_id])

    def of(self, photo_ids: Sequence[int]) -> dict[int, list[StoredDescription]]:
        """Return the descriptions of these photos, newest first; photos without any are left out."""
        found: defaultdict[int, list[StoredDescription]] = defaultdict(list)
        for some in chunks(photo_ids):
            rows = select(_description).where(_description.c.photo_id.in_(some)).order_by(*_NEWEST)
            for row in self._connection.execute(rows):
                found[row.photo_id].append(_stored(row))
        return dict(found)

    def described(self, origin: str, tasks: Collection[str]) -> NDArray[np.int64]:
        """Return the photos that the describer gave all these *tasks* for, int64 (n,), ascending.

        A detailed caption stands for a short one, too.
        """
        rows = select(_description.c.photo_id).where(_description.c.origin == origin)
        for task in sorted(tasks):
            # Where a task was asked again in another form, the later one stands in the row.
            kept = each_of(_description.c.tasks)
            answers = [_SHORT, _DETAILED] if task == _SHORT else [task]
            rows = rows.where(exists(select(kept.c.value).where(kept.c.value.in_(answers))))
        return self._ids(rows)

    def put_into_words(self, origin: str) -> NDArray[np.int64]:
        """Return the photos that the describer was asked to caption or to label, int64 (n,), ascending."""
        kept = each_of(_description.c.tasks)
        tasks = [task for task, part in _PARTS.items() if part != "text"]
        asked = exists(select(kept.c.value).where(kept.c.value.in_(tasks)))
        return self._ids(select(_description.c.photo_id).where(_description.c.origin == origin, asked))

    def origins(self) -> list[str]:
        """Return the describers that photos have descriptions by, in alphabetical order."""
        return list(self._connection.execute(select(_description.c.origin).distinct().order_by("origin")).scalars())

    def summaries(self) -> list[DescriberSummary]:
        """Return each describer with the number of its photos and the time of its last description, newest first."""
        last = func.max(_description.c.made_at)
        rows = select(_description.c.origin, func.count(), last).group_by(_description.c.origin)
        return [DescriberSummary(*row) for row in self._connection.execute(rows.order_by(last.desc(), "origin"))]

    def forget(self, origin: str) -> int:
        """Delete the descriptions by a describer, and the tags out of them. Returns the number of descriptions."""
        mine = _description.c.origin == origin
        photo_ids = self._ids(select(_description.c.photo_id).where(mine)).tolist()
        if photo_ids:
            self._connection.execute(delete(_description).where(mine))
            Tags(self._connection).drop_derived(origin)
        follow_texts(self._connection, photo_ids)
        return len(photo_ids)

    def any(self) -> bool:
        """Return whether any photo has a description."""
        return self._connection.execute(select(_description.c.photo_id).limit(1)).first() is not None

    def words(self, photo_ids: Sequence[int] | None = None) -> Iterator[DescriptionWords]:
        """Yield the labels and the caption of each description, or of each of *photo_ids*, by photo and origin."""
        asked = true() if photo_ids is None else _description.c.photo_id.in_(ids_of(photo_ids))
        columns = _description.c.photo_id, _description.c.origin, _description.c.labels, _description.c.caption
        cursor = plain_cursor(self._connection, select(*columns).where(asked).order_by(*columns[:2]))
        while rows := cursor.fetchmany(_PART):
            for photo_id, origin, labels, caption in rows:
                # The driver's own value: text in SQLite, parsed in others.
                words = json.loads(labels) if isinstance(labels, str) else labels
                yield DescriptionWords(photo_id, origin, tuple(words), caption)

    def holding(self, parts: Sequence[str]) -> list[int]:
        """Return the photos whose descriptions may hold one of these *parts* of words, in lower case, ascending.

        They are sought in labels and captions. Descriptions with other characters than ASCII are all among them.
        """
        texts = func.lower(_description.c.caption), func.lower(stored_text(_description.c.labels))
        holds = [text.contains(part, autoescape=True) for text in texts for part in parts]
        # JSON may spell a character by its code point.
        others = [holds_others_than_ascii(texts[0]), holds_others_than_ascii(texts[1]), texts[1].contains("\\u")]
        found: list[int] = self._ids(select(_description.c.photo_id).where(or_(*holds, *others)).distinct()).tolist()
        return found

    def labels(self, origin: str) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield each photo that the describer gave labels, by ascending id, with these."""
        rows = select(_description.c.photo_id, _description.c.labels)
        mine = (_description.c.origin == origin, is_filled(_description.c.labels))
        for row in self._connection.execute(rows.where(*mine).order_by(_description.c.photo_id)).yield_per(_PART):
            yield row.photo_id, tuple(row.labels)

    def captions(self, photo_ids: Sequence[int]) -> dict[int, str]:
        """Return the newest describer's caption of each photo, or else the caption in its files, if there is one."""
        return captions_of(self._connection, photo_ids)

    def put_caption_vectors(self, space_id: int, rows: Iterable[tuple[int, str, NDArray[np.float32]]]) -> None:
        """Store vectors of captions in the space, in place of earlier ones: photos, their captions, and the vectors.

        A vector is float32 (d,), of length one. Raises `BadVector` for any other. Photos that were deleted, or have
        another caption now, are left out.
        """
        dimension = self._connection.execute(
            select(schema.space.c.dimension).where(schema.space.c.id == space_id)
        ).scalar_one()
        given = list(rows)
        captions = self.captions([photo_id for photo_id, _, _ in given])
        values = []
        for photo_id, caption, vector in given:
            _check(vector, dimension)
            if captions.get(photo_id) == caption:
                values.append((photo_id, space_id, caption_digest(caption), pack(vector, "float16")))
        put_rows(self._connection, _vector, _KEY, _VALUES, values)

    def caption_vectors(self, space_id: int, rows: int = 4096) -> Iterator[Vectors]:
        """Yield the vectors of captions in the space, of photos that have a file, by ascending id, *rows* at a time."""
        # A damaged row of another length would be no row of the matrix.
        dimension = select(schema.space.c.dimension).where(schema.space.c.id == space_id).scalar_subquery()
        is_whole = vector_length(_vector.c.vector) == dimension
        # They have no checksum.
        mine = select(_vector.c.photo_id, type_coerce(_vector.c.vector, LargeBinary), literal(0, BigInteger()))
        mine = mine.join(_photo, _photo.c.id == _vector.c.photo_id)
        mine = mine.where(_vector.c.space_id == space_id, _photo.c.gone_at.is_(None), is_whole)
        for found in vector_pages(self._connection, mine, _vector.c.photo_id, rows):
            ids = np.array([row[0] for row in found], np.int64)
            matrix = np.frombuffer(b"".join(row[1] for row in found), "<f2").reshape(len(ids), -1)
            yield Vectors(ids, matrix.astype(np.float32))

    def without_caption_vector(self, space_id: int, among: Collection[int] | None = None) -> list[tuple[int, str]]:
        """Return photos, by ascending id, that have a file and a caption without a vector in the space, with these.

        Only photos *among* these ids are returned, if they are given.
        """
        lacking = self._without_vector(space_id)
        if among is not None:
            lacking = lacking.where(_photo.c.id.in_(ids_of(among)))
        photo_ids = self._ids(lacking).tolist()
        captions = self.captions(photo_ids)
        return [(photo_id, captions[photo_id]) for photo_id in photo_ids]

    def any_without_caption_vector(self, space_id: int) -> bool:
        """Return whether a photo that has a file and a caption has no vector in the space."""
        return self._connection.execute(self._without_vector(space_id).limit(1)).first() is not None

    def _without_vector(self, space_id: int) -> Select[Any]:
        """Select the photos that have a file and a caption, without a vector of it."""
        given = select(_description.c.photo_id).where(_description.c.caption.is_not(None))
        has_one = _photo.c.caption.is_not(None) | _photo.c.id.in_(given)
        vectors = select(_vector.c.photo_id).where(_vector.c.space_id == space_id)
        return select(_photo.c.id).where(_photo.c.gone_at.is_(None), has_one, _photo.c.id.not_in(vectors))

    def _ids(self, query: Select[Any]) -> NDArray[np.int64]:
        found = np.array([key for (key,) in plain_cursor(self._connection, query).fetchall()], np.int64)
        found.sort()
        return found


def _merged(before: StoredDescription, now: StoredDescription, *, keep_detailed: bool) -> StoredDescription:
    """*now*, with those parts of *before* that its tasks do not give."""
    tasks = now.tasks
    if keep_detailed and _DETAILED in before.tasks and _DETAILED not in tasks:
        tasks -= {_SHORT}
    given = {_PARTS[task] for task in tasks}
    kept = frozenset(task for task in before.tasks if _PARTS.get(task) not in given)
    return replace(
        now,
        tasks=tasks | kept,
        caption=now.caption if "caption" in given else before.caption,
        labels=now.labels if "labels" in given else before.labels,
        text=now.text if "text" in given else before.text,
    )


def _values(description: StoredDescription) -> dict[str, object]:
    """The columns of a description but the photo's."""
    return {
        "origin": description.origin,
        "tasks": sorted(description.tasks),
        "caption": description.caption or None,
        "labels": list(description.labels),
        "text": description.text or None,
        "made_at": description.made_at,
    }


def _stored(row: Row[Any]) -> StoredDescription:
    return StoredDescription(row.origin, frozenset(row.tasks), row.caption, tuple(row.labels), row.text, row.made_at)


def _check(vector: NDArray[np.float32], dimension: int) -> None:
    if vector.shape != (dimension,):
        raise BadVector(f"its shape is {vector.shape}, not ({dimension},)")
    # A number that is not finite fails the comparison, too.
    length = float(np.linalg.norm(vector))
    if not abs(length - 1) <= _LENGTH_TOLERANCE:
        raise BadVector(f"its length is {length:.3f}, not 1")
