"""The command line: a module a command, each of which reads its arguments, makes one call, and shows the result."""

from __future__ import annotations

from photos.cli.kit.program import Invocation, program

__all__ = ["Invocation", "program"]
