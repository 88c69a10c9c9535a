"""Tags: a view of the stored embeddings through a vocabulary."""

from .byhand import say
from .census import Census, census
from .labels import LabelMatrix, label_matrix
from .linting import Doubt, lint
from .retag import RetagReport, StoredTagger, retag
from .rule import DEFAULT_THRESHOLD, ScoredTag, TagRule
from .shown import photo_tags, tag_counts, tags_of

__all__ = [
    "DEFAULT_THRESHOLD",
    "Census",
    "Doubt",
    "LabelMatrix",
    "RetagReport",
    "ScoredTag",
    "StoredTagger",
    "TagRule",
    "census",
    "label_matrix",
    "lint",
    "photo_tags",
    "retag",
    "say",
    "tag_counts",
    "tags_of",
]
