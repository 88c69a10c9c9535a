"""Tensors of safetensors files, read into memory of this process.

Weights are not mapped: a file that is cut short while it is mapped ends the process (SIGBUS), and here it is an error.
The form of the file is told in `safetensors_map`.
"""

from __future__ import annotations

import errno
import math
import os
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from store.json_text import parse_json
from store.open_file import open_file

from .safetensors_map import LENGTH, TYPES

#: As the library safetensors has it.
_LONGEST_HEADER: Final = 100_000_000
_METADATA: Final = "__metadata__"
_BFLOAT16: Final = "BF16"


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in an open file: the format's name of its type, its shape, and its place in bytes."""

    descriptor: int
    file_name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int


class TensorFiles:
    """The tensors of one or more files, by name, each read when it is asked for. Threads may share it.

    Raises `OSError`, also where a file has been cut short, or `ValueError` for a file in another format.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._stored: dict[str, Stored] = {}
        for path in paths:
            self._open(path)

    def __contains__(self, name: str) -> bool:
        """Return whether there is a tensor of that name."""
        return name in self._stored

    def __iter__(self) -> Iterator[str]:
        """The names of the tensors."""
        return iter(self._stored)

    def described(self, name: str) -> Stored:
        """Type, shape and place of the tensor. Raises `KeyError`."""
        return self._stored[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """The tensor's shape. Raises `KeyError`."""
        return self._stored[name].shape

    def fill(self, name: str, buffer: NDArray[np.uint8], start: int = 0) -> None:
        """Fill *buffer* with the tensor's bytes from *start* on."""
        stored = self._stored[name]
        view, place = buffer.data, stored.start + start
        while view:
            count = os.preadv(stored.descriptor, [view], place)
            if not count:
                raise OSError(errno.EIO, f"{stored.file_name} ends within {name}")
            view, place = view[count:], place + count

    def floats(self, name: str) -> NDArray[np.float32]:
        """The tensor in float32. Raises `KeyError`, and `ValueError` for a type that numpy cannot widen."""
        shape = self._stored[name].shape
        return self.rows(name, slice(None)) if shape else self._read(name, 0, 1).reshape(())

    def rows(self, name: str, numbers: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """Rows of a tensor by their *numbers*, in float32. Reads no others. Raises as `floats`, and `IndexError`."""
        shape = self._stored[name].shape
        row = math.prod(shape[1:])
        if isinstance(numbers, slice):
            start, stop, _ = numbers.indices(shape[0])
            return self._read(name, start * row, (stop - start) * row).reshape(-1, *shape[1:])
        wanted, places = np.unique(numbers, return_inverse=True)
        if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < shape[0]:
            raise IndexError(f"{name} has {shape[0]} rows")
        found = np.empty((len(wanted), *shape[1:]), np.float32)
        for place, number in enumerate(wanted.tolist()):
            found[place] = self._read(name, number * row, row).reshape(shape[1:])
        return found[places].reshape(*numbers.shape, *shape[1:])

    def _read(self, name: str, start: int, count: int) -> NDArray[np.float32]:
        """*count* numbers of the tensor from number *start* on."""
        stored = self._stored[name]
        if stored.dtype not in TYPES:
            raise ValueError(f"{name} is in {stored.dtype}")
        made = np.empty(count, TYPES[stored.dtype])
        self.fill(name, made.view(np.uint8), start * made.itemsize)
        if stored.dtype == _BFLOAT16:
            return (made.astype(np.uint32) << 16).view(np.float32)
        return made.astype(np.float32, copy=False)

    def _open(self, path: Path) -> None:
        with open_file(os.fsencode(path)) as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(LENGTH), "little")
            start = LENGTH + length
            if length > _LONGEST_HEADER or start > size:
                raise ValueError(f"{path.name} ends within its header")
            header = parse_json(file.read(length))
            descriptor = os.dup(file.fileno())
        # A file object would warn that nobody closed it.
        weakref.finalize(self, os.close, descriptor)
        if not isinstance(header, dict):
            raise ValueError(f"{path.name} has no header")  # noqa: TRY004 - the file is wrong, not a type
        for name, described in header.items():
            if name == _METADATA:
                continue
            begin, end = described["data_offsets"]
            if not 0 <= begin <= end or start + end > size:
                raise ValueError(f"{path.name} ends within {name}")
            shape = tuple(int(each) for each in described["shape"])
            stored = Stored(descriptor, path.name, str(described["dtype"]), shape, start + begin, end - begin)
            if stored.dtype in TYPES and np.dtype(TYPES[stored.dtype]).itemsize * math.prod(shape) != stored.size:
                raise ValueError(f"{name} in {path.name} has another size than its shape")
            self._stored[name] = stored
