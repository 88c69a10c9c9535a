"""The index's files: rows, ids and a manifest, written beside and renamed.

`space-N.json` is the manifest. It names the files of one generation, with their sizes and checksums; FAISS itself
loads damaged files without complaint. Every file is synced before the manifest is renamed into place, and the folder
after.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.embeddings.change_log import Position
from store.records import Space

from . import index_parts
from .exact_scan import Workers
from .fsync import sync
from .index_parts import Page, Paths
from .index_rows import Rows
from .product_quantizer import Accelerator, Codebook

_FORMAT = 2
Manifest = dict[str, Any]

#: What reading a file that is not as it was written can raise. Whatever is wrong with a cache, the remedy is the same.
_UNUSABLE = (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError)


class IndexFiles:
    """Reads and writes the generations of one space's index."""

    def __init__(self, directory: Path, space: Space) -> None:
        self._directory = directory
        self._space = space
        self._manifest = directory / f"space-{space.id}.json"
        self._dimension = space.identity.dimension
        self._workers = Workers()

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
        self._remove_all_but(())
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

    def write(self, end: Position, pages: Callable[[], Iterable[Page]], codes: Accelerator | None = None) -> Rows:
        """Make a new generation of *pages*; in memory alone if it cannot be written.

        If they have codes, these are of *codes*' codebook.
        """
        try:
            self._save(end, pages(), codes)
        except OSError:
            return self.in_memory(end, pages())
        rows = self.open()
        # Another process may have put its own generation there meanwhile.
        return rows if rows is not None and rows.end == end else self.in_memory(end, pages())

    def add_codes(self, rows: Rows) -> bool:
        """Make codes for *rows* and write them beside. Returns whether it could be done: not if they are in no file."""
        manifest = rows.manifest
        if rows.stem is None or manifest is None:
            return False
        # A name of their own: another thread or process may be making the same.
        stem = f"{rows.stem}-{secrets.token_hex(4)}"
        paths = Paths.of(self._directory, stem)
        try:
            written = index_parts.write_codes(paths, rows.codes, Codebook.trained(rows.codes), self._workers)
            # Another generation, or other codes, may have come meanwhile.
            if self.still(rows):
                of_rows = Paths.of(self._directory, rows.stem)
                files = {path.name: manifest["files"][path.name] for path in (of_rows.rows, of_rows.photo_ids)}
                files |= {path.name: _describe(path) for path in written}
                self._publish({**manifest, "codes": stem, "trained": len(rows), "files": files})
                return True
        except OSError:
            pass
        with suppress(OSError):
            paths.remove_codes()
        return False

    def in_memory(self, end: Position, pages: Iterable[Page]) -> Rows:
        """Rows of *pages* that are in no file."""
        read = [Page(np.empty(0, np.int64), np.empty((0, 2 * self._dimension), np.uint8)), *pages]
        photo_ids = np.concatenate([page.photo_ids for page in read])
        return Rows(
            end, photo_ids, np.concatenate([page.rows for page in read]), self._workers, manifest=self.manifest()
        )

    def _save(self, end: Position, pages: Iterable[Page], codes: Accelerator | None) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        stem = f"space-{self._space.id}-{end.seq}-{secrets.token_hex(4)}"
        paths = Paths.of(self._directory, stem)
        try:
            codebook = None if codes is None else codes.codebook
            count, written = index_parts.write(paths, self._dimension, pages, codebook)
            self._publish(
                {
                    "format": _FORMAT,
                    "space": _identity(self._space),
                    "end": [end.seq, end.token],
                    "stem": stem,
                    "rows": count,
                    "codes": stem,
                    "trained": 0 if codes is None else codes.trained,
                    "files": {path.name: _describe(path) for path in written},
                }
            )
        except BaseException:
            paths.remove()
            raise

    def _publish(self, manifest: Manifest) -> None:
        """Put *manifest* in force, and remove what it does not name."""
        content = {name: value for name, value in manifest.items() if name != "checksum"}
        self._replace_manifest({**content, "checksum": _checksum(content)})
        # Some network disks cannot: then a power cut may cost the file, which is a cache.
        with suppress(OSError):
            sync(self._directory)
        self._remove_all_but(manifest["files"])

    def _replace_manifest(self, manifest: Manifest) -> None:
        beside = self._manifest.with_suffix(f".{secrets.token_hex(4)}.tmp")
        try:
            beside.write_text(json.dumps(manifest, indent=1), "utf-8")
            sync(beside)
            beside.replace(self._manifest)
        finally:
            beside.unlink(missing_ok=True)

    def _remove_all_but(self, names: Collection[str]) -> None:
        # Another process that is writing may lose its files here; it then answers from memory, and the next one
        # that finds a manifest without its files writes anew.
        for path in self._directory.glob(f"space-{self._space.id}[-.]*"):
            if path != self._manifest and path.name not in names:
                with suppress(OSError):
                    path.unlink()

    def _map(self, manifest: Manifest) -> Rows | None:
        files, count = manifest["files"], manifest["rows"]
        paths = Paths.of(self._directory, manifest["stem"])
        if not all(_matches(path, files[path.name]) for path in (paths.rows, paths.photo_ids)):
            return None
        photo_ids: NDArray[np.int64] = np.load(paths.photo_ids, mmap_mode="r", allow_pickle=False)
        if photo_ids.shape != (count,):
            return None
        rows = index_parts.mapped_rows(paths.rows, self._dimension, count)
        accelerator = self._mapped_codes(manifest) if manifest["trained"] else None
        end = Position(*manifest["end"])
        return Rows(
            end,
            photo_ids,
            rows,
            self._workers,
            manifest=manifest,
            stem=manifest["stem"],
            accelerator=accelerator,
        )

    def _mapped_codes(self, manifest: Manifest) -> Accelerator | None:
        """The codes; None if they are not as they were written, which costs speed alone."""
        try:
            paths = Paths.of(self._directory, manifest["codes"])
            if not all(_matches(path, manifest["files"][path.name]) for path in (paths.codes, paths.codebook)):
                return None
            codes = np.load(paths.codes, mmap_mode="r", allow_pickle=False)
            codebook = Codebook(np.load(paths.codebook, allow_pickle=False))
        except _UNUSABLE:
            return None
        if codes.shape[0] != manifest["rows"] or codebook.dimension != self._dimension:
            return None
        return Accelerator(codebook, codes, manifest["trained"], self._workers)


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
