"""Searches that the daemon answers: the same answers as without it, and limits for clients."""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import stat
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from PIL import Image

from photos.config import load
from photos.daemon.client import Unanswered, send
from photos.daemon.protocol import (
    PROGRAM,
    REFUSED,
    SEARCH,
    SIMILAR,
    connectable,
    decode_request,
    encode,
    endpoint,
    socket_path,
)
from photos.daemon.session import Session
from photos.daemon.version import UpgradeCheck
from photos.daemon.watcher import preparing
from photos.encoders import CachedEncoders
from photos.errors import DaemonRefused, UnreadablePicture
from photos.library import OpenLibrary
from photos.operations.searching.requests import SearchRequest, SimilarRequest
from photos.operations.searching.search import SearchResult
from photos.records.photos import search_record
from store import Acceleration, FaissIndex
from tests.photos.encoders import ColourEncoders
from tests.photos.socket_server import serving

NOTHING = search_record(SearchResult(title="red", of_text=True, matches=[]))
REQUEST = SearchRequest(query=("red",), directory="/", top=3)


class Served:
    """The daemon's server within the test; `logged` are its log lines, `asked` the requests that it understood."""

    def __init__(self, library):
        self.library = library
        self.encoders = ColourEncoders()
        self.logged = []
        self.asked = []
        self.session = Session(load({"library": library}, {}), CachedEncoders(self.encoders, 600))

    def search(self, request):
        self.asked.append(request)
        return self.session.search(request)

    @contextmanager
    def running(self, search=None, **options):
        with (
            closing(self.session),
            serving(self.library, search or self.search, self.logged.append, **options) as is_on,
        ):
            assert is_on
            yield self


@pytest.fixture
def served(filled):
    with Served(filled.library).running() as served:
        yield served


@pytest.fixture
def library(tmp_path):
    """A folder that could be a library."""
    (tmp_path / "somewhere").mkdir()
    return tmp_path / "somewhere"


def same(a, b):
    return (a.status, a.out, a.err) == (b.status, b.out, b.err)


def post(library, path=SEARCH, body=None, **headers):
    """Return the status and the body that another HTTP client gets."""
    connection = HTTPConnection("photos")
    connection.sock = connected(library)
    with closing(connection):
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read()


def connected(library):
    connection = socket.socket(socket.AF_UNIX)
    with connectable(library) as name:
        connection.connect(name)
    connection.settimeout(20)
    return connection


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), 0),
        (("--json",), 0),
        (("-0", "--exact"), 0),
        (("-t", "2", "--offset", "1"), 0),
        (("--count",), 0),
        (("--all", "--json"), 0),
        (("--offset", "99"), 1),
        (("--top", "9" * 30, "--group", "--json"), 0),
        (("--min-score", "2"), 1),
        (("--min-score", "auto", "in:bright"), 0),
        (("--sort", "date", "year:1999"), 1),
        (("-in:nowhere", "--like", "red.png"), 0),
        (("--like", "none.png"), 1),
        (("--like", "../pictures"), 1),
        (("--like", "notes.txt"), 1),
        (("tag:gren",), 2),
        (("name:" + "a*" * 2_000,), 1),
        (("name:" + "a*" * 30_000,), 2),
    ],
)
def test_its_searches_equal_those_of_the_program_alone(filled, pictures, monkeypatch, options, status):
    monkeypatch.chdir(pictures)
    alone = filled("search", "something", "red", *options)
    with Served(filled.library).running() as served:
        assert same(filled("search", "something", "red", *options), alone)
    # The program gives the same answer by itself where the daemon gives none.
    assert (alone.status, served.logged, len(served.asked)) == (status, [], 1)


@pytest.mark.parametrize(
    ("image", "options", "status"),
    [
        ("red.png", (), 0),
        ("./bright/../red.png", ("--json",), 0),
        ("../new.png", ("--json", "-t3"), 0),
        ("../new.png", ("--json", "--group"), 0),
        ("red.png", ("--group", "-0"), 0),
        ("red.png", ("--top", "9" * 30, "--paths"), 0),
        ("none.png", (), 1),
        ("notes.txt", (), 1),
        ("bright", (), 1),
        ("~/red.png", (), 1),
        ("", (), 1),
    ],
)
def test_its_similar_photos_equal_those_of_the_program_alone(filled, pictures, monkeypatch, image, options, status):
    monkeypatch.chdir(pictures)
    Image.new("RGB", (40, 30), (219, 31, 30)).save("almost red.png")
    assert filled("index").status == 0
    Image.new("RGB", (60, 60), (200, 40, 40)).save("../new.png")
    alone = filled("similar", image, *options)
    with Served(filled.library).running() as served:
        assert same(filled("similar", image, *options), alone)
    assert (alone.status, served.logged, len(served.asked)) == (status, [], 1)


def test_a_picture_may_have_a_name_that_is_no_text(filled, pictures):
    os.replace(pictures / "red.png", os.fsencode(pictures) + b"/r\xffd.png")
    assert filled("index").status == 0
    before = filled.encoders.images
    alone = filled("similar", pictures / "r\udcffd.png", "--json")
    with Served(filled.library).running() as served:
        assert same(filled("similar", pictures / "r\udcffd.png", "--json"), alone)
    assert (len(alone.lines), filled.encoders.images, served.encoders.images) == (5, before, 0)


def test_a_new_picture_is_encoded_by_the_daemon(filled, served, tmp_path):
    Image.new("RGB", (60, 60), (200, 40, 40)).save(tmp_path / "new.png")
    before = filled.encoders.images
    for _ in range(2):
        assert filled("similar", tmp_path / "new.png", "-t1", "--paths").out.endswith("red.png\n")
    assert (filled.encoders.images, served.encoders.images) == (before, 1)


def test_a_sheet_of_similar_photos_has_the_name_as_typed(filled, served, pictures, monkeypatch):
    monkeypatch.chdir(pictures)
    assert filled("similar", "bright/../red.png", "--sheet", "like.html").status == 0
    assert "<h1>Like bright/../red.png</h1>" in Path("like.html").read_text()


@pytest.mark.parametrize("command", ["search", "similar"])
def test_the_client_reads_a_picture_that_the_daemon_cannot(filled, pictures, command):
    def blind(request):
        raise UnreadablePicture("red.png", "permission denied")

    (pictures / "other.png").write_bytes((pictures / "red.png").read_bytes() + b"0")
    with Served(filled.library).running(blind) as served:
        found = filled(command, pictures / "other.png", "-t1", "--paths")
    assert found.out.endswith("red.png\n")
    assert served.logged == []


def test_pipes_and_files_of_one_process_are_no_pictures(filled, served, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "pictures" / "red.png").open("rb") as ours:
        number, up = ours.fileno(), "../" * len(tmp_path.parts)
        for path in ("./pipe", f"/dev/fd/{number}", f"/proc/self/fd/{number}", f"{up}proc/self/fd/{number}"):
            with pytest.raises(UnreadablePicture):
                served.session.search(SearchRequest(query=(path,), directory=str(tmp_path), top=1))
            with pytest.raises(UnreadablePicture):
                served.session.search(SimilarRequest(image=path, directory=str(tmp_path), top=1))


def test_it_does_not_answer_for_a_library_that_was_moved(filled, served, pictures):
    was = filled.library
    filled.library = was.rename(was.with_name("moved"))
    found = filled("--debug", "search", "red", "-t1", "--paths")
    assert (found.status, "another" in found.err) == (0, True)
    # It does not answer for a library in the old place either.
    shutil.copytree(filled.library, was, ignore=lambda folder, names: [n for n in names if n.endswith(".sock")])
    (pictures / "red.png").unlink()
    filled.library, moved = was, filled.library
    assert filled("index").status == 0
    filled.library = moved
    assert filled("search", "red", "-t1", "--paths").out == found.out


def test_new_words_are_encoded_by_its_cached_encoder(filled, served):
    before = filled.encoders.texts
    for words in ("something blue", "something quite green"):
        assert filled("search", words).status == 0
    assert (filled.encoders.texts, served.encoders.texts) == (before, 1)


def test_a_text_that_is_cut_gets_a_note(filled, served):
    result = filled("search", "red " * 20)
    assert "its end was left out" in result.err
    assert served.encoders.texts == 1


def test_refusals_have_the_same_words_and_status(filled, pictures):
    empty = filled("search", " ")
    with Served(filled.library).running():
        assert same(filled("search", " "), empty)
        (pictures.parent / "other.png").write_bytes((pictures / "red.png").read_bytes())
        assert filled("remove", pictures).status == 0
        gone, bare = filled("search", "red"), filled("similar", pictures.parent / "other.png")
    assert same(filled("search", "red"), gone)
    assert same(filled("similar", pictures.parent / "other.png"), bare)
    assert (empty.status, gone.status, bare.status) == (2, 1, 1)


def test_a_search_in_the_library_alone_is_the_same_and_opens_no_file(filled, served, pictures):
    path = str(pictures / "red.png")
    requests = [
        SearchRequest(query=f"like:{path} - blue", directory="/", top=3, only_library=True),
        SimilarRequest(image=path, directory="/", top=3, only_library=True),
    ]
    answers = [send(filled.library, request).answer() for request in requests]
    assert served.asked == requests
    assert answers == [Session.search(served.session, request) for request in requests]
    foreign = SimilarRequest(image="/etc/hostname", directory="/", top=3, only_library=True)
    with pytest.raises(DaemonRefused) as refusal:
        send(filled.library, foreign).answer()
    assert refusal.value.code == "not_in_library"


def test_with_debug_a_refusal_comes_from_this_process(filled, served):
    with pytest.raises(Exception, match="nothing to search for") as refusal:
        filled("--debug", "search", " ")
    assert not isinstance(refusal.value, DaemonRefused)


def test_it_finds_new_photos_at_once_and_removed_ones_no_more(filled, served, pictures):
    assert "red.png" in filled("search", "red", "-t", "1").out
    (pictures / "red.png").rename(pictures.parent / "red.png")
    Image.new("RGB", (30, 30), (219, 31, 30)).save(pictures / "almost.png")
    assert filled("index").status == 0
    assert "almost.png" in filled("search", "red", "-t", "1").out
    assert served.logged == []


def test_warming_warms_the_approximate_index(filled, served, pictures):
    for number in range(20):
        Image.new("RGB", (30, 30), (219, number, 30)).save(pictures / f"red{number}.png")
    assert filled("index").status == 0
    settings = load({"library": filled.library}, {})
    with OpenLibrary(settings, filled.encoders) as opened:
        space, large = opened.space, Acceleration(from_rows=16)
        FaissIndex(settings.index_folder, opened.catalog, space, newer_rows=1, acceleration=large).refresh()
    index = served.session.index(served.session.catalog(), space)
    assert index.status().accelerated
    assert not index.is_warm
    served.session.warm()
    assert index.is_warm


def test_preparation_repeats_on_demand_until_the_end():
    done, turns = queue.Queue(), iter(range(9))
    with preparing(lambda: done.put(next(turns))) as again:
        assert done.get(timeout=20) == 0
        again()
        assert done.get(timeout=20) == 1
    with pytest.raises(queue.Empty):
        done.get(timeout=0.2)


def test_a_label_is_saved_by_the_program_itself(filled, served):
    assert "red" in filled("search", "something", "red", "--save-as-label", "ruby").out
    assert served.encoders.texts == 0


def test_it_notices_another_library_in_the_same_place(filled, served, pictures, tmp_path):
    assert len(filled("search", "red", "--paths").lines) == 6
    other = tmp_path / "other"
    shutil.copytree(filled.library, other, ignore=lambda folder, names: [n for n in names if n.endswith(".sock")])
    (pictures / "red.png").unlink()
    filled.library, library = other, filled.library
    assert filled("index").status == 0
    for path in other.glob("catalog.sqlite3*"):
        os.replace(path, library / path.name)
    filled.library = library
    assert len(filled("search", "red", "--paths").lines) == 5


def test_only_the_owner_may_use_the_socket(served):
    assert stat.S_IMODE(os.stat(socket_path(served.library)).st_mode) == 0o600


def test_the_socket_of_a_killed_process_is_replaced(filled):
    with closing(socket.socket(socket.AF_UNIX)) as dead, connectable(filled.library) as name:
        dead.bind(name)
    assert filled("search", "red").status == 0
    assert "Answered by this process" in filled("--debug", "search", "red").err
    with Served(filled.library).running() as served:
        filled("search", "quite red")
        assert served.encoders.texts == 1
    assert not os.path.lexists(socket_path(filled.library))


def test_a_library_may_lie_deep(tmp_path):
    library = tmp_path / ("deep" * 20) / ("deeper" * 20)
    library.mkdir(parents=True)
    with serving(library, lambda request: NOTHING, print):
        assert send(library, REQUEST).answer() == NOTHING
    with pytest.raises(Unanswered, match="no daemon"):
        send(library, REQUEST)


def test_where_there_can_be_no_socket_it_logs_that(library):
    said = []
    Path(socket_path(library), "in the way").mkdir(parents=True)
    with serving(library, lambda request: NOTHING, said.append) as is_on:
        assert not is_on
    assert len(said) == 1
    assert said[0].startswith("Searches are not answered from here")


def test_clients_that_hang_are_cut_off_and_delay_no_other(library):
    with serving(library, lambda request: NOTHING, print, patience=0.5):
        silent, slow = connected(library), connected(library)
        slow.sendall(f"POST {SEARCH} HTTP/1.1\r\nHost: photos\r\nContent-Length: 900\r\n\r\n{{".encode())
        assert send(library, REQUEST).answer() == NOTHING
        with silent, slow:
            assert silent.recv(100) == b""
            assert b"its end is missing" in slow.recv(1000) or slow.recv(1000) == b""


def test_a_client_that_sends_too_slowly_is_cut_off(library):
    with serving(library, lambda request: NOTHING, print, patience=0.5), connected(library) as slow:
        slow.sendall(f"POST {SEARCH} HTTP/1.1\r\nHost: photos\r\n".encode())
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                slow.sendall(b"X: y\r\n")
                time.sleep(0.05)


def test_clients_above_the_limit_answer_themselves(filled, served):
    with ExitStack() as held:
        for _ in range(40):
            held.enter_context(connected(served.library))
        before = filled.encoders.texts
        assert filled("search", "new", "words").status == 0
        assert (filled.encoders.texts, served.encoders.texts) == (before + 1, 0)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/other", b"{}", {}, 404),
        (SEARCH, b"{", {}, 400),
        (SEARCH, b"[]", {}, 400),
        (SEARCH, b'{"query": ["red"], "colour": "red"}', {}, 400),
        (SEARCH, b'{"query": ["red"], "directory": "/", "top": 0, "group": true}', {}, 400),
        (SEARCH, b'{"query": ["red"], "directory": "/", "top": "all"}', {}, 400),
        (SEARCH, b'{"query": [7], "directory": "/", "top": 1}', {}, 400),
        (SIMILAR, b'{"query": ["red"], "directory": "/", "top": 1}', {}, 400),
        (SIMILAR, b'{"image": "a.jpg", "directory": "/", "top": 0}', {}, 400),
        (SIMILAR, b'{"image": "a.jpg", "directory": "/", "top": "all"}', {}, 400),
        (SIMILAR, b'{"image": ["a.jpg"], "directory": "/", "top": 1}', {}, 400),
        (SIMILAR, b'["a.jpg"]', {}, 400),
        (SEARCH, iter([b"{}"]), {"Transfer_Encoding": "chunked"}, 411),
        (SEARCH, b"{}", {"Content_Length": "1000000000"}, 413),
        (SEARCH, b"{}", {PROGRAM.replace("-", "_"): "another"}, 409),
    ],
)
def test_an_invalid_request_gets_an_error(library, path, body, headers, status):
    with serving(library, lambda request: NOTHING, print):
        found, said = post(library, path, body, **headers)
        assert (found, list(json.loads(said))) == (status, ["error"])
        assert send(library, REQUEST).answer() == NOTHING


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /v1/search HTTP/1.1\r\nHost: photos\r\nContent-Length: many", 400),
        ("POST /v1/search HTTP/1.1\r\nHost: photos\r\nHost: other", 400),
        ("POST /v1/search HTTP/1.1", 400),
        ("nonsense", 400),
        (f"GET /{'a' * 900_000} HTTP/1.1\r\nHost: photos", 431),
    ],
)
def test_what_is_no_http_gets_an_error(library, head, status):
    with serving(library, lambda request: NOTHING, print), connected(library) as client:
        client.sendall(f"{head}\r\n\r\n".encode())
        with client.makefile("rb") as stream:
            answer = stream.read()
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == status


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", "7"),
        ("query", '["red", null]'),
        ("query", '"\\ud800"'),
        ("query", '"./a\\u0000.jpg"'),
        ("directory", '"pictures"'),
        ("directory", "7"),
        ("top", "1.5"),
        ("top", "true"),
        ("top", "NaN"),
        ("offset", "-1"),
        ("offset", "1e400"),
        ("sort", '"colour"'),
        ("sort", '["date"]'),
        ("min_score", "NaN"),
        ("min_score", "-Infinity"),
        ("min_score", '"0.1"'),
        ("min_score", "1" + "0" * 400),
        ("group", "1"),
        ("stands_out", "null"),
        ("exact", '"yes"'),
        ("count_only", "1"),
        ("whole_listing", "null"),
        ("colour", '"red"'),
    ],
)
def test_an_invalid_field_is_named(served, field, value):
    sound = {"query": '["red"]', "directory": '"/"', "top": "3"}
    body = ", ".join(f'"{name}": {text}' for name, text in (sound | {field: value}).items())
    status, said = post(served.library, body=f"{{{body}}}".encode())
    assert (status, json.loads(said)["error"].partition(":")[0]) == (400, field)
    assert served.logged == []


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"query":' * 100_000, b"\xff", b"", b"9" * 5000])
def test_a_body_that_is_no_json_is_an_invalid_request(served, body):
    status, said = post(served.library, body=body)
    assert (status, "JSON" in json.loads(said)["error"]) == (400, True)
    assert served.logged == []


@pytest.mark.parametrize("length", [2, 500_000])
def test_a_client_that_takes_no_end_is_cut_off(library, length):
    """After an error the rest of the request is read: one byte at a time, it would keep the connection for days."""
    with serving(library, lambda request: NOTHING, print, patience=0.5), connected(library) as slow:
        slow.sendall(f"POST {SEARCH} HTTP/1.1\r\nHost: photos\r\nContent-Length: {length}\r\n\r\n[]".encode())
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                slow.sendall(b" ")
                time.sleep(0.05)


def test_a_client_that_reads_no_answer_is_cut_off(library):
    large = {**NOTHING, "title": "x" * 10_000_000}
    with serving(library, lambda request: large, print, patience=0.5), ExitStack() as held:
        for _ in range(32):
            slow = held.enter_context(connected(library))
            body = encode(REQUEST)
            slow.sendall(
                f"POST {SEARCH} HTTP/1.1\r\nHost: photos\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )
        for _ in range(200):
            time.sleep(0.1)
            try:
                answer = send(library, REQUEST).answer()
                break
            except Unanswered:
                continue
        assert answer["title"] == large["title"]


def test_a_client_that_is_still_sending_gets_the_error(library):
    with serving(library, lambda request: NOTHING, print), connected(library) as slow:
        slow.sendall(f"POST {SEARCH} HTTP/1.1\r\nHost: photos\r\nContent-Length: 1000000000\r\n\r\n".encode())
        assert slow.recv(12) == b"HTTP/1.1 413"
        for _ in range(5):
            slow.sendall(b" " * 100_000)
        with pytest.raises(ConnectionError):
            for _ in range(100):
                slow.sendall(b" " * 100_000)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/search HTTP/1.1", 405),
        (b"PUT /v1/search HTTP/1.1", 405),
        # Read as any version; it has no length.
        (b"POST /v1/search HTTP/3.0", 411),
        (b"POST /v1/search HTTP/x", 400),
        (b"POST /" + b"a" * 600_000 + b" HTTP/1.1", 431),
        (b"POST / HTTP/1.1\r\nX: " + b"y" * 600_000, 431),
    ],
    ids=["method", "other method", "version", "no version", "path", "header"],
)
def test_a_request_that_is_no_request_is_the_clients_mistake(library, sent, status):
    with serving(library, lambda request: NOTHING, print), connected(library) as client:
        client.sendall(sent + b"\r\nHost: photos\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
        assert f" {status} ".encode() in answer.splitlines()[0]
        said = json.loads(answer.splitlines()[-1])
        assert said.get("error") or said["title"]


def test_other_clients_get_the_records_of_json_output(filled, served, pictures):
    body = encode(REQUEST)
    status, answer = post(served.library, body=body)
    assert status == 200
    assert json.loads(answer)["matches"] == [
        json.loads(line) for line in filled("search", "red", "-t", "3", "--json").lines
    ]
    like = SimilarRequest(image="red.png", directory=str(pictures), top=2)
    status, answer = post(served.library, SIMILAR, encode(like))
    assert status == 200
    assert json.loads(answer)["matches"] == [
        json.loads(line) for line in filled("similar", pictures / "red.png", "-t", "2", "--json").lines
    ]
    status, refusal = post(served.library, body=json.dumps(json.loads(encode(REQUEST)) | {"query": []}))
    assert (status, json.loads(refusal)["status"]) == (REFUSED, 2)


def test_an_internal_error_is_logged_and_answered_by_the_client(filled):
    def broken(request):
        raise ValueError("no such thing")

    with Served(filled.library).running(broken) as served:
        for _ in range(3):
            assert filled("search", "red").status == 0
        assert "status 500" in filled("--debug", "search", "red").err
    assert len(served.logged) == 1
    assert "ValueError" in served.logged[0]
    assert "no such thing" not in served.logged[0], "it may hold the query"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\n{}",
        b"\xff\xfe\0",
        # An older daemon that only searches.
        b'HTTP/1.1 404 No\r\nContent-Length: 33\r\n\r\n{"error": "there is /v1/search"}\r\n',
    ],
)
@pytest.mark.parametrize("command", [("search", "red"), ("similar", "red.png")])
def test_an_invalid_response_counts_as_none(filled, pictures, monkeypatch, command, sent):
    monkeypatch.chdir(pictures)
    with closing(socket.socket(socket.AF_UNIX)) as listening, connectable(filled.library) as name:
        listening.bind(name)
        listening.listen()

        def answer():
            connection, _ = listening.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        assert filled(*command).status == 0
        thread.join()


def test_the_client_gives_up_on_a_daemon_that_hangs(library):
    with closing(socket.socket(socket.AF_UNIX)) as listening, connectable(library) as name:
        listening.bind(name)
        listening.listen()
        with pytest.raises(Unanswered, match="in time"):
            send(library, REQUEST, patience=0.2).answer()


def test_it_ends_while_a_request_is_worked_on(library):
    begun, may_end = threading.Event(), threading.Event()

    def long(request):
        begun.set()
        may_end.wait(60)
        return NOTHING

    with serving(library, long, print):
        asked = send(library, REQUEST)
        assert begun.wait(20)
    # It is here before the answer is.
    assert not may_end.is_set()
    with pytest.raises(Unanswered):
        asked.answer()
    may_end.set()


def test_an_almost_finished_request_is_answered_at_the_end(library):
    begun = threading.Event()

    def short(request):
        begun.set()
        time.sleep(0.2)
        return NOTHING

    with serving(library, short, print):
        asked = send(library, REQUEST)
        assert begun.wait(20)
    assert asked.answer() == NOTHING


def test_a_changed_or_added_module_is_an_upgrade(tmp_path):
    (tmp_path / "query" / "tagging").mkdir(parents=True)
    module = tmp_path / "query" / "tagging" / "rule.py"
    module.write_text("x = 1\n")

    def upgraded_by(change):
        check = UpgradeCheck(tmp_path, interval=0)
        assert not check.is_upgraded()
        change()
        return check.is_upgraded()

    (tmp_path / "query" / "__pycache__").mkdir()
    assert not upgraded_by(lambda: (tmp_path / "query" / "__pycache__" / "rule.py").write_text(""))
    assert upgraded_by(lambda: os.utime(module, ns=(1, 1)))
    assert upgraded_by(lambda: (module.parent / "more.py").write_text(""))
    assert upgraded_by(module.unlink)


def test_files_are_compared_at_most_once_in_an_interval(tmp_path):
    (tmp_path / "query").mkdir()
    now = 100.0
    check = UpgradeCheck(tmp_path, interval=1.0, clock=lambda: now)
    (tmp_path / "query" / "new.py").write_text("")
    assert not check.is_upgraded()
    now = 101.0
    assert check.is_upgraded()


def test_a_request_survives_json():
    for request in (
        SearchRequest(query=("a\udcff", "-b"), directory="/", top=3, offset=2, sort="date", min_score=0.1),
        SearchRequest(query='dog "red car"', directory="/", top=3, group=True),
        SearchRequest(query="in:2019", directory="/", top=None, count_only=True, whole_listing=True),
        SimilarRequest(image="a\udcff", directory="/", top=3, group=True),
        SimilarRequest(image="a", directory="/", top=3, query=("in:\udcff", "-tag:dog")),
    ):
        assert decode_request(endpoint(request), encode(request)) == request
