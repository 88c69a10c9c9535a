"""Rules of the house that no linter knows: language, sizes, and who may open a transaction."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ("photos", "indexer", "query", "store", "training", "migrations")
MODULES = sorted(path for name in PRODUCT for path in (ROOT / name).rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in MODULES}
#: Words that open a riddle. "Return whether …" and "True if …" say the same plainly.
OPENINGS = {"what", "which", "whether", "how", "where", "who", "whose", "those", "as", "of", "that"}
LONGEST = 600


def shown(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_docstrings_open_with_a_verb_or_a_noun():
    odd = [
        f"{shown(path, node.body[0].lineno)}: {text.splitlines()[0]}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (text := ast.get_docstring(node))
        and re.split(r"\W", text, maxsplit=1)[0].lower() in OPENINGS
    ]
    assert not odd


def test_modules_stay_short():
    sizes = {shown(path, 1): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert not {name: size for name, size in sizes.items() if size > LONGEST}


def test_no_module_has_an_empty_name():
    assert not [str(path) for path in MODULES if path.stem in {"utils", "util", "helpers", "common", "misc"}]


def test_every_package_has_a_docstring():
    silent = [str(path.parent) for path in MODULES if path.name == "__init__.py" and not ast.get_docstring(TREES[path])]
    assert not silent


def test_tests_mirror_the_packages():
    missing = [
        str(path.relative_to(ROOT))
        for package in ("photos", "indexer", "query", "store")
        for path in sorted((ROOT / "tests" / package).rglob("test_*.py"))
        if not (ROOT / _tested(path)).exists()
    ]
    assert not missing


def _tested(path: Path) -> Path:
    """The room that a test is of; for a test beside the rooms of a package, the module."""
    room = path.parent.relative_to(ROOT / "tests")
    return room / path.name.removeprefix("test_") if len(room.parts) == 1 else room


def faces() -> list[Path]:
    rooms = [ROOT / "photos" / name for name in ("api", "cli", "daemon", "http", "mcp")]
    return [path for path in MODULES if any(path.is_relative_to(room) for room in rooms)]


@pytest.mark.parametrize("face", faces(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_face_opens_a_transaction(face):
    opened = [
        shown(face, node.lineno)
        for node in ast.walk(TREES[face])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"read", "write"}
        and isinstance(node.func.value, ast.Attribute | ast.Name)
        and "catalog" in ast.unparse(node.func.value)
    ]
    assert not opened
