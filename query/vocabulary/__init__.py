"""Vocabulary files and their labels: reading, writing, comparing, and the vocabularies that come with the program."""

from .difference import VocabularyDifference, difference
from .labels import DEFAULT_TEMPLATES, LabelFinder, ancestors, fill_templates, find_label, normalized_name
from .reader import SHIPPED, has_control_characters, parse_vocabulary, read_vocabulary, shipped_vocabulary
from .text_format import write_vocabulary

__all__ = [
    "DEFAULT_TEMPLATES",
    "SHIPPED",
    "LabelFinder",
    "VocabularyDifference",
    "ancestors",
    "difference",
    "fill_templates",
    "find_label",
    "has_control_characters",
    "normalized_name",
    "parse_vocabulary",
    "read_vocabulary",
    "shipped_vocabulary",
    "write_vocabulary",
]
