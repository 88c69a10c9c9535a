"""Vectors, as numbers, JSON or a NumPy file."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import numpy as np

from photos.cli.kit.output import write_json
from photos.records.photos import embedding_record

if TYPE_CHECKING:
    from photos.operations.embed import EmbedResult


def show_vectors(result: EmbedResult, *, images: Sequence[str], texts: Sequence[str], as_json: bool, raw: bool) -> None:
    """Write the vectors of *images* or else of *texts*: JSON, an .npy file (of one: (d,)), or the numbers of one."""
    if raw:
        content = io.BytesIO()
        np.save(content, result.vectors[0] if len(result.vectors) == 1 else result.vectors)
        sys.stdout.buffer.write(content.getvalue())
    elif as_json:
        for vector, named in zip(result.vectors, images or texts, strict=True):
            if images:
                write_json(embedding_record(vector, result.model, path=named))
            else:
                write_json(embedding_record(vector, result.model, text=named))
    else:
        for value in result.vectors[0].tolist():
            click.echo(f"{value:.9g}")
