"""What programs read: JSON, an object a line, and plain paths."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from photos.errors import safe

if TYPE_CHECKING:
    from query import Match, ScoredTag
    from store import Facts, Photo


def write_json(record: Mapping[str, object]) -> None:
    """One object on one line. Paths that are no text keep their bytes as lone surrogates, as Python reads them."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    click.echo(text if text.isprintable() else json.dumps(record, allow_nan=False))


def write_paths(paths: Iterable[bytes], *, nul: bool) -> None:
    """A path a line, or with *nul* each ended by a NUL. Bytes as they are on disk, but a terminal sees them escaped."""
    stream = sys.stdout.buffer
    on_terminal = sys.stdout.isatty()
    sys.stdout.flush()
    for path in paths:
        shown = safe(os.fsdecode(path)).encode("utf-8", "backslashreplace") if on_terminal and not nul else path
        stream.write(shown + (b"\0" if nul else b"\n"))
    stream.flush()


def match_record(match: Match) -> dict[str, object]:
    """A search's result, under the names that the documentation promises."""
    return {
        **_photo_paths(match.photo),
        "photo": match.photo_id,
        **scores(match.cosine, match.logit, match.probability),
        **_facts(match.photo.facts),
        "tags": [tag_record(tag) for tag in match.tags],
    }


def tag_record(tag: ScoredTag) -> dict[str, object]:
    """A tag: its label, its cosine and probability (null where a person said it), and where it came from."""
    return {
        "label": tag.label,
        "score": _rounded(tag.score),
        "probability": _rounded(tag.probability),
        "calibrated": _rounded(tag.calibrated),
        "threshold": _rounded(tag.minimum),
        "source": str(tag.source),
        "origin": tag.origin,
        "implied_by": tag.implied_by,
    }


def scores(cosine: float, logit: float, probability: float) -> dict[str, object]:
    """A comparison's three forms."""
    return {"score": _rounded(cosine), "logit": _rounded(logit), "probability": _rounded(probability)}


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
            write_json({**what, "dimension": len(vector), "vector": [_rounded(value) for value in vector.tolist()]})
    else:
        for value in vectors[0].tolist():
            click.echo(f"{value:.9g}")


def text_of(path: bytes) -> str:
    """*path* as JSON keeps it."""
    return os.fsdecode(path)


def _photo_paths(photo: Photo) -> dict[str, object]:
    paths = [text_of(path) for path in photo.paths]
    companions = [text_of(path) for path in photo.companions]
    return {"path": paths[0] if paths else None, "paths": paths, "companions": companions}


def _facts(facts: Facts) -> dict[str, object]:
    return {
        "width": facts.width,
        "height": facts.height,
        "format": facts.format,
        "taken_at": _moment(facts.taken_at, facts.taken_offset),
        "camera": facts.camera,
        "lens": facts.lens,
        "focal_length": facts.focal_length,
        "aperture": facts.aperture,
        "exposure": facts.exposure,
        "iso": facts.iso,
        "latitude": facts.latitude,
        "longitude": facts.longitude,
        "rating": facts.rating,
        "caption": facts.caption,
        "keywords": list(facts.keywords),
    }


def _moment(taken_at: datetime | None, offset: int | None) -> str | None:
    if taken_at is None:
        return None
    if offset is None:
        return taken_at.isoformat()
    zone = UTC if offset == 0 else timezone(timedelta(minutes=offset))
    return taken_at.replace(tzinfo=zone).isoformat()


def _rounded(value: float | None) -> float | None:
    # Nine significant digits give a float32 back exactly.
    return None if value is None else float(f"{float(value):.9g}")
