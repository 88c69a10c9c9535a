"""The files of one space's index: rows, photo ids and a manifest.

`space-N.json` is the manifest. It names the files of one generation, with their sizes and checksums; FAISS itself loads
damaged files without complaint. Files are written under new names, a page at a time so that memory does not grow with
the library, and synced before the manifest is renamed into place; the folder is synced after.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from store.embeddings.cache import Position
from store.fsync import sync
from store.json_text import parse_json
from store.open_file import open_file, read_file
from store.private_files import as_catalog, make_folder
from store.records import Space

from .index_rows import Rows, Workers

_FORMAT = 2
#: Bytes of a manifest.
_LARGEST = 1 << 20
Manifest = dict[str, Any]

#: Errors of reading a file that is not as it was written. All have the same remedy: the cache is made again.
UNUSABLE = (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError)


@dataclass(frozen=True, slots=True, eq=False)
class RowPage:
    """Some photos of a generation, ascending and after those of the page before.

    `photo_ids` int64 (n,), `rows` uint8 (n, 2 d): half-precision floats as bytes.
    """

    photo_ids: NDArray[np.int64]
    rows: NDArray[np.uint8]


class IndexFiles:
    """Reads and writes the generations of one space's index."""

    def __init__(self, directory: Path, space: Space) -> None:
        self._directory = directory
        self._space = space
        self._manifest = directory / f"space-{space.id}.json"
        self._dimension = space.identity.dimension
        self.workers = Workers()

    def open(self) -> Rows | None:
        """Return the rows on disk, memory-mapped; None if they are absent, damaged, or of another space."""
        manifest = self.manifest()
        if manifest is None:
            return None
        try:
            return self._map(manifest)
        except UNUSABLE:
            return None

    def manifest(self) -> Manifest | None:
        """Return the manifest on disk; None if it is absent, damaged, or of another space or format."""
        try:
            manifest = parse_json(read_file(self._manifest, _LARGEST))
        except UNUSABLE:
            return None
        if not isinstance(manifest, dict):
            return None
        content = {name: value for name, value in manifest.items() if name != "checksum"}
        right = manifest.get("checksum") == _checksum(content)
        known = content.get("format") == _FORMAT and content.get("space") == _identity(self._space)
        return manifest if right and known else None

    def is_current(self, rows: Rows) -> bool:
        """Return whether nothing was written since *rows* were made or read."""
        return self.manifest() == rows.manifest

    def verify(self) -> bool:
        """Return whether there are files and every byte of them is as it was written."""
        manifest = self.manifest()
        try:
            return manifest is not None and all(
                _crc32(self._directory / name) == description["crc32"]
                for name, description in manifest["files"].items()
            )
        except UNUSABLE:
            return False

    def remove(self) -> None:
        """Remove every generation, as far as the folder permits."""
        self._remove_all_but(())
        with suppress(OSError):
            self._manifest.unlink()

    def size(self) -> int:
        """Return the bytes of all generations."""
        total = 0
        for path in self._directory.glob(f"space-{self._space.id}[-.]*"):
            # Another process may be replacing them.
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def write(self, end: Position, pages: Callable[[], Iterable[RowPage]]) -> Rows:
        """Write a new generation of *pages*, and return its rows; they stay in memory if it cannot be written."""
        try:
            self._save(end, pages())
        except OSError:
            return self.in_memory(end, pages())
        rows = self.open()
        # Another process may have published its own generation meanwhile.
        return rows if rows is not None and rows.end == end else self.in_memory(end, pages())

    def in_memory(self, end: Position, pages: Iterable[RowPage]) -> Rows:
        """Return rows of *pages* that are in no file."""
        read = [RowPage(np.empty(0, np.int64), np.empty((0, 2 * self._dimension), np.uint8)), *pages]
        photo_ids = np.concatenate([page.photo_ids for page in read])
        raw = np.concatenate([page.rows for page in read])
        return Rows(end, photo_ids, raw, self.workers, manifest=self.manifest())

    def attach(
        self,
        rows: Rows,
        suffixes: Sequence[str],
        write: Callable[[Sequence[Path]], None],
        facts: Mapping[str, object],
    ) -> bool:
        """Write more files about *rows*, and name them in the manifest, in place of those attached before.

        *write* is given a path for each of *suffixes*. *facts* are JSON values, returned by `attached`. Returns False,
        and leaves nothing behind, if the rows are in no file, are no longer current, or the disk refuses.
        """
        if rows.stem is None or rows.manifest is None:
            return False
        # A name of their own: another thread or process may be writing the same.
        stem = f"{rows.stem}-{secrets.token_hex(4)}"
        paths = [self._directory / f"{stem}{suffix}" for suffix in suffixes]
        try:
            write(paths)
            for path in paths:
                sync(path)
            if self.is_current(rows):
                own = {path.name: rows.manifest["files"][path.name] for path in self._paths(rows.stem)}
                files = own | {path.name: _describe(path) for path in paths}
                self._publish({**rows.manifest, "attached": {**facts, "stem": stem}, "files": files})
                return True
        except OSError:
            pass
        _remove(paths)
        return False

    def attached(self, rows: Rows, suffixes: Sequence[str]) -> tuple[list[Path], Manifest] | None:
        """Return the files attached to *rows*, and their facts; None if there are none or they are damaged."""
        if rows.manifest is None or not rows.has_attachments:
            return None
        try:
            facts, files = rows.manifest["attached"], rows.manifest["files"]
            paths = [self._directory / f"{facts['stem']}{suffix}" for suffix in suffixes]
            return (paths, facts) if all(_matches(path, files[path.name]) for path in paths) else None
        except UNUSABLE:
            return None

    def _paths(self, stem: str) -> tuple[Path, Path]:
        """The files of the rows and of the photo ids."""
        return self._directory / f"{stem}.faiss", self._directory / f"{stem}.npy"

    def _save(self, end: Position, pages: Iterable[RowPage]) -> None:
        make_folder(self._directory)
        stem = f"space-{self._space.id}-{end.seq}-{secrets.token_hex(4)}"
        paths = self._paths(stem)
        try:
            count = _write(*paths, self._dimension, pages)
            self._publish(
                {
                    "format": _FORMAT,
                    "space": _identity(self._space),
                    "end": [end.seq, end.token],
                    "stem": stem,
                    "rows": count,
                    "files": {path.name: _describe(path) for path in paths},
                }
            )
        except BaseException:
            _remove(paths)
            raise

    def _publish(self, manifest: Manifest) -> None:
        """Put *manifest* in force, and remove the files that it does not name."""
        content = {name: value for name, value in manifest.items() if name != "checksum"}
        self._replace_manifest({**content, "checksum": _checksum(content)})
        # Some network disks cannot sync a folder: then a power cut may cost the file, which is a cache.
        with suppress(OSError):
            sync(self._directory)
        self._remove_all_but(manifest["files"])

    def _replace_manifest(self, manifest: Manifest) -> None:
        temporary_path = self._manifest.with_suffix(f".{secrets.token_hex(4)}.tmp")
        try:
            with open(temporary_path, "w", encoding="utf-8", opener=as_catalog) as file:
                json.dump(manifest, file, indent=1)
            sync(temporary_path)
            temporary_path.replace(self._manifest)
        finally:
            temporary_path.unlink(missing_ok=True)

    def _remove_all_but(self, names: Collection[str]) -> None:
        # Another process that is writing may lose its files here. It then answers from memory, and the next process
        # that finds a manifest without its files writes new ones.
        paths = self._directory.glob(f"space-{self._space.id}[-.]*")
        _remove(path for path in paths if path != self._manifest and path.name not in names)

    def _map(self, manifest: Manifest) -> Rows | None:
        files, count = manifest["files"], manifest["rows"]
        rows_path, ids_path = self._paths(manifest["stem"])
        if not all(_matches(path, files[path.name]) for path in (rows_path, ids_path)):
            return None
        photo_ids: NDArray[np.int64] = np.load(ids_path, mmap_mode="r", allow_pickle=False)
        if photo_ids.shape != (count,):
            return None
        raw = _mapped(rows_path, self._dimension, count)
        end = Position(*manifest["end"])
        return Rows(end, photo_ids, raw, self.workers, manifest=manifest, stem=manifest["stem"])


class MappedRows:
    """The rows of a library's spaces as an `EmbeddingCache`. Threads may share it.

    Reading a hundred thousand rows from SQLite takes a second; mapped ones are there at once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._open: dict[Space, tuple[IndexFiles, Rows]] = {}

    def rows(self, space: Space) -> Rows | None:
        """Return the newest rows of *space*; None if there are none."""
        with self._lock:
            files, rows = self._open.get(space, (None, None))
            if files is not None and rows is not None and files.is_current(rows):
                return rows
            files = IndexFiles(self._directory, space)
            rows = files.open()
            if rows is None:
                self._open.pop(space, None)
            else:
                self._open[space] = files, rows
            return rows


def _write(rows_path: Path, ids_path: Path, dimension: int, pages: Iterable[RowPage]) -> int:
    """Write and sync both files, and return the number of photos. Raises `OSError`."""
    photo_ids = [np.empty(0, np.int64)]
    # Another process that has an older file of that name mapped keeps it.
    rows_path.unlink(missing_ok=True)
    with open(rows_path, "wb", opener=as_catalog) as file:
        # The number of rows stands before them and is known after them; the header has the same length for any number.
        file.write(_header(dimension, 0))
        for page in pages:
            photo_ids.append(page.photo_ids)
            file.write(np.ascontiguousarray(page.rows).reshape(-1).data)
        count = sum(map(len, photo_ids))
        file.seek(0)
        file.write(_header(dimension, count))
    with open(ids_path, "wb", opener=as_catalog) as file:
        np.save(file, np.concatenate(photo_ids))
    sync(rows_path)
    sync(ids_path)
    return count


def _mapped(path: Path, dimension: int, count: int) -> NDArray[np.uint8]:
    """Return the rows of a file, uint8 (n, 2 d), memory-mapped. Raises `ValueError` if there are not *count*."""
    header = _header(dimension, count)
    with open_file(os.fsencode(path)) as file:
        if file.read(len(header)) != header:
            raise ValueError(f"{path} does not hold {count} rows of {dimension} dimensions")
    if not count:
        return np.empty((0, 2 * dimension), np.uint8)
    return np.asarray(np.memmap(path, np.uint8, "r", offset=len(header), shape=(count, 2 * dimension)))


def _header(dimension: int, count: int) -> bytes:
    """Return the header of a FAISS file of *count* half-precision rows, which FAISS itself can read."""
    index = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.ntotal = count
    written: bytes = faiss.serialize_index(index).tobytes()
    # It ends with the number of bytes of the rows, of which this index holds none.
    return written[:-8] + (count * dimension * 2).to_bytes(8, "little")


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _identity(space: Space) -> list[object]:
    identity = space.identity
    return [space.id, identity.weights_hash, identity.preprocessing, identity.precision, identity.dimension]


def _checksum(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _describe(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino, "crc32": _crc32(path)}


def _matches(path: Path, description: dict[str, int]) -> bool:
    """Return whether the file is as described. Its content is read only if it was touched or copied since."""
    status = path.stat()
    if status.st_size != description["size"]:
        return False
    untouched = (status.st_mtime_ns, status.st_ino) == (description["mtime_ns"], description["inode"])
    return untouched or _crc32(path) == description["crc32"]


def _crc32(path: Path) -> int:
    checksum = 0
    with open_file(os.fsencode(path)) as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum
