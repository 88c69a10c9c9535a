"""The demo's work: a library of drawings, indexed, searched, tagged, and tagged again with other words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer import IndexReport
from photos.demo.library import draw_library
from photos.errors import DemoIncomplete
from photos.library import OpenLibrary
from photos.models import DEMO, Model
from photos.operations import vocabularies
from photos.operations.folders import register
from photos.operations.index import bring_up_to_date, tag_again
from photos.operations.progress import Progress
from photos.output import contact_sheets
from photos.output.durations import Stopwatch
from query import Match, RetagReport, photo_tags, search_text, tag_counts
from store import Revision

#: Chosen so that the first pictures of the library show every query below.
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
_HITS = 6
_LABELS = 10
_TAGS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query found, and how long it took, in seconds."""

    query: str
    matches: list[Match]
    seconds: float


@dataclass(frozen=True, slots=True)
class Tagging:
    """A vocabulary's revision, and how many photos have which of its labels."""

    revision: Revision
    counts: list[tuple[str, int]]
    report: RetagReport | None = None


class Demo:
    """The demo in *folder*: `pictures/`, `library/` and `contact-sheet.html`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = folder / "pictures"
        self.library = folder / "library"
        self.sheet = folder / "contact-sheet.html"

    def check(self) -> None:
        """Raises `DemoIncomplete` if the folder holds anything else than a demo."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir() or any(not self._is_ours(each.name) for each in self.folder.iterdir()):
            raise DemoIncomplete(self.folder)

    def draw(self, count: int, progress: Callable[[int, int], None]) -> int:
        """Draw the pictures that are not there yet, and say how many there are."""
        return len(draw_library(self.pictures, count, seed=SEED, progress=progress))

    def index(self, app: OpenLibrary, progress: Progress) -> tuple[Model, IndexReport]:
        """Embed and tag what is new."""
        model = app.choose_model(DEMO)
        with app.catalog.write() as t:
            folder = register(t, bytes(self.pictures.absolute()))
        return model, bring_up_to_date(app, model, [folder], progress)

    def tag_first(self, app: OpenLibrary, model: Model, *, anew: bool) -> Tagging:
        """The first vocabulary's tags; *anew*, it is put in force again if it is not."""
        revision = vocabularies.ensure_one(app.catalog, model.reference)
        if anew and revision.vocabulary != FIRST_VOCABULARY:
            revision = vocabularies.named(app.catalog, FIRST_VOCABULARY)
            tag_again(app, revision)
        return Tagging(revision, tag_counts(app.catalog, app.space))

    def search(self, app: OpenLibrary) -> list[Answer]:
        """What the queries find. The first one of a text that is not remembered loads the text tower."""
        return [self._answer(app, query) for query in QUERIES]

    def tag_second(self, app: OpenLibrary) -> Tagging:
        """Tag all photos again with the second vocabulary, from their embeddings."""
        revision = vocabularies.named(app.catalog, SECOND_VOCABULARY)
        report = tag_again(app, revision)
        return Tagging(revision, tag_counts(app.catalog, app.space), report)

    def write_sheet(self, app: OpenLibrary, answers: Sequence[Answer], second: Tagging) -> None:
        """Write the contact sheet. Its tags beneath what was found are those that the photos had then."""
        sections = [
            contact_sheets.Section(
                "Found by a sentence",
                "The best photos for each text, by the cosine of the two, with the tags of the first vocabulary.",
                [
                    contact_sheets.Row(answer.query, "", [_found(match) for match in answer.matches])
                    for answer in answers
                ],
            ),
            contact_sheets.Section(
                "Tagged again, with other words",
                f"The same photos under the vocabulary {second.revision.vocabulary!r}, scored from the stored "
                "embeddings: no picture was opened for it.",
                self._by_label(app, second),
            ),
        ]
        lead = (
            "Drawings, made, indexed, tagged and searched on this machine by a checkpoint that knows drawings and not "
            "the world. For photographs use one that knows them: photos model list."
        )
        contact_sheets.write_html(self.sheet, "photos demo", lead, sections, anew=True)

    def _by_label(self, app: OpenLibrary, tagging: Tagging) -> list[contact_sheets.Row]:
        with app.catalog.read() as t:
            ids = [int(photo_id) for page in t.embeddings.scan(app.space.id) for photo_id in page.ids]
            photos = {photo.id: photo for photo in t.photos.get(ids)}
        tags = photo_tags(app.catalog, app.space, ids)
        rows = []
        for label, count in tagging.counts[:_LABELS]:
            of_label = [(tag, photo_id) for photo_id in ids for tag in tags[photo_id] if tag.label == label]
            best = sorted(of_label, key=lambda pair: (-(pair[0].score or 0), pair[1]))[:_HITS]
            cells = [
                contact_sheets.Cell(photos[i].paths[0], _scores(tag.score, tag.probability), ()) for tag, i in best
            ]
            rows.append(contact_sheets.Row(label, f"{count} photo{'s' if count != 1 else ''}", cells))
        return rows

    def _answer(self, app: OpenLibrary, query: str) -> Answer:
        watch = Stopwatch()
        matches = search_text(app.catalog, app.index, app.space, app.text_vectors(app.space), query, _HITS)
        return Answer(query, matches, watch.seconds())

    def _is_ours(self, name: str) -> bool:
        # A run that is killed may leave the beginning of a sheet.
        return name in {self.pictures.name, self.library.name, self.sheet.name} or name.startswith(
            contact_sheets.PARTIAL
        )


def _found(match: Match) -> contact_sheets.Cell:
    tags = tuple(tag.label for tag in match.tags[:_TAGS])
    return contact_sheets.Cell(match.photo.paths[0], _scores(match.cosine, match.probability), tags)


def _scores(cosine: float | None, probability: float | None) -> str:
    return "" if cosine is None or probability is None else f"{cosine:z.3f} · {100 * probability:.0f} %"
