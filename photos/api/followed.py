"""An open library behind the Python interface."""

from __future__ import annotations

from photos.library import OpenLibrary


class Followed:
    """Part of the interface. Each call sees the model that answers at its beginning."""

    def __init__(self, library: OpenLibrary) -> None:
        self._opened = library

    @property
    def _library(self) -> OpenLibrary:
        self._opened.follow_switch()
        return self._opened
