"""The tools as clients are told of them: `python -m tests.photos.mcp.expected > tests/photos/mcp/tools.json`."""

from __future__ import annotations

import json
import sys

from photos.mcp.server import described
from photos.mcp.tools import tools


def text():
    described_tools = [described(tool) for tool in tools(with_pictures=True)]
    listed = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in described_tools]
    return json.dumps(listed, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
