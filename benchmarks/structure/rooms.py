"""Draw the rooms of the product from its imports, and list its seams, for docs/architecture.md.

    python benchmarks/structure/rooms.py            # print the drawing
    python benchmarks/structure/rooms.py --write    # put it into docs/architecture.md
    python benchmarks/structure/rooms.py --check    # status 1, with the reasons, if the page is out of date

A room is a directory below a package (`store/catalog`), or a module directly in a package (`store/records`). Imports
within functions count; imports for types only do not. Names imported from a package's `__init__` count as imports from
the module that defines them. Rooms that import each other are drawn as one.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("photos", "indexer", "query", "store")
BEGIN, END = "<!-- rooms: made by benchmarks/structure/rooms.py --write -->\n```\n", "```\n<!-- rooms end -->\n"

#: Columns for the name of a room.
_WIDTH = 24

Graph = Mapping[str, AbstractSet[str]]


def modules() -> Iterator[tuple[str, Path]]:
    """Dotted name and file of every module of the product."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


FILES = dict(modules())


@cache
def tree(module: str) -> ast.Module:
    """Syntax tree of a module."""
    return ast.parse(FILES[module].read_text("utf-8"))


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _imports(module: str, *, types_too: bool = False) -> Iterator[tuple[str, str | None]]:
    """Imports of *module* from the product: absolute module, and the name, None for the module itself."""
    is_package = FILES[module].name == "__init__.py"
    pending: list[ast.AST] = [tree(module)]
    while pending:
        node = pending.pop()
        if _is_type_checking(node) and not types_too:
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from ((each.name, None) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                up = node.level - is_package
                base = ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])
            yield from ((base, each.name) for each in node.names)


@cache
def _exports(package: str) -> dict[str, str]:
    """Names that a package's `__init__` imports from its modules, with the module of each."""
    return {name: base for base, name in _imports(package, types_too=True) if name is not None and base in FILES}


def _definition(module: str, name: str | None) -> str | None:
    """Module that defines *name* of *module*; None if it is outside the product."""
    if name is not None and f"{module}.{name}" in FILES:
        return f"{module}.{name}"
    while module in FILES and FILES[module].name == "__init__.py" and name in (exports := _exports(module)):
        module = exports[name]
    return module if module in FILES else None


def room_of(module: str) -> str | None:
    """Room of a module; None for the `__init__` of a whole package, which only exports."""
    parts = module.split(".")
    return "/".join(parts[:2]) if len(parts) > 1 else None


def imports_of_rooms() -> Graph:
    """Rooms, each with the rooms that it imports."""
    graph: defaultdict[str, set[str]] = defaultdict(set)
    for module in FILES:
        room = room_of(module)
        if room is None:
            continue
        graph[room] |= set()
        for base, name in _imports(module):
            defined = _definition(base, name)
            other = None if defined is None else room_of(defined)
            if other is not None and other != room:
                graph[room].add(other)
                graph[other] |= set()
    return graph


def reachable(graph: Graph, start: str) -> set[str]:
    """Everything that *start* imports, directly or not."""
    seen: set[str] = set()
    pending = [start]
    while pending:
        for other in graph[pending.pop()]:
            if other not in seen:
                seen.add(other)
                pending.append(other)
    return seen


def without_circles(graph: Graph) -> Graph:
    """The graph with rooms that import each other merged into one."""
    below = {room: reachable(graph, room) for room in graph}
    name = {room: _joined({room} | {each for each in below[room] if room in below[each]}) for room in graph}
    merged: defaultdict[str, set[str]] = defaultdict(set)
    for room, others in graph.items():
        merged[name[room]] |= {name[other] for other in others if name[other] != name[room]}
    return merged


def _joined(rooms: AbstractSet[str]) -> str:
    """One name for rooms in a circle: `store/{catalog, sql}`."""
    if len(rooms) == 1:
        return next(iter(rooms))
    packages: defaultdict[str, list[str]] = defaultdict(list)
    for room in sorted(rooms):
        package, _, name = room.partition("/")
        packages[package].append(name)
    return " + ".join(f"{package}/{{{', '.join(names)}}}" for package, names in packages.items())


def drawing() -> str:
    """The rooms, the highest first, each with its imports. Imports that are reached through another are left out."""
    graph = without_circles(imports_of_rooms())
    below = {room: reachable(graph, room) for room in graph}
    height: dict[str, int] = {}
    for room in sorted(graph, key=lambda each: len(below[each])):
        height[room] = 1 + max((height[other] for other in graph[room]), default=0)
    lines: list[str] = []
    last = 0
    for room in sorted(graph, key=lambda each: (-height[each], each)):
        if last and height[room] != last:
            lines.append("")
        last = height[room]
        direct = [each for each in graph[room] if not any(each in below[other] for other in graph[room])]
        lines += _row(room, sorted(direct))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(room: str, direct: list[str]) -> Iterator[str]:
    left = f"{room:{_WIDTH}} → "
    if len(room) > _WIDTH:
        yield room
        left = " " * _WIDTH + " → "
    for each in direct or [""]:
        yield f"{left}{each}" if each else room if len(room) <= _WIDTH else ""
        left = " " * (_WIDTH + 3)


def seams() -> Iterator[tuple[str, str]]:
    """Every Protocol of the product: its name, and its file."""
    for module, path in FILES.items():
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}
                if "Protocol" in bases:
                    yield node.name, path.relative_to(ROOT).as_posix()


def problems(page: str) -> Iterator[str]:
    """Differences between the page and the product."""
    if BEGIN + drawing() + END not in page:
        yield "the drawing of the rooms is out of date: run python benchmarks/structure/rooms.py --write"
    listed = {line for line in page.splitlines() if line.startswith("| `")}
    expected = {f"| `{name}` | `{path}` |" for name, path in seams()}
    for row in sorted(expected):
        if not any(line.startswith(row) for line in listed):
            yield f"the table of seams lacks a row that begins with {row}"
    for line in sorted(listed):
        words = line.split("|")
        if (
            words[2].strip().endswith(".py`")
            and words[1].strip("` _")[:1].isupper()
            and not any(line.startswith(row) for row in expected)
        ):
            yield f"the table of seams has a row for a Protocol that does not exist: {line}"
    for path in _paths(page):
        if not (ROOT / path).exists():
            yield f"the page names {path}, which does not exist"


def _paths(page: str) -> Iterator[str]:
    """Files and directories of the product that the page names in backquotes."""
    starts = tuple(f"{package}/" for package in (*PACKAGES, "tests", "benchmarks", "training"))
    return (each for each in page.split("`")[1::2] if each.startswith(starts) and not set(each) & set(" {*\n…"))


def main() -> int:
    """Print, write or check the drawing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    page = PAGE.read_text("utf-8")
    if options.write:
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(before + BEGIN + drawing() + END + rest.partition(END)[2], "utf-8")
    elif options.check:
        found = list(problems(page))
        for each in found:
            print(each, file=sys.stderr)
        return int(bool(found))
    else:
        print(drawing(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
