"""Sidecars: XMP files beside pictures, into which tags are written when the user asks for it."""

from .undo import Undone, UndoReport, undo
from .write import Left, WriteReport, Written, write_sidecars

__all__ = ["Left", "UndoReport", "Undone", "WriteReport", "Written", "undo", "write_sidecars"]
