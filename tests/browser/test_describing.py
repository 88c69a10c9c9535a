"""Descriptions in the gallery: what describers said is text, and a press of a button lets one describe."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from photos.config import load
from photos.library import OpenLibrary
from store import StoredDescription
from tests.indexer.describers.chat_server import GOOD
from tests.indexer.describers.conftest import ChatServer

from .conftest import HOSTILE
from .served import WINDOW, Program, Serving

pytestmark = pytest.mark.browser

MADE_AT = datetime(2025, 5, 4, 12, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    running = ChatServer("--quiet")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def program(browser, server, tmp_path_factory) -> Program:
    """A program whose describer is a server on this machine."""
    made = Program(tmp_path_factory.mktemp("described"), 12)
    made.environment |= {"PHOTOS_DESCRIBE_ENDPOINT": server.url, "PHOTOS_DESCRIBE_MODEL": "good"}
    return made


def put(program: Program, number: int, **said: Any) -> None:
    """Store what a describer said of a photo."""
    settings = load({"library": Path(program.folder / "demo" / "library")}, {})
    given = {"origin": "model@here", "caption": None, "labels": (), "text": None, "made_at": MADE_AT, **said}
    with OpenLibrary(settings) as library, library.catalog.write() as t:
        t.descriptions.put(number, StoredDescription(tasks=frozenset({"caption", "objects", "text"}), **given))


def test_a_photo_is_described_and_shows_the_answer(show, program, server):
    photo, *_ = program.records("search", "format:jpeg")
    page = show(f"/?photo={photo['photo']}")
    page.get_by_role("button", name="Describe", exact=True).click()
    described = page.get_by_role("article", name=f"By good@127.0.0.1:{server.port}")
    described.get_by_text(GOOD["caption"]).wait_for()
    page.get_by_text("1 photo described by").wait_for()
    (kept,) = program.records("captions", photo["path"])[0]["descriptions"]
    assert (kept["caption"], kept["labels"]) == (GOOD["caption"], GOOD["labels"])
    first = kept["made_at"]
    page.get_by_role("button", name="Describe again").click()
    page.get_by_text("1 photo described by").wait_for()
    assert program.records("captions", photo["path"])[0]["descriptions"][0]["made_at"] >= first
    # A word that is no label yet can be tried as one.
    described.get_by_role("button", name="table").click()
    page.get_by_text("A trial: nothing is changed yet.").wait_for()
    page.get_by_role("heading", name="table", exact=True).wait_for()


def test_selected_photos_are_described(show, program):
    page = show("/?q=format:jpeg")
    page.locator(".cell.loaded").first.wait_for()
    page.locator(".notice").wait_for(state="attached")
    page.keyboard.press("Control+a")
    before = len(program.records("search", "has:description"))
    page.get_by_role("button", name="Describe").click()
    page.get_by_text("photos described by").wait_for()
    assert len(program.records("search", "has:description")) > before
    page.goto(page.url.split("?")[0] + "?view=library")
    page.get_by_text("good@127.0.0.1").first.wait_for()


def test_words_say_what_became_of_them_and_texts_stay_texts(show, program):
    photo = next(each for each in program.records("search", "has:tags") if each["tags"])
    tag = photo["tags"][0]["label"]
    put(program, photo["photo"], caption=HOSTILE, labels=(tag, HOSTILE), text="INVOICE 2024\nTotal 17")
    page = show(f"/?photo={photo['photo']}", permissions=["clipboard-read", "clipboard-write"])
    described = page.get_by_role("article", name="By model@here")
    assert described.locator(".said").inner_text() == HOSTILE
    assert described.locator("img, script").count() == 0
    assert described.locator(".word.new").inner_text().startswith(HOSTILE)
    assert page.title() != "owned"
    text = described.locator(".text")
    assert not text.is_visible()
    described.locator("summary").focus()
    page.keyboard.press("Enter")
    assert text.inner_text() == "INVOICE 2024\nTotal 17"
    described.get_by_role("button", name="Copy").click()
    page.get_by_text("The text is copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "INVOICE 2024\nTotal 17"
    described.get_by_role("button", name=tag, exact=True).click()
    page.locator(".cell.loaded").first.wait_for()
    assert f"q=tag%3A{tag.split()[0]}" in page.url or "q=tag%3A%22" in page.url


def test_a_describer_is_deleted_with_what_it_said(show, program):
    (photo, *_) = program.records("search", "format:jpeg")
    put(program, photo["photo"], origin="old@here", caption="To be deleted")
    page = show("/?view=library")
    page.get_by_role("button", name="Delete what old@here said").click()
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    page.get_by_text("Deleted what old@here said of 1 photo.").first.wait_for()
    page.get_by_role("button", name="Delete what old@here said").wait_for(state="detached")
    said = program.records("captions", photo["path"])[0]["descriptions"]
    assert "old@here" not in [each["describer"] for each in said]


def test_describing_is_stopped_in_the_photo(browser, program):
    silent = copy.copy(program)
    silent.environment = {**program.environment, "PHOTOS_DESCRIBE_MODEL": "silent", "PHOTOS_DESCRIBE_TIMEOUT": "8"}
    (photo, *_) = program.records("search", "format:jpeg")
    with Serving(silent) as serving:
        context = browser.new_context(viewport=WINDOW)
        page = context.new_page()
        page.goto(serving.once)
        page.locator(".cell.loaded").first.wait_for()
        page.goto(f"{serving.url}/?photo={photo['photo']}")
        button = page.locator(".descriptions h3 button")
        button.click()
        page.locator(".work", has_text="Describing").wait_for()
        assert button.get_attribute("aria-disabled") == "true"
        page.locator(".work").get_by_role("button", name="Stop").click()
        page.locator(".work").wait_for(state="detached")
        assert button.get_attribute("aria-disabled") is None
        context.close()
    said = program.records("captions", photo["path"])[0]["descriptions"]
    assert not [each for each in said if each["describer"].startswith("silent@")]
