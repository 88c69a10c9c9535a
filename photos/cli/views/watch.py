"""Log lines and progress of `photos watch`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from photos.cli.kit.progress import ProgressBars
from photos.cli.views.index import change_line, warning_lines

if TYPE_CHECKING:
    from indexer import IndexReport

_log = logging.getLogger(__name__)


def log_pass(report: IndexReport, seconds: float) -> None:
    """Log the changes and warnings of one pass; at level debug also a pass without changes."""
    line = change_line(report, seconds)
    if line is not None:
        _log.info(line)
    else:
        _log.debug("Nothing changed in %d known files.", report.unchanged)
    for warning in warning_lines(report):
        _log.warning(warning)


def pass_progress() -> ProgressBars:
    """Make the receiver of a pass's events: bars on a terminal, otherwise a log line at intervals."""
    return ProgressBars(write=_log.info)
