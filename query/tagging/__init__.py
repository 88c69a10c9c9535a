"""Tags: a view of the stored embeddings through a vocabulary."""

from query.tagging.effective.effective_tags import photo_tags, rule_in_force, tag_counts, tags_of
from query.tagging.effective.manual_tags import checked_name, record_manual_tags, record_manual_tags_in
from query.tagging.effective.namespaces import MARK, View, checked_namespace, full_name, parted, views
from query.tagging.effective.rule import DEFAULT_THRESHOLD, ScoredTag, TagRule, minimum_of
from query.tagging.effective.tag_filter import TagNames, tagged
from query.tagging.effective.tag_import import Given, Taken, read_tags, take_keywords, take_tags
from query.tagging.learning.calibration import LEAST, is_due, spread_of
from query.tagging.learning.examples import photos_of, renewed
from query.tagging.reports.lint import Doubt, lint
from query.tagging.reports.source_agreement import Agreement, Comparison, compare_sources
from query.tagging.reports.tag_counts import Census, census
from query.tagging.reports.taught_label import Example, Standing, label_standing
from query.tagging.scoring.label_matrix import LabelMatrix, label_matrix
from query.tagging.scoring.retag import RetagReport, retag
from query.tagging.scoring.stored_tagger import StoredTagger

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
    "parted",
    "photo_tags",
    "photos_of",
    "read_tags",
    "record_manual_tags",
    "record_manual_tags_in",
    "renewed",
    "retag",
    "rule_in_force",
    "spread_of",
    "tag_counts",
    "tagged",
    "tags_of",
    "take_keywords",
    "take_tags",
    "views",
]
