"""Folders that sidecars are in, opened by descriptors.

Everything below an indexed folder is opened name by name, without following links. A folder that was replaced by a
link is refused, and one that is replaced while it is open stays the one that was opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, Self

from photos.errors import SidecarLeft
from store import Folder
from store.paths import is_inside

#: Windows has none of these, and no way to open a name within an open folder.
_HAS_DESCRIPTORS: Final = os.open in os.supports_dir_fd and os.listdir in os.supports_fd
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class OpenFolder:
    """An open folder. Its methods take names of files in it, and raise `OSError`."""

    def __init__(self, path: bytes, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def names(self) -> list[bytes]:
        """Names of all files and folders in it."""
        if self._descriptor is None:
            return os.listdir(self._path)
        return [os.fsencode(name) for name in os.listdir(self._descriptor)]

    def status(self, name: bytes) -> os.stat_result:
        """Status of the file *name*, or of a link itself."""
        return os.stat(self._named(name), dir_fd=self._descriptor, follow_symlinks=False)

    def open(self, name: bytes, flags: int, mode: int = 0o666) -> int:
        """Open the file *name* and return its descriptor. A link is refused, and a pipe opens at once."""
        flags |= _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        return os.open(self._named(name), flags, mode, dir_fd=self._descriptor)

    def is_writable(self, name: bytes) -> bool:
        """Return whether this user may write the file *name*."""
        return os.access(self._named(name), os.W_OK, dir_fd=self._descriptor)

    def link(self, name: bytes, new: bytes) -> None:
        """Give the file *name* another one. Raises `FileExistsError` if there is a file *new*."""
        os.link(self._named(name), self._named(new), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def replace(self, name: bytes, new: bytes) -> None:
        """Rename the file *name* to *new*, whether that exists or not."""
        os.replace(self._named(name), self._named(new), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def unlink(self, name: bytes) -> None:
        """Remove the file *name*."""
        os.unlink(self._named(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Make what was written and removed here survive a power cut. Some network file systems cannot."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def _named(self, name: bytes) -> bytes:
        return os.path.join(self._path, name) if self._descriptor is None else name


class OpenFolders:
    """Folders of sidecars, each opened once, until this is closed. *folders* are the indexed ones.

    With *follow*, links below them are followed: the user has asked for it. *local* gives the path on this machine of
    each path.
    """

    def __init__(
        self, folders: Sequence[Folder], *, follow: bool, local: Callable[[bytes], bytes] = lambda path: path
    ) -> None:
        self.local = local
        self._roots = sorted((local(folder.path) for folder in folders), key=len, reverse=True)
        self._follow = follow
        self._open: dict[bytes, OpenFolder] = {}
        self._stack = ExitStack()

    def of(self, path: bytes) -> tuple[OpenFolder, bytes]:
        """Folder and name of the file at the absolute *path*. Raises `SidecarLeft` if the folder cannot be opened."""
        place, name = os.path.split(self.local(path))
        if place not in self._open:
            self._open[place] = self._stack.enter_context(self._opened(place))
        return self._open[place], name

    def sync(self) -> None:
        """Sync all folders that are open."""
        for folder in self._open.values():
            # Some network file systems do not support it.
            with suppress(OSError):
                folder.sync()

    def close(self) -> None:
        """Close the folders. More can be opened."""
        self._open.clear()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextmanager
    def _opened(self, place: bytes) -> Iterator[OpenFolder]:
        # Folders that are indexed no more could have been anywhere above, so no link at all is followed to them.
        root = next((root for root in self._roots if _is_within(place, root)), b"/")
        below = [name for name in place[len(root.rstrip(b"/")) :].split(b"/") if name]
        try:
            if not _HAS_DESCRIPTORS:
                _check_by_path(place, below, follow=self._follow)
                yield OpenFolder(place, None)
                return
            descriptor = os.open(root, _FOLDER)
        except OSError as error:
            raise _reason_left(error) from None
        try:
            for name in below:
                inner = _open_below(descriptor, name, follow=self._follow)
                os.close(descriptor)
                descriptor = inner
            yield OpenFolder(place, descriptor)
        finally:
            os.close(descriptor)


def _is_within(place: bytes, root: bytes) -> bool:
    return place == root or is_inside(place, root)


def _open_below(descriptor: int, name: bytes, *, follow: bool) -> int:
    try:
        return os.open(name, _FOLDER | (0 if follow else _NO_LINK), dir_fd=descriptor)
    except OSError as error:
        is_link = False
        with suppress(OSError):
            is_link = stat.S_ISLNK(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode)
        raise _refused(name) if is_link and not follow else _reason_left(error) from None


def _check_by_path(place: bytes, below: Sequence[bytes], *, follow: bool) -> None:
    if not os.path.isdir(place):
        raise SidecarLeft("its folder is not there")
    for count, name in enumerate(reversed(below)):
        above = place.rsplit(b"/", count)[0] if count else place
        if not follow and os.path.islink(above):
            raise _refused(name)


def _refused(name: bytes) -> SidecarLeft:
    return SidecarLeft(f"its folder is reached through a link now ({os.fsdecode(name)})")


def _reason_left(error: OSError) -> SidecarLeft:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SidecarLeft("its folder is not there")
    return SidecarLeft(f"its folder cannot be opened ({error.strerror or error})")
