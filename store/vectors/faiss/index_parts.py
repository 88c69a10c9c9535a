"""The files of one generation, written a part at a time, so that memory does not grow with the library."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from .exact_scan import Workers
from .fsync import sync
from .product_quantizer import Codebook

#: The bytes of rows and the codes are the last thing in their files; how many there are stands before, and is only
#: known when all are written. Headers of both kinds are as long for any number.
Header = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Some photos of a generation, ascending and after those of the page before.

    `photo_ids` int64 (n,), `rows` uint8 (n, 2 d), half-precision floats as bytes, `codes` uint8 (n, d / 4) or None.
    """

    photo_ids: NDArray[np.int64]
    rows: NDArray[np.uint8]
    codes: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the files of a generation are; the last two only if there are codes."""

    rows: Path
    photo_ids: Path
    codes: Path
    codebook: Path

    @classmethod
    def of(cls, directory: Path, stem: str) -> Paths:
        """Those that begin with *stem*."""
        suffixes = (".faiss", ".npy", ".codes.npy", ".book.npy")
        return cls(*(directory / f"{stem}{suffix}" for suffix in suffixes))

    def remove(self) -> None:
        """Remove those that are there."""
        self.rows.unlink(missing_ok=True)
        self.photo_ids.unlink(missing_ok=True)
        self.remove_codes()

    def remove_codes(self) -> None:
        """Remove the last two."""
        self.codes.unlink(missing_ok=True)
        self.codebook.unlink(missing_ok=True)


def write(paths: Paths, dimension: int, pages: Iterable[Page], codebook: Codebook | None) -> tuple[int, list[Path]]:
    """Write all, and return the number of photos and the files, synced. Raises `OSError`.

    With a *codebook*, every page has codes.
    """
    photo_ids = [np.empty(0, np.int64)]
    rows_header, codes_header = _rows_header(dimension), _array_header((dimension + 3) // 4)
    with ExitStack() as stack:
        rows = stack.enter_context(_begun(paths.rows, rows_header))
        codes = None if codebook is None else stack.enter_context(_begun(paths.codes, codes_header))
        for page in pages:
            photo_ids.append(page.photo_ids)
            _append(rows, page.rows)
            if codes is not None and page.codes is not None:
                _append(codes, page.codes)
        count = sum(map(len, photo_ids))
        _finish(rows, rows_header(count))
        if codes is not None:
            _finish(codes, codes_header(count))
    np.save(paths.photo_ids, np.concatenate(photo_ids))
    written = [paths.rows, paths.photo_ids]
    if codebook is not None:
        np.save(paths.codebook, codebook.centroids)
        written += [paths.codes, paths.codebook]
    for path in written:
        sync(path)
    return count, written


def write_codes(paths: Paths, rows: NDArray[np.uint8], codebook: Codebook, workers: Workers) -> list[Path]:
    """Write codes of *rows*, uint8 (n, 2 d), beside them, and return the files, synced. Raises `OSError`."""
    header = _array_header((codebook.dimension + 3) // 4)
    with _begun(paths.codes, header) as codes:
        for part in codebook.encoded(rows, workers):
            _append(codes, part)
        _finish(codes, header(len(rows)))
    np.save(paths.codebook, codebook.centroids)
    for path in (paths.codes, paths.codebook):
        sync(path)
    return [paths.codes, paths.codebook]


def mapped_rows(path: Path, dimension: int, count: int) -> NDArray[np.uint8]:
    """The rows of a file, uint8 (n, 2 d), memory-mapped. Raises `ValueError` if it is not one of *count* rows."""
    header = _rows_header(dimension)(count)
    with path.open("rb") as file:
        if file.read(len(header)) != header:
            raise ValueError(f"{path} does not hold {count} rows of {dimension} dimensions")
    if not count:
        return np.empty((0, 2 * dimension), np.uint8)
    return np.asarray(np.memmap(path, np.uint8, "r", offset=len(header), shape=(count, 2 * dimension)))


def _begun(path: Path, header: Header) -> BinaryIO:
    # Whoever has an older file of that name mapped keeps it.
    path.unlink(missing_ok=True)
    file = path.open("wb")
    file.write(header(0))
    return file


def _append(file: BinaryIO, part: NDArray[np.uint8]) -> None:
    file.write(np.ascontiguousarray(part).reshape(-1).data)


def _finish(file: BinaryIO, header: bytes) -> None:
    file.seek(0)
    file.write(header)


def _rows_header(dimension: int) -> Header:
    """Of a FAISS file of half-precision rows, which FAISS itself can read."""
    index = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)

    def header(count: int) -> bytes:
        index.ntotal = count
        written: bytes = faiss.serialize_index(index).tobytes()
        # It ends with the number of bytes of the rows, of which the index holds none.
        return written[:-8] + (count * dimension * 2).to_bytes(8, "little")

    return header


def _array_header(width: int) -> Header:
    """Of a .npy file of uint8 (n, *width*)."""

    def header(count: int) -> bytes:
        # numpy leaves room for as many digits as a number of rows can have.
        written = io.BytesIO()
        description = {"descr": "|u1", "fortran_order": False, "shape": (count, width)}
        np.lib.format.write_array_header_1_0(written, description)
        return written.getvalue()

    return header
