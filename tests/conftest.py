"""What every test may rely on."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path_factory):
    """No test reads or writes the settings and libraries of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("PHOTOS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    return home
