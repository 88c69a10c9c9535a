"""A chat server in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "chat_server.py"


class ChatServer:
    """A running chat server; `requests` are those that it told of."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def next_request(self) -> dict[str, object]:
        return json.loads(self.process.stdout.readline())

    def stop(self) -> str:
        self.process.kill()
        _, errors = self.process.communicate()
        return errors


@pytest.fixture
def server():
    running = ChatServer()
    yield running
    assert running.stop() == ""
