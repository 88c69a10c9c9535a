"""Searches that the process which keeps the library up to date answers: what it gives, and what cannot hurt it."""

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

from photos.cli.views.watch import preparing
from photos.config import load
from photos.daemon.client import Unanswered, ask
from photos.daemon.protocol import PROGRAM, REFUSED, SEARCH, SIMILAR, reachable, socket_of
from photos.daemon.server import serving
from photos.daemon.session import Answers
from photos.daemon.version import edition
from photos.encoders import CachedEncoders
from photos.errors import Refused, UnreadablePicture
from photos.library import OpenLibrary
from photos.operations.requests import SearchAnswer, SearchRequest, SimilarRequest
from store import Acceleration, FaissIndex

from .towers import ColourTowers

NOTHING = SearchAnswer(matches=[], of_text=True)
REQUEST = SearchRequest(words=("red",), directory="/", top=3)


class Served:
    """What keeps a library, within the test; `said` is what it had to say."""

    def __init__(self, library):
        self.library = library
        self.towers = ColourTowers()
        self.said = []
        self.answers = Answers(load({"library": library}, {}), CachedEncoders(self.towers, 600))

    @contextmanager
    def running(self, answer=None, **options):
        with closing(self.answers), serving(self.library, answer or self.answers, self.said.append, **options) as is_on:
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
    """The status, and what is said, by a client that is not ours."""
    connection = HTTPConnection("photos")
    connection.sock = connected(library)
    with closing(connection):
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read()


def connected(library):
    connection = socket.socket(socket.AF_UNIX)
    with reachable(library) as name:
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
        (("name:" + "a*" * 30_000,), 1),
    ],
)
def test_it_gives_the_answer_that_the_program_alone_gives(filled, pictures, monkeypatch, options, status):
    monkeypatch.chdir(pictures)
    alone = filled("search", "something", "red", *options)
    with Served(filled.library).running() as served:
        assert same(filled("search", "something", "red", *options), alone)
    assert (alone.status, served.said) == (status, [])


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
def test_what_is_like_a_picture_is_told_as_the_program_alone_tells_it(
    filled, pictures, monkeypatch, image, options, status
):
    monkeypatch.chdir(pictures)
    Image.new("RGB", (40, 30), (219, 31, 30)).save("almost red.png")
    assert filled("index").status == 0
    Image.new("RGB", (60, 60), (200, 40, 40)).save("../new.png")
    alone = filled("similar", image, *options)
    with Served(filled.library).running() as served:
        assert same(filled("similar", image, *options), alone)
    assert (alone.status, served.said) == (status, [])


def test_a_picture_may_have_a_name_that_is_no_text(filled, pictures):
    os.replace(pictures / "red.png", os.fsencode(pictures) + b"/r\xffd.png")
    assert filled("index").status == 0
    before = filled.towers.images
    alone = filled("similar", pictures / "r\udcffd.png", "--json")
    with Served(filled.library).running() as served:
        assert same(filled("similar", pictures / "r\udcffd.png", "--json"), alone)
    assert (len(alone.lines), filled.towers.images, served.towers.images) == (5, before, 0)


def test_a_picture_that_is_not_in_the_library_is_encoded_there(filled, served, tmp_path):
    Image.new("RGB", (60, 60), (200, 40, 40)).save(tmp_path / "new.png")
    before = filled.towers.images
    for _ in range(2):
        assert filled("similar", tmp_path / "new.png", "-t1", "--paths").out.endswith("red.png\n")
    assert (filled.towers.images, served.towers.images) == (before, 1)


def test_the_sheet_of_what_is_like_a_picture_is_headed_by_its_name_as_it_was_typed(
    filled, served, pictures, monkeypatch
):
    monkeypatch.chdir(pictures)
    assert filled("similar", "bright/../red.png", "--sheet", "like.html").status == 0
    assert "<h1>Like bright/../red.png</h1>" in Path("like.html").read_text()


@pytest.mark.parametrize("command", ["search", "similar"])
def test_what_it_cannot_read_is_read_by_who_asks(filled, pictures, command):
    def blind(request):
        raise UnreadablePicture("red.png", "permission denied")

    (pictures / "other.png").write_bytes((pictures / "red.png").read_bytes() + b"0")
    with Served(filled.library).running(blind) as served:
        found = filled(command, pictures / "other.png", "-t1", "--paths")
    assert found.out.endswith("red.png\n")
    assert served.said == []


def test_it_waits_for_no_pipe_and_takes_no_file_of_its_own_for_a_picture(filled, served, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "pictures" / "red.png").open("rb") as ours:
        number, up = ours.fileno(), "../" * len(tmp_path.parts)
        for path in ("./pipe", f"/dev/fd/{number}", f"/proc/self/fd/{number}", f"{up}proc/self/fd/{number}"):
            with pytest.raises(UnreadablePicture):
                served.answers(SearchRequest(words=(path,), directory=str(tmp_path), top=1))
            with pytest.raises(UnreadablePicture):
                served.answers(SimilarRequest(image=path, directory=str(tmp_path), top=1))


def test_of_a_library_that_was_moved_it_says_nothing(filled, served, pictures):
    was = filled.library
    filled.library = was.rename(was.with_name("moved"))
    found = filled("--debug", "search", "red", "-t1", "--paths")
    assert (found.status, "another" in found.err) == (0, True)
    # Nor does it answer from the one that is made in its place.
    shutil.copytree(filled.library, was, ignore=lambda folder, names: [n for n in names if n.endswith(".sock")])
    (pictures / "red.png").unlink()
    filled.library, moved = was, filled.library
    assert filled("index").status == 0
    filled.library = moved
    assert filled("search", "red", "-t1", "--paths").out == found.out


def test_new_words_are_encoded_there_and_its_encoder_is_kept(filled, served):
    before = filled.towers.texts
    for words in ("something blue", "something quite green"):
        assert filled("search", words).status == 0
    assert (filled.towers.texts, served.towers.texts) == (before, 1)


def test_that_a_text_was_cut_is_told(filled, served):
    result = filled("search", "red " * 20)
    assert "its end was left out" in result.err
    assert served.towers.texts == 1


def test_what_is_refused_is_refused_in_the_same_words_and_with_the_same_status(filled, pictures):
    empty = filled("search", " ")
    with Served(filled.library).running():
        assert same(filled("search", " "), empty)
        (pictures.parent / "other.png").write_bytes((pictures / "red.png").read_bytes())
        assert filled("remove", pictures).status == 0
        gone, bare = filled("search", "red"), filled("similar", pictures.parent / "other.png")
    assert same(filled("search", "red"), gone)
    assert same(filled("similar", pictures.parent / "other.png"), bare)
    assert (empty.status, gone.status, bare.status) == (2, 1, 1)


def test_with_debug_a_refusal_comes_from_this_process(filled, served):
    with pytest.raises(Exception, match="nothing to search for") as refusal:
        filled("--debug", "search", " ")
    assert not isinstance(refusal.value, Refused)


def test_new_photos_are_found_at_once_and_gone_ones_no_more(filled, served, pictures):
    assert "red.png" in filled("search", "red", "-t", "1").out
    (pictures / "red.png").rename(pictures.parent / "red.png")
    Image.new("RGB", (30, 30), (219, 31, 30)).save(pictures / "almost.png")
    assert filled("index").status == 0
    assert "almost.png" in filled("search", "red", "-t", "1").out
    assert served.said == []


def test_what_it_prepares_is_ready_for_quick_looks(filled, served, pictures):
    for number in range(20):
        Image.new("RGB", (30, 30), (219, number, 30)).save(pictures / f"red{number}.png")
    assert filled("index").status == 0
    settings = load({"library": filled.library}, {})
    with OpenLibrary(settings, filled.towers) as app:
        space, large = app.space, Acceleration(from_rows=16)
        FaissIndex(settings.index_folder, app.catalog, space, newer_rows=1, acceleration=large).refresh()
    index = served.answers.index(served.answers.catalog(), space)
    assert index.status().accelerated
    assert not index.is_warm
    served.answers.prepare()
    assert index.is_warm


def test_it_gets_ready_again_when_told_and_no_more_at_the_end():
    done, turns = queue.Queue(), iter(range(9))
    with preparing(lambda: done.put(next(turns))) as again:
        assert done.get(timeout=20) == 0
        again()
        assert done.get(timeout=20) == 1
    with pytest.raises(queue.Empty):
        done.get(timeout=0.2)


def test_a_label_is_saved_by_the_program_itself(filled, served):
    assert "red" in filled("search", "something", "red", "--save-as-label", "ruby").out
    assert served.towers.texts == 0


def test_another_library_in_the_same_place_is_the_one_that_answers(filled, served, pictures, tmp_path):
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


def test_only_the_owner_may_ask(served):
    assert stat.S_IMODE(os.stat(socket_of(served.library)).st_mode) == 0o600


def test_what_a_killed_process_left_is_replaced_and_stops_nobody(filled):
    with closing(socket.socket(socket.AF_UNIX)) as dead, reachable(filled.library) as name:
        dead.bind(name)
    assert filled("search", "red").status == 0
    assert "Answered by this process" in filled("--debug", "search", "red").err
    with Served(filled.library).running() as served:
        filled("search", "quite red")
        assert served.towers.texts == 1
    assert not os.path.lexists(socket_of(filled.library))


def test_a_library_may_lie_deep(tmp_path):
    library = tmp_path / ("deep" * 20) / ("deeper" * 20)
    library.mkdir(parents=True)
    with serving(library, lambda request: NOTHING, print):
        assert ask(library, REQUEST).answer() == NOTHING
    with pytest.raises(Unanswered, match="nobody"):
        ask(library, REQUEST)


def test_where_there_can_be_no_socket_it_says_so_and_goes_on(library):
    said = []
    Path(socket_of(library), "in the way").mkdir(parents=True)
    with serving(library, lambda request: NOTHING, said.append) as is_on:
        assert not is_on
    assert len(said) == 1
    assert said[0].startswith("Searches are not answered from here")


def test_clients_that_hang_are_cut_off_and_hold_up_nobody(library):
    with serving(library, lambda request: NOTHING, print, patience=0.5):
        silent, slow = connected(library), connected(library)
        slow.sendall(f"POST {SEARCH} HTTP/1.1\r\nContent-Length: 900\r\n\r\n{{".encode())
        assert ask(library, REQUEST).answer() == NOTHING
        with silent, slow:
            assert silent.recv(100) == b""
            assert b"its end is missing" in slow.recv(1000) or slow.recv(1000) == b""


def test_one_who_sends_a_little_now_and_then_is_cut_off_too(library):
    with serving(library, lambda request: NOTHING, print, patience=0.5), connected(library) as slow:
        slow.sendall(f"POST {SEARCH} HTTP/1.1\r\n".encode())
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                slow.sendall(b"X: y\r\n")
                time.sleep(0.05)


def test_of_more_clients_than_it_bears_the_rest_are_turned_away_and_answer_themselves(filled, served):
    with ExitStack() as held:
        for _ in range(40):
            held.enter_context(connected(served.library))
        before = filled.towers.texts
        assert filled("search", "new", "words").status == 0
        assert (filled.towers.texts, served.towers.texts) == (before + 1, 0)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/other", b"{}", {}, 404),
        (SEARCH, b"{", {}, 400),
        (SEARCH, b"[]", {}, 400),
        (SEARCH, b'{"words": ["red"], "colour": "red"}', {}, 400),
        (SEARCH, b'{"words": ["red"], "directory": "/", "top": 0, "group": true}', {}, 400),
        (SEARCH, b'{"words": ["red"], "directory": "/", "top": "all"}', {}, 400),
        (SEARCH, b'{"words": [7], "directory": "/", "top": 1}', {}, 400),
        (SIMILAR, b'{"words": ["red"], "directory": "/", "top": 1}', {}, 400),
        (SIMILAR, b'{"image": "a.jpg", "directory": "/", "top": 0}', {}, 400),
        (SIMILAR, b'{"image": "a.jpg", "directory": "/", "top": "all"}', {}, 400),
        (SIMILAR, b'{"image": ["a.jpg"], "directory": "/", "top": 1}', {}, 400),
        (SIMILAR, b'["a.jpg"]', {}, 400),
        (SEARCH, b"{}", {"Content_Length": "many"}, 411),
        (SEARCH, b"{}", {"Content_Length": "1000000000"}, 413),
        (SEARCH, b"{}", {PROGRAM.replace("-", "_"): "another"}, 409),
    ],
)
def test_nonsense_is_answered_with_its_name(library, path, body, headers, status):
    with serving(library, lambda request: NOTHING, print):
        found, said = post(library, path, body, **headers)
        assert (found, list(json.loads(said))) == (status, ["error"])
        assert ask(library, REQUEST).answer() == NOTHING


def test_a_client_that_is_still_sending_hears_that_it_is_refused(library):
    with serving(library, lambda request: NOTHING, print), connected(library) as slow:
        slow.sendall(f"POST {SEARCH} HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n".encode())
        assert slow.recv(12) == b"HTTP/1.1 413"
        for _ in range(5):
            slow.sendall(b" " * 100_000)
        with pytest.raises(ConnectionError):
            for _ in range(100):
                slow.sendall(b" " * 100_000)


def test_other_clients_get_the_same_answers_as_json(filled, served, pictures):
    body = json.dumps(REQUEST.record())
    status, answer = post(served.library, body=body)
    assert status == 200
    assert json.loads(answer)["matches"] == [
        json.loads(line) for line in filled("search", "red", "-t", "3", "--json").lines
    ]
    like = SimilarRequest(image="red.png", directory=str(pictures), top=2)
    status, answer = post(served.library, SIMILAR, json.dumps(like.record()))
    assert status == 200
    assert json.loads(answer)["matches"] == [
        json.loads(line) for line in filled("similar", pictures / "red.png", "-t", "2", "--json").lines
    ]
    status, refusal = post(served.library, body=json.dumps(REQUEST.record() | {"words": []}))
    assert (status, json.loads(refusal)["status"]) == (REFUSED, 2)


def test_what_goes_wrong_there_is_said_there_and_answered_here(filled):
    def broken(request):
        raise ValueError("no such thing")

    with Served(filled.library).running(broken) as served:
        for _ in range(3):
            assert filled("search", "red").status == 0
        assert "status 500" in filled("--debug", "search", "red").err
    assert len(served.said) == 1
    assert "ValueError: no such thing" in served.said[0]


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
        # One that knows of searches alone.
        b'HTTP/1.1 404 No\r\nContent-Length: 33\r\n\r\n{"error": "there is /v1/search"}\r\n',
    ],
)
@pytest.mark.parametrize("command", [("search", "red"), ("similar", "red.png")])
def test_what_is_no_answer_is_taken_for_none(filled, pictures, monkeypatch, command, sent):
    monkeypatch.chdir(pictures)
    with closing(socket.socket(socket.AF_UNIX)) as listening, reachable(filled.library) as name:
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


def test_one_that_does_not_answer_is_not_waited_for(library):
    with closing(socket.socket(socket.AF_UNIX)) as listening, reachable(library) as name:
        listening.bind(name)
        listening.listen()
        with pytest.raises(Unanswered, match="in time"):
            ask(library, REQUEST, patience=0.2).answer()


def test_it_ends_while_something_is_being_answered(library):
    begun, may_end = threading.Event(), threading.Event()

    def long(request):
        begun.set()
        may_end.wait(60)
        return NOTHING

    with serving(library, long, print):
        asked = ask(library, REQUEST)
        assert begun.wait(20)
    # It is here before the answer is.
    assert not may_end.is_set()
    with pytest.raises(Unanswered):
        asked.answer()
    may_end.set()


def test_what_is_all_but_answered_when_it_ends_is_answered(library):
    begun = threading.Event()

    def short(request):
        begun.set()
        time.sleep(0.2)
        return NOTHING

    with serving(library, short, print):
        asked = ask(library, REQUEST)
        assert begun.wait(20)
    assert asked.answer() == NOTHING


def test_a_program_is_another_when_a_module_of_it_is(tmp_path):
    (tmp_path / "query" / "tagging").mkdir(parents=True)
    module = tmp_path / "query" / "tagging" / "rule.py"
    module.write_text("x = 1\n")
    before = edition(tmp_path)
    (tmp_path / "query" / "__pycache__").mkdir()
    (tmp_path / "query" / "__pycache__" / "rule.py").write_text("")
    assert edition(tmp_path) == before
    os.utime(module, ns=(1, 1))
    changed = edition(tmp_path)
    (module.parent / "more.py").write_text("")
    assert len({before, changed, edition(tmp_path)}) == 3
