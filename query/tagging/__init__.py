"""Tags: a view of the stored embeddings through a vocabulary."""

from .byhand import checked_name, say
from .calibration import LEAST, is_due, spread_of
from .census import Census, census
from .comparing import Agreement, Comparison, compare_sources
from .examples import photos_of, renewed
from .finding import TagNames, tagged
from .importing import Given, Taken, read_tags, take_keywords, take_tags
from .labels import LabelMatrix, label_matrix
from .linting import Doubt, lint
from .namespaces import MARK, View, checked_namespace, full_name, parted, views
from .owing import aim, owe, owed, owing
from .retag import RetagReport, retag
from .rule import DEFAULT_THRESHOLD, ScoredTag, TagRule, minimum_of
from .shown import photo_tags, rule_in_force, tag_counts, tags_of
from .standing import Example, Standing, label_standing
from .stored import StoredTagger

__all__ = [
    "DEFAULT_THRESHOLD",
    "LEAST",
    "MARK",
    "Agreement",
    "Census",
    "Comparison",
    "Doubt",
    "Example",
    "Given",
    "LabelMatrix",
    "RetagReport",
    "ScoredTag",
    "Standing",
    "StoredTagger",
    "TagNames",
    "TagRule",
    "Taken",
    "View",
    "aim",
    "census",
    "checked_name",
    "checked_namespace",
    "compare_sources",
    "full_name",
    "is_due",
    "label_matrix",
    "label_standing",
    "lint",
    "minimum_of",
    "owe",
    "owed",
    "owing",
    "parted",
    "photo_tags",
    "photos_of",
    "read_tags",
    "renewed",
    "retag",
    "rule_in_force",
    "say",
    "spread_of",
    "tag_counts",
    "tagged",
    "tags_of",
    "take_keywords",
    "take_tags",
    "views",
]
