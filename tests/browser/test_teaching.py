"""Teaching in the label bench: it is what `photos teach` does."""

import re
import shutil
from typing import Any

import pytest

from .served import Program

pytestmark = pytest.mark.browser


class Copy(Program):
    """The same program on a copy of its library."""

    def __init__(self, program: Program) -> None:
        self.folder, self.pictures, self.environment = program.folder, program.pictures, program.environment
        self._copied = program.folder / "copy"
        shutil.copytree(program.folder / "demo" / "library", self._copied, ignore=shutil.ignore_patterns("*.sock"))

    @property
    def library(self) -> list[str]:
        return ["--library", str(self._copied)]


def state(program: Program, label: str) -> tuple[Any, ...]:
    """The label with its examples, its scores and threshold, and all tags and their sources."""
    (vocabulary,) = [each["vocabulary"] for each in program.records("vocab", "list") if each["in_use"]]
    (kept,) = [each for each in program.records("vocab", "show", vocabulary) if each["label"] == label]
    (taught,) = program.records("teach", label)
    tags = program.records("tags", *paths(program).values())
    assert len(tags) > 30
    return kept, taught, tags


def paths(program: Program) -> dict[int, str]:
    return {each["photo"]: each["path"] for each in program.records("search", "-name:nothing", "--top", "1000")}


def test_ten_answers_by_keys_teach_what_the_command_does(show, program):
    label = program.records("tags")[3]["label"]
    other = Copy(program)
    before = state(program, label)
    assert state(other, label) == before
    page = show(f"/?view=labels&label={label}")
    page.locator(".tile .picture").first.focus()
    answers: dict[int, str] = {}
    for key in "yynynynynn":
        focused = page.evaluate("document.activeElement.querySelector('img').src")
        photo = int(re.search(r"/media/id/(\d+)/", focused)[1])
        assert photo not in answers
        answers[photo] = key
        page.keyboard.press(key)
    yes, no = ([photo for photo, said in answers.items() if said == key] for key in "yn")
    page.get_by_text(f"{len(yes)} yes, {len(no)} no").wait_for()
    page.get_by_role("button", name="Teach").click()
    page.get_by_text("was taught by 10 photos").wait_for()
    found = paths(other)
    named = [word for key, some in (("--yes", yes), ("--no", no)) for each in some for word in (key, found[each])]
    other.run("teach", label, *named)
    assert state(program, label) == state(other, label) != before
