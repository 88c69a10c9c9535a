"""Print figures of the code's structure and language, one a line.

    python benchmarks/structure/figures.py [CHECKOUT]

Product code is photos, indexer, query and store; lines are those of the files. Rooms are the folders with modules. An
arrow is an import from a module of one room to a module of another. The share of docstrings counts those that open
with What, Which, Whether, How, Where, Who, Those, As or Of.
"""

from __future__ import annotations

import argparse
import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("photos", "indexer", "query", "store")
OPENINGS = ("What", "Which", "Whether", "How", "Where", "Who", "Those", "As", "Of")


def modules(root: Path) -> Iterator[tuple[str, ast.Module, int]]:
    """Yield each module of the product: its dotted name, its syntax tree, and its number of lines."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_text("utf-8")
            name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(text), len(text.splitlines())


def docstrings(tree: ast.Module) -> Iterator[str]:
    """Yield all docstrings of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text


def imports(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names that a module imports, with relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(name.split(".")[: -node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def main() -> None:
    """Measure a checkout and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", nargs="?", type=Path, default=Path(__file__).parents[2])
    root = parser.parse_args().checkout
    found = list(modules(root))
    texts = [text for _, tree, _ in found for text in docstrings(tree)]
    odd = [text for text in texts if text.split(maxsplit=1)[0].strip(",.:;") in OPENINGS]
    lengths = [
        node.end_lineno - node.lineno + 1
        for _, tree, _ in found
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None
    ]
    sizes = [size for name, _, size in found]
    names = {name for name, _, _ in found}
    rooms: dict[str, set[str]] = {}
    arrows: dict[str, set[tuple[str, str]]] = {}
    for name, tree, _ in found:
        if name in PACKAGES:
            continue
        package, *rest = name.split(".")
        room = ".".join(rest[:1])
        rooms.setdefault(package, set()).add(room)
        for target in imports(name, tree):
            module = target if target in names else target.rpartition(".")[0]
            if module in names and module.startswith(f"{package}.") and module.split(".")[1] != room:
                arrows.setdefault(package, set()).add((room, module.split(".")[1]))
    print(f"modules {len(found)}, lines {sum(sizes)}, module median {statistics.median(sizes):.0f}, max {max(sizes)}")
    cuts = statistics.quantiles(lengths, n=100)
    print(
        f"functions {len(lengths)}, median {cuts[49]:.0f}, p90 {cuts[89]:.0f}, p99 {cuts[98]:.0f}, max {max(lengths)}"
    )
    print(f"docstrings {len(texts)}, opening with {'/'.join(OPENINGS)}: {len(odd)} ({len(odd) / len(texts):.1%})")
    for package in PACKAGES:
        print(f"{package}: {len(rooms[package])} rooms and {len(arrows.get(package, ()))} arrows between them")


if __name__ == "__main__":
    main()
