"""Reads a strip as a program in another language would, one value at a time."""

from __future__ import annotations

import json
import struct


def read_strip(content: bytes):
    """Return the first line and the columns by name, as lists of numbers."""
    end = content.index(b"\n") + 1
    assert end % 8 == 0
    head = json.loads(content[:end])
    columns = {}
    for entry in head["columns"]:
        assert entry["offset"] % 8 == 0
        part = content[end + entry["offset"] : end + entry["offset"] + entry["length"]]
        assert len(part) == entry["length"]
        columns[entry["name"]] = READERS[entry["encoding"]](part)
        assert len(columns[entry["name"]]) == head["count"]
    return head, columns


def _varints(part: bytes):
    values, value, shift, last = [], 0, 0, 0
    for byte in part:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            last += (value >> 1) ^ -(value & 1)
            values.append(last)
            value = shift = 0
    return values


READERS = {
    "delta-varint": _varints,
    "u8": list,
    "float16": lambda part: [number for (number,) in struct.iter_unpack("<e", part)],
}
