"""A real browser for the page's tests: Debian's chromium, driven by playwright."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from .generated import FLAGS, Library, Server
from .served import WINDOW, Program, Serving

WANTED = os.environ.get("PHOTOS_BROWSER_TESTS") == "1"


def miss(reason: str) -> None:
    """Skip the test for want of something, or fail it where browser tests are wanted."""
    if WANTED:
        pytest.fail(f"PHOTOS_BROWSER_TESTS is set, but {reason}")
    pytest.skip(f"browser tests need chromium and playwright: {reason}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A chromium without windows, one for all tests of a process."""
    executable = shutil.which("chromium")
    if executable is None:
        miss("chromium is not on this machine")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        miss("playwright is not installed")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=executable, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def generated() -> Iterator[Server]:
    """A library of 5000 generated photos, one of which has a hostile caption."""
    with Server(Library(5000, captions={4990: HOSTILE})) as server:
        yield server


HOSTILE = "<img src=x onerror=\"document.title='owned'\"> {{7*7}} & \u202eevil\u202c"


@pytest.fixture
def open_page(browser) -> Iterator[Any]:
    """Open an address in a window of its own. Errors of the page, and requests to other hosts, fail the test."""
    contexts = []
    troubles: list[str] = []

    def opened(server: Any, path: str = "/", size: tuple[int, int] = (1280, 800), **options: Any) -> Any:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: troubles.append(request.url) if _is_outside(server, request.url) else None)
        page.goto(server.url + path)
        page.wait_for_load_state("networkidle")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="module")
def program(browser, tmp_path_factory) -> Program:
    return Program(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def gallery(program) -> Iterator[Serving]:
    with Serving(program) as serving:
        yield serving


@pytest.fixture(scope="module")
def session(browser, gallery) -> Any:
    """The cookies of a browser that was let in by the printed address."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(gallery.once)
    page.locator(".cell.loaded").first.wait_for()
    page.goto(gallery.once)
    page.get_by_text("This code was used").wait_for()
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def show(browser, gallery, session) -> Iterator[Any]:
    """Open an address with that session. Errors of the page, and requests to other hosts, fail the test."""
    contexts, troubles = [], []

    def shown(path: str = "/", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": WINDOW, "storage_state": session, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("request", lambda request: _note(request.url))
        page.goto(gallery.url + path)
        return page

    def _note(url: str) -> None:
        if not url.startswith((gallery.url, "blob:", "data:")):
            troubles.append(url)

    yield shown
    for context in contexts:
        context.close()
    assert troubles == []


def _is_outside(server: Any, url: str) -> bool:
    return not url.startswith((server.url, "blob:", "data:"))
