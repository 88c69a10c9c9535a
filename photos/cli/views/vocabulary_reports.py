"""Reports on vocabularies: a label that is tried or tuned, differences, doubts and gaps."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, likely, percentage, shown_path, table
from photos.cli.kit.progress import ProgressBars
from photos.cli.kit.terminal import paint
from photos.errors import safe
from photos.operations.tagging.vocabulary_reports import EncodingBegins
from query.similarity import probability

if TYPE_CHECKING:
    from photos.operations.progress import Event
    from photos.operations.tagging.tune import TuneResult, TuningRound
    from photos.operations.tagging.vocabulary_reports import ChangedPhoto, CompareResult, LintResult, SuggestResult
    from query.tagging import TagPreview
    from query.vocabulary import VocabularyDifference
    from query.vocabulary_design import LabelPreview, Suggestion
    from store import Photo, SpaceIdentity

#: Columns of the longest bar.
_BAR = 40


class SuggestBars(ProgressBars):
    """Receiver of progress that also announces a long encoding of words."""

    def report(self, event: Event, /) -> None:
        """Write a line before words are encoded, and move the bars."""
        if isinstance(event, EncodingBegins):
            click.echo(
                f"{counted(event.texts, 'text')} of {safe(event.words)} are encoded first, once for this model; "
                "an interruption keeps what is done.",
                err=True,
            )
        super().report(event)


def trial_lines(begin: str, trial: LabelPreview, identity: SpaceIdentity) -> Iterator[str]:
    """Lines on the photos that a label is on: how many, a histogram of the scores, and the clearest photos."""
    share = f"{trial.tagged} of {counted(trial.total, 'photo')}"
    least = likely(probability(trial.minimum, identity))
    yield f"{begin} {share}, from a score of {trial.minimum:z.3f}{least}."
    yield from _histogram(trial)
    yield from _scored_photos("clearest", trial.clearest, identity)
    yield from _scored_photos("nearest to the threshold", trial.borderline, identity)


def _histogram(trial: LabelPreview) -> Iterator[str]:
    most = max(trial.heights.tolist(), default=0)
    if not most:
        return
    yield "scores"
    rows = []
    for at in reversed(range(len(trial.heights))):
        low, height = float(trial.edges[at]), int(trial.heights[at])
        # Even a single photo has a bar.
        bar = "█" * max(round(_BAR * height / most), height > 0)
        mark = "<- threshold" if low <= trial.minimum < float(trial.edges[at + 1]) else ""
        rows.append(("", f"{low:z.3f}", str(height), f"{bar} {mark}".strip()))
    yield from table(rows, right=(1, 2))


def _scored_photos(title: str, found: Sequence[tuple[Photo, float]], identity: SpaceIdentity) -> Iterator[str]:
    if not found:
        return
    yield title
    rows = [
        ("", f"{cosine:z.3f}", percentage(probability(cosine, identity)), shown_path(photo.paths[0]))
        for photo, cosine in found
        if photo.paths
    ]
    yield from table(rows, right=(1, 2), paths=3)


def tuning_line(tuning: TuningRound) -> str:
    """The sentence before the photos to be judged."""
    return (
        f"{safe(tuning.label)} counts from a score of {tuning.minimum:z.3f}{likely(tuning.probability)}. "
        f"Is it right for these {counted(len(tuning.photos), 'photo')}? y: yes, n: no, s: skip, q: enough"
    )


def question(photo: Photo, cosine: float) -> str:
    """The question about one photo to be judged."""
    return f"  {cosine:z.3f}  {shown_path(photo.paths[0]) if photo.paths else f'photo {photo.id}'}"


def tuned_line(result: TuneResult) -> str:
    """The sentence on the threshold that fits the answers."""
    counts = f"{safe(result.label)} counts from a score of {result.minimum:z.3f}{likely(result.probability)} now"
    return f"{counts}; {result.fitting} of {counted(result.answers, 'answer')} fit."


def difference_lines(result: CompareResult) -> Iterator[str]:
    """Lines on how two vocabularies differ: labels, and the number of photos with each."""
    yield from _label_differences(result.difference)
    if result.tags is not None:
        yield from _count_differences(*result.tags)


def _label_differences(found: VocabularyDifference) -> Iterator[str]:
    if not found:
        yield "They are the same."
    yield from (paint(f"+ {safe(name)}", "good") for name in found.added)
    yield from (paint(f"- {safe(name)}", "bad") for name in found.removed)
    yield from (f"~ {safe(name)}: other {', '.join(what)}" for name, what in found.changed)
    yield from (f"~ the vocabulary's {what}" for what in found.whole)


def _count_differences(before: TagPreview, after: TagPreview) -> Iterator[str]:
    names = sorted(
        (name for name in before.counts.keys() | after.counts.keys() if before.counts[name] != after.counts[name]),
        key=lambda name: (-abs(after.counts[name] - before.counts[name]), name),
    )
    changed = sum(tags != after.of_photos.get(key) for key, tags in before.of_photos.items())
    yield f"{counted(changed, 'photo')} of {len(before.of_photos)} would have other tags."
    rows = [(safe(name), str(before.counts[name]), "->", str(after.counts[name])) for name in names]
    yield from table(rows, right=(1, 3))


def changed_photo_lines(photos: Sequence[ChangedPhoto]) -> Iterator[str]:
    """A line for each photo that has a file: the tags that it gains and loses."""
    for each in photos:
        if each.photo.paths:
            marks = [*(f"+{safe(name)}" for name in each.added), *(f"-{safe(name)}" for name in each.removed)]
            yield f"{shown_path(each.photo.paths[0])}: {', '.join(marks)}"


def doubt_lines(result: LintResult) -> Iterator[str]:
    """A line for each doubt, and their number."""
    yield from (f"{safe(doubt.label)} {safe(doubt.what)}" for doubt in result.doubts)
    yield f"{counted(len(result.doubts), 'doubt')} about {counted(result.label_count, 'label')}."


def gap_lines(result: SuggestResult) -> Iterator[str]:
    """Lines on the gaps of a vocabulary, each with the clearest photos, and the next commands."""
    gaps = result.gaps
    looked = counted(gaps.sampled, "photo")
    of_all = looked if gaps.sampled == gaps.total else f"{looked} (of {counted(gaps.total, 'photo')})"
    yield (
        f"Looked at {of_all} with {counted(result.word_count, 'word')} of {safe(result.words)} that are not in "
        f"{safe(result.vocabulary)}; {counted(gaps.untagged, 'photo')} have no tag."
    )
    for gap in gaps.named:
        (name, calibrated, _), *others = gap.labels
        yield f"{safe(name)}: {counted(gap.count, 'photo')} whose tags do not say it ({calibrated:+z.1f} sd)"
        if others:
            yield f"  or {', '.join(f'{safe(other)} ({sd:+z.1f})' for other, sd, _ in others)}"
        yield from _files(gap)
    for gap in gaps.unnamed:
        yield f"no word: {counted(gap.count, 'photo')} that look alike and have no tag"
        yield from _files(gap)
    for each in result.described:
        who = ", ".join(f"{safe(name)} ({count:n})" for name, count in each.by_describer)
        yield f"{safe(each.word)}: {counted(each.photos, 'photo')} that it is said of, but no label: {who}"
    if gaps.named:
        word = shlex.quote(gaps.named[0].labels[0][0])
        adds = f"photos search {safe(word)} --save-as-label {safe(word)}"
        yield f"Look closer with `photos vocab try {safe(word)}`; `{adds}` adds it."
    elif result.described:
        word = shlex.quote(result.described[0].word)
        yield f"Look closer with `photos vocab try {safe(word)}`, or add words with `photos vocab edit`."
    if gaps.unnamed:
        yield "Give those without a word one of your own: photos teach NAME --yes IMAGE..."
    if not result.found_any:
        yield "Nothing stands out: no word adds to the tags of any photos, and no photos without tags look alike."


def _files(gap: Suggestion) -> Iterator[str]:
    yield from (f"    {shown_path(photo.paths[0])}" for photo in gap.photos if photo.paths)
