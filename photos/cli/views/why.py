"""Shows why a photo has its place among the answers to a query."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, here, shown_path, table
from photos.cli.kit.format import probability as shown_probability
from photos.cli.kit.output import write_json
from photos.errors import safe
from photos.operations.search_by_image import NamedPictures, photo_at
from photos.output.json_records import rounded, scores, tag_record, text_of
from query import NotInLibrary, logit, parse, probability, written
from query.errors import BadQuery
from query.language import Query, Text
from query.search.explanation import Explanation, LabelStanding, Part, explain

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import Photo, SpaceIdentity


def explain_and_tell(app: OpenLibrary, image: str, words: Sequence[str], *, as_json: bool) -> None:
    """Show why *image* has its place for *words*. Raises `NotInLibrary`, and `BadQuery` for filters."""
    query = parse(words)
    if query.filters or not query.terms:
        raise BadQuery(written(query), "is not only what can be seen", "leave the filters out")
    space = app.space
    with app.catalog.read() as t:
        photo = photo_at(t, image)
    pictures = NamedPictures(app, here())
    found = None if photo is None else explain(app.catalog, space, query, app.text_vectors(space), pictures, photo)
    if found is None:
        raise NotInLibrary(os.fsencode(image))
    of_text = query.only_text is not None
    if as_json:
        write_json(_record(found, query, space.identity, of_text=of_text))
        return
    for line in _lines(found, query, space.identity, of_text=of_text):
        click.echo(line)


def _lines(found: Explanation, query: Query, identity: SpaceIdentity, *, of_text: bool) -> Iterator[str]:
    yield f"{shown_path(found.photo.paths[0])} and {safe(written(query))}"
    rows = [("score", f"{found.cosine:z.3f}", "the cosine of the two")]
    if of_text:
        rows += [
            ("logit", f"{logit(found.cosine, identity):z.2f}", ""),
            ("probability", shown_probability(probability(found.cosine, identity)), "what the model makes of it"),
        ]
    total = counted(found.total, "photo")
    rows.append(("rank", f"{found.rank}", f"of {total}; better than {_percent(found.percentile)} of the others"))
    stands_out = found.cosine >= _least(found, identity, of_text=of_text)
    rows.append(("stands out", "yes" if stands_out else "no", _noise(found, identity, of_text=of_text)))
    yield from table([("", *row) for row in rows], right=(2,))
    if len(found.parts) > 1:
        heading = ("terms", "adds", "alone", "")
        yield from table([heading, *map(_part, found.parts)], right=(0, 1, 2))
    for label in found.labels:
        yield from _label_lines(label)
    if found.tags:
        yield "tags"
        yield "  " + ", ".join(
            safe(tag.label) + ("" if tag.score is None else f" {tag.score:z.3f}") for tag in found.tags
        )
    yield from _neighbours("just better", found.better)
    yield from _neighbours("just worse", found.worse)


def _label_lines(label: LabelStanding) -> Iterator[str]:
    verdict = "is a tag of it" if label.is_tag else "is no tag of it"
    yield f"label {safe(label.label)} {verdict}"
    standing = "" if label.calibrated is None else f", {label.calibrated:+z.1f} sd of what is usual here"
    shown = shown_probability(label.probability)
    yield f"  score {label.cosine:z.3f} (probability {shown}{standing}); counts from {label.minimum:z.3f}"
    yield from table([("", "", f"{cosine:z.3f}", safe(text)) for text, cosine in label.prompts], right=(2,))


def _neighbours(title: str, found: Sequence[tuple[Photo, float]]) -> Iterator[str]:
    rows = [("", f"{cosine:z.3f}", shown_path(photo.paths[0])) for photo, cosine in found if photo.paths]
    if rows:
        yield title
        yield from table(rows, right=(1,))


def _part(part: Part) -> tuple[str, str, str, str]:
    name = part.term.text if isinstance(part.term, Text) else part.term.path
    return f"{part.term.weight:+g}", f"{part.share:+z.3f}", f"{part.cosine:z.3f}", safe(name)


def _least(found: Explanation, identity: SpaceIdentity, *, of_text: bool) -> float:
    return found.noise.least(identity, of_text=of_text)


def _noise(found: Explanation, identity: SpaceIdentity, *, of_text: bool) -> str:
    least = _least(found, identity, of_text=of_text)
    if math.isfinite(found.noise.stands_out()):
        return f"from {least:z.3f} on; usual here is {found.noise.median:z.3f} ± {found.noise.spread:z.3f}"
    few = "too few photos to tell what is usual"
    return f"{few}; the model rules out what is below {least:z.3f}" if of_text else few


def _percent(value: float) -> str:
    return f"{value:.0f} %" if value in {0.0, 100.0} else f"{min(max(value, 0.1), 99.9):.1f} %"


def _record(found: Explanation, query: Query, identity: SpaceIdentity, *, of_text: bool) -> dict[str, object]:
    of_score = scores(
        found.cosine,
        logit(found.cosine, identity) if of_text else None,
        probability(found.cosine, identity) if of_text else None,
    )
    least = _least(found, identity, of_text=of_text)
    return {
        "path": text_of(found.photo.paths[0]),
        "photo": found.photo.id,
        "query": written(query),
        **of_score,
        "rank": found.rank,
        "photos": found.total,
        "percentile": rounded(found.percentile),
        "stands_out": found.cosine >= least,
        "least": rounded(least) if math.isfinite(least) else None,
        "usual": {"median": rounded(found.noise.median), "spread": rounded(found.noise.spread)},
        "terms": [
            {
                "term": part.term.text if isinstance(part.term, Text) else part.term.path,
                "weight": part.term.weight,
                "score": rounded(part.cosine),
                "share": rounded(part.share),
            }
            for part in found.parts
        ],
        "labels": [
            {
                "label": label.label,
                "score": rounded(label.cosine),
                "probability": rounded(label.probability),
                "calibrated": rounded(label.calibrated),
                "threshold": rounded(label.minimum),
                "tag": label.is_tag,
                "prompts": [{"text": text, "score": rounded(cosine)} for text, cosine in label.prompts],
            }
            for label in found.labels
        ],
        "tags": [tag_record(tag) for tag in found.tags],
        "better": _shown(found.better),
        "worse": _shown(found.worse),
    }


def _shown(found: Sequence[tuple[Photo, float]]) -> list[dict[str, object]]:
    return [
        {"path": text_of(photo.paths[0]), "photo": photo.id, "score": rounded(cosine)}
        for photo, cosine in found
        if photo.paths
    ]
