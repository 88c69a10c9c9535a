"""Tags: labels on photos, and who put them there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection, bindparam, delete, exists, insert, select

from . import schema
from .chunks import chunks
from .dialect import replacing
from .records import Said, Tag, TagSource

_tag, _label, _file, _event = schema.tag, schema.label, schema.file, schema.tag_event
_ORDER = {TagSource.USER: 0, TagSource.IMPORTED: 1, TagSource.AUTO: 2, TagSource.REJECTED: 3}
_WHAT = {TagSource.USER: "added", TagSource.REJECTED: "rejected"}
_DELETE_AUTO = delete(_tag).where(
    _tag.c.photo_id == bindparam("photo"), _tag.c.label_id == bindparam("label"), _tag.c.source == TagSource.AUTO.value
)


class Tags:
    """The rows of tags. The automatic pass owns the automatic ones and no other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replace_auto(self, space_id: int, photo_ids: Sequence[int], rows: Iterable[tuple[int, int, float]]) -> int:
        """Make the automatic tags of these photos exactly *rows* (photo, label, cosine), writing only what differs.

        A label that a person rejected for a photo gets no automatic row. Returns how many rows were written or removed.
        """
        wanted = {(photo_id, label_id): cosine for photo_id, label_id, cosine in rows}
        changed = 0
        for some in chunks(photo_ids):
            held, rejected = self._held(some, space_id)
            chosen = {pair: cosine for pair, cosine in _of_photos(wanted, set(some)).items() if pair not in rejected}
            changed += self._write(space_id, held, chosen)
        return changed

    def of(self, photo_ids: Sequence[int]) -> dict[int, list[Tag]]:
        """Each photo's tags: a person's first, then by falling cosine. Photos without tags have an empty list."""
        tags: defaultdict[int, list[Tag]] = defaultdict(list)
        for some in chunks(photo_ids):
            rows = self._connection.execute(select(_tag, _label.c.name).join(_label).where(_tag.c.photo_id.in_(some)))
            for row in rows:
                source = TagSource(row.source)
                tags[row.photo_id].append(
                    Tag(row.photo_id, row.label_id, row.name, source, row.cosine, row.origin or None)
                )
        for of_one in tags.values():
            of_one.sort(key=lambda tag: (_ORDER[tag.source], -(tag.cosine or 0.0), tag.label_id))
        return {photo_id: tags.get(photo_id, []) for photo_id in photo_ids}

    def by_hand(self, photo_ids: Sequence[int]) -> set[int]:
        """Those of the photos that a person, or another program, said anything about."""
        return {
            photo_id
            for some in chunks(photo_ids)
            for photo_id in self._connection.execute(
                select(_tag.c.photo_id).where(_tag.c.photo_id.in_(some), _tag.c.source != TagSource.AUTO.value)
            ).scalars()
        }

    def say(self, photo_id: int, label_id: int, source: TagSource) -> bool:
        """Note that a person added or rejected the label, until they say otherwise. Returns whether it is new."""
        by_hand = [TagSource.USER, TagSource.REJECTED]
        assert source in by_hand
        mine = (_tag.c.photo_id == photo_id, _tag.c.label_id == label_id, _tag.c.source.in_(by_hand))
        if list(self._connection.execute(select(_tag.c.source).where(*mine)).scalars()) == [source.value]:
            return False
        self._connection.execute(delete(_tag).where(*mine))
        self._connection.execute(insert(_tag).values(photo_id=photo_id, label_id=label_id, source=source.value))
        self._note(photo_id, label_id, _WHAT[source], None)
        return True

    def take(self, photo_id: int, origin: str, label_ids: Collection[int]) -> int:
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

    def origins(self) -> list[str]:
        """The programs that tags were imported from."""
        found = select(_tag.c.origin).where(_tag.c.source == TagSource.IMPORTED).distinct().order_by(_tag.c.origin)
        return list(self._connection.execute(found).scalars())

    def clear(self, photo_id: int, label_ids: Collection[int]) -> bool:
        """Forget what a person said of the labels. Returns whether there was anything."""
        by_hand = [TagSource.USER, TagSource.REJECTED]
        mine = (_tag.c.photo_id == photo_id, _tag.c.label_id.in_(label_ids), _tag.c.source.in_(by_hand))
        held = list(self._connection.execute(select(_tag.c.label_id).where(*mine)).scalars())
        self._connection.execute(delete(_tag).where(*mine))
        for label_id in held:
            self._note(photo_id, label_id, "cleared", None)
        return bool(held)

    def history(self, photo_id: int) -> list[Said]:
        """What was said of the photo, oldest first."""
        rows = self._connection.execute(
            select(_event, _label.c.name).join(_label).where(_event.c.photo_id == photo_id).order_by(_event.c.id)
        )
        return [Said(row.name, row.what, row.origin, row.at) for row in rows]

    def each(self, minimum: float) -> Iterator[list[Tag]]:
        """The tags of every photo that has a file and any, photo by photo; automatic ones from that cosine on."""
        held = exists().where(_file.c.photo_id == _tag.c.photo_id)
        rows = self._connection.execute(
            select(_tag, _label.c.name)
            .join(_label)
            .where(held, (_tag.c.source != TagSource.AUTO) | (_tag.c.cosine >= minimum))
            .order_by(_tag.c.photo_id)
        )
        for _, some in groupby(rows, lambda row: row.photo_id):
            yield [Tag(r.photo_id, r.label_id, r.name, TagSource(r.source), r.cosine, r.origin or None) for r in some]

    def _note(self, photo_id: int, label_id: int, what: str, origin: str | None) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        self._connection.execute(
            insert(_event).values(photo_id=photo_id, label_id=label_id, what=what, origin=origin, at=now)
        )

    def drop_other_labels(self, label_ids: Collection[int]) -> int:
        """Remove the automatic tags of all labels but these. Returns how many."""
        tagged = select(_tag.c.label_id).where(_tag.c.source == TagSource.AUTO).distinct()
        others = sorted(set(self._connection.execute(tagged).scalars()) - set(label_ids))
        removed = 0
        for some in chunks(others):
            removed += self._connection.execute(
                delete(_tag).where(_tag.c.source == TagSource.AUTO, _tag.c.label_id.in_(some))
            ).rowcount
        return removed

    def _held(
        self, photo_ids: Sequence[int], space_id: int
    ) -> tuple[dict[tuple[int, int], float | None], set[tuple[int, int]]]:
        rows = self._connection.execute(
            select(_tag.c.photo_id, _tag.c.label_id, _tag.c.source, _tag.c.space_id, _tag.c.cosine).where(
                _tag.c.photo_id.in_(photo_ids), _tag.c.source.in_([TagSource.AUTO, TagSource.REJECTED])
            )
        )
        held: dict[tuple[int, int], float | None] = {}
        rejected = set()
        for row in rows:
            if row.source == TagSource.REJECTED:
                rejected.add((row.photo_id, row.label_id))
            else:
                held[row.photo_id, row.label_id] = row.cosine if row.space_id == space_id else None
        return held, rejected

    def _write(
        self,
        space_id: int,
        held: Mapping[tuple[int, int], float | None],
        chosen: Mapping[tuple[int, int], float],
    ) -> int:
        gone = [pair for pair in held if pair not in chosen]
        if gone:
            # One by one: SQLite answers a list of pairs by reading the whole table.
            self._connection.execute(_DELETE_AUTO, [{"photo": photo, "label": label} for photo, label in gone])
        different = [pair for pair, cosine in chosen.items() if held.get(pair) != cosine]
        if different:
            self._connection.execute(
                replacing(_tag, ["photo_id", "label_id", "source", "origin"], ["cosine", "space_id"]),
                [
                    {
                        "photo_id": photo_id,
                        "label_id": label_id,
                        "source": TagSource.AUTO.value,
                        "origin": "",
                        "space_id": space_id,
                        "cosine": chosen[photo_id, label_id],
                    }
                    for photo_id, label_id in different
                ],
            )
        return len(gone) + len(different)


def _of_photos(wanted: Mapping[tuple[int, int], float], photo_ids: set[int]) -> dict[tuple[int, int], float]:
    return {pair: cosine for pair, cosine in wanted.items() if pair[0] in photo_ids}
