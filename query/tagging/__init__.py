"""Tags: a view of the stored embeddings through a vocabulary."""

from .byhand import checked_name, say
from .calibration import LEAST, is_due, spread_of
from .census import Census, census
from .comparing import Agreement, Comparison, compare_sources
from .finding import TagNames, tagged
from .importing import Given, Taken, read_tags, take_keywords, take_tags
from .labels import LabelMatrix, label_matrix
from .linting import Doubt, lint
from .retag import RetagReport, owed, retag
from .rule import DEFAULT_THRESHOLD, ScoredTag, TagRule, minimum_of
from .shown import photo_tags, rule_in_force, tag_counts, tags_of
from .stored import StoredTagger

__all__ = [
    "DEFAULT_THRESHOLD",
    "LEAST",
    "Agreement",
    "Census",
    "Comparison",
    "Doubt",
    "Given",
    "LabelMatrix",
    "RetagReport",
    "ScoredTag",
    "StoredTagger",
    "TagNames",
    "TagRule",
    "Taken",
    "census",
    "checked_name",
    "compare_sources",
    "is_due",
    "label_matrix",
    "lint",
    "minimum_of",
    "owed",
    "photo_tags",
    "read_tags",
    "retag",
    "rule_in_force",
    "say",
    "spread_of",
    "tag_counts",
    "tagged",
    "tags_of",
    "take_keywords",
    "take_tags",
]
