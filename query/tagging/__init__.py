"""Tags: a view of the stored embeddings through a vocabulary."""

from .labels import LabelMatrix, label_matrix
from .retag import RetagReport, StoredTagger, retag
from .rule import DEFAULT_THRESHOLD, ScoredTag, TagRule
from .shown import photo_tags, tag_counts, tags_of

__all__ = [
    "DEFAULT_THRESHOLD",
    "LabelMatrix",
    "RetagReport",
    "ScoredTag",
    "StoredTagger",
    "TagRule",
    "label_matrix",
    "photo_tags",
    "retag",
    "tag_counts",
    "tags_of",
]
