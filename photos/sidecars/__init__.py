"""Sidecars: XMP files beside pictures, into which tags are written on request, and undo of that."""

from .captions import CaptionsBy
from .undo import Undone, UndoReport, undo_run
from .write import Skipped, WriteReport, Written, write_sidecars

__all__ = ["CaptionsBy", "Skipped", "UndoReport", "Undone", "WriteReport", "Written", "undo_run", "write_sidecars"]
