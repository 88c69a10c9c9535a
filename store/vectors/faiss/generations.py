"""What a new generation of the index's rows is made of: the rows before, and what the catalog has otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from store.embeddings import change_log
from store.embeddings.embeddings import Embeddings
from store.records import Vectors

from .index_parts import Page
from .index_rows import Rows
from .product_quantizer import Accelerator

#: Rows that are in memory at once.
_PART = 4096


def from_catalog(embeddings: Embeddings, space_id: int) -> Iterator[Page]:
    """All rows of the space, from the catalog alone."""
    for page in embeddings.scan_stored(space_id, _PART):
        yield Page(page.ids, as_bytes(page))


def from_rows(
    rows: Rows, changed: dict[int, str], embeddings: Embeddings, space_id: int, codes: Accelerator | None = None
) -> Iterator[Page]:
    """*rows*, and in place of those that *changed* (photo to `put` or `delete`) what the catalog has for them.

    If the rows' *codes* are given, the pages have codes, too.
    """
    kept = ~np.isin(rows.photo_ids, np.fromiter(changed, np.int64, len(changed)))
    put = np.array(sorted(photo_id for photo_id, op in changed.items() if op == change_log.PUT), np.int64)
    photo_ids = np.union1d(rows.photo_ids[kept], put)
    for start in range(0, len(photo_ids), _PART):
        wanted = photo_ids[start : start + _PART]
        places = np.searchsorted(rows.photo_ids, wanted)
        places[places == len(rows)] = 0
        held = kept[places] & (rows.photo_ids[places] == wanted) if len(rows) else np.zeros(len(wanted), np.bool_)
        fetched = embeddings.get_stored(space_id, wanted[~held].tolist())
        yield _merged(wanted, held, places, rows, fetched, codes)


def _merged(
    wanted: NDArray[np.int64],
    held: NDArray[np.bool_],
    places: NDArray[np.intp],
    rows: Rows,
    fetched: Vectors,
    accelerator: Accelerator | None,
) -> Page:
    # What is damaged in the catalog is not there.
    there = held | np.isin(wanted, fetched.ids)
    old = held[there]
    matrix = np.empty((len(old), rows.codes.shape[1]), np.uint8)
    matrix[old], matrix[~old] = rows.codes[places[held]], as_bytes(fetched)
    if accelerator is None:
        return Page(wanted[there], matrix)
    codes = np.empty((len(old), accelerator.codes.shape[1]), np.uint8)
    codes[old] = accelerator.codes[places[held]]
    if len(fetched):
        codes[~old] = np.concatenate(list(accelerator.encoded(matrix[~old])))
    return Page(wanted[there], matrix, codes)


def as_bytes(vectors: Vectors) -> NDArray[np.uint8]:
    """Rows as half-precision floats, uint8 (n, 2 d), which is what they were."""
    rows: NDArray[np.uint8] = vectors.matrix.astype("<f2").view(np.uint8)
    return rows
