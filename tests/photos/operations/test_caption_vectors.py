"""Vectors of captions: made in parts, renewed, and deleted with what they belong to."""

from datetime import datetime

import pytest
from PIL import Image
from sqlalchemy import func, select

from photos.config import load
from photos.errors import EmptyLibrary
from photos.library import OpenLibrary
from photos.operations.progress import SILENT, Stage, Step
from photos.operations.searching.caption_vectors import CaptionsBegin, embed_captions, embed_captions_for
from photos.operations.searching.requests import SearchRequest
from photos.operations.searching.search import search
from store import StoredDescription
from store.sql import schema
from tests.photos.conftest import read_here
from tests.photos.encoders import ColourEncoders, ColourTextEncoder


class Recording(ColourEncoders):
    """Encoders of colours that keep the texts that were encoded."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def text(self, checkpoint, device):
        recording = self

        class Encoder(ColourTextEncoder):
            def encode_text(self, texts):
                recording.asked.append(list(texts))
                return super().encode_text(texts)

        return Encoder()


class Events:
    def __init__(self, cancel_at=None):
        self.events = []
        self.cancel_at = cancel_at

    def report(self, event):
        self.events.append(event)
        if isinstance(event, Step) and event.done == self.cancel_at:
            raise KeyboardInterrupt


@pytest.fixture
def library(filled):
    with OpenLibrary(load({"library": filled.library}, {}), Recording(), read_here) as opened:
        yield opened


def describe(library, captions, origin="somebody", at=1):
    when = datetime(2026, 1, at)  # noqa: DTZ001 - as the catalog has times
    with library.catalog.write() as t:
        for photo_id, caption in captions.items():
            t.descriptions.put(photo_id, StoredDescription(origin, frozenset({"caption"}), caption, (), None, when))


def rows(catalog, table=schema.caption_vector):
    with catalog.read() as t:
        return t.connection.execute(select(func.count()).select_from(table)).scalar_one()


def ids(library):
    with library.catalog.read() as t:
        return sorted(t.selection.all().tolist())


def with_captions(query="red", **fields):
    return SearchRequest(query=query, directory="/", top=None, with_captions=True, **fields)


def test_captions_are_encoded_once_and_are_no_remembered_searches(library):
    one, two, three, *_ = ids(library)
    describe(library, {one: "A  Red boat", two: "a red boat", three: "blue"})
    texts, events = rows(library.catalog, schema.text_vector), Events()
    assert embed_captions(library, events) == 3
    assert library.encoders.asked == [["a red boat", "blue"]]
    assert events.events == [CaptionsBegin(3), Step(Stage.ENCODE_CAPTIONS, 3, 3)]
    assert embed_captions(library, events) == 0
    assert len(library.encoders.asked) == 1
    assert (rows(library.catalog), rows(library.catalog, schema.text_vector)) == (3, texts)


def test_an_interruption_keeps_the_parts_that_are_done(library, pictures, filled):
    for number in range(64):
        Image.new("RGB", (40 + number, 30), (219, number, 30)).save(pictures / f"r{number}.png")
    assert filled("index").status == 0
    some = ids(library)
    describe(library, {photo_id: f"caption {photo_id}" for photo_id in some})
    with pytest.raises(KeyboardInterrupt):
        embed_captions(library, Events(cancel_at=64))
    assert rows(library.catalog) == 64
    events = Events()
    assert embed_captions(library, events) == len(some) - 64
    assert events.events[0] == CaptionsBegin(len(some) - 64)
    assert [text for batch in library.encoders.asked for text in batch] == [f"caption {each}" for each in some]


def test_a_changed_caption_gets_a_new_vector(library):
    one, two, *_ = ids(library)
    describe(library, {one: "red", two: "red"})
    embed_captions(library, SILENT)
    describe(library, {one: "blue"}, at=2)
    assert embed_captions(library, SILENT) == 1
    # The newest describer's caption is the photo's.
    describe(library, {two: "green"}, "another", at=3)
    assert embed_captions(library, SILENT) == 1
    assert library.encoders.asked == [["red"], ["blue"], ["green"]]
    with library.catalog.write() as t:
        t.descriptions.forget("another")
    assert rows(library.catalog) == 1
    assert embed_captions(library, SILENT) == 1


def test_a_search_makes_the_vectors_that_it_needs_alone(library):
    assert embed_captions_for(library, with_captions(), SILENT) == 0
    describe(library, {ids(library)[0]: "red"})
    for request in (
        SearchRequest(query="red", directory="/", top=None),
        with_captions("name:*"),
        with_captions(count_only=True),
    ):
        assert embed_captions_for(library, request, SILENT) == 0
    assert library.encoders.texts == 0
    assert embed_captions_for(library, with_captions(), SILENT) == 1
    assert embed_captions_for(library, with_captions(), SILENT) == 0


def test_a_search_with_captions_finds_what_they_say(library):
    photos = ids(library)
    describe(library, dict.fromkeys(photos, "blue"))
    plain = search(library, SearchRequest(query="red", directory="/", top=None))
    worst = plain.matches[-1].photo_id
    describe(library, {worst: "a red thing"}, at=2)
    embed_captions(library, SILENT)
    found = search(library, with_captions())
    assert found.captions == len(photos)
    places = [[match.photo_id for match in result.matches].index(worst) for result in (plain, found)]
    assert places[1] < places[0]
    assert {match.photo_id: match.cosine for match in found.matches} == {
        match.photo_id: match.cosine for match in plain.matches
    }


def test_vectors_go_with_their_photo_and_with_their_space(filled, pictures, other_checkpoint, library):
    one, *others = ids(library)
    describe(library, {photo_id: f"caption {photo_id}" for photo_id in (one, *others)})
    assert filled("model", "try", other_checkpoint).status == 0
    embed_captions(library, SILENT)
    embed_captions(library.in_space(str(other_checkpoint)), SILENT)
    assert rows(library.catalog) == 12
    (pictures / "red.png").unlink()
    assert filled("index").status == 0
    assert filled("prune", "--older-than", "0", "--yes").status == 0
    assert rows(library.catalog) == 10
    assert filled("model", "forget", other_checkpoint).status == 0
    assert rows(library.catalog) == 5
    assert filled("verify").status == 0


def test_an_empty_library_has_no_captions_to_encode(photos):
    with OpenLibrary(load({"library": photos.library}, {}), photos.encoders, read_here) as library:
        with pytest.raises(EmptyLibrary):
            embed_captions_for(library, with_captions(), SILENT)
        with pytest.raises(EmptyLibrary):
            embed_captions(library, SILENT)
    assert not photos.library.exists()
