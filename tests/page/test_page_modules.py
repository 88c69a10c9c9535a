"""The page's pure functions: its own tests under node, and the same cases against Python."""

import base64
import hashlib
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photos.http.answers import strip as strips
from query.errors import BadQuery
from query.language import parse_line
from query.language.filters import FILTER_TYPES
from query.search.chance_limit import MIN_PHOTOS, ScoreDistribution

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "photos" / "http" / "static"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")


def cases(name: str) -> Any:
    return json.loads((HERE / "cases" / f"{name}.json").read_text())


@needs_node
def test_the_pages_own_tests_pass():
    ran = subprocess.run(
        ["node", "--test", *map(str, sorted(HERE.glob("*.test.js")))], capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr


@pytest.mark.parametrize("case", cases("query"), ids=lambda case: case["text"])
def test_queries_mean_the_same_in_python(case):
    if case.get("bad"):
        with pytest.raises(BadQuery):
            parse_line(case["text"])
        return
    query = parse_line(case["text"])
    assert [[type(each).__name__.lower(), _said(each), each.weight] for each in query.terms] == case.get("terms", [])
    assert [[each.name, each.negated] for each in query.filters] == [
        [name, negated] for name, _, negated in case.get("filters", [])
    ]


@pytest.mark.parametrize("case", cases("formatted"), ids=lambda case: case["text"])
def test_written_queries_mean_the_same_in_python(case):
    query = parse_line(case["text"])
    assert [[type(each).__name__.lower(), _said(each), each.weight] for each in query.terms] == case.get("terms", [])


def test_the_page_knows_every_filter_and_alias():
    source = (STATIC / "search" / "query.js").read_text()
    table = re.search(r"export const FILTERS = \{(.*?)\n\};", source, re.DOTALL)
    assert table
    found = {name: re.findall(r'"(\w+)"', aliases) for name, aliases in re.findall(r"(\w+): \[(.*?)\]", table[1])}
    assert found == {name: list(kind.aliases) for name, kind in FILTER_TYPES.items()}


def test_weights_rank_the_same_in_python():
    case = cases("ranking")
    columns, gram = np.array(case["columns"], np.float32), np.array(case["gram"])
    for weights, order in zip(np.array(case["weights"]), case["orders"], strict=True):
        scores = weights @ columns / math.sqrt(weights @ gram @ weights)
        assert np.argsort(-scores.astype(np.float32), kind="stable").tolist() == order


def test_the_chance_limit_is_the_same_in_python():
    case = cases("ranking")
    limits = [ScoreDistribution(*each).chance_limit() for each in case["limits"]]
    assert ["-Infinity" if math.isinf(each) else f"{each:.6f}" for each in limits] == case["limits_found"]
    assert f"FEWEST = {MIN_PHOTOS};" in (STATIC / "data" / "ranking.js").read_text()


def test_strips_of_the_cases_are_what_python_writes():
    for case in cases("strips"):
        columns = {name: np.array(values) for name, values in case["columns"].items()}
        written = [_column(name, values) for name, values in columns.items()]
        count = len(next(iter(columns.values())))
        assert base64.b64decode(case["strip"]) == strips.strip(count, written, {"generation": "1"})


def test_vendored_files_have_their_checksums():
    vendor = STATIC / "vendor"
    for line in (vendor / "SHA256SUMS").read_text().splitlines():
        checksum, name = line.split()
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == checksum, name


def _said(term):
    return term.text if hasattr(term, "text") else term.path


def _column(name, values):
    if name == "aspect":
        return strips.Column(name, "u8", values.astype(np.uint8).tobytes())
    if name == "score":
        return strips.float_column(name, np.where(values == -2, np.nan, values))
    return strips.Column(name, "delta-varint", strips.delta_varints(values.astype(np.int64)))
