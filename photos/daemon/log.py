"""Log of `photos watch` and the daemon: times, levels, a bounded file, and other libraries' warnings once each.

Messages name folders, files and errors. The words of a query are never logged.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, cast

from photos.errors import safe
from photos.exits import sentence_and_status, status_of
from store.private_files import make_folder

#: Bytes of the log file, after which it becomes `NAME.1` in place of the one before.
MOST_BYTES: Final = 5_000_000
#: Our own packages. Their messages are all logged; those of other libraries from level warning on, once each.
_OWN: Final = frozenset({"indexer", "photos", "query", "store"})
#: Different messages of other libraries that are remembered.
_MOST_REMEMBERED: Final = 1000
#: The loggers of watchdog and transformers pass nothing on to the root.
_LOGGERS: Final = (None, "watchdog", "transformers")

_log = logging.getLogger(__name__)


@contextmanager
def logging_to(path: Path | None, level: str) -> Iterator[None]:
    """Log to the file *path*, or to standard error if it is None, from *level* on, until the end.

    Only the owner can read the file. Python's warnings are logged too.
    """
    handler = _handler(path)
    handler.setLevel(level.upper())
    handler.setFormatter(_LineFormatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    handler.addFilter(_OnceFilter())
    own = [logging.getLogger(name) for name in _OWN]
    levels = [logger.level for logger in own]
    for logger in own:
        logger.setLevel(level.upper())
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(handler)
        for logger, before in zip(own, levels, strict=True):
            logger.setLevel(before)
        handler.close()


def log_end(error: Exception | KeyboardInterrupt) -> int:
    """Log the error or signal that ends the process. Returns the exit status."""
    if isinstance(error, KeyboardInterrupt):
        _log.info("Stopped by a signal.")
        return status_of(error)
    sentence, status = sentence_and_status(error)
    is_internal = sentence.startswith("Internal error")
    _log.critical(sentence, exc_info=error if is_internal else None)
    return status


def _handler(path: Path | None) -> logging.Handler:
    if path is None:
        return logging.StreamHandler()
    make_folder(path.parent)
    return _OwnersFileHandler(path, maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace")


class _OwnersFileHandler(RotatingFileHandler):
    """A rotating log file that only its owner can read."""

    def _open(self) -> TextIOWrapper:
        file = open(  # noqa: SIM115 - the handler closes it
            self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=owner_only
        )
        return cast("TextIOWrapper", file)


def owner_only(path: str, flags: int) -> int:
    """Open a file that, if it is new, only its owner can read and write; an `opener` for `open`.

    Raises `OSError` for a pipe that nobody reads, where `open` would wait for a reader.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)
    os.set_blocking(descriptor, True)
    return descriptor


class _LineFormatter(logging.Formatter):
    """One line per message, without control characters; other libraries' messages begin with their logger's name."""

    def format(self, record: logging.LogRecord) -> str:
        text = " ".join(record.getMessage().split())
        shown = logging.makeLogRecord(record.__dict__)
        shown.msg, shown.args = safe(text if _is_own(record) else f"{record.name}: {text}"), None
        return super().format(shown)


class _OnceFilter(logging.Filter):
    """Passes our own messages, and each warning of another library once."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[tuple[str, str]] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if _is_own(record):
            return True
        key = record.name, record.getMessage()
        if record.levelno < logging.WARNING or key in self._seen:
            return False
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen.add(key)
        return True


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _OWN
