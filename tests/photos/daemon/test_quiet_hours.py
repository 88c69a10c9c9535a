"""Times at which background work pauses."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from photos.config import Settings, load
from photos.daemon.quiet_hours import PausePolicy
from photos.errors import SettingError


def settings(**options):
    return load({"library": Path("x"), "models": Path("y"), **options}, {})


def policy(on_battery=None, at="12:00", **options) -> PausePolicy:
    moment = datetime.fromisoformat(f"2026-07-01T{at}")
    return PausePolicy(settings(**options), lambda: moment, lambda: on_battery)


@pytest.mark.parametrize(
    ("hours", "at", "waits"),
    [
        ("09:00-17:30", "09:00", True),
        ("09:00-17:30", "17:29", True),
        ("09:00-17:30", "17:30", False),
        ("09:00-17:30", "08:59", False),
        ("22:00-06:00", "23:10", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "12:00", False),
    ],
)
def test_quiet_hours_may_span_midnight(hours, at, waits):
    assert (policy(at=at, quiet_hours=hours).reason() is not None) is waits


def test_the_reason_has_the_end_of_the_quiet_hours():
    assert policy(at="10:00", quiet_hours="9:00-17:30".zfill(11)).reason() == (
        "for the end of the quiet hours at 17:30"
    )


def test_battery_power_pauses_unless_switched_off_or_unknown():
    assert policy(on_battery=True).reason() == "for mains power"
    assert policy(on_battery=True, pause_on_battery=False).reason() is None
    assert policy(on_battery=False).reason() is None
    assert policy(on_battery=None).reason() is None


def test_the_battery_of_this_machine_can_be_read():
    assert PausePolicy(settings()).reason() in {None, "for mains power"}


@pytest.mark.parametrize("hours", ["nine to five", "09:00", "09:00-09:00", "25:00-26:00", 7])
def test_invalid_hours_are_refused(hours):
    with pytest.raises(SettingError, match="09:00-17:30"):
        settings(quiet_hours=hours)


def test_booleans_have_several_spellings():
    assert settings(follow_links="yes").follow_links
    assert not settings(companions=False).companions
    with pytest.raises(SettingError, match="true or false"):
        settings(companions="maybe")
    assert isinstance(settings(), Settings)
