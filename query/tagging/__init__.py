"""Tags: a view of the stored embeddings through a vocabulary."""

from .byhand import say
from .calibration import LEAST, is_due, spread_of
from .census import Census, census
from .labels import LabelMatrix, label_matrix
from .linting import Doubt, lint
from .retag import RetagReport, StoredTagger, retag
from .rule import DEFAULT_THRESHOLD, ScoredTag, TagRule, minimum_of
from .shown import photo_tags, tag_counts, tags_of

__all__ = [
    "DEFAULT_THRESHOLD",
    "LEAST",
    "Census",
    "Doubt",
    "LabelMatrix",
    "RetagReport",
    "ScoredTag",
    "StoredTagger",
    "TagRule",
    "census",
    "is_due",
    "label_matrix",
    "lint",
    "minimum_of",
    "photo_tags",
    "retag",
    "say",
    "spread_of",
    "tag_counts",
    "tags_of",
]
