"""The demo: draw a sample library, index, search and tag it, tag it again, and write a contact sheet."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer import IndexReport
from photos.demo.library import draw_library
from photos.errors import DemoIncomplete, DemoMixed
from photos.known_models import DEMO
from photos.library import OpenLibrary
from photos.models import Model
from photos.operations.folders import register
from photos.operations.indexing.index import bring_up_to_date
from photos.operations.progress import SILENT, Progress, Stage, steps
from photos.operations.tagging.retag import apply_revision
from photos.operations.tagging.revisions import ensure_vocabulary, find_or_import
from photos.output import contact_sheets
from photos.output.sheet_rows import Cell, Row, Section
from photos.thumbnails import Thumbnails
from query.search import Match, search_text
from query.tagging import RetagReport, photo_tags, preview_tags, tag_counts
from store import MAIN_SLOT, Revision

#: Seed of the sample library. Its first pictures show a match for every query below.
SEED: Final = 24
QUERIES: Final = (
    "beach at sunset",
    "snowy mountains",
    "a red car",
    "foggy forest",
    "city skyline at night",
    "a hot air balloon",
    "a black cat",
    "yellow flowers",
)
FIRST_VOCABULARY: Final = "demo"
SECOND_VOCABULARY: Final = "demo-moods"
#: Photos in a row of the contact sheet, rows of labels, and tags under a photo.
_PHOTOS = 6
_LABELS = 10
_TAGS = 6


class Stopwatch:
    """Elapsed time since the object was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """Folder of the demo, absolute, and the number of pictures to draw."""

    folder: Path
    count: int


class DemoFolder:
    """Paths of a demo: `pictures/`, `library/` and `contact-sheet.html` in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = folder / "pictures"
        self.library = folder / "library"
        self.sheet = folder / "contact-sheet.html"

    def check(self) -> None:
        """Raise `DemoIncomplete` if the folder contains anything but a demo."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir() or any(not self._is_ours(each.name) for each in self.folder.iterdir()):
            raise DemoIncomplete(self.folder)

    def _is_ours(self, name: str) -> bool:
        # A run that was killed may leave an incomplete sheet.
        return name in {self.pictures.name, self.library.name, self.sheet.name} or name.startswith(
            contact_sheets.PARTIAL
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """The pictures are there: how many, and the seconds it took."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Indexed:
    """The pictures are embedded and tagged: the indexer's report, and the seconds it took."""

    report: IndexReport
    seconds: float


@dataclass(frozen=True, slots=True)
class DemoSearch:
    """Best photos for one query, and the seconds that the search took."""

    query: str
    matches: list[Match]
    seconds: float


@dataclass(frozen=True, slots=True)
class DemoSearches:
    """Answers to all queries, in their order."""

    answers: tuple[DemoSearch, ...]


@dataclass(frozen=True, slots=True)
class Tagging:
    """A vocabulary's revision, and the number of photos for each of its labels, most first.

    `report` is None if nothing was tagged again.
    """

    revision: Revision
    counts: list[tuple[str, int]]
    report: RetagReport | None = None


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Outcome of the demo. Each part was also reported to the progress as soon as it was there."""

    drawn: Drawn
    indexed: Indexed
    first: Tagging
    answers: DemoSearches
    second: Tagging
    folder: DemoFolder


def run_demo(library: OpenLibrary, request: DemoRequest, progress: Progress = SILENT) -> DemoResult:
    """Run the demo in `request.folder`, whose `library` folder *library* must be. A second run changes nothing.

    *progress* gets steps, the indexer's events, and each part of the result in its order.
    Raises `DemoIncomplete`, or `DemoMixed` for a catalog on a server that has other photos, before anything is written.
    """
    folder = DemoFolder(request.folder)
    folder.check()
    _check_catalog(library, folder)
    drawn = _draw(folder, request.count, progress)
    progress.report(drawn)
    watch = Stopwatch()
    model = library.choose_model(DEMO)
    indexed = Indexed(_index(library, folder, model, progress), watch.seconds())
    progress.report(indexed)
    is_new = indexed.report.embedded > 0 or not folder.sheet.exists()
    first = _tag_first(library, model, again=is_new, progress=progress)
    progress.report(first)
    answers = DemoSearches(tuple(_answer(library, query) for query in QUERIES))
    progress.report(answers)
    second = _tag_second(library)
    progress.report(second)
    if is_new:
        _write_sheet(library, folder.sheet, answers.answers, second)
    return DemoResult(drawn, indexed, first, answers, second, folder)


def _check_catalog(library: OpenLibrary, folder: DemoFolder) -> None:
    place = library.settings.catalog_place
    if place.address is None or library.is_new:
        return
    with library.catalog.read() as t:
        paths = {each.path for each in t.folders.all()}
    if paths and bytes(folder.pictures.absolute()) not in paths:
        raise DemoMixed(str(place.name))


def _draw(folder: DemoFolder, count: int, progress: Progress) -> Drawn:
    watch = Stopwatch()
    pictures = draw_library(
        folder.pictures,
        count,
        seed=SEED,
        progress=steps(progress, Stage.DRAW),
    )
    return Drawn(len(pictures), watch.seconds())


def _index(library: OpenLibrary, folder: DemoFolder, model: Model, progress: Progress) -> IndexReport:
    with library.catalog.write() as t:
        registered = register(t, bytes(folder.pictures.absolute()))
    return bring_up_to_date(library, model, [registered], progress)


def _tag_first(library: OpenLibrary, model: Model, *, again: bool, progress: Progress) -> Tagging:
    """Tags of the first vocabulary, which is put in force *again* if another one is.

    Otherwise, if the second one is in force, they are counted without a change to the library.
    """
    revision = ensure_vocabulary(library.catalog, model.reference)
    if not again and revision.vocabulary == SECOND_VOCABULARY:
        return _preview_first(library, progress)
    if again and revision.vocabulary != FIRST_VOCABULARY:
        revision = find_or_import(library.catalog, FIRST_VOCABULARY)
        apply_revision(library, revision, MAIN_SLOT)
    return Tagging(revision, tag_counts(library.catalog, library.space))


def _preview_first(library: OpenLibrary, progress: Progress) -> Tagging:
    revision = find_or_import(library.catalog, FIRST_VOCABULARY)
    texts = library.text_vectors(library.space)
    on_step = steps(progress, Stage.ENCODE_LABELS)
    counts = preview_tags(library.catalog, library.space, revision.definition, texts, on_step).counts
    # In the order of `tag_counts`.
    return Tagging(revision, sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _tag_second(library: OpenLibrary) -> Tagging:
    """Tag all photos with the second vocabulary, from their stored embeddings."""
    revision = find_or_import(library.catalog, SECOND_VOCABULARY)
    report = apply_revision(library, revision, MAIN_SLOT).retags[0].report
    return Tagging(revision, tag_counts(library.catalog, library.space), report)


def _answer(library: OpenLibrary, query: str) -> DemoSearch:
    watch = Stopwatch()
    texts = library.text_vectors(library.space)
    matches = search_text(library.index, library.space, texts, query, _PHOTOS)
    return DemoSearch(query, matches, watch.seconds())


def _write_sheet(library: OpenLibrary, path: Path, answers: Sequence[DemoSearch], second: Tagging) -> None:
    """Write the contact sheet. Photos found by a query are shown with the tags that they had at that time."""
    sections = [
        Section(
            "Found by a sentence",
            "The best photos for each text, by cosine similarity, with the tags of the first vocabulary.",
            [Row(answer.query, "", _found(answer.matches)) for answer in answers],
        ),
        Section(
            "Tagged again, with other words",
            f"The same photos under the vocabulary {second.revision.vocabulary!r}, scored from the stored "
            "embeddings: no picture was opened for it.",
            _label_rows(library, second),
        ),
    ]
    lead = (
        "Drawings, made, indexed, tagged and searched on this machine by a checkpoint that knows drawings and not "
        "the world. For photographs use one that knows them: photos model list."
    )
    with Thumbnails.of(library) as thumbnails:
        pictures = contact_sheets.pictures_of(thumbnails)
        contact_sheets.write_html(path, "photos demo", lead, sections, pictures, overwrite=True)


def _label_rows(library: OpenLibrary, tagging: Tagging) -> list[Row]:
    with library.catalog.read() as t:
        ids = [int(photo_id) for page in t.embeddings.scan(library.space.id) for photo_id in page.ids]
        photos = {photo.id: photo for photo in t.photos.get(ids)}
    tags = photo_tags(library.catalog, library.space, ids)
    rows = []
    for label, count in tagging.counts[:_LABELS]:
        of_label = [(tag, photo_id) for photo_id in ids for tag in tags[photo_id] if tag.label == label]
        best = sorted(of_label, key=lambda pair: (-(pair[0].score or 0), pair[1]))[:_PHOTOS]
        cells = [Cell(i, photos[i].paths[0], _scores(tag.score, tag.probability)) for tag, i in best]
        rows.append(Row(label, f"{count} photo{'s' if count != 1 else ''}", cells))
    return rows


def _found(matches: Sequence[Match]) -> list[Cell]:
    return [
        Cell(
            match.photo.id,
            match.photo.paths[0],
            _scores(match.cosine, match.probability),
            tuple(tag.label for tag in match.tags[:_TAGS]),
            rank=rank,
        )
        for rank, match in enumerate(matches, 1)
    ]


def _scores(cosine: float | None, probability: float | None) -> str:
    return "" if cosine is None or probability is None else f"{cosine:z.3f} · {100 * probability:.0f} %"
