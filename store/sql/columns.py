"""Column types that keep our values apart from the database's."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

_DTYPES: dict[str, np.dtype[np.floating[Any]]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}


class Vector(TypeDecorator[NDArray[np.float32]]):
    """A vector as numpy float32 (d,) on our side, and as little-endian floats of *precision* in the database."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, precision: Literal["float16", "float32"]) -> None:
        super().__init__()
        self.precision = precision

    def process_bind_param(self, value: NDArray[np.float32] | None, dialect: Dialect) -> bytes | None:
        """To the database."""
        del dialect
        return None if value is None else pack(value, self.precision)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> NDArray[np.float32] | None:
        """From the database."""
        del dialect
        return None if value is None else np.frombuffer(value, _DTYPES[self.precision]).astype(np.float32)


def pack(vector: NDArray[np.float32], precision: str) -> bytes:
    """*vector* as the bytes that the database keeps; what a checksum is made of."""
    return vector.astype(_DTYPES[precision]).tobytes()


class Unsigned(TypeDecorator[int]):
    """An unsigned 64-bit number, such as an inode, in a signed 64-bit column."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """To the database."""
        del dialect
        return value if value is None or value < 1 << 63 else value - (1 << 64)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """From the database."""
        del dialect
        return value if value is None else unsigned(value)


def unsigned(kept: int) -> int:
    """The number that the database keeps as *kept*."""
    return kept if kept >= 0 else kept + (1 << 64)
