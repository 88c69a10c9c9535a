"""Calibrations: snapshots of the labels' score distributions over a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from store.records import Calibration, CosineSpread
from store.sql import schema
from store.sql.dialect import among, chunks, upsert

_calibration, _of_label = schema.calibration, schema.label_calibration


class Calibrations:
    """The newest snapshot of a space is in force. A label's row is written once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self, space_id: int) -> Calibration | None:
        """The snapshot in force, if there is any."""
        newest = select(_calibration).where(_calibration.c.space_id == space_id).order_by(_calibration.c.id.desc())
        row = self._connection.execute(newest.limit(1)).one_or_none()
        return None if row is None else Calibration(row.id, row.photos, row.created_at)

    def add(self, space_id: int, photos: int, spreads: Mapping[int, CosineSpread]) -> Calibration:
        """Add a snapshot over so many photos, by label, which is in force from now on."""
        now = datetime.now(UTC).replace(tzinfo=None)
        key = self._connection.execute(
            insert(_calibration).values(space_id=space_id, photos=photos, created_at=now)
        ).inserted_primary_key
        assert key is not None
        made = Calibration(int(key[0]), photos, now)
        self.complete(made.id, spreads)
        return made

    def complete(self, calibration_id: int, spreads: Mapping[int, CosineSpread]) -> None:
        """Add labels that the snapshot does not have; the others stay."""
        rows = [
            {"calibration_id": calibration_id, "label_id": label_id, "median": each.median, "spread": each.spread}
            for label_id, each in spreads.items()
        ]
        if rows:
            self._connection.execute(upsert(_of_label).on_conflict_do_nothing(), rows)

    def of(self, calibration_id: int, label_ids: Sequence[int]) -> dict[int, CosineSpread]:
        """The distributions of these labels in the snapshot; labels that it does not have are left out."""
        found: dict[int, CosineSpread] = {}
        for some in chunks(label_ids):
            asked = set(some)
            rows = self._connection.execute(
                select(_of_label.c.label_id, _of_label.c.median, _of_label.c.spread).where(
                    _of_label.c.calibration_id == calibration_id, among(_of_label.c.label_id, some)
                )
            )
            found.update({key: CosineSpread(median, spread) for key, median, spread in rows if key in asked})
        return found
