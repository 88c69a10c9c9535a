"""Passes of a describer, their cost, and the captions of photos, as lines or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import click

from photos.cli.kit.confirm import confirm
from photos.cli.kit.format import counted, duration, minute, shown_path
from photos.cli.kit.output import write_json
from photos.cli.kit.progress import ProgressBars
from photos.cli.kit.terminal import paint, prose, show_lines
from photos.errors import safe
from photos.operations.describing.describe import DescribeEstimate
from photos.records.descriptions import (
    describe_estimate_record,
    describe_record,
    forgotten_describer_record,
    photo_captions_record,
)

if TYPE_CHECKING:
    from photos.operations.describing.captions import PhotoCaptions
    from photos.operations.describing.describe import DescribeResult, ForgottenDescriber
    from query.tagging import DescribedWord
    from store.records import StoredDescription

#: Seconds of work from which a person on a terminal is asked, and photos where the time cannot be told.
_LONG: Final = 600
_MANY: Final = 30


class DescribeProgress:
    """Receiver of the events of a pass: a bar, and before it the cost, with a question if it is long.

    *is_agreed* leaves the question out. Away from a terminal there is none either.
    """

    def __init__(self, *, is_agreed: bool) -> None:
        self._is_agreed = is_agreed
        self._bars = ProgressBars()

    def report(self, event: object, /) -> None:
        """Show one event. Ends the program if a person does not agree."""
        if not isinstance(event, DescribeEstimate):
            self._bars.report(event)
            return
        self._bars.close()
        if event.photos:
            click.echo(prose(_estimate_line(event)), err=True)
        if _is_long(event) and not self._is_agreed and sys.stdin.isatty():
            confirm("This takes long")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.close()


def _is_long(estimate: DescribeEstimate) -> bool:
    if estimate.cost is None:
        return False
    seconds = estimate.cost.seconds
    return estimate.photos >= _MANY if seconds is None else seconds >= _LONG


def _estimate_line(estimate: DescribeEstimate) -> str:
    line = f"{counted(estimate.photos, 'photo')} to describe by {safe(estimate.describer)}"
    cost = estimate.cost
    if cost is None:
        return f"{line}."
    line += f"; on the CPU each takes the work of embedding about {cost.passes} with google/siglip2-base-patch16-256"
    return f"{line}." if cost.seconds is None else f"{line}, here about {duration(cost.seconds)} in all."


def show_estimate(estimate: DescribeEstimate, *, as_json: bool) -> None:
    """Show what a pass has before it."""
    if as_json:
        write_json(describe_estimate_record(estimate))
        return
    click.echo(prose(_estimate_line(estimate)))
    if estimate.known:
        click.echo(_known_line(estimate.known))
    if estimate.photos and estimate.cost is None:
        click.echo(prose("The time depends on the describer; a pass shows the time that is left, and can be ended."))


def _known_line(known: int) -> str:
    return f"{counted(known, 'photo')} {'is' if known == 1 else 'are'} described already."


def show_described(result: DescribeResult, *, as_json: bool) -> None:
    """Show what became of the photos of a pass."""
    if as_json:
        write_json(describe_record(result))
        return
    for line in _result_lines(result):
        click.echo(line)
    if result.problem is not None:
        click.echo(prose(safe(result.problem)), err=True)
        if result.left:
            click.echo(f"{counted(result.left, 'photo')} {'is' if result.left == 1 else 'are'} left.", err=True)


def _result_lines(result: DescribeResult) -> Iterator[str]:
    if result.described:
        yield prose(
            f"Described {counted(result.described, 'photo')} by {safe(result.describer)} "
            f"in {duration(result.seconds)}. Next: photos captions IMAGE"
        )
    else:
        yield "No photo was described."
    if result.known:
        yield f"{_known_line(result.known)} --again describes {'it' if result.known == 1 else 'them'} again."
    if result.away:
        one = result.away == 1
        yield (
            f"{counted(result.away, 'photo')} {'was' if one else 'were'} passed over: "
            f"{'its file is' if one else 'their files are'} not there as indexed."
        )
    if result.undescribed:
        yield f"{counted(result.undescribed, 'photo')} got no description:"
        for each in result.named:
            yield f"  {shown_path(each.path)}: {safe(each.reason)}"
        if result.undescribed > len(result.named):
            yield f"  and {result.undescribed - len(result.named)} more"


def show_forgotten(forgotten: ForgottenDescriber, *, as_json: bool) -> None:
    """Show whose descriptions were deleted."""
    if as_json:
        write_json(forgotten_describer_record(forgotten))
        return
    click.echo(prose(f"Deleted what {safe(forgotten.describer)} said of {counted(forgotten.photos, 'photo')}."))


def show_captions(found: Sequence[PhotoCaptions], *, as_json: bool) -> None:
    """Show the captions of each photo."""
    if as_json:
        for each in found:
            write_json(photo_captions_record(each))
        return
    show_lines(line for each in found for line in _photo_lines(each))


def _photo_lines(found: PhotoCaptions) -> Iterator[str]:
    yield paint(shown_path(found.photo.path), "heading")
    if found.own is not None:
        yield "  its file"
        yield _part("caption", found.own)
    for description in found.descriptions:
        yield f"  {safe(description.origin)}, {minute(description.made_at)}"
        yield from _parts(description, found.words.get(description.origin, ()))
    if found.own is None and not found.descriptions:
        yield "  no caption and no description"


def _parts(description: StoredDescription, words: Sequence[DescribedWord]) -> Iterator[str]:
    parts = (
        ("caption", description.caption),
        ("words", ", ".join(map(_judged, words)) or ", ".join(description.labels)),
        ("text", description.text),
    )
    some = [_part(name, words) for name, words in parts if words]
    yield from some or ["    nothing was found"]


def _judged(word: DescribedWord) -> str:
    """A word with its state, the label if that is called otherwise, and the probability of a label that is no tag."""
    label = "" if word.label in {None, word.word} else f" {word.label}"
    chance = "" if word.state == "tag" or word.probability is None else f", {word.probability:.2g}"
    return f"{word.word} ({word.state}{label}{chance})"


def _part(name: str, words: str) -> str:
    # Words of a model or a file: a line feed or an escape sequence must not reach the terminal.
    return prose(f"    {name:<8} {safe(words)}", hang=_HANG)


#: Columns before the words of a part.
_HANG: Final = 13
