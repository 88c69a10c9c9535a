"""Events: a stream that says at once where the library stands, and then what changed."""

from __future__ import annotations

import json
import socket
from contextlib import closing

from photos.daemon.protocol import connectable

from .client import answering


class Stream:
    """Reads events as a browser does."""

    def __init__(self, library):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        with connectable(library) as name:
            self.socket.connect(name)
        self.socket.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: photos\r\n\r\n")
        self.file = self.socket.makefile("rb")

    def next(self):
        """Return the kind and the record of the next event."""
        kind = None
        for line in self.file:
            name, _, value = line.decode().strip().partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                return kind, json.loads(value)
        return None

    def close(self):
        self.file.close()
        self.socket.close()


def test_changes_of_the_library_are_events(filled, api, pictures):
    with closing(Stream(filled.library)) as stream:
        kind, first = stream.next()
        assert kind == "library"
        assert filled("rate", "3", pictures / "red.png").status == 0
        kind, second = stream.next()
        assert (kind, first["generation"] != second["generation"]) == ("library", True)


def test_the_steps_of_a_job_are_events(filled, api):
    with closing(Stream(filled.library)) as stream:
        assert stream.next()[0] == "library"
        job = api.wait(api("POST", "/api/v1/retag", {}))
        while (event := stream.next())[0] != "job":
            pass
        assert event[1]["job"] == job["job"]


def test_a_stream_ends_with_the_server(filled):
    with answering(filled.library) as api:
        stream = Stream(filled.library)
        assert stream.next()[0] == "library"
        assert api.get("status").status == 200
    with closing(stream):
        while stream.next() is not None:
            pass


def test_streams_are_bounded(filled, api):
    streams = [Stream(filled.library) for _ in range(12)]
    for each in streams:
        assert each.next()[0] == "library"
    assert api.get("events").status == 503
    for each in streams:
        each.close()
    assert api.get("status").status == 200
