"""Vectors of captions, which searches with captions compare with queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from photos.library import OpenLibrary
from photos.operations.progress import Progress, Stage, Step
from query.similarity import normalized_text
from store import Space

from .requests import SearchRequest
from .search import parsed_request

#: Captions that are encoded, and stored, at once. An interruption loses at most so many.
_BATCH = 64


@dataclass(frozen=True, slots=True)
class CaptionsBegin:
    """Event: so many captions are encoded, once for the model."""

    captions: int


def embed_captions(library: OpenLibrary, progress: Progress, among: Collection[int] | None = None) -> int:
    """Make the vectors of captions that have none in the library's space, of all photos or of those *among* them.

    One caption a photo, that of its newest describer or else of its file. Of a long one the text encoder reads the
    beginning alone. After an interruption, stored vectors stay. Returns the number of vectors made. Raises
    `EmptyLibrary`, and the errors of opening the space's checkpoint.
    """
    space = library.space
    with library.catalog.read() as t:
        lacking = t.descriptions.without_caption_vector(space.id, among)
    if lacking:
        _embed(library, space, lacking, progress)
    return len(lacking)


def embed_captions_for(library: OpenLibrary, request: SearchRequest, progress: Progress) -> int:
    """Make the vectors of captions that a search with captions lacks. Returns their number; 0 for other searches.

    Raises as `search` does.
    """
    if not request.with_captions or request.count_only or not parsed_request(request).terms:
        return 0
    library = library.in_space(request.model)
    with library.read() as t:
        is_lacking = t.descriptions.any_without_caption_vector(library.space.id)
    return embed_captions(library, progress) if is_lacking else 0


def _embed(library: OpenLibrary, space: Space, lacking: Sequence[tuple[int, str]], progress: Progress) -> None:
    progress.report(CaptionsBegin(len(lacking)))
    encoder = library.text_encoder(library.checkpoint_of(space))
    for start in range(0, len(lacking), _BATCH):
        some = lacking[start : start + _BATCH]
        # Copies of a picture and pictures of a burst often have the same caption.
        texts = list(dict.fromkeys(normalized_text(caption) for _, caption in some))
        vectors = dict(zip(texts, encoder.encode_text(texts), strict=True))
        rows = [(photo_id, caption, vectors[normalized_text(caption)]) for photo_id, caption in some]
        with library.catalog.write() as t:
            t.descriptions.put_caption_vectors(space.id, rows)
        progress.report(Step(Stage.ENCODE_CAPTIONS, start + len(some), len(lacking)))
