"""Vocabularies as files: reading, writing, and those that come with the program."""

from .difference import Difference, difference
from .hierarchy import Speller, ancestors, find
from .names import normalised
from .prompts import DEFAULT_TEMPLATES, filled
from .reader import parse_vocabulary, read_vocabulary
from .shipped import SHIPPED, shipped_vocabulary
from .writer import write_vocabulary

__all__ = [
    "DEFAULT_TEMPLATES",
    "SHIPPED",
    "Difference",
    "Speller",
    "ancestors",
    "difference",
    "filled",
    "find",
    "normalised",
    "parse_vocabulary",
    "read_vocabulary",
    "shipped_vocabulary",
    "write_vocabulary",
]
