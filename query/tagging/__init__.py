"""Tags: a view of the stored embeddings through a vocabulary."""

from query.tagging.comparison.agreement import Accuracy, Agreement
from query.tagging.comparison.disputed_photos import DisputedPhoto, SourceWord
from query.tagging.comparison.source_comparison import ComparedLabel, Comparison, compare_sources
from query.tagging.effective.description_tags import (
    DescribedWord,
    UnnamedWord,
    WordState,
    check_describer,
    described_words,
    follow_descriptions,
    follow_vocabularies,
    limit_slot,
    outdated_photos,
    unnamed_words,
    words_in_force,
)
from query.tagging.effective.effective_tags import (
    DEFAULT_THRESHOLD,
    ScoredTag,
    TagRule,
    minimum_of,
    own_threshold,
    own_thresholds,
    photo_tags,
    photos_by_label,
    rule_in_force,
    tag_counts,
    tags_of,
)
from query.tagging.effective.manual_tags import checked_name, record_manual_tags, record_manual_tags_in
from query.tagging.effective.slots import MARK, SlotView, checked_slot_name, full_name, slot_views, split_slot_name
from query.tagging.effective.tag_files import ImportedTags, read_tags
from query.tagging.effective.tag_filter import TagNames, tagged
from query.tagging.effective.tag_import import TagImportResult, import_keywords, import_tags
from query.tagging.learning.calibration import LEAST, is_due, measure, spread_of
from query.tagging.learning.label_matrix import (
    LabelMatrix,
    label_matrix,
    photos_of,
    refresh_taught_labels,
    remake_taught_labels,
)
from query.tagging.reports.lint import Doubt, lint
from query.tagging.reports.tag_counts import TagPreview, preview_tags
from query.tagging.reports.taught_label import Example, TaughtLabelReport, taught_label_report
from query.tagging.scoring.retag import RetagOptions, RetagReport, retag, retag_units
from query.tagging.scoring.score_check import faulty_scores, undamaged_photos
from query.tagging.scoring.scorer import StoredTagger
from query.tagging.scoring.units import ScoringUnit, UnitScorer

__all__ = [
    "DEFAULT_THRESHOLD",
    "LEAST",
    "MARK",
    "Accuracy",
    "Agreement",
    "ComparedLabel",
    "Comparison",
    "DescribedWord",
    "DisputedPhoto",
    "Doubt",
    "Example",
    "ImportedTags",
    "LabelMatrix",
    "RetagOptions",
    "RetagReport",
    "ScoredTag",
    "ScoringUnit",
    "SlotView",
    "SourceWord",
    "StoredTagger",
    "TagImportResult",
    "TagNames",
    "TagPreview",
    "TagRule",
    "TaughtLabelReport",
    "UnitScorer",
    "UnnamedWord",
    "WordState",
    "check_describer",
    "checked_name",
    "checked_slot_name",
    "compare_sources",
    "described_words",
    "faulty_scores",
    "follow_descriptions",
    "follow_vocabularies",
    "full_name",
    "import_keywords",
    "import_tags",
    "is_due",
    "label_matrix",
    "limit_slot",
    "lint",
    "measure",
    "minimum_of",
    "outdated_photos",
    "own_threshold",
    "own_thresholds",
    "photo_tags",
    "photos_by_label",
    "photos_of",
    "preview_tags",
    "read_tags",
    "record_manual_tags",
    "record_manual_tags_in",
    "refresh_taught_labels",
    "remake_taught_labels",
    "retag",
    "retag_units",
    "rule_in_force",
    "slot_views",
    "split_slot_name",
    "spread_of",
    "tag_counts",
    "tagged",
    "tags_of",
    "taught_label_report",
    "undamaged_photos",
    "unnamed_words",
    "words_in_force",
]
