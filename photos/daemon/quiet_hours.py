"""Times at which background work pauses: quiet hours, and battery power."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

import psutil

from photos.config import Settings


class PausePolicy:
    """Decides whether background work has to pause.

    *now* gives the local time; *on_battery* gives None where the system does not know.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], datetime] = datetime.now,
        on_battery: Callable[[], bool | None] | None = None,
    ) -> None:
        self._hours = settings.quiet_hours
        self._pauses_on_battery = settings.pause_on_battery
        self._now = now
        self._on_battery = on_battery or _on_battery

    def reason(self) -> str | None:
        """The reason to pause, as words after "waiting"; None if there is none."""
        if self._hours is not None and _is_within(self._now().time(), *self._hours):
            return f"for the end of the quiet hours at {self._hours[1]:%H:%M}"
        if self._pauses_on_battery and self._on_battery():
            return "for mains power"
        return None


def _is_within(now: time, start: time, end: time) -> bool:
    return start <= now < end if start < end else now >= start or now < end


def _on_battery() -> bool | None:
    # psutil lacks the function on systems without batteries.
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged
