"""`photos serve`, `photos open` and `photos token`, and the ways in which a server cannot begin."""

from __future__ import annotations

import socket
import webbrowser
from contextlib import closing, contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from photos.cli.views.gallery import open_gallery
from photos.config import load
from photos.daemon.gallery import gallery_address
from photos.daemon.protocol import socket_path
from photos.daemon.session import Session
from photos.encoders import CachedEncoders
from photos.errors import EmptyLibrary, OpenToAll, PortTaken
from photos.http.access.access_control import AccessRules
from photos.http.access.credentials import read_token
from photos.http.access.kept_sessions import SESSIONS_FILE
from photos.http.daemon_server import serving_daemon
from photos.http.server.tcp import listener
from photos.http.serving import ServeRequest, serve
from photos.library import OpenLibrary

from ..encoders import ColourEncoders
from .client import Browser, answering

SAME = {"Sec-Fetch-Site": "same-origin"}


def served(path, request, use):
    """Serve the library at *path*, call *use* when it answers, and stop."""

    def ready(found):
        use(found)
        raise KeyboardInterrupt

    with OpenLibrary(load({"library": path}, {}), ColourEncoders()) as library, pytest.raises(KeyboardInterrupt):
        serve(library, request, ready)


def entered(once):
    """Come in by an address that is good once. Returns the browser and its headers."""
    parts = urlsplit(once)
    browser = Browser(f"{parts.scheme}://{parts.netloc}")
    reply = browser("POST", "/login", {"code": parse_qs(parts.fragment)["code"][0]}, SAME)
    assert reply.status == 204
    return browser, {"Cookie": reply.headers["set-cookie"].partition(";")[0]}


def test_it_serves_in_the_foreground_and_through_the_socket(filled):
    def use(ready):
        browser, key = entered(ready.once)
        assert browser("GET", "/api/v1/photos?query=red", None, key).json["matches"]
        before = filled.encoders.texts
        assert filled("search", "something", "new").status == 0
        assert filled.encoders.texts == before, "answered through the socket"
        other, key = entered(gallery_address(filled.library))
        assert other.base == ready.base
        said = filled("serve")
        assert said.out.startswith(ready.base)
        assert "serves it" in said.err

    served(filled.library, ServeRequest(query="red"), use)
    assert not (filled.library / "photos.sock").exists()


def test_it_leaves_the_socket_of_a_daemon_that_began_later(filled):
    def use(_):
        with answering(filled.library) as daemon:
            assert daemon.get("photos").status == 200
            # The daemon goes on when `photos serve` ends.
            filled.keep = socket_path(filled.library)

    served(filled.library, ServeRequest(), use)


def test_the_daemon_opens_tcp_only_when_it_is_asked(filled):
    with answering(filled.library) as api:
        address = filled("open", "--print", "red", "-", "blue").out.strip()
        assert parse_qs(urlsplit(address).fragment)["next"] == ["/?q=red+-+blue"]
        browser, key = entered(address)
        assert browser("GET", "/api/v1/status", None, key).status == 200
        assert api.logged == []


def test_pages_go_on_when_the_daemon_begins_again(filled):
    @contextmanager
    def daemon():
        settings = load({"library": filled.library}, {})
        session = Session(settings, CachedEncoders(ColourEncoders(), 600))
        with closing(session), serving_daemon(settings, session, print) as answers:
            assert answers
            yield

    with daemon():
        browser, key = entered(filled("open", "--print").out.strip())
        assert browser("GET", "/api/v1/status", None, key).status == 200
    with daemon():
        assert browser("GET", "/api/v1/status", None, key).status == 200
        assert entered(filled("open", "--print").out.strip())[0].base == browser.base
    with closing(socket.create_server(("127.0.0.1", int(browser.port)))), daemon():
        other, key = entered(filled("open", "--print").out.strip())
        assert other.base != browser.base
    (filled.library / SESSIONS_FILE).unlink()
    with daemon(), pytest.raises(ConnectionRefusedError):
        other("GET", "/api/v1/status", None, key)


@pytest.mark.parametrize("options", [("--port", "{port}")])
def test_a_port_that_is_taken_is_named(filled, options):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        result = filled("serve", *(each.format(port=port) for each in options))
        assert (result.status, f"port {port}" in result.err, "--port" in result.err) == (1, True, True)
        with OpenLibrary(load({"library": filled.library}, {})) as library, pytest.raises(PortTaken):
            serve(library, ServeRequest(port=port), lambda _: None)


def test_the_usual_port_is_left_if_it_is_taken():
    first, second = listener(), listener()
    with closing(first.opened), closing(second.opened):
        assert first.base != second.base


def test_an_address_of_no_machine_is_named(filled):
    result = filled("serve", "--listen", "no.such.name.invalid")
    assert result.status == 2 or "cannot be used" in result.err


def test_other_machines_need_a_key(filled):
    result = filled("serve", "--listen", "0.0.0.0")
    assert (result.status, "PHOTOS_PASSWORD" in result.err) == (2, True)
    with OpenLibrary(load({"library": filled.library}, {})) as library, pytest.raises(OpenToAll):
        serve(library, ServeRequest("0.0.0.0"), lambda _: None)

    def use(ready):
        browser = Browser(ready.base)
        assert browser("POST", "/login", {"password": "sesame"}, SAME).status == 204

    served(filled.library, ServeRequest("0.0.0.0", 0, access=AccessRules(is_remote=True, password="sesame")), use)


def test_a_library_without_photos_is_not_served(photos):
    with OpenLibrary(load({"library": photos.library}, {})) as library, pytest.raises(EmptyLibrary):
        serve(library, ServeRequest(), lambda _: None)
    for command in (("open", "--print"), ("serve",), ("token",)):
        assert photos(*command).status == 1


def test_the_token_stays_until_a_new_one_is_made(filled):
    first, again, new = filled("token"), filled("token"), filled("token", "--new")
    assert first.out == again.out != new.out
    assert new.out.strip() == read_token(filled.library)


@pytest.mark.parametrize(("display", "opens", "said"), [(":0", True, ""), (":0", False, "http"), ("", True, "http")])
def test_without_a_browser_the_address_is_printed(capsys, display, opens, said):
    asked = []

    def browse(address):
        asked.append(address)
        return opens

    open_gallery(
        "http://127.0.0.1/x", only_print=False, environment={"DISPLAY": display}, browse=browse, platform="linux"
    )
    out, err = capsys.readouterr()
    assert (out.strip()[:4], len(asked)) == (said, 1 if display else 0)
    assert "browser" in err


def test_a_browser_that_fails_is_none(capsys):
    def broken(address):
        raise webbrowser.Error("none")

    open_gallery("http://127.0.0.1/x", only_print=False, environment={}, browse=broken, platform="darwin")
    assert capsys.readouterr().out == "http://127.0.0.1/x\n"
