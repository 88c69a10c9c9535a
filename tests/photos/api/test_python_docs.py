"""docs/python.md: its examples run, and show every method of the library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from photos.api import Library
from photos.api.library import Sidecars
from photos.api.models import Models
from photos.api.vocabularies import Vocabularies
from photos.demo.library import draw_library
from tests.indexer.describers.conftest import ChatServer

PAGE = (Path(__file__).parents[3] / "docs/python.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PARTS = {"library": Library, "vocabularies": Vocabularies, "models": Models, "sidecars": Sidecars}
METHODS = [f"{part}.{name}" for part, kind in PARTS.items() for name in vars(kind) if not name.startswith("_")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with drawings in `pictures`; `Library.open` opens an empty library elsewhere.

    An endpoint describes photos.
    """
    folder = tmp_path / "here"
    draw_library(folder / "pictures", 12, seed=7)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PHOTOS_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("PHOTOS_MODEL", "demo")
    monkeypatch.setenv("PHOTOS_PRECISION", "float32")
    monkeypatch.setenv("PHOTOS_WORKERS", "1")
    server = ChatServer()
    monkeypatch.setenv("PHOTOS_DESCRIBE_ENDPOINT", server.url)
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "good")
    yield folder
    assert server.stop() == ""


def test_the_examples_run(folder, capsys):
    names: dict[str, object] = {"__name__": "__main__"}
    for example in EXAMPLES:
        exec(compile(example, "docs/python.md", "exec"), names)
        assert capsys.readouterr().out, example


@pytest.mark.parametrize("method", [method for method in METHODS if method != "library.close"])
def test_every_method_is_in_an_example(method):
    assert re.search(rf"\b{method}\b", "".join(EXAMPLES), re.IGNORECASE), f"{method} is in no example of docs/python.md"
