"""Errors as answers: problem+json (RFC 9457) with the codes of the program's errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from photos.strict_json import to_json

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem(Exception):
    """An answer that is an error: its HTTP status, the error's code, its sentence, and further fields."""

    status: int
    code: str
    title: str
    more: Mapping[str, object] = field(default_factory=dict)


def problem_body(problem: Problem) -> bytes:
    """Return the body of *problem*, ASCII."""
    record = {"status": problem.status, "code": problem.code, "title": problem.title, **problem.more}
    return to_json(record).encode("ascii")
