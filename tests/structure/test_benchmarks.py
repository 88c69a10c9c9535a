"""Benchmarks run in a checkout beside a plain installation, which has neither `training` nor `tests`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The packages of the wheel.
PACKAGES = ("photos", "indexer", "query", "store")
SCRIPTS = sorted(
    path
    for path in (ROOT / "benchmarks").rglob("*.py")
    if any(f"from {name}" in path.read_text("utf-8") for name in ("training", "tests"))
)
#: Imports a script as Python does, without running it, where a checkout on the path is hidden.
IMPORT = """
import runpy, sys
from pathlib import Path
script, installed = sys.argv[1:]
sys.path[:] = [str(Path(script).parent), installed, *(p for p in sys.path if not (Path(p) / "training").is_dir())]
runpy.run_path(script, run_name="imported")
"""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_benchmark_needs_only_the_plain_installation(tmp_path, script):
    for name in PACKAGES:
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT, str(script), str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_there_are_benchmarks_of_that_kind():
    assert len(SCRIPTS) >= 5
