"""Shows what the vocabulary in force has no word for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path
from photos.cli.kit.output import write_json
from photos.cli.kit.progress import Bar
from photos.errors import NothingFound, safe
from photos.operations import vocabularies
from photos.output.json_records import rounded, text_of
from query import ENOUGH, Gap, Gaps, suggest, words_beyond

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import VocabularyDefinition


def suggest_and_tell(app: OpenLibrary, words: str | None, count: int, *, as_json: bool) -> bool:
    """Show the gaps, named by the labels of the vocabulary *words*. Returns whether there are any.

    Raises `NothingFound` for a library of fewer photos than make one.
    """
    space, texts = app.space, app.text_vectors(app.space)
    with app.catalog.read() as t:
        there = t.embeddings.count(space.id)
    if there < ENOUGH:
        # Thousands of words need not be encoded to say so.
        are = "is" if there == 1 else "are"
        raise NothingFound(f"What a vocabulary lacks shows in {ENOUGH} photos or more, and here {are} {there}.")
    vocabulary = vocabularies.definition_of(app.catalog, None)
    listed = vocabularies.definition_of(app.catalog, words or vocabularies.DEFAULT)
    new = words_beyond(vocabulary, listed)
    if missing := texts.unknown([text for label in new.labels for text in label.texts]):
        click.echo(
            f"{counted(missing, 'text')} of {safe(listed.name)} are encoded first, once for this model; "
            "an interruption keeps what is done.",
            err=True,
        )
    with Bar("Encoding words", None, "text") as bar:
        found = suggest(app.catalog, space, vocabulary, new, texts, count, bar.reach)
    if as_json:
        for gap in (*found.named, *found.nameless):
            write_json(_record(gap))
    else:
        for line in _lines(found, vocabulary, new):
            click.echo(line)
    return bool(found.named or found.nameless)


def _lines(found: Gaps, vocabulary: VocabularyDefinition, words: VocabularyDefinition) -> Iterator[str]:
    looked = counted(found.looked_at, "photo")
    of_all = looked if found.looked_at == found.total else f"{looked} (of {counted(found.total, 'photo')})"
    yield (
        f"Looked at {of_all} with {counted(len(words.labels), 'word')} of {safe(words.name)} that are not in "
        f"{safe(vocabulary.name)}; {counted(found.untagged, 'photo')} have no tag."
    )
    for gap in found.named:
        (name, calibrated, _), *others = gap.words
        yield f"{safe(name)}: {counted(gap.count, 'photo')} of which the tags do not say it ({calibrated:+z.1f} sd)"
        if others:
            yield f"  or {', '.join(f'{safe(other)} ({sd:+z.1f})' for other, sd, _ in others)}"
        yield from _examples(gap)
    for gap in found.nameless:
        yield f"no word: {counted(gap.count, 'photo')} that look alike and have no tag"
        yield from _examples(gap)
    if found.named:
        word = shlex.quote(found.named[0].words[0][0])
        adds = f"photos search {safe(word)} --save-as-label {safe(word)}"
        yield f"Look closer with `photos vocab try {safe(word)}`; `{adds}` adds it."
    if found.nameless:
        yield "Give those without a word one of your own: photos teach NAME --yes IMAGE..."
    if not found.named and not found.nameless:
        yield "Nothing stands out: no word says what the tags leave unsaid, and no photos without tags look alike."


def _examples(gap: Gap) -> Iterator[str]:
    yield from (f"    {shown_path(photo.paths[0])}" for photo in gap.photos if photo.paths)


def _record(gap: Gap) -> dict[str, object]:
    return {
        "label": gap.words[0][0] if gap.words else None,
        "photos": gap.count,
        "words": [
            {"label": name, "calibrated": rounded(calibrated), "unsaid": rounded(unsaid)}
            for name, calibrated, unsaid in gap.words
        ],
        "examples": [text_of(photo.paths[0]) for photo in gap.photos if photo.paths],
    }
