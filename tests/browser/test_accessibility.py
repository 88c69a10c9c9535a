"""Accessibility of the photos' views, by axe: light and dark, a desktop's and a phone's width."""

import pytest

from .axe import violations

pytestmark = pytest.mark.browser

WINDOWS = {
    "a light desktop": {"size": (1280, 800), "color_scheme": "light"},
    "a dark phone": {"size": (390, 844), "color_scheme": "dark"},
}


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS.keys())
def test_axe_finds_nothing_among_the_photos(generated, open_page, window):
    page = open_page(generated, reduced_motion="reduce", **window)
    page.locator('.cell img[alt*="beach"]').first.wait_for()
    assert violations(page) == []
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.locator(".selection").wait_for()
    assert violations(page) == []
    page.keyboard.press("t")
    page.locator("dialog.small-dialog[open]").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("dialog.help[open]").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS.keys())
def test_axe_finds_nothing_in_a_search_and_a_photo(generated, open_page, window):
    page = open_page(generated, "/?q=dog+%2B+beach+-tag:boat", reduced_motion="reduce", **window)
    page.locator('.cell img[alt*="beach"]').first.wait_for()
    page.locator("#search").press("End")
    page.locator("#search").press_sequentially(" be")
    page.get_by_role("option", name="bear").wait_for()
    assert violations(page) == []
    page.goto(generated.url + "/?q=dog&photo=4990")
    page.locator("dialog.viewer[open]").wait_for()
    page.keyboard.press("i")
    page.keyboard.press("i")
    if not page.locator(".facts").count():
        page.keyboard.press("i")
    page.locator(".read summary").click()
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
