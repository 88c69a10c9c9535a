"""Arrays of safetensors files, memory-mapped: only the parts in use are read.

A file is the header's length in 8 bytes, the header in JSON, and the data
(https://huggingface.co/docs/safetensors, "Format").
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from store.json_text import parse_json
from store.open_file import open_file

LENGTH = 8
#: The format's names of types. bfloat16, which numpy lacks, is the upper half of a float32.
TYPES: Mapping[str, type[np.generic]] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": np.uint16,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
}


class MappedArrays:
    """The arrays of one or more files, by name, and `metadata`, the notes in their headers.

    Raises `OSError`, or `ValueError` for a file in another format.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.metadata: dict[str, str] = {}
        self._arrays: dict[str, NDArray[np.generic]] = {}
        for path in paths:
            self._open(path)

    def whole(self, name: str) -> NDArray[np.generic]:
        """The array as it is stored; bfloat16 as the uint16 of its bits. Raises `KeyError`."""
        return self._arrays[name]

    def _open(self, path: Path) -> None:
        with open_file(os.fsencode(path)) as file:
            data = np.asarray(np.memmap(file, np.uint8, mode="r"))
        start = LENGTH + int.from_bytes(data[:LENGTH].tobytes(), "little")
        header = parse_json(data[LENGTH:start].tobytes())
        if not isinstance(header, dict):
            raise ValueError(f"{path} has no header")  # noqa: TRY004 - the file is wrong, not a type
        self.metadata.update(header.pop("__metadata__", {}))
        for name, described in header.items():
            if described["dtype"] not in TYPES:
                continue
            begin, end = described["data_offsets"]
            if start + end > len(data):
                raise ValueError(f"{path} ends within {name}")
            stored = data[start + begin : start + end].view(TYPES[described["dtype"]])
            self._arrays[name] = stored.reshape(described["shape"])
