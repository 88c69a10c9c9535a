"""Words of photos' captions and of the texts in them, which searches for phrases find."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, union_all

from store.sql import schema
from store.sql.dialect import chunks, numbers_of
from store.sql.word_index import is_word_index_whole, rebuild_word_index
from store.words import words_of

from .captions import drop_earlier_vectors

_photo, _text, _description = schema.photo, schema.photo_text, schema.description
#: The origin of the caption in a photo's files.
OWN = ""
CAPTION, TEXT = "caption", "text"
#: Photos whose words are in memory at once.
_PART = 5000
# Built once: making a statement costs more than running it.
_ADD = insert(_text)
_DROP = delete(_text).where(_text.c.id == bindparam("row"))
_PHOTOS = numbers_of(bindparam("photos"))
_STORED = select(_text.c.id, _text.c.photo_id, _text.c.origin, _text.c.kind, _text.c.words)
_STORED = _STORED.where(_text.c.photo_id.in_(_PHOTOS))
_OWN = select(_photo.c.id, _photo.c.caption).where(_photo.c.caption.is_not(None), _photo.c.id.in_(_PHOTOS))
_GIVEN = select(_description.c.photo_id, _description.c.origin, _description.c.caption, _description.c.text)
_GIVEN = _GIVEN.where(_description.c.photo_id.in_(_PHOTOS))


class _Words(NamedTuple):
    """Words of one text of a photo, joined by spaces."""

    photo_id: int
    origin: str
    kind: str
    words: str


class PhotoTexts:
    """The words of captions and texts, and their full-text index. They always are those of the texts themselves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def wrong(self) -> list[int]:
        """Return the photos whose words are not those of their texts, by ascending id."""
        found: set[int] = set()
        texts = (_description.c.caption.is_not(None), _description.c.text.is_not(None))
        some = union_all(
            select(_photo.c.id).where(_photo.c.caption.is_not(None)),
            select(_description.c.photo_id).where(texts[0] | texts[1]),
            select(_text.c.photo_id),
        ).subquery()
        for photo_ids in chunks(list(self._connection.execute(select(some.c.id).distinct()).scalars()), _PART):
            stored = {each for _, each in _stored(self._connection, photo_ids)}
            found.update(each.photo_id for each in stored.symmetric_difference(_wanted(self._connection, photo_ids)))
        return sorted(found)

    def mend(self, photo_ids: Collection[int]) -> None:
        """Make the words of these photos those of their texts."""
        follow_texts(self._connection, photo_ids)

    def is_index_whole(self) -> bool:
        """Return whether the full-text index is that of the words; in a transaction that may write alone."""
        return is_word_index_whole(self._connection)

    def rebuild_index(self) -> None:
        """Make the full-text index anew."""
        rebuild_word_index(self._connection)


def add_caption(connection: Connection, photo_id: int, caption: str | None) -> None:
    """Store the words of the caption in the files of a photo that is new."""
    for row in _of_text(photo_id, OWN, CAPTION, caption):
        connection.execute(_ADD, row._asdict())


def follow_texts(connection: Connection, photo_ids: Collection[int]) -> None:
    """Note that captions or texts of these photos may have changed: their words, and vectors of earlier captions go."""
    for some in chunks(sorted(photo_ids), _PART):
        stored = {each: row for row, each in _stored(connection, some)}
        wanted = set(_wanted(connection, some))
        gone, new = stored.keys() - wanted, wanted - stored.keys()
        if gone:
            connection.execute(_DROP, [{"row": stored[each]} for each in gone])
        if new:
            connection.execute(_ADD, [each._asdict() for each in sorted(new)])
        drop_earlier_vectors(connection, some)


def _stored(connection: Connection, photo_ids: Sequence[int]) -> Iterator[tuple[int, _Words]]:
    """Yield the rows of these photos, each with its id."""
    for row_id, *words in connection.execute(_STORED, {"photos": json.dumps(photo_ids)}):
        yield row_id, _Words(*words)


def _wanted(connection: Connection, photo_ids: Sequence[int]) -> Iterator[_Words]:
    """Yield the words of the texts that these photos have."""
    some = {"photos": json.dumps(photo_ids)}
    for photo_id, caption in connection.execute(_OWN, some):
        yield from _of_text(photo_id, OWN, CAPTION, caption)
    for photo_id, origin, caption, text in connection.execute(_GIVEN, some):
        yield from _of_text(photo_id, origin, CAPTION, caption)
        yield from _of_text(photo_id, origin, TEXT, text)


def _of_text(photo_id: int, origin: str, kind: str, text: str | None) -> Iterable[_Words]:
    words = " ".join(words_of(text)) if text else ""
    return [_Words(photo_id, origin, kind, words)] if words else []
