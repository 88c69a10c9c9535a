"""The gallery as `photos serve` serves it, over the demo's drawings: what the page does is what the commands do."""

import shutil
from typing import Any
from zipfile import ZipFile

import pytest
from PIL import Image

from .axe import violations
from .served import WINDOW, Serving

pytestmark = pytest.mark.browser


def ids(page: Any) -> list[int]:
    return page.evaluate(
        """() => [...document.querySelectorAll('.cell')].sort((one, other) => one.dataset.index - other.dataset.index)
            .map((cell) => Number(cell.dataset.id))"""
    )


def test_no_picture_is_shown_without_the_printed_address(browser, gallery):
    context = browser.new_context()
    page = context.new_page()
    assert page.goto(gallery.url + "/").url.endswith("/login")
    assert page.goto(gallery.url + "/media/id/1/320.webp").status == 401
    context.close()


def test_a_dragged_weight_ranks_as_the_command_does(show, program):
    page = show("/?q=dog+%2B+beach")
    slider = page.get_by_role("slider", name="Weight of beach")
    slider.wait_for()
    page.locator(".chip input:enabled").first.wait_for()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    text = page.locator("#search").input_value()
    assert text == "dog 0.4:beach"
    # The texts for those who do not see the pictures come with the pictures.
    assert [url for url in asked if "ids=" not in url and not url.endswith(("/events", "/searches"))] == []
    shown = ids(page)
    wanted = [each["photo"] for each in program.records("search", text, "--top", str(len(shown)))]
    # The page's cosines have 11 significant bits.
    assert sum(mine != theirs for mine, theirs in zip(shown, wanted, strict=True)) <= len(shown) // 8


def test_a_moved_threshold_tags_what_the_page_counted(show, program):
    counts = {each["label"]: each["photos"] for each in program.records("tags")}
    subjects = [each["label"] for each in program.records("vocab", "show") if each["category"] == "subjects"]
    label, before = max(((each, counts.get(each, 0)) for each in subjects), key=lambda pair: pair[1])
    page = show(f"/?view=labels&label={label}")
    slider = page.get_by_role("slider", name="Score from which")
    slider.wait_for()
    slider.focus()
    page.keyboard.press("PageDown")
    counted = int(page.locator(".sum b").nth(1).inner_text())
    assert counted > before
    page.get_by_role("button", name="Save this threshold").click()
    page.get_by_text("counts from").wait_for()
    assert next(each["photos"] for each in program.records("tags") if each["label"] == label) == counted
    page.goto(page.url.split("?")[0] + "?view=labels&label=%40")
    page.get_by_text("photos have other tags").wait_for()
    page.get_by_role("button", name="again").click()
    page.get_by_text("Photos are tagged with").wait_for()
    assert next(each["photos"] for each in program.records("tags") if each["label"] == label) == before


def test_examples_teach_what_the_command_keeps(show, program):
    label = program.records("tags")[0]["label"]
    page = show(f"/?view=labels&label={label}")
    page.locator(".tile").first.wait_for()
    for at, key in ((0, "y"), (1, "y"), (2, "n")):
        page.locator(".tile .picture").nth(at).focus()
        page.keyboard.press(key)
    assert page.locator(".teach strong").inner_text() == "2 yes, 1 no"
    page.locator(".teach button").click()
    page.get_by_text("was taught by").wait_for()
    (vocabulary,) = [each["vocabulary"] for each in program.records("vocab", "list") if each["in_use"]]
    (kept,) = [each for each in program.records("vocab", "show", vocabulary) if each["label"] == label]
    assert (len(kept["examples"]), len(kept["counterexamples"])) == (2, 1)


def test_a_rejected_tag_is_rejected_in_the_library(show, program):
    label = program.records("tags")[0]["label"]
    page = show(f'/?q=tag:"{label}"')
    page.locator(".cell a").first.click()
    page.locator(".tag").first.wait_for()
    names = page.locator(".tag .name").all_inner_texts()
    path = page.locator(".data .break").first.inner_text().split("\n")[0]
    page.keyboard.press("n")
    page.get_by_text("is taken off").wait_for()
    (file,) = program.pictures.rglob(path)
    assert names[0] not in [each["label"] for each in program.records("tags", str(file))[0]["tags"]]
    page.get_by_role("button", name="Undo").click()
    page.locator(".tag .name", has_text=names[0]).first.wait_for()
    page.keyboard.press("4")
    page.get_by_role("group", name="Rating: 4 of 5 stars").wait_for()
    assert program.records("search", "rating:4")[0]["path"] == str(file)


def test_a_selection_is_downloaded_as_one_archive(show):
    page = show()
    page.locator(".cell.loaded").first.wait_for()
    # Keys come with the part of the page that is loaded after the first photos.
    page.locator(".notice").wait_for(state="attached")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("d")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    with ZipFile(started.value.path()) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2


def test_a_selection_is_shown_as_a_query(show):
    page = show()
    page.locator(".cell.loaded").first.wait_for()
    page.locator(".notice").wait_for(state="attached")
    chosen = {ids(page)[0], ids(page)[2]}
    for key in ("ArrowRight", "x", "ArrowRight", "ArrowRight", "x", "q"):
        page.keyboard.press(key)
    page.get_by_text("2 photos").first.wait_for()
    page.reload()
    page.locator(".cell.loaded").first.wait_for()
    assert set(ids(page)) == chosen


def test_searches_are_saved_in_the_library(show, program):
    old = '[{"name": "old", "q": "tent"}, {"name": "none", "q": "tagg:x"}]'
    page = show("/?q=red+car")
    page.evaluate(f"localStorage.setItem('photos-searches', '{old}')")
    page.reload()
    page.locator(".cell.loaded").first.wait_for()
    page.locator(".notice").wait_for(state="attached")
    page.keyboard.press("b")
    page.keyboard.type("our car")
    page.keyboard.press("Enter")
    page.get_by_text("Saved as").wait_for()
    page.goto(page.url.split("?")[0] + "?view=albums")
    page.locator(".card", has_text="old").wait_for()
    page.locator(".card", has_text="our car").wait_for()
    kept = {each["name"]: each["query"] for each in program.records("saved", "list")}
    assert kept == {"our car": "red car", "old": "tent"}
    assert page.evaluate("localStorage.getItem('photos-searches')") is None
    page.get_by_role("button", name="Remove our car").click()
    page.get_by_text("no longer saved").wait_for()
    assert list(program.records("saved", "list")[0].values())[:2] == ["old", "tent"]


def test_duplicates_are_moved_away_and_put_back(show, program, tmp_path):
    some = min(program.pictures.rglob("*.jpg"))
    copy = program.pictures / "a copy.jpg"
    shutil.copy(some, copy)
    program.run("index")
    page = show("/?view=duplicates")
    page.get_by_role("button", name="Keep the best").first.click()
    page.keyboard.press("m")
    page.keyboard.type(str(tmp_path / "away"))
    page.keyboard.press("Enter")
    page.get_by_text("1 file moved.").wait_for()
    (moved,) = (tmp_path / "away").iterdir()
    assert not copy.exists() or not some.exists()
    page.get_by_role("button", name="Put back").click()
    page.get_by_text("1 file put back.").wait_for()
    assert (copy.exists(), some.exists(), moved.exists()) == (True, True, False)
    copy.unlink()
    program.run("index")


def test_a_tried_model_is_searched_and_switched_to(show, program):
    program.run("model", "try", "demo", "--precision", "int8")
    page = show("/?view=library")
    tried = page.locator(".models li", has_text="demo@int8")
    tried.get_by_role("button", name="Search with it").click()
    page.locator("#search").fill("tent")
    page.keyboard.press("Enter")
    page.locator(".chip.term").wait_for()
    page.locator(".cell.loaded").first.wait_for()
    wanted = [each["photo"] for each in program.records("search", "tent", "--model", "demo@int8", "--top", "3")]
    assert ids(page)[:3] == wanted
    page.goto(page.url.split("?")[0] + "?view=library")
    tried.get_by_role("button", name="Switch").click()
    page.get_by_role("button", name="Cancel").click()
    tried.get_by_role("button", name="Switch").click()
    page.locator("dialog[open] .main").click()
    page.get_by_text("demo@int8 answers, in place of").first.wait_for()
    page.get_by_role("button", name="Go back").click()
    page.locator("dialog[open] .main").click()
    page.get_by_text("answers again").first.wait_for()
    page.locator(".models li", has_text="demo@int8").get_by_role("button", name="Delete").click()
    page.locator("dialog[open] .main").click()
    page.get_by_text("were deleted").first.wait_for()
    page.locator(".models li").nth(1).wait_for(state="detached")


def test_hostile_names_of_files_are_text(show, program):
    name = "<img src=x onerror=alert(1)>&'.jpg"
    some = next(program.pictures.rglob("*.jpg"))
    with Image.open(some) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(program.pictures / name)
    page = show("/?view=library")
    page.get_by_role("button", name="Look for new photos").click()
    page.locator(".jobs li", has_text="done").first.wait_for()
    page.goto(page.url.split("?")[0] + "?q=name:onerror")
    page.locator(".cell a").first.click()
    page.locator(".data .break").first.wait_for()
    assert name in page.locator(".facts").inner_text()
    assert page.locator('img[src="x"]').count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_other_views(show, program, scheme):
    label = program.records("tags")[0]["label"]
    shutil.copy(next(program.pictures.rglob("*.jpg")), program.pictures / f"copy-{scheme}.jpg")
    program.run("index")
    size = {"width": 1280, "height": 800} if scheme == "light" else {"width": 390, "height": 844}
    page = show("/?view=albums", color_scheme=scheme, reduced_motion="reduce", viewport=size)
    for path, ready in (
        ("albums", ".card img"),
        ("labels", ".bars li"),
        (f"labels&label={label}", ".tile img"),
        ("labels&label=%3Da+house", ".tile img"),
        ("labels&label=%40", ".pair select"),
        ("duplicates", ".copy img"),
        ("library", ".folders .link"),
    ):
        page.goto(page.url.split("?")[0] + f"?view={path}")
        page.locator(ready).first.wait_for()
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"], path


def test_the_page_says_that_the_server_is_gone(browser, program):
    with Serving(program) as serving:
        page = browser.new_context(viewport=WINDOW).new_page()
        with page.expect_response("**/api/v1/events"):
            page.goto(serving.once)
        page.locator(".cell.loaded").first.wait_for()
        serving.end()
        page.get_by_text("The program does not answer").first.wait_for()
        page.context.close()
