"""The Python interface: `Library` and the types of its arguments. docs/python.md shows it by examples."""

from photos.operations.progress import Cancelled, Progress, Step
from photos.operations.tune import Answer
from store.errors import PhotosError
from store.records import LabelDefinition, VocabularyDefinition

from .library import Library

__all__ = [
    "Answer",
    "Cancelled",
    "LabelDefinition",
    "Library",
    "PhotosError",
    "Progress",
    "Step",
    "VocabularyDefinition",
]
