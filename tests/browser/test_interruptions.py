"""The page while the program or a disk is away: it says so, goes on afterwards, and loses nothing that was typed."""

import shutil
from typing import Any

import pytest

from .served import WINDOW, Serving

pytestmark = pytest.mark.browser
AWAY = "The program does not answer"


@pytest.fixture
def window(browser) -> Any:
    """A window for one server. Errors of the page fail the test."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def opened(page: Any, serving: Serving, path: str = "/") -> None:
    with page.expect_response("**/api/v1/events"):
        page.goto(serving.once)
    if path != "/":
        with page.expect_response("**/api/v1/events"):
            page.goto(serving.url + path)


def test_a_search_goes_on_when_the_program_is_back(window, program):
    with Serving(program) as serving:
        opened(window, serving)
        window.locator(".cell.loaded").first.wait_for()
        serving.end()
        window.get_by_text(AWAY).first.wait_for()
        window.locator("#search").fill("is:untagged or")
        window.locator("#search").fill("name:0")
        window.keyboard.press("Enter")
        window.locator(".nothing", has_text=AWAY).wait_for()
        assert window.locator("#search").input_value() == "name:0"
        with Serving(program, serving.port):
            window.get_by_text("The program answers again").wait_for()
            window.locator(".nothing").wait_for(state="detached")
            assert window.locator("#search").input_value() == "name:0"
            total = program.records("search", "name:0", "--top", "1000")
            window.get_by_role("status").filter(has_text=f"{len(total)} photos").wait_for()


def test_typed_tags_and_marks_outlive_the_program(window, program):
    label = program.records("tags")[0]["label"]
    with Serving(program) as serving:
        opened(window, serving, f"/?view=labels&label={label}")
        window.locator(".tile .picture").first.focus()
        window.keyboard.press("y")
        window.keyboard.press("n")
        window.locator(".tile .picture").first.click()
        window.get_by_label("Add a tag").fill("our holiday")
        serving.end()
        window.get_by_label("Add a tag").press("Enter")
        window.get_by_text(AWAY).first.wait_for()
        assert window.get_by_label("Add a tag").input_value() == "our holiday"
        with Serving(program, serving.port):
            window.get_by_text("The program answers again").wait_for()
            window.get_by_label("Add a tag").press("Enter")
            window.locator(".tag .name", has_text="our holiday").wait_for()
            assert window.get_by_label("Add a tag").input_value() == ""
            window.keyboard.press("Escape")
            assert window.locator(".teach strong").inner_text() == "1 yes, 1 no"
    assert "our holiday" in {each["label"] for each in program.records("tags")}


def test_a_map_whose_outlines_did_not_arrive_is_drawn_with_the_next_photo(window, program):
    drawn = """canvas => new Set(new Uint32Array(
        canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""
    with Serving(program) as serving:
        window.route("**/land.json", lambda route: route.abort())
        opened(window, serving, "/?q=has:gps")
        with window.expect_event("requestfailed", lambda request: request.url.endswith("/land.json")):
            window.locator(".cell a").first.click()
        window.unroute("**/land.json")
        with window.expect_response("**/land.json"):
            window.keyboard.press("ArrowRight")
        window.locator(".stage[data-shows]").wait_for()
        window.wait_for_function(f"({drawn})(document.querySelector('canvas.map')) > 2")


def test_a_job_that_died_with_the_program_is_said(window, program):
    label = program.records("tags")[0]["label"]
    with Serving(program) as serving:
        opened(window, serving, f"/?view=labels&label={label}")
        window.locator(".tile .picture").first.focus()
        window.keyboard.press("y")
        # A job that the server takes and never ends.
        job = {
            "job": 7, "kind": "teach", "state": "running", "stage": None, "done": 0, "total": None, "problem": None,
            "started_at": 1.0, "ended_at": None,
        }  # fmt: skip
        window.route("**/examples", lambda route: route.fulfill(status=202, json=job))
        window.locator(".teach button").click()
        window.locator(".teach button:disabled").wait_for()
        serving.end()
        window.get_by_text(AWAY).first.wait_for()
        with Serving(program, serving.port):
            window.get_by_text("ended before this was done").wait_for()
            window.locator(".teach button:enabled").wait_for()
            assert window.locator(".teach strong").inner_text() == "1 yes, 0 no"


def test_an_unknown_browser_is_told_how_to_come_back(window, program):
    with Serving(program) as serving:
        opened(window, serving)
        window.locator(".cell.loaded").first.wait_for()
        serving.end()
        window.get_by_text(AWAY).first.wait_for()
        window.context.clear_cookies()
        with Serving(program, serving.port):
            window.get_by_text("Open the gallery with “photos open”").first.wait_for()


def test_photos_of_a_disk_that_is_away_stay_visible(window, program):
    total = len(program.records("search", "year:1900..", "--top", "1000"))
    some = next(program.pictures.rglob("*.jpg"))
    away = program.pictures.with_name("away")
    with Serving(program) as serving:
        opened(window, serving, "/?q=name:" + some.stem)
        window.locator(".cell.loaded").first.wait_for()
        program.pictures.rename(away)
        try:
            program.run("index")
            window.goto(serving.url + "/")
            for at in range(6):
                image = window.locator(".cell.loaded img").nth(at)
                assert image.evaluate("each => each.naturalWidth") > 0
            assert window.locator(".cell.broken").count() == 0
            window.goto(serving.url + "/?q=name:" + some.stem)
            window.locator(".cell a").first.click()
            window.locator(".stage-says", has_text="disk is not connected").wait_for()
            assert window.locator(".stage img").evaluate("each => each.naturalWidth") > 0
            window.keyboard.press("z")
            window.get_by_role("link", name="Download the original").click()
            window.locator(".notice", has_text="disk is not connected").wait_for()
            assert window.locator(".tag").count() > 0
        finally:
            if program.pictures.exists():
                shutil.rmtree(program.pictures)
            away.rename(program.pictures)
        program.run("index")
        assert len(program.records("search", "year:1900..", "--top", "1000")) == total
        window.keyboard.press("Escape")
        window.locator(".cell a").first.click()
        window.locator(".stage[data-shows='1440.jpg']").wait_for()
        assert window.locator(".stage-says").count() == 0
