"""The examples of docs/http.md run as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from photos.http.access.credentials import make_token

PAGE = Path(__file__).parents[3] / "docs" / "http.md"
EXAMPLES = re.findall(r"^\$ (curl .*)$", PAGE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_curl_example_is_answered(filled, api, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "photos").write_text(f'#!/bin/sh\nexec {sys.executable} -m photos "$@"\n')
    (programs / "photos").chmod(0o755)
    make_token(filled.library)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PHOTOS_LIBRARY": str(filled.library),
        "PYTHONPATH": str(PAGE.parents[1]),
    }
    assert len(EXAMPLES) >= 6
    for line in EXAMPLES:
        command = line.replace("127.0.0.1:8470", f"127.0.0.1:{api.browser.port}").replace("curl ", "curl --fail ", 1)
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=filled.library, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if done.stdout:
            assert isinstance(json.loads(done.stdout), dict)
