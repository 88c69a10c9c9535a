"""Rules of accessibility: axe, run in a page."""

import importlib.util
from pathlib import Path
from typing import Any

from .conftest import miss


def source() -> str:
    """Return axe's script, from the package that brings it."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        miss("axe-playwright-python is not installed")
    return (Path(found.origin).parent / "axe.min.js").read_text("utf-8")


def violations(page: Any) -> list[str]:
    """Return what axe finds in the page as it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(source())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {each['nodes'][0]['target']} {each['nodes'][0]['failureSummary']}" for each in found]
