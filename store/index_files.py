"""The index's files: rows, ids and a manifest, written beside and renamed.

`space-N.json` is the manifest. It names the files of one generation, with their sizes and checksums; FAISS itself
loads damaged files without complaint. Every file is synced before the manifest is renamed into place, and the folder
after.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from .changes import Position
from .disk import sync
from .records import Neighbours, Space, Vectors

_FORMAT = 1
Manifest = dict[str, Any]

#: Rows beyond those asked for, and how much two ways of adding up a cosine differ at most.
_MORE, _ROUNDING = 16, 2e-6
#: Rows that are scored at once.
_PART = 4096
#: As few rows are scored as they are, without a scan.
_FEW = 1024

#: What reading a file that is not as it was written can raise. Whatever is wrong with a cache, the remedy is the same.
_UNUSABLE = (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError)


class Rows:
    """The rows of one generation, up to `end` of the change log.

    `manifest` is the one on disk when they were made or read; where the folder cannot be written it is another's.
    """

    def __init__(
        self, end: Position, photo_ids: NDArray[np.int64], index: faiss.Index, manifest: Manifest | None
    ) -> None:
        self.end = end
        self._photo_ids = photo_ids
        self._index = index
        self.manifest = manifest

    def __len__(self) -> int:
        """How many rows."""
        return len(self._photo_ids)

    @property
    def photo_ids(self) -> NDArray[np.int64]:
        """The photos of the rows, int64 (n,), ascending."""
        return self._photo_ids

    def vectors(self, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The rows of *photo_ids*, which must all be among them, float32 (n, d)."""
        rows: NDArray[np.float32] = self._index.reconstruct_batch(np.searchsorted(self._photo_ids, photo_ids))
        return rows

    def search(
        self,
        query: NDArray[np.float32],
        count: int,
        without: NDArray[np.int64],
        among: NDArray[np.int64] | None = None,
    ) -> Neighbours:
        """The *count* rows nearest to *query*, float32 (d,), and more, of photos that are not in *without*.

        Only photos in *among* count, if it is given; it may name others. There are more so that no row is missing which
        is as near as the last but for rounding. In no order.
        """
        mask = self._mask(without, among)
        there = len(self) if mask is None else int(np.count_nonzero(mask))
        if min(count, there) <= 0:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        parameters = None
        if mask is not None:
            if there <= _FEW:
                found = np.flatnonzero(mask)
                return Neighbours(self._photo_ids[found], self._cosines(found, query))
            # FAISS keeps pointers: all of these must live until the search is done.
            bits = np.packbits(mask, bitorder="little")
            chosen = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]  # made by the binding
            parameters = faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]  # the same
        asked = count + _MORE
        while True:
            asked = min(asked, there)
            cosines, positions = self._index.search(query[None], asked, params=parameters)
            # Of rows that are equally near, FAISS keeps any; identical pictures are as near as each other.
            if asked == there or cosines[0][-1] < cosines[0][count - 1] - _ROUNDING:
                break
            asked *= 2
        found = np.sort(positions[0][positions[0] >= 0])
        return Neighbours(self._photo_ids[found], self._cosines(found, query))

    def _cosines(self, positions: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [
            cosines_of(self._index.reconstruct_batch(positions[start : start + _PART]), query)
            for start in range(0, len(positions), _PART)
        ]
        cosines: NDArray[np.float32] = np.concatenate(parts)
        return cosines

    def _mask(self, without: NDArray[np.int64], among: NDArray[np.int64] | None) -> NDArray[np.bool_] | None:
        """Which rows count, bool (n,); None if all do."""
        skipped = self._positions(without)
        if among is None and not len(skipped):
            return None
        mask = np.full(len(self), among is None)
        if among is not None:
            mask[self._positions(among)] = True
        mask[skipped] = False
        return mask

    def _positions(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        # Rows lie by ascending photo.
        places = np.searchsorted(self._photo_ids, photo_ids)
        inside = places < len(self)
        places, photo_ids = places[inside], photo_ids[inside]
        held: NDArray[np.int64] = places[self._photo_ids[places] == photo_ids]
        return held


def cosines_of(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of *rows*, float32 (n, d), with *query*, float32 (d,): a row's does not depend on those around it.

    A matrix product adds up in another order here and there, and identical pictures would get different cosines.
    """
    products: NDArray[np.float64] = rows.astype(np.float64) * query.astype(np.float64)
    cosines: NDArray[np.float32] = products.sum(axis=1).astype(np.float32)
    return cosines


class IndexFiles:
    """Reads and writes the generations of one space's index."""

    def __init__(self, directory: Path, space: Space) -> None:
        self._directory = directory
        self._space = space
        self._manifest = directory / f"space-{space.id}.json"

    def open(self) -> Rows | None:
        """The rows on disk, memory-mapped; None if they are absent, damaged, or of another space."""
        manifest = self.manifest()
        if manifest is None:
            return None
        try:
            return self._map(manifest)
        except _UNUSABLE:
            return None

    def manifest(self) -> Manifest | None:
        """The manifest on disk; None if it is absent, damaged, or of another space or format."""
        try:
            manifest = json.loads(self._manifest.read_text("utf-8"))
        except _UNUSABLE:
            return None
        if not isinstance(manifest, dict):
            return None
        content = {name: value for name, value in manifest.items() if name != "checksum"}
        right = manifest.get("checksum") == _checksum(content)
        known = content.get("format") == _FORMAT and content.get("space") == _identity(self._space)
        return manifest if right and known else None

    def still(self, rows: Rows) -> bool:
        """Whether nothing was written since *rows* were made or read."""
        return self.manifest() == rows.manifest

    def verify(self) -> bool:
        """Whether there are files and their every byte is right."""
        manifest = self.manifest()
        try:
            return manifest is not None and all(
                _crc32(self._directory / name) == description["crc32"]
                for name, description in manifest["files"].items()
            )
        except _UNUSABLE:
            return False

    def remove(self) -> None:
        """Remove every generation, as far as the folder lets us."""
        self._remove_all_but(None)
        with suppress(OSError):
            self._manifest.unlink()

    def size(self) -> int:
        """Bytes of all generations."""
        total = 0
        for path in self._directory.glob(f"space-{self._space.id}[-.]*"):
            # Another process may be replacing them.
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def write(self, end: Position, pages: Iterable[Vectors]) -> Rows:
        """Make a new generation of *pages*, by ascending photo; in memory alone if it cannot be written."""
        index = faiss.IndexScalarQuantizer(
            self._space.identity.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        ids = [np.empty(0, np.int64)]
        for page in pages:
            ids.append(page.ids)
            index.add(page.matrix)
        photo_ids = np.concatenate(ids)
        try:
            self._save(end, photo_ids, index)
        except (OSError, RuntimeError):
            return Rows(end, photo_ids, index, self.manifest())
        rows = self.open()
        # Another process may have put its own generation there meanwhile.
        return rows if rows is not None and rows.end == end else Rows(end, photo_ids, index, self.manifest())

    def _save(self, end: Position, photo_ids: NDArray[np.int64], index: faiss.Index) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        stem = f"space-{self._space.id}-{end.seq}-{secrets.token_hex(4)}"
        rows, ids = self._directory / f"{stem}.faiss", self._directory / f"{stem}.npy"
        try:
            faiss.write_index(index, os.fspath(rows))
            np.save(ids, photo_ids)
            for path in (rows, ids):
                sync(path)
            manifest = {
                "format": _FORMAT,
                "space": _identity(self._space),
                "end": [end.seq, end.token],
                "rows": len(photo_ids),
                "files": {path.name: _describe(path) for path in (rows, ids)},
            }
            self._replace_manifest({**manifest, "checksum": _checksum(manifest)})
        except BaseException:
            rows.unlink(missing_ok=True)
            ids.unlink(missing_ok=True)
            raise
        # Some network disks cannot: then a power cut may cost the file, which is a cache.
        with suppress(OSError):
            sync(self._directory)
        self._remove_all_but(stem)

    def _replace_manifest(self, manifest: Manifest) -> None:
        beside = self._manifest.with_suffix(f".{secrets.token_hex(4)}.tmp")
        try:
            beside.write_text(json.dumps(manifest, indent=1), "utf-8")
            sync(beside)
            beside.replace(self._manifest)
        finally:
            beside.unlink(missing_ok=True)

    def _remove_all_but(self, stem: str | None) -> None:
        # Another process that is writing may lose its files here; it then answers from memory, and the next one
        # that finds a manifest without its files writes anew.
        for path in self._directory.glob(f"space-{self._space.id}[-.]*"):
            if path != self._manifest and (stem is None or not path.name.startswith(stem)):
                with suppress(OSError):
                    path.unlink()

    def _map(self, manifest: Manifest) -> Rows | None:
        paths = [self._directory / name for name in manifest["files"]]
        if not all(_matches(path, manifest["files"][path.name]) for path in paths):
            return None
        # This flag maps the codes themselves, without reading them.
        index = faiss.read_index(os.fspath(paths[0]), faiss.IO_FLAG_MMAP_IFC)
        photo_ids = np.load(paths[1], mmap_mode="r", allow_pickle=False)
        if index.ntotal != manifest["rows"] or len(photo_ids) != manifest["rows"]:
            return None
        return Rows(Position(*manifest["end"]), photo_ids, index, manifest)


def _identity(space: Space) -> list[object]:
    identity = space.identity
    return [space.id, identity.weights_hash, identity.preprocessing, identity.precision, identity.dimension]


def _checksum(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _describe(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino, "crc32": _crc32(path)}


def _matches(path: Path, description: dict[str, int]) -> bool:
    """Whether the file is the one described. Its content is read only if the file was touched or copied since."""
    status = path.stat()
    if status.st_size != description["size"]:
        return False
    untouched = (status.st_mtime_ns, status.st_ino) == (description["mtime_ns"], description["inode"])
    return untouched or _crc32(path) == description["crc32"]


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum
