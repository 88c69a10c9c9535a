"""Labels: their cached vectors, and calibrations, the snapshots of their score distributions over a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, delete, insert, select, update

from store.records import Calibration, CosineSpread, LabelFit, Vectors
from store.sql import schema
from store.sql.dialect import among, chunks, replacing, upsert, utc_now

_vector, _tuned = schema.label_vector, schema.tuned_threshold
_calibration, _of_label = schema.calibration, schema.label_calibration
#: The number of photos of a snapshot that is not complete.
_BEGUN = -1


class Labels:
    """One unit vector for each label and space. A label's id stands for its texts and examples, so none goes stale."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def vectors(self, space_id: int, label_ids: Sequence[int]) -> Vectors:
        """The vectors that are cached, in the order asked; the others are left out."""
        found = {}
        for some in chunks(label_ids):
            rows = self._connection.execute(
                select(_vector.c.label_id, _vector.c.vector).where(
                    _vector.c.space_id == space_id, among(_vector.c.label_id, some)
                )
            )
            asked = set(some)
            found.update({label_id: vector for label_id, vector in rows if label_id in asked})
        ids = [label_id for label_id in label_ids if label_id in found]
        matrix = np.stack([found[label_id] for label_id in ids]) if ids else np.empty((0, 0), np.float32)
        return Vectors(np.array(ids, np.int64), matrix)

    def fits(self, space_id: int, label_ids: Sequence[int]) -> dict[int, LabelFit]:
        """The `LabelFit` of the cached vectors of these labels, by label."""
        found: dict[int, LabelFit] = {}
        for some in chunks(label_ids):
            rows = self._connection.execute(
                select(_vector.c.label_id, _vector.c.examples, _vector.c.minimum, _vector.c.text_share).where(
                    _vector.c.space_id == space_id, _vector.c.label_id.in_(some)
                )
            )
            found.update({row.label_id: LabelFit(row.examples, row.minimum, row.text_share) for row in rows})
        return found

    def put_vectors(self, space_id: int, vectors: Vectors, fits: Mapping[int, LabelFit] | None = None) -> None:
        """Cache these, with the *fits* of labels with examples."""
        known, of_texts = fits or {}, LabelFit(0, None, 1.0)
        rows = [
            {
                "space_id": space_id,
                "label_id": label_id,
                "vector": vector,
                **known.get(label_id, of_texts)._asdict(),
            }
            for label_id, vector in zip(vectors.ids.tolist(), vectors.matrix, strict=True)
        ]
        if rows:
            self._connection.execute(upsert(_vector).on_conflict_do_nothing(), rows)

    def forget_vectors(self, space_id: int, label_ids: Sequence[int]) -> None:
        """Delete the cached vectors of these labels in a space where nothing is scored with them."""
        mine = _vector.c.space_id == space_id
        for some in chunks(label_ids):
            self._connection.execute(delete(_vector).where(mine, _vector.c.label_id.in_(some)))


class TunedThresholds:
    """Thresholds that answers about photos gave. As probabilities, each means something in its own space alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, space_id: int, vocabulary: str, label: str, threshold: float) -> None:
        """Note that the label's *threshold* is from answers about photos' scores in the space."""
        row = {"vocabulary": vocabulary, "label": label, "space_id": space_id, "threshold": threshold, "at": utc_now()}
        self._connection.execute(replacing(_tuned, list(row)[:4], ["at"]), row)

    def of(self, vocabulary: str) -> dict[str, dict[int, list[float]]]:
        """The tuned thresholds of the vocabulary's labels: by label and space, the newest first."""
        found: dict[str, dict[int, list[float]]] = {}
        mine = select(_tuned).where(_tuned.c.vocabulary == vocabulary).order_by(_tuned.c.at.desc())
        for row in self._connection.execute(mine):
            found.setdefault(row.label, {}).setdefault(row.space_id, []).append(row.threshold)
        return found


class Calibrations:
    """The newest snapshot of a space is in force. A label's row is written once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self, space_id: int) -> Calibration | None:
        """The snapshot in force, if there is any."""
        whole = select(_calibration).where(_calibration.c.space_id == space_id, _calibration.c.photos >= 0)
        row = self._connection.execute(whole.order_by(_calibration.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else Calibration(row.id, row.photos, row.created_at)

    def begin(self, space_id: int) -> int:
        """Add a snapshot without labels that is not in force, and return its id. One that is left so does no harm."""
        now = utc_now()
        key = self._connection.execute(
            insert(_calibration).values(space_id=space_id, photos=_BEGUN, created_at=now)
        ).inserted_primary_key
        assert key is not None
        return int(key[0])

    def put_in_force(self, calibration_id: int, photos: int) -> Calibration:
        """Put the snapshot, over so many photos, in force; it is complete."""
        mine = _calibration.c.id == calibration_id
        self._connection.execute(update(_calibration).where(mine).values(photos=photos))
        row = self._connection.execute(select(_calibration).where(mine)).one()
        return Calibration(row.id, row.photos, row.created_at)

    def withdraw(self, space_id: int) -> None:
        """Let no snapshot of the space be in force."""
        mine = _calibration.c.space_id == space_id
        self._connection.execute(update(_calibration).where(mine).values(photos=_BEGUN))

    def complete(self, calibration_id: int, spreads: Mapping[int, CosineSpread]) -> None:
        """Add labels that the snapshot does not have; the others stay."""
        rows = [
            {"calibration_id": calibration_id, "label_id": label_id, "median": each.median, "spread": each.spread}
            for label_id, each in spreads.items()
        ]
        if rows:
            self._connection.execute(upsert(_of_label).on_conflict_do_nothing(), rows)

    def forget_labels(self, space_id: int, label_ids: Sequence[int]) -> None:
        """Delete what the snapshots of the space have of these labels; it is measured again when it is needed."""
        snapshots = select(_calibration.c.id).where(_calibration.c.space_id == space_id)
        mine = _of_label.c.calibration_id.in_(snapshots)
        for some in chunks(label_ids):
            self._connection.execute(delete(_of_label).where(mine, _of_label.c.label_id.in_(some)))

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
