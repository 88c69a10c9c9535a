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

import faiss
import numpy as np
from numpy.typing import NDArray

from .records import Neighbours, Space, Vectors

_FORMAT = 1


class Rows:
    """The rows of one generation, up to entry `seq` of the change log."""

    def __init__(
        self, seq: int, photo_ids: NDArray[np.int64], index: faiss.Index, manifest: dict[str, object] | None
    ) -> None:
        self.seq = seq
        self._photo_ids = photo_ids
        self._index = index
        self.manifest = manifest

    def __len__(self) -> int:
        """How many rows."""
        return len(self._photo_ids)

    @property
    def on_disk(self) -> bool:
        """Whether these rows are files; they are in memory alone where the folder cannot be written."""
        return self.manifest is not None

    def search(self, query: NDArray[np.float32], count: int, without: NDArray[np.int64]) -> Neighbours:
        """The *count* rows nearest to *query*, float32 (d,), not counting photos in *without* (sorted)."""
        skipped = np.flatnonzero(np.isin(self._photo_ids, without, assume_unique=True))
        count = min(count, len(self) - len(skipped))
        if count <= 0:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        parameters = None
        if len(skipped):
            # FAISS keeps pointers: both objects must live until the search is done.
            batch = faiss.IDSelectorBatch(skipped)
            chosen = faiss.IDSelectorNot(batch)
            parameters = faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]  # made by the binding
        cosines, positions = self._index.search(query[None], count, params=parameters)
        kept = positions[0] >= 0
        return Neighbours(self._photo_ids[positions[0][kept]], cosines[0][kept])


class IndexFiles:
    """Reads and writes the generations of one space's index."""

    def __init__(self, directory: Path, space: Space) -> None:
        self._directory = directory
        self._space = space
        self._manifest = directory / f"space-{space.id}.json"

    def open(self) -> Rows | None:
        """The rows on disk, memory-mapped; None if they are absent, damaged, or of another space."""
        try:
            manifest = self._read_manifest()
            return None if manifest is None else self._map(manifest)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            # Whatever is wrong with a cache, the remedy is the same.
            return None

    def still(self, rows: Rows) -> bool:
        """Whether *rows* are what the manifest names now. Rows in memory alone stay until a file appears."""
        try:
            return self._read_manifest() == rows.manifest
        except (OSError, ValueError, KeyError, TypeError):
            return not rows.on_disk

    def size(self) -> int:
        """Bytes of all generations."""
        return sum(path.stat().st_size for path in self._directory.glob(f"space-{self._space.id}*"))

    def write(self, seq: int, pages: Iterable[Vectors]) -> Rows:
        """Make a new generation of *pages*, and give back its rows: in memory alone if it cannot be written."""
        index = faiss.IndexScalarQuantizer(
            self._space.identity.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        ids = [np.empty(0, np.int64)]
        for page in pages:
            ids.append(page.ids)
            index.add(page.matrix)
        photo_ids = np.concatenate(ids)
        try:
            self._save(seq, photo_ids, index)
        except (OSError, RuntimeError):
            return Rows(seq, photo_ids, index, None)
        return self.open() or Rows(seq, photo_ids, index, None)

    def _save(self, seq: int, photo_ids: NDArray[np.int64], index: faiss.Index) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        stem = f"space-{self._space.id}-{seq}-{secrets.token_hex(4)}"
        rows, ids = self._directory / f"{stem}.faiss", self._directory / f"{stem}.npy"
        try:
            faiss.write_index(index, os.fspath(rows))
            np.save(ids, photo_ids)
            manifest = {
                "format": _FORMAT,
                "space": _identity(self._space),
                "seq": seq,
                "rows": len(photo_ids),
                "files": {path.name: _describe(path) for path in (rows, ids)},
            }
            for path in (rows, ids):
                _sync(path)
            self._replace_manifest({**manifest, "checksum": _checksum(manifest)})
        except BaseException:
            rows.unlink(missing_ok=True)
            ids.unlink(missing_ok=True)
            raise
        self._remove_all_but(stem)

    def _replace_manifest(self, manifest: dict[str, object]) -> None:
        beside = self._manifest.with_suffix(f".{secrets.token_hex(4)}.tmp")
        try:
            beside.write_text(json.dumps(manifest, indent=1), "utf-8")
            _sync(beside)
            beside.replace(self._manifest)
        finally:
            beside.unlink(missing_ok=True)
        _sync(self._directory)

    def _remove_all_but(self, stem: str) -> None:
        # Another process that is writing may lose its file here; it then finds its manifest wrong and writes anew.
        for path in self._directory.glob(f"space-{self._space.id}-*"):
            if not path.name.startswith(stem):
                with suppress(OSError):
                    path.unlink()

    def _read_manifest(self) -> dict[str, object] | None:
        try:
            text = self._manifest.read_text("utf-8")
        except FileNotFoundError:
            return None
        manifest = json.loads(text)
        if not isinstance(manifest, dict):
            return None
        content = {name: value for name, value in manifest.items() if name != "checksum"}
        right = manifest.get("checksum") == _checksum(content)
        known = content.get("format") == _FORMAT and content.get("space") == _identity(self._space)
        return manifest if right and known else None

    def _map(self, manifest: dict[str, object]) -> Rows | None:
        files = manifest["files"]
        assert isinstance(files, dict)
        paths = [self._directory / name for name in files]
        for path in paths:
            if not _matches(path, files[path.name]):
                return None
        # This flag maps the codes themselves, without reading them.
        index = faiss.read_index(os.fspath(paths[0]), faiss.IO_FLAG_MMAP_IFC)
        photo_ids = np.load(paths[1], mmap_mode="r", allow_pickle=False)
        if index.ntotal != manifest["rows"] or len(photo_ids) != manifest["rows"]:
            return None
        seq = manifest["seq"]
        assert isinstance(seq, int)
        return Rows(seq, photo_ids, index, manifest)


def _identity(space: Space) -> list[object]:
    identity = space.identity
    return [space.id, identity.weights_hash, identity.preprocessing, identity.precision, identity.dimension]


def _checksum(manifest: dict[str, object]) -> str:
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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
