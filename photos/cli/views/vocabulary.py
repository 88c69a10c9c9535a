"""Vocabularies: the list of them, their labels and revisions, and the slots in which they are in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from photos.cli.kit.format import counted, local_day, shown_path, table
from photos.errors import safe

if TYPE_CHECKING:
    from photos.operations.tagging.vocabularies import ListedRevision, ListedVocabulary, UseResult
    from photos.operations.tagging.vocabulary_changes import RollBackResult
    from store import Revision, SlotSummary, VocabularyDefinition


def vocabulary_lines(listed: Sequence[ListedVocabulary]) -> Iterator[str]:
    """A line for each vocabulary, under headings."""
    rows = [
        (
            safe(each.name),
            str(each.label_count),
            "" if each.number is None else str(each.number),
            "included" if each.number is None else local_day(each.created_at),
            uses(each.slots, newest=each.number),
        )
        for each in listed
    ]
    yield from table([("vocabulary", "labels", "revision", "since", ""), *rows], right=(1, 2))


def revision_lines(listed: Sequence[ListedRevision]) -> Iterator[str]:
    """A line for each revision."""
    rows = [
        (
            f"{each.vocabulary}@{each.number}",
            local_day(each.created_at),
            counted(each.label_count, "label"),
            uses(each.slots),
        )
        for each in listed
    ]
    yield from table(rows, right=(2,))


def label_lines(definition: VocabularyDefinition) -> Iterator[str]:
    """A line for each label, under its category; texts are left to `--json`."""
    threshold = "" if definition.threshold is None else f", threshold {definition.threshold:g}"
    yield f"{safe(definition.name)}: {counted(len(definition.labels), 'label')}{threshold}"
    category = None
    for label in definition.labels:
        if label.category != category:
            category = label.category
            yield f"[{safe(category or '')}]"
        own = "" if label.threshold is None else f" (from {label.threshold:g})"
        also = f" = {', '.join(map(safe, label.aliases))}" if label.aliases else ""
        taught = f", taught by {counted(len(label.examples), 'photo')}" if label.is_taught else ""
        yield f"  {safe(label.name)}{also}{own}{taught}"


def imported_line(revision: Revision) -> str:
    """The sentence on a vocabulary that was imported."""
    return f"{revision_line(revision)} `photos vocab use {safe(revision.vocabulary)}` tags with it."


def revision_line(revision: Revision) -> str:
    """The sentence on a revision: its number, and how many labels it has."""
    size = counted(len(revision.labels), "label")
    return f"{safe(revision.vocabulary)}, revision {revision.number}: {size}."


def use_lines(result: UseResult) -> Iterator[str]:
    """A line on a vocabulary that was put in force, in addition to those on its re-tag."""
    slot = result.slot
    if result.retag is None:
        size = counted(len(result.revision.labels), "label")
        where = "" if slot is None else under(slot)
        yield f"{safe(result.revision.vocabulary)}{where} ({size}) will tag the photos you add."
    elif slot is not None and result.photos is not None:
        yield f"Its labels are shown for the {counted(result.photos, 'photo')} in {shown_folders(slot.folders)}."


def rollback_lines(result: RollBackResult) -> Iterator[str]:
    """A line on a vocabulary that was set back without a re-tag."""
    revision, name = result.revision, safe(result.revision.vocabulary)
    size = counted(len(revision.labels), "label")
    if result.slot is None:
        yield (
            f"{name}@{revision.number} is {name}@{result.earlier.number} again ({size}). It is in force nowhere; "
            f"`photos vocab use {name}` tags with it."
        )
    elif result.retag is None:
        yield f"{name}@{revision.number} ({size}) will tag the photos you add."


def uses(slots: Iterable[SlotSummary], newest: int | None = None) -> str:
    """The slots in which a vocabulary is in force, such as `in use as birds in ~/Pictures/birds`.

    Revisions other than *newest* are named.
    """
    return "; ".join(
        f"in use{under(each)}" + (f" (revision {each.number})" if newest not in {None, each.number} else "")
        for each in slots
    )


def under(slot: SlotSummary) -> str:
    """The slot and the folders, if there are any, after a space."""
    name = f" as {slot.name}" if slot.name else ""
    return name + (f" in {shown_folders(slot.folders)}" if slot.folders else "")


def shown_folders(folders: Sequence[bytes]) -> str:
    """The folders as they can be typed from here."""
    return ", ".join(map(shown_path, folders))
