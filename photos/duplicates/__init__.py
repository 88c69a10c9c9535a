"""Duplicates: perceptual hashes, near pairs, groups of files that show the same picture, and removable files."""

from .file_state import FileState
from .groups import Criteria, Group, GroupedFile, Sameness, find_groups
from .perceptual_hash import MAX_BITS, HashCache
from .removable import removable_files

__all__ = [
    "MAX_BITS",
    "Criteria",
    "FileState",
    "Group",
    "GroupedFile",
    "HashCache",
    "Sameness",
    "find_groups",
    "removable_files",
]
