"""docs/python.md: its examples run, and it names every method of the library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from photos.__main__ import main
from photos.api import Library
from photos.cli import Invocation
from photos.demo.library import draw_library

from .conftest import read_here

PAGE = (Path(__file__).parents[2] / "docs/python.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A library of drawings, which `Library.open` opens; the working directory is empty."""
    draw_library(tmp_path / "pictures", 12, seed=7)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PHOTOS_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("PHOTOS_MODEL", "demo")
    monkeypatch.setenv("PHOTOS_PRECISION", "float32")
    assert main(["vocab", "use", "demo"], Invocation()) == 0
    assert main(["add", str(tmp_path / "pictures")], Invocation(make_readers=read_here)) == 0


def test_the_examples_run(demo, capsys):
    names: dict[str, object] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/python.md", "exec"), names)
        assert capsys.readouterr().out, example


@pytest.mark.parametrize("name", [name for name in vars(Library) if not name.startswith("_") and name != "close"])
def test_every_method_is_in_an_example(name):
    assert re.search(rf"\b[lL]ibrary\.{name}\b", "".join(EXAMPLES)), f"{name} is in no example of docs/python.md"
