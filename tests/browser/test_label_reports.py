"""Reports on labels in the page: how they score, which are missing, and the history of a photo's tags."""

import pytest

from .axe import violations
from .served import WINDOW

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def assert_clean(page, size):
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_outliers_of_the_calibration_come_first(show, program):
    page = show("/?view=labels")
    page.get_by_role("button", name="How labels score").click()
    page.locator(".calibrations .tile img").first.wait_for()
    page.get_by_role("button", name="Measure again").click()
    page.get_by_text("The labels were measured again").wait_for()
    page.get_by_text("Measured over 40 photos").wait_for()
    found = page.request.get(page.url.split("/?")[0] + "/api/v1/calibrations?limit=12").json()["items"]
    assert page.locator(".calibrations h3 button").all_inner_texts() == [each["label"] for each in found]
    page.get_by_role("button", name="Show more of").click()
    page.locator(".calibrations > li").nth(12).wait_for()
    assert_clean(page, WINDOW)
    page.locator(".calibrations h3 button").first.click()
    page.get_by_role("slider", name="Score from which").wait_for()
    page.go_back()
    page.locator(".calibrations > li").first.wait_for()


def test_a_missing_label_is_made_or_dismissed(show, program):
    known = {each["label"] for each in program.records("vocab", "show")}
    page = show("/?view=labels&label=@missing", color_scheme="dark", viewport=PHONE, reduced_motion="reduce")
    page.get_by_role("button", name="Look for missing labels").click()
    cards = page.locator(".gap")
    cards.first.wait_for(timeout=180_000)
    count = cards.count()
    assert_clean(page, PHONE)
    name = cards.first.get_by_label("Name of the label").input_value()
    assert name
    assert name not in known
    cards.first.get_by_role("button", name="Make it a label").click()
    page.get_by_text(f"“{name}” is a label.").wait_for()
    listed = {each["label"]: each for each in program.records("vocab", "show", "photographic")}
    made = {each["label"]: each for each in program.records("vocab", "show")}
    assert set(made) == known | {name}
    assert made[name]["texts"] == listed[name]["texts"]
    assert cards.count() == count - 1
    second = cards.first.get_by_label("Name of the label").input_value()
    cards.first.get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Show 1 dismissed").wait_for()
    page.reload()
    page.get_by_role("button", name="Show 1 dismissed").click()
    page.get_by_label("Name of the label").first.wait_for()
    names = [each.input_value() for each in page.get_by_label("Name of the label").all()]
    assert second in names


def test_an_own_name_is_taught_by_the_photos_of_a_card(show, program):
    page = show("/?view=labels&label=@missing")
    page.get_by_role("button", name="Look").click()
    page.get_by_role("button", name="Look again").wait_for(timeout=180_000)
    card = page.locator(".gap").first
    card.get_by_label("Name of the label").fill("our summer")
    card.get_by_text("is taught by these").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("“our summer” is a label.").wait_for()
    (made,) = [each for each in program.records("vocab", "show") if each["label"] == "our summer"]
    assert len(made["examples"]) == 4


def test_the_history_of_a_photos_tags_is_told(show, program):
    page = show("/?q=-name:nothing")
    page.locator(".cell a").first.click()
    page.locator(".tag").first.wait_for()
    page.locator(".history summary").click()
    page.get_by_text("Nobody has changed a tag of it").wait_for()
    page.get_by_label("Add a tag").fill("our trip")
    page.keyboard.press("Enter")
    page.locator(".history li", has_text="“our trip” added").wait_for()
    page.get_by_role("button", name="our trip is wrong").click()
    page.locator(".history li", has_text="“our trip” taken off").wait_for()
    assert page.locator(".history li").count() == 2
    assert_clean(page, WINDOW)


def test_a_label_is_tuned_by_keys_alone(show, program):
    page = show("/?view=labels")
    page.get_by_label("Find a label, or try a new one").focus()
    label = program.records("tags")[0]["label"]
    page.keyboard.type(label)
    page.keyboard.press("Enter")
    slider = page.get_by_role("slider", name="Score from which")
    slider.wait_for()
    # To the photos of the label, and then to its threshold.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert slider.evaluate("each => each === document.activeElement")
    before = slider.input_value()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Put it back").wait_for()
    assert float(slider.input_value()) > float(before)
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("y")
    page.locator(".teach strong", has_text="1 yes, 0 no").wait_for()
    page.keyboard.press("?")
    page.get_by_text("The photo shows it, or does not").wait_for()
