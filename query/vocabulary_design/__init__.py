"""Design of vocabularies by the library: missing labels, previews of labels, and thresholds. Reads tags and scores."""

from .label_preview import LabelPreview, preview_label
from .suggestions import MIN_PHOTOS, Suggestion, Suggestions, missing_labels, suggest_labels
from .threshold_tuning import BorderlinePhotos, borderline_photos, fit_threshold

__all__ = [
    "MIN_PHOTOS",
    "BorderlinePhotos",
    "LabelPreview",
    "Suggestion",
    "Suggestions",
    "borderline_photos",
    "fit_threshold",
    "missing_labels",
    "preview_label",
    "suggest_labels",
]
