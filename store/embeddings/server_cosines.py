"""Cosines of a query with stored vectors, computed by PostgreSQL. Rows with wrong checksums are not left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from store.sql.bulk import Numbers
from store.sql.products import HAS_FILE, Products

_HAS_FILE = HAS_FILE.format("embedding")
#: In a library with more ids than so many times the sample, photos are counted by a sample, too.
_LARGE = 8
#: The parts of the ids in which photos are counted, and the share of each.
_COUNTED_PARTS, _COUNTED = 256, 16


def cosines_of(
    connection: Connection, space_id: int, query: NDArray[np.float32], photo_ids: Sequence[int]
) -> NDArray[np.float32]:
    """Return the cosines of *query*, float32 (d,), with the rows of *photo_ids* that there are, in any order."""
    products = Products(query)
    chosen = Numbers(np.array(photo_ids, np.int64))
    _, cosines = products.read(connection, f"{products.rows(space_id)} AND photo_id = ANY (%s)", chosen)
    return cosines.astype(np.float32)


def cosines_of_all(
    connection: Connection, space_id: int, queries: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return all photos of the space, int64 (n,), ascending, and their cosines, float32 (n, m).

    *queries*, float32 (m, d), are one or more.
    """
    columns, photo_ids = [], np.empty(0, np.int64)
    for query in queries:
        products = Products(query)
        photo_ids, cosines = products.read(connection, products.rows(space_id))
        order = np.argsort(photo_ids)
        photo_ids = photo_ids[order]
        columns.append(cosines[order].astype(np.float32))
    return photo_ids, np.stack(columns, axis=1)


def large_sample(
    connection: Connection, space_id: int, query: NDArray[np.float32], most: int
) -> tuple[int, NDArray[np.float32]] | None:
    """Return about the number of photos with file and row, and the cosines of about *most*, at even distances by id.

    None in a library that is small enough to be counted. In a large one, the time is that of the sample alone.
    """
    bounds = "SELECT min(photo_id), max(photo_id) FROM embedding WHERE space_id = %s"
    first, last = connection.exec_driver_sql(bounds, (space_id,)).one()
    if first is None or last - first < _LARGE * most:
        return None
    step = -(-(last - first + 1) // most)
    products = Products(query)
    here = f"photo_id >= start AND photo_id < start + {step} AND {_HAS_FILE}"
    row = f"{products.rows(space_id)} AND {here} ORDER BY photo_id LIMIT 1"
    starts = f"generate_series({first}::bigint, {last}, {step}) AS start"
    _, cosines = products.read(connection, f"SELECT photo_id, product FROM {starts} CROSS JOIN LATERAL ({row}) AS each")  # noqa: S608 - as above
    return _about(connection, space_id, first, last), cosines.astype(np.float32)


def _about(connection: Connection, space_id: int, first: int, last: int) -> int:
    """About the number of photos with file and row: of those in every sixteenth part of the ids, times sixteen."""
    part = -(-(last - first + 1) // _COUNTED_PARTS)
    counted = max(1, part // _COUNTED)
    inside = f"photo_id >= start AND photo_id < start + {counted}"
    each = f"SELECT count(*) AS held FROM embedding WHERE space_id = {space_id} AND {inside} AND {_HAS_FILE}"  # noqa: S608 - numbers
    starts = f"generate_series({first}::bigint, {last}, {part}) AS start"
    total = connection.exec_driver_sql(f"SELECT sum(held) FROM {starts} CROSS JOIN LATERAL ({each}) AS each").scalar()  # noqa: S608 - as above
    return round(int(total or 0) * part / counted)
