"""The Python interface: `Library` and the types of its arguments. docs/python.md shows it by examples."""

from photos.operations.progress import Cancelled, Progress, Step
from photos.operations.tagging.tune import TuningAnswer
from store.errors import PhotosError
from store.records import LabelDefinition, VocabularyDefinition

from .library import Library

__all__ = [
    "Cancelled",
    "LabelDefinition",
    "Library",
    "PhotosError",
    "Progress",
    "Step",
    "TuningAnswer",
    "VocabularyDefinition",
]
