"""Tags: labels on photos, and who put them there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, exists, select

from . import schema
from .chunks import chunks
from .dialect import replacing
from .records import Tag, TagSource

_tag, _label, _file = schema.tag, schema.label, schema.file
_ORDER = {TagSource.USER: 0, TagSource.IMPORTED: 1, TagSource.AUTO: 2, TagSource.REJECTED: 3}
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
                tags[row.photo_id].append(Tag(row.photo_id, row.label_id, row.name, source, row.cosine))
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

    def counts(self, minimum: float, minimums: Mapping[int, float]) -> list[tuple[str, int]]:
        """Label to number of photos that have a file and the tag, most first.

        An automatic tag counts from the cosine `minimums[label]`, or else *minimum*; a person's always, a rejected
        one never.
        """
        held = exists().where(_file.c.photo_id == _tag.c.photo_id)
        totals: defaultdict[str, set[int]] = defaultdict(set)
        lowest = min([minimum, *minimums.values()])
        rows = self._connection.execute(
            select(_tag.c.photo_id, _tag.c.label_id, _tag.c.source, _tag.c.cosine, _label.c.name)
            .join(_label)
            .where(held, (_tag.c.source != TagSource.AUTO) | (_tag.c.cosine >= lowest))
        )
        rejected: set[tuple[int, str]] = set()
        for row in rows:
            if row.source == TagSource.REJECTED:
                rejected.add((row.photo_id, row.name))
            elif row.source != TagSource.AUTO or row.cosine >= minimums.get(row.label_id, minimum):
                totals[row.name].add(row.photo_id)
        for photo_id, name in rejected:
            totals[name].discard(photo_id)
        counted = [(name, len(photos)) for name, photos in totals.items() if photos]
        return sorted(counted, key=lambda pair: (-pair[1], pair[0]))

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
                replacing(_tag, ["photo_id", "label_id", "source"], ["cosine", "space_id"]),
                [
                    {
                        "photo_id": photo_id,
                        "label_id": label_id,
                        "source": TagSource.AUTO.value,
                        "space_id": space_id,
                        "cosine": chosen[photo_id, label_id],
                    }
                    for photo_id, label_id in different
                ],
            )
        return len(gone) + len(different)


def _of_photos(wanted: Mapping[tuple[int, int], float], photo_ids: set[int]) -> dict[tuple[int, int], float]:
    return {pair: cosine for pair, cosine in wanted.items() if pair[0] in photo_ids}
