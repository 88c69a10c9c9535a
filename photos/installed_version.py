"""The version of the program as it is installed."""

from __future__ import annotations


def installed_version() -> str | None:
    """Return the version; None for a checkout that is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - few runs show it

    try:
        return version("photos")
    except PackageNotFoundError:
        return None
