"""The grid, the scrubber, the viewer and the keys, in a real browser over a generated library."""

import numpy as np
import pytest

from .conftest import HOSTILE
from .generated import Library, Server

pytestmark = pytest.mark.browser

#: Ids of the photos whose pictures lie in view.
VISIBLE = """() => [...document.querySelectorAll(".cell")].filter((cell) => {
    const box = cell.getBoundingClientRect(), view = document.querySelector(".scroller").getBoundingClientRect();
    return box.bottom > view.top && box.top < view.bottom;
}).map((cell) => Number(cell.dataset.id)).sort((a, b) => b - a)"""
#: Numbers of pictures in view that are loaded, and that are not.
LOADED = """() => {
    const inView = [...document.querySelectorAll(".cell img")].filter((image) => {
        const box = image.getBoundingClientRect();
        return box.bottom > 64 && box.top < innerHeight;
    });
    const loaded = inView.filter((image) => image.complete && image.naturalWidth > 0).length;
    return [loaded, inView.length - loaded];
}"""


def test_pictures_in_view_are_really_shown(generated, open_page):
    page = open_page(generated)
    page.locator(".cell.loaded").first.wait_for()
    page.wait_for_load_state("networkidle")
    loaded, missing = page.evaluate(LOADED)
    assert loaded >= 6
    assert missing == 0
    assert page.locator("h2.month").first.inner_text().startswith("October 2024")
    page.locator('.cell img[alt*="beach"]').first.wait_for()
    assert "October" in page.locator(".cell img").first.get_attribute("alt")


def test_two_million_photos_are_all_in_reach(browser, open_page):
    library = Library(2_000_000)
    with Server(library) as server:
        page = open_page(server)
        page.locator(".cell").first.wait_for()
        assert page.evaluate(VISIBLE)[0] == 2_000_000
        page.keyboard.press("End")
        page.locator('.cell[data-id="1"]').wait_for()
        assert page.evaluate(VISIBLE)[-1] == 1
        page.keyboard.press("Home")
        page.locator('.cell[data-id="2000000"]').wait_for()
        assert page.evaluate(VISIBLE)[0] == 2_000_000

        years = page.locator(".year")
        assert years.count() >= 19
        calendar = library.days.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
        for at in range(years.count()):
            label = years.nth(at)
            label.click()
            year = int(label.inner_text())
            page.wait_for_timeout(20)
            first = page.evaluate(VISIBLE)[0]
            assert first == 2_000_000 - int(np.argmax(calendar == year)), year

        # From the middle, a wheel goes on as anywhere else, photo by photo.
        page.locator(".year").nth(9).click()
        before = page.evaluate(VISIBLE)
        page.mouse.move(600, 400)
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(150)
        after = page.evaluate(VISIBLE)
        assert before[0] > after[0] > before[-1] > after[-1]
        assert page.locator("img").count() <= 200


def test_the_box_may_move_without_a_jump(browser, open_page):
    with Server(Library(600_000)) as server:
        page = open_page(server)
        page.locator(".cell").first.wait_for()
        # The end of the box, which is no end of the library.
        page.evaluate("document.querySelector('.scroller').scrollTop = 7_999_000")
        page.wait_for_timeout(200)
        before = page.evaluate(VISIBLE)
        assert before[-1] > 1
        page.mouse.move(600, 400)
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(200)
        after = page.evaluate(VISIBLE)
        assert before[0] >= after[0] > before[-1]


def test_the_keyboard_goes_through_grid_and_viewer(generated, open_page):
    page = open_page(generated)
    page.locator(".cell").first.wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.parentElement.dataset.index") == "2"
    page.keyboard.press("ArrowDown")
    below = int(page.evaluate("document.activeElement.parentElement.dataset.index"))
    assert below > 3
    page.keyboard.press("Enter")
    page.locator("dialog.viewer[open]").wait_for()
    assert page.url.endswith(f"?photo={5000 - below}")
    page.keyboard.press("ArrowRight")
    assert page.url.endswith(f"?photo={4999 - below}")
    page.keyboard.press("Escape")
    page.locator("dialog.viewer").wait_for(state="detached")
    assert page.evaluate("document.activeElement.parentElement.dataset.index") == str(below + 1)
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator(".selection strong").inner_text() == "3 selected"
    page.keyboard.press("Escape")
    assert page.locator(".selection").count() == 0
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def test_back_closes_the_photo_and_then_the_search(generated, open_page):
    page = open_page(generated)
    page.locator("#search").fill("dog + beach")
    page.keyboard.press("Enter")
    page.locator(".chip.term").first.wait_for()
    page.locator(".noise, .cell").first.wait_for()
    page.locator(".cell a").first.click()
    page.locator("dialog.viewer[open]").wait_for()
    assert "q=dog" in page.url
    page.go_back()
    page.locator("dialog.viewer").wait_for(state="detached")
    assert page.locator(".chip.term").count() == 2
    page.go_back()
    page.locator("h2.month").first.wait_for()
    assert page.locator("#search").input_value() == ""
    page.go_forward()
    page.locator(".chip.term").first.wait_for()


def test_a_shared_address_shows_the_same(generated, open_page):
    page = open_page(generated, "/?q=dog+%2B+beach&photo=77")
    page.locator("dialog.viewer[open] .stage img").wait_for()
    assert page.locator("#search").input_value() == "dog + beach"
    assert "IMG_77.jpg" in page.locator(".facts").inner_text()


def test_a_range_is_selected_with_shift(generated, open_page):
    page = open_page(generated)
    page.locator('.cell[data-index="1"]').hover()
    page.locator('.cell[data-index="1"] .check').click()
    page.locator('.cell[data-index="6"] a').click(modifiers=["Shift"])
    assert page.locator(".selection strong").inner_text() == "6 selected"
    assert page.locator(".cell.selected").count() == 6


def test_a_long_touch_selects(generated, open_page):
    page = open_page(generated, size=(390, 844), has_touch=True, is_mobile=True)
    first, second = page.locator('.cell[data-index="0"] a'), page.locator('.cell[data-index="1"] a')
    first.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    page.locator(".selection").wait_for()
    first.dispatch_event("pointerup", {"pointerType": "touch", "bubbles": True})
    first.dispatch_event("click")
    assert page.locator(".cell.selected").count() == 1
    second.tap()
    assert page.locator(".selection strong").inner_text() == "2 selected"
    assert page.locator("dialog.viewer").count() == 0


def test_weights_are_dragged_without_a_request(generated, open_page):
    page = open_page(generated, "/?q=dog+%2B+beach+-+boat")
    slider = page.get_by_role("slider", name="Weight of beach")
    slider.wait_for()
    page.wait_for_load_state("networkidle")
    asked = len(generated.library.requests)
    slider.focus()
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    new = [each for each in generated.library.requests[asked:] if each.startswith("/api/") and "ids=" not in each]
    assert new == []
    text = page.locator("#search").input_value()
    assert text == "dog 1.7:beach - boat"
    assert "q=dog+1.7%3Abeach+-+boat" in page.url
    order, _, _ = generated.library.answer(text, "")
    shown = page.evaluate(
        """[...document.querySelectorAll('.cell')].map((cell) => [+cell.dataset.index, +cell.dataset.id])
            .sort((one, other) => one[0] - other[0])"""
    )
    # The columns are float16: photos whose cosines differ by less may change places.
    exact = generated.library.ids[order][: len(shown)].tolist()
    assert sum(mine != theirs for (_, mine), theirs in zip(shown, exact, strict=True)) <= 2
    assert {mine for _, mine in shown[:20]} == set(exact[:20])


def test_photos_that_stay_in_view_keep_their_pictures(generated, open_page):
    page = open_page(generated, "/?q=dog+%2B+beach")
    page.locator(".chip input:enabled").first.wait_for()
    page.locator(".cell.loaded").nth(20).wait_for()
    # A weight that is moved a little moves photos a little.
    page.evaluate("document.querySelectorAll('.cell').forEach((each) => (each.mark = each.dataset.id))")
    painted = page.locator(".cell").count()
    slider = page.get_by_role("slider", name="Weight of beach")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    cells = """() => [...document.querySelectorAll('.cell')].map((each) => ({
        id: each.dataset.id, mark: each.mark ?? null, index: Number(each.dataset.index),
        score: Number(each.querySelector('.score').textContent), href: each.querySelector('a').href,
        shown: each.querySelector('img').naturalWidth > 0, place: each.offsetTop * 10000 + each.offsetLeft}))"""
    found = sorted(page.evaluate(cells), key=lambda each: each["index"])
    kept = [each for each in found if each["mark"] is not None]
    assert len(kept) > len(found) // 2
    assert all(each["mark"] == each["id"] and each["shown"] and f"photo={each['id']}" in each["href"] for each in kept)
    assert [each["index"] for each in found] == list(range(found[0]["index"], found[0]["index"] + len(found)))
    for key, order in (("score", -1), ("place", 1)):
        values = [order * each[key] for each in found]
        assert values == sorted(values)
    # What is around the view follows when the weight rests.
    page.locator(".cell").nth(painted - 5).wait_for()
    kept[0]["index"] = page.locator(f".cell[data-id='{kept[0]['id']}']").get_attribute("data-index")
    page.locator(f".cell[data-id='{kept[0]['id']}'] a").click()
    page.locator(".viewer .place", has_text=f"{int(kept[0]['index']) + 1} of").wait_for()


def test_hostile_captions_and_queries_are_text(generated, open_page):
    page = open_page(generated, "/?photo=4990&q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E")
    page.locator(".facts .caption").wait_for()
    assert page.locator(".facts .caption").inner_text() == HOSTILE
    assert page.title() == "<img src=x onerror=alert(1)> · photos"
    assert page.locator(".chip .name").first.inner_text() == "<img src=x onerror=alert(1)>"
    assert page.locator('img[src="x"]').count() == 0


def test_a_phone_has_no_sideways_scroll(generated, open_page):
    page = open_page(generated, "/?q=dog+%2B+beach+-+boat", size=(390, 844), has_touch=True, is_mobile=True)
    page.locator(".cell").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".cell a").first.tap()
    page.locator("dialog.viewer[open]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
