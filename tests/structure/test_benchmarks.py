"""Benchmarks run in a checkout beside a plain installation, which has neither `training` nor `tests`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pictures import write

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


def test_the_benchmark_for_owners_of_a_gpu_runs_on_a_cpu(tmp_path):
    for number in range(3):
        write(tmp_path / f"{number}.jpg", seed=number)
    script = ROOT / "benchmarks" / "speed" / "devices.py"
    done = subprocess.run(
        [sys.executable, str(script), "--small", "--device", "cpu", "--folder", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    cosines = {line[0]: float(line[2]) for line in lines if len(line) > 1 and line[1] == "cosine"}
    assert list(cosines) == ["float32", "bfloat16", "float16"]
    assert min(cosines.values()) > 0.999
    assert "3 pictures: decode alone" in done.stdout
    assert "5 at once on cpu:1" in done.stdout


def test_there_are_benchmarks_of_that_kind():
    assert len(SCRIPTS) >= 5
