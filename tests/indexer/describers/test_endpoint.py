"""Descriptions from a real chat server on loopback, which behaves well and badly."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from functools import partial

import pytest
from PIL import Image
from PIL.ExifTags import Base

from indexer.describers import (
    DescriberAway,
    DescriberBroken,
    Description,
    EndpointInvalid,
    EndpointSettings,
    NotDescribed,
    RemoteEndpoint,
    Task,
    open_endpoint,
)
from indexer.describers.chat_client import ChatClient
from indexer.describers.endpoint import PATIENCE, EndpointDescriber, encoded

from .chat_server import GOOD

RED = Image.new("RGB", (64, 48), "red")
SQUARE = Image.new("RGB", (32, 32), "red")
ALL = frozenset({Task.CAPTION, Task.OBJECTS, Task.TEXT})
DESCRIBED = Description(GOOD["caption"], tuple(GOOD["labels"]), GOOD["text"])


class Pauses:
    """Remembers pauses in place of waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return False


def describer(server, model, pauses=None, **settings):
    given = EndpointSettings(**{"url": server.url, "model": model, "tasks": ALL, "timeout": 30.0, **settings})
    return EndpointDescriber(given, partial(ChatClient, wait=pauses or Pauses()))


@pytest.mark.parametrize("behaviour", ["good", "fenced", "amid-prose", "parts", "no-schemas", "no-forms"])
def test_an_answer_becomes_a_description(server, behaviour):
    with closing(describer(server, behaviour)) as asked:
        assert asked.describe([RED, RED]) == [DESCRIBED, DESCRIBED]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("prose", "The answer is not in the form that was asked for."),
        ("wrong-types", "The caption in the answer is no text."),
        ("empty", "The answer is empty."),
        ("null", "No description: its answer is not that of a chat."),
        ("page", "No description: its answer is no JSON."),
        ("huge", "No description: its answer is longer than 1 MB."),
        ("huge-in-chunks", "No description: its answer is longer than 1 MB."),
        ("cut", "No description: it closed the connection before its answer was whole."),
        ("reset", "No description: it closed the connection before its answer was whole."),
        ("refused", "No description: it refused, with status 400 (image too small)."),
        ("failing", "No description: it failed, with status 500 (model runner has unexpectedly stopped)."),
        ("busy", "No description: it is busy, with status 503 (loading model)."),
    ],
)
def test_trouble_with_one_picture_costs_that_picture(server, behaviour, reason):
    # Attempts of one picture: four of the client, or one for each form of the question; one if the server fails.
    attempts = 1 if behaviour == "failing" else 4
    with closing(describer(server, f"{behaviour}@{attempts}", requests=1)) as asked:
        outcomes = [each for _ in range(6) for each in asked.describe([RED])]
    is_passing = behaviour in {"cut", "reset", "failing", "busy"}
    assert NotDescribed(reason, is_passing) in outcomes
    assert outcomes[-1] == DESCRIBED


@pytest.mark.parametrize("behaviour", ["drip", "drip-headers", "silent"])
def test_a_slow_answer_ends_at_the_time_limit(server, behaviour):
    with closing(describer(server, behaviour, timeout=0.5)) as asked:
        assert asked.describe([RED]) == [
            NotDescribed("No description: it took longer than 0.5 seconds.", is_passing=True)
        ]


def test_a_server_is_away_after_some_pictures_without_answer(server):
    with closing(describer(server, "silent", timeout=0.2, requests=1)) as asked:
        with pytest.raises(DescriberAway, match="does not answer .it took longer than 0.2 seconds.; what was desc"):
            asked.describe([RED] * 10)
        told = [server.next_request() for _ in range(PATIENCE)]
        with pytest.raises(DescriberAway):
            asked.describe([RED] * 10)
    assert len(told) == PATIENCE


def test_what_was_described_is_returned_if_the_server_dies(server):
    with closing(describer(server, "dies-at-third", requests=1)) as asked:
        first, second, *others = asked.describe([RED] * 6)
        assert (first, second) == (DESCRIBED, DESCRIBED)
        assert others[0] == NotDescribed("No description: nobody listens there.", is_passing=True)
        left = NotDescribed("The describer was not asked, because it had gone away.", is_passing=True)
        assert others[1:] == [left] * 3
        with pytest.raises(DescriberAway, match="nobody listens there"):
            asked.describe([RED, RED])


def test_descriptions_stay_if_later_pictures_get_none(server):
    with closing(describer(server, "small-only", requests=1)) as asked:
        outcomes = asked.describe([SQUARE, RED, RED, RED, RED, SQUARE])
    assert [isinstance(each, Description) for each in outcomes] == [True, False, False, False, False, True]


def test_a_model_that_refuses_every_picture_is_broken(server):
    with (
        closing(describer(server, "refused", requests=1)) as asked,
        pytest.raises(DescriberBroken, match=r"refused@127.0.0.1:\d+ cannot describe: it refused, with status 400"),
    ):
        asked.describe([RED] * 10)


def test_pictures_are_asked_at_once_and_keep_their_order(server):
    pictures = [Image.new("RGB", (width, 10)) for width in range(60, 10, -1)]
    with closing(describer(server, "by-width", requests=5)) as asked:
        captions = [each.caption for each in asked.describe(pictures)]
    assert captions == [f"Width {each.width}." for each in pictures]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("unauthorised", "it wants a key: set describe.key to the right one .Incorrect key provided: ….."),
        ("forbidden", "it refuses the key: set describe.key to one that may use the model .no access.."),
        ("unknown-model", "no such model, or no such address: check describe.model and describe.endpoint .model 'x'"),
        ("redirect", "it redirects to http://example.com/v1/chat/completions, which is not followed"),
        ("no-http", "it does not speak HTTP: check describe.endpoint"),
    ],
)
def test_a_wrong_setting_is_named(server, behaviour, reason):
    with (
        closing(describer(server, behaviour, key="s3cret-key")) as asked,
        pytest.raises(DescriberBroken, match=reason) as raised,
    ):
        asked.describe([RED] * 5)
    assert "s3cret" not in f"{raised.value}{raised.value.fields}{raised.value.__cause__}"


def test_a_busy_server_is_asked_again_after_pauses(server):
    pauses = Pauses()
    with closing(describer(server, "busy@2", pauses)) as asked:
        assert asked.describe([RED]) == [DESCRIBED]
    assert pauses.seconds == [1.0, 2.0]


def test_a_server_tells_how_long_to_wait(server):
    pauses = Pauses()
    with closing(describer(server, "limited@1", pauses)) as asked:
        assert asked.describe([RED]) == [DESCRIBED]
    assert pauses.seconds == [17.0]


def test_a_picture_is_sent_as_its_pixels_alone(server):
    picture = Image.new("RGB", (2000, 1000), "red")
    picture.getexif()[Base.ImageDescription] = "secret place"
    picture.info |= {"comment": b"secret", "icc_profile": b"secret", "exif": b"secret", "xmp": b"secret", "dpi": (7, 7)}
    with closing(describer(server, "good", side=300, key="k")) as asked:
        asked.describe([picture])
    told = server.next_request()
    assert told["size"] == [300, 150]
    assert told["markers"] == ["APP0"]
    assert not {"exif", "comment", "icc_profile", "xmp", "dpi"} & {*told["info"]}
    red, green, _ = told["pixel"]
    assert red > 240
    assert green < 20
    assert (told["path"], told["host"]) == ("/v1/chat/completions", f"127.0.0.1:{server.port}")
    assert (told["authorization"], told["form"]) == ("Bearer k", "json_schema")


def test_no_key_is_sent_if_there_is_none(server):
    with closing(describer(server, "good")) as asked:
        asked.describe([RED])
    assert server.next_request()["authorization"] is None


def test_a_form_that_was_refused_is_not_asked_for_again(server):
    with closing(describer(server, "no-schemas", requests=1)) as asked:
        asked.describe([RED, RED])
    assert [server.next_request()["form"] for _ in range(3)] == ["json_schema", "json_object", "json_object"]


def test_the_question_names_the_language(server):
    with closing(describer(server, "chinese", language="German")) as asked:
        assert asked.describe([RED]) == [NotDescribed("The answer is not in the language that was asked for (German).")]
    assert "Write in German" in server.next_request()["question"]


def test_html_and_control_characters_are_plain_text(server):
    with closing(describer(server, "html")) as asked:
        (outcome,) = asked.describe([RED])
    assert outcome.caption == "<script>alert(1)</script> [31mred square"


def test_proxies_of_the_environment_are_not_used(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with closing(describer(server, "good")) as asked:
        assert asked.describe([RED]) == [DESCRIBED]


def test_nobody_listens():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with closing(open_endpoint(EndpointSettings(url, "m"))) as asked, pytest.raises(DescriberAway) as raised:
            asked.describe([RED])
    assert raised.value.reason == "nobody listens there"


def test_closing_ends_a_wait_for_an_answer(server):
    asked = describer(server, "silent")
    outcomes = []

    def ask():
        try:
            outcomes.extend(asked.describe([RED]))
        except DescriberAway as error:
            outcomes.append(error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    server.next_request()
    began = time.monotonic()
    asked.close()
    waiting.join(20)
    assert not waiting.is_alive()
    assert len(outcomes) == 1
    assert time.monotonic() - began < 20


def test_the_name_is_that_of_model_host_and_port():
    assert (
        open_endpoint(EndpointSettings("http://localhost:11434", "qwen3-vl:2b")).name == "qwen3-vl:2b@localhost:11434"
    )
    assert open_endpoint(EndpointSettings("https://[::1]/v1/", "m")).name == "m@[::1]:443"


def test_a_public_address_is_refused_before_anything_is_sent():
    settings = EndpointSettings("http://93.184.216.34:11434", "m")
    with pytest.raises(RemoteEndpoint, match=r"93.184.216.34, which is not on this machine .* allow it with --remote"):
        open_endpoint(settings)


def named(monkeypatch, *answers):
    """Let the system's resolver give *answers*, one after the other and the last for ever, for the name nas.test."""
    left = list(answers)
    original = socket.getaddrinfo

    def lookup(host, port, *rest, **options):
        if host != "nas.test":
            return original(host, port, *rest, **options)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


def test_a_name_that_changes_to_a_public_address_is_refused(server, monkeypatch):
    named(monkeypatch, ["127.0.0.1"], ["127.0.0.1"], ["93.184.216.34"])
    with closing(describer(server, "good", url=f"http://nas.test:{server.port}")) as asked:
        assert asked.describe([RED]) == [DESCRIBED]
        assert server.next_request()["host"] == f"nas.test:{server.port}"
        with pytest.raises(RemoteEndpoint, match="nas.test has the address 93.184.216.34"):
            asked.describe([RED])


def test_of_several_addresses_the_private_ones_are_used(server, monkeypatch):
    named(monkeypatch, ["93.184.216.34", "127.0.0.1"])
    with closing(describer(server, "good", url=f"http://nas.test:{server.port}")) as asked:
        assert asked.describe([RED]) == [DESCRIBED]


def test_a_public_address_is_used_if_allowed():
    assert open_endpoint(EndpointSettings("http://93.184.216.34:11434", "m", remote=True)).side == 720


@pytest.mark.parametrize(("settings", "error"), [({"model": " "}, DescriberBroken), ({"key": "a\nb"}, EndpointInvalid)])
def test_unusable_settings_are_refused(settings, error):
    with pytest.raises(error):
        open_endpoint(EndpointSettings(**{"url": "http://localhost:1", "model": "m", **settings}))


def test_a_key_is_not_shown():
    assert "s3cret" not in repr(EndpointSettings("http://localhost", "m", key="s3cret"))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16"])
def test_pictures_of_every_mode_are_sent(mode):
    assert encoded(Image.new(mode, (900, 3)), 300).startswith(b"\xff\xd8")
