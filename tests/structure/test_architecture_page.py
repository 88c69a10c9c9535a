"""docs/architecture.md agrees with the code."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "structure" / "rooms.py"


def test_the_drawing_the_seams_and_the_paths_are_current():
    result = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_every_line_of_the_drawing_is_a_room_with_its_imports():
    lines = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True).stdout.splitlines()
    rooms = [line.split(" →")[0].strip() for line in lines if line and not line.startswith(" ")]
    assert rooms[0] == "photos/__main__"
    assert len(set(rooms)) == len(rooms) > 10
