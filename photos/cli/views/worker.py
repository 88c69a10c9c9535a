"""Log lines of `photos worker`."""

from __future__ import annotations

import logging

from photos.cli.kit.format import counted
from photos.errors import safe
from photos.workers.worker import Begun, WorkerEvent
from store.queue.base import ServerLost, UnitBegun, UnitEnded, UnitReturned

_log = logging.getLogger(__name__)


def log_sentence(sentence: str) -> None:
    """Log a sentence about a device or a folder."""
    _log.warning("%s", safe(sentence))


def log_event(event: WorkerEvent) -> None:
    """Log what a worker begins and ends."""
    match event:
        case Begun():
            _log.info("Worker %d takes %s, on the %s.", event.process, ", ".join(event.tasks), event.device)
        case UnitBegun():
            _log.debug("Begun: %s, %s.", event.task, counted(event.items, "item"))
        case UnitReturned():
            _log.info("Handed back: %s, %s.", event.task, counted(event.items, "item"))
        case UnitEnded(problem=None):
            rate = event.items / max(event.seconds, 1e-3)
            done = f", {counted(event.items, 'item')}, {rate:.1f} a second" if event.items else ""
            _log.info("Done: %s%s.", event.task, done)
        case UnitEnded():
            end = "It is given up." if event.given_up else "It is tried again."
            _log.warning(
                "Failed: %s, %s: %s %s", event.task, counted(event.items, "item"), safe(event.problem or ""), end
            )
        case ServerLost():
            _log.warning("The server does not answer (%s); trying again.", safe(event.reason))
