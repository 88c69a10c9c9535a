"""A client of the API through a server within the test."""

from __future__ import annotations

import json
import socket
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

from photos.config import load
from photos.daemon.protocol import connectable
from photos.daemon.session import Session
from photos.encoders import CachedEncoders
from photos.http.app import application
from photos.http.endpoints.open_gallery import OpenEndpoint
from photos.http.server.connections import Limits
from photos.http.server.server import serving
from photos.http.server.tcp import listener
from photos.http.service import Service

from ..encoders import ColourEncoders


@dataclass
class Reply:
    status: int
    headers: dict
    content: bytes

    @property
    def json(self):
        return json.loads(self.content.decode("utf-8"))


class Client:
    """Sends requests through the socket of *library*."""

    def __init__(self, library, service, logged):
        self.library = library
        self.service = service
        self.logged = logged

    def __call__(self, method, path, body=None, headers=None, **query):
        given = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        target = quote(path) if not path.startswith("http") else path
        if query:
            target += "?" + urlencode(query, doseq=True)
        connection = HTTPConnection("photos")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        with connectable(self.library) as name:
            connection.sock.connect(name)
        with closing(connection):
            connection.request(method, target, body, given)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            assert found.get("content-type") != "text/event-stream", "it does not end, so a test would not"
            return Reply(response.status, found, response.read())

    def get(self, path, headers=None, **query):
        return self("GET", f"/api/v1/{path}", None, headers, **query)

    def wait(self, job):
        """Wait until a job has ended, and return its record."""
        assert job.status == 202, job.content
        number = job.json["job"]
        while (now := self.get(f"jobs/{number}").json)["state"] in {"waiting", "running"}:
            # The server answers in this process, and the job runs in it.
            time.sleep(0.005)
        return now


class Browser:
    """Sends requests through TCP, as browsers and programs on this machine or others do."""

    def __init__(self, base):
        self.base = base
        self.host, self.port = base.removeprefix("http://").rsplit(":", 1)

    def __call__(self, method, path, body=None, headers=None):
        given = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        connection = HTTPConnection(self.host, int(self.port), timeout=60)
        with closing(connection):
            connection.putrequest(method, path, skip_host="Host" in given)
            for name, value in given.items():
                for each in value if isinstance(value, list) else [value]:
                    connection.putheader(name, each)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())


@contextmanager
def answering(
    library, encoders=None, patience=5.0, access=None, address="127.0.0.1", catalog_patience=None, **environment
):
    logged = []
    settings = load({"library": library}, environment)
    with closing(Session(settings, CachedEncoders(encoders or ColourEncoders(), 600), catalog_patience)) as session:
        service = Service(settings, session, logged.append, Limits(patience), access and access.password)
        opening = OpenEndpoint(service)
        app = application(service, access, opening)
        with serving(library, app, logged.append, service.limits) as server:
            assert server is not None
            found = listener(address, 0)
            server.listen(found.opened)
            opening.use(server, found.base)
            client = Client(library, service, logged)
            client.browser = Browser(found.base)
            yield client
            service.close()
