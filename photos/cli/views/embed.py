"""Writes vectors."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence

import click
import numpy as np
from numpy.typing import NDArray

from photos.cli.kit.output import write_json
from photos.output.json_records import rounded


def write_vectors(
    vectors: NDArray[np.float32], about: Sequence[Mapping[str, object]], *, as_json: bool, raw: bool
) -> None:
    """Vectors (n, d) with what each is *about* as JSON, as an .npy file (of one: (d,)), or the numbers of one."""
    if raw:
        content = io.BytesIO()
        np.save(content, vectors[0] if len(vectors) == 1 else vectors)
        sys.stdout.buffer.write(content.getvalue())
    elif as_json:
        for vector, what in zip(vectors, about, strict=True):
            write_json({**what, "dimension": len(vector), "vector": [rounded(value) for value in vector.tolist()]})
    else:
        for value in vectors[0].tolist():
            click.echo(f"{value:.9g}")
