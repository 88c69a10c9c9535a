"""The command line. Each command parses its arguments, calls one operation, and shows the result."""

from __future__ import annotations

from photos.cli.kit.program import Invocation, program

__all__ = ["Invocation", "program"]
