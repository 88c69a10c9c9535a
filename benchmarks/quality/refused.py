"""Picture files that are refused, and those of them that ImageMagick reads without complaint.

    python benchmarks/quality/refused.py FOLDER

Needs ImageMagick's `convert` on the path. It takes the first picture of each file. Files of formats that are not read
at all are not counted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.decode import HEAD, DecodeError, Unsupported, identify, read_photo
from indexer.models import Preprocessing

SQUARE = Preprocessing(64, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SECONDS = 20


def refused(path: Path) -> str | None:
    """Return the reason for which a file of a known format is refused, or None."""
    data = path.read_bytes()
    try:
        identify(data[:HEAD])
        read_photo(data, SQUARE)
    except DecodeError as error:
        is_other = isinstance(error, Unsupported) and not error.reason.endswith("not read")
        return None if is_other else error.reason
    return None


def is_read_elsewhere(path: Path) -> bool:
    """Return whether ImageMagick decodes the file and has nothing to say."""
    command = ["convert", f"{path}[0]", "-resize", "8x8!", "txt:-"]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0 and bool(ended.stdout) and not ended.stderr


def main() -> None:
    """Count and print."""
    files = [path for path in sorted(Path(sys.argv[1]).rglob("*")) if path.is_file()]
    reasons = {path: reason for path in files if (reason := refused(path)) is not None}
    elsewhere = [path for path in reasons if is_read_elsewhere(path)]
    print(f"{len(files)} files, {len(reasons)} refused, {len(elsewhere)} of these read by ImageMagick")
    for path in elsewhere:
        print(f"{path}: {reasons[path]}")


if __name__ == "__main__":
    main()
