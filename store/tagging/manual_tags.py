"""Tags that people and other programs gave photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, insert, literal, not_, or_, select, true

from store.records import DerivedTag, Tag, TagEvent, TagSource
from store.sql import schema
from store.sql.dialect import add_rows, among, chunks, ids_of, items_of, plain_cursor, upsert, utc_now

_tag, _label, _event, _edit = schema.tag, schema.label, schema.tag_event, schema.photo_edit
_description = schema.description
_ORDER = {TagSource.USER: 0, TagSource.IMPORTED: 1, TagSource.REJECTED: 2}
_WHAT = {TagSource.USER: "added", TagSource.REJECTED: "rejected"}
#: Changes by a person.
_BY_HAND = {*_WHAT.values(), "cleared"}
_COLUMNS = [column.name for column in _tag.columns]


class _Content(NamedTuple):
    """Content of a change, whichever photo it is of."""

    label_id: int
    what: str
    origin: str | None
    at: datetime


class Tags:
    """Manual and imported tags. No automatic pass touches them; its own rows are in `Scores`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, photo_ids: Sequence[int]) -> dict[int, list[Tag]]:
        """The tags of each photo: added ones first, then imported and rejected ones, in the order of labels."""
        tags: defaultdict[int, list[Tag]] = defaultdict(list)
        for some in chunks(photo_ids):
            rows = self._connection.execute(select(_tag, _label.c.name).join(_label).where(_tag.c.photo_id.in_(some)))
            for row in rows:
                tag = Tag(row.photo_id, row.label_id, row.name, TagSource(row.source), None, row.origin or None)
                tags[row.photo_id].append(tag)
        for of_one in tags.values():
            of_one.sort(key=lambda tag: (_ORDER[tag.source], tag.label_id))
        return {photo_id: tags.get(photo_id, []) for photo_id in photo_ids}

    def by_hand(self, photo_ids: Sequence[int]) -> set[int]:
        """The subset of the photos with any manual or imported tag."""
        return {
            photo_id
            for some in chunks(photo_ids)
            for photo_id in self._connection.execute(select(_tag.c.photo_id).where(_tag.c.photo_id.in_(some))).scalars()
        }

    def record(self, photo_id: int, label_id: int, source: TagSource) -> bool:
        """Record that a person added or rejected the label. Returns whether it is new."""
        by_hand = [TagSource.USER, TagSource.REJECTED]
        assert source in by_hand
        mine = (_tag.c.photo_id == photo_id, _tag.c.label_id == label_id, _tag.c.source.in_(by_hand))
        if list(self._connection.execute(select(_tag.c.source).where(*mine)).scalars()) == [source.value]:
            return False
        self._connection.execute(delete(_tag).where(*mine))
        self._connection.execute(insert(_tag).values(photo_id=photo_id, label_id=label_id, source=source.value))
        self._note(photo_id, label_id, _WHAT[source], None)
        return True

    def replace_imported(self, photo_id: int, origin: str, label_ids: Collection[int]) -> int:
        """Make the tags that the program *origin* gave the photo exactly these. Returns how many changed."""
        mine = (_tag.c.photo_id == photo_id, _tag.c.source == TagSource.IMPORTED, _tag.c.origin == origin)
        held = set(self._connection.execute(select(_tag.c.label_id).where(*mine)).scalars())
        gone, new = held - set(label_ids), set(label_ids) - held
        if gone:
            self._connection.execute(delete(_tag).where(*mine, _tag.c.label_id.in_(gone)))
        for label_id in sorted(new):
            row = {"photo_id": photo_id, "label_id": label_id, "source": TagSource.IMPORTED.value, "origin": origin}
            self._connection.execute(insert(_tag).values(row))
            self._note(photo_id, label_id, "imported", origin)
        return len(gone) + len(new)

    def derived(self, origins: Sequence[str], photo_ids: Sequence[int]) -> list[DerivedTag]:
        """The imported tags that these describers gave these photos."""
        columns = _tag.c.photo_id, _tag.c.origin, _label.c.name, _label.c.id
        mine = (_tag.c.source == TagSource.IMPORTED.value, _tag.c.origin.in_(origins))
        rows = select(*columns).select_from(_tag).join(_label).where(*mine)
        asked, found = set(photo_ids), []
        for some in chunks(photo_ids):
            cursor = plain_cursor(self._connection, rows.where(among(_tag.c.photo_id, some)))
            found += [DerivedTag(*row) for row in cursor.fetchall() if row[0] in asked]
        return found

    def change_derived(self, removed: Sequence[DerivedTag], added: Sequence[DerivedTag]) -> None:
        """Remove and add imported tags. They follow from other rows, so the history does not have them."""
        keys = [{"photo": tag.photo_id, "label": tag.label_id, "of": tag.origin} for tag in removed]
        imported = TagSource.IMPORTED.value
        if keys:
            this = (_tag.c.photo_id == bindparam("photo"), _tag.c.label_id == bindparam("label"))
            mine = (_tag.c.source == imported, _tag.c.origin == bindparam("of"))
            self._connection.execute(delete(_tag).where(*this, *mine), keys)
        rows = [(tag.photo_id, tag.label_id, imported, tag.origin) for tag in added]
        add_rows(self._connection, _tag, rows)

    def drop_derived(self, origin: str) -> None:
        """Remove all imported tags by *origin*. The history does not have them."""
        mine = (_tag.c.source == TagSource.IMPORTED.value, _tag.c.origin == origin)
        self._connection.execute(delete(_tag).where(*mine))

    def origins(self) -> list[str]:
        """The programs that tags were imported from."""
        found = select(_tag.c.origin).where(_tag.c.source == TagSource.IMPORTED).distinct().order_by(_tag.c.origin)
        return list(self._connection.execute(found).scalars())

    def clear(self, photo_id: int, label_ids: Collection[int]) -> bool:
        """Delete the manual tags of these labels. Returns whether there were any."""
        by_hand = [TagSource.USER, TagSource.REJECTED]
        mine = (_tag.c.photo_id == photo_id, _tag.c.label_id.in_(label_ids), _tag.c.source.in_(by_hand))
        held = list(self._connection.execute(select(_tag.c.label_id).where(*mine)).scalars())
        self._connection.execute(delete(_tag).where(*mine))
        for label_id in held:
            self._note(photo_id, label_id, "cleared", None)
        return bool(held)

    def history(self, photo_id: int) -> list[TagEvent]:
        """The changes of the photo's tags, the edits at which they were kept, and its last rating, oldest first."""
        changes = [TagEvent(row.name, row.what, row.origin, row.at) for row in self._events(photo_id)]
        edits = select(_edit.c.at).where(_edit.c.photo_id == photo_id).order_by(_edit.c.id)
        changes += [TagEvent(None, "edited", None, at) for at in self._connection.execute(edits).scalars()]
        photo = schema.photo.c
        rating = select(photo.own_rating, photo.rated_at).where(photo.id == photo_id, photo.rated_at.is_not(None))
        changes += [TagEvent(None, "rated", None, at, stars) for stars, at in self._connection.execute(rating)]
        return sorted(changes, key=lambda change: change.at)

    def hand_over(self, giver: int, taker: int, *, keep: bool) -> None:
        """Give the tags of the photo *giver* to *taker*, with their history; *keep* them there, too.

        If a person tagged both photos with a label, or rejected it, the later change stays. Imported tags are added,
        except those out of descriptions, which stay.
        """
        given, held = self._events(giver), self._events(taker)
        last = {row.name: row.at for row in held if row.what in _BY_HAND}
        newer = {
            row.name for row in given if row.what in _BY_HAND and (row.name not in last or last[row.name] < row.at)
        }
        by_hand = _tag.c.source.in_(_WHAT)
        named = _tag.c.label_id.in_(select(_label.c.id).where(_label.c.name.in_(items_of(newer))))
        self._connection.execute(delete(_tag).where(_tag.c.photo_id == taker, by_hand, named))
        is_derived = exists().where(_description.c.photo_id == _tag.c.photo_id, _description.c.origin == _tag.c.origin)
        wanted = or_(named, and_(not_(by_hand), not_(is_derived)))
        rows = select(literal(taker), _tag.c.label_id, _tag.c.source, _tag.c.origin)
        added = upsert(_tag).from_select(_COLUMNS, rows.where(_tag.c.photo_id == giver, wanted))
        self._connection.execute(added.on_conflict_do_nothing())
        known = {_content(row) for row in held}
        new = [{**_content(row)._asdict(), "photo_id": taker} for row in given if _content(row) not in known]
        if new:
            self._connection.execute(insert(_event), new)
        if not keep:
            self._connection.execute(delete(_tag).where(_tag.c.photo_id == giver, not_(is_derived)))
            self._connection.execute(delete(_event).where(_event.c.photo_id == giver))

    def _events(self, photo_id: int) -> Sequence[Row[Any]]:
        """The changes of the photo's tags with the labels' names, oldest first."""
        of_one = select(_event, _label.c.name).join(_label).where(_event.c.photo_id == photo_id)
        return self._connection.execute(of_one.order_by(_event.c.at, _event.c.id)).all()

    def photos(self) -> list[int]:
        """The photos with any manual or imported tag, by ascending id."""
        return list(self._connection.execute(select(_tag.c.photo_id).distinct().order_by(_tag.c.photo_id)).scalars())

    def labels(self) -> list[str]:
        """The names of all labels that people or other programs gave photos."""
        given = select(_label.c.name).join(_tag).where(_tag.c.source != TagSource.REJECTED.value)
        return list(self._connection.execute(given.distinct().order_by(_label.c.name)).scalars())

    def given(self, names: Sequence[str] | None = None) -> list[int]:
        """The photos that a person or another program gave a label of one of *names*, or any, by ascending id.

        A label that a person rejected for a photo counts as not given by programs.
        """
        of_names = [None] if names is None else list(chunks(names))
        return sorted({photo_id for some in of_names for photo_id in self._given(some)})

    def _given(self, names: Sequence[str] | None) -> set[int]:
        named = true() if names is None else _label.c.name.in_(names)
        rows = select(_tag.c.photo_id).join(_label).where(named)
        is_rejected = _tag.c.source == TagSource.REJECTED.value
        found = set(self._connection.execute(rows.where(not_(is_rejected)).distinct()).scalars())
        rejections = self._connection.execute(rows.add_columns(_label.c.name).where(is_rejected))
        rejected = {(photo_id, name) for photo_id, name in rejections}
        doubtful = found.intersection(photo_id for photo_id, _ in rejected)
        there = rows.add_columns(_label.c.name, _tag.c.source).where(_tag.c.photo_id.in_(ids_of(doubtful)))
        certain = {
            photo_id
            for photo_id, name, source in self._connection.execute(there.where(not_(is_rejected)))
            if source == TagSource.USER or (photo_id, name) not in rejected
        }
        return found - doubtful | certain

    def _note(self, photo_id: int, label_id: int, what: str, origin: str | None) -> None:
        now = utc_now()
        self._connection.execute(
            insert(_event).values(photo_id=photo_id, label_id=label_id, what=what, origin=origin, at=now)
        )


def _content(row: Row[Any]) -> _Content:
    return _Content(row.label_id, row.what, row.origin, row.at)
