"""`describe` and `captions`, with a chat server on loopback and with a tiny Florence-2."""

from __future__ import annotations

import json
import sys

import pytest
from PIL import Image

from indexer.describers import Task
from photos.cli.commands import describe as command
from photos.records.descriptions import TASKS
from tests.indexer.describers.chat_server import GOOD
from tests.indexer.describers.conftest import ChatServer
from tests.photos.cli.commands.test_prune import Answers
from tests.photos.encoders import COLOURS

SECRET = "a-secret-key"


@pytest.fixture
def server():
    running = ChatServer()
    yield running
    assert running.stop() == ""


@pytest.fixture
def described(filled, server, monkeypatch):
    """The program with an endpoint; a variable of the environment chooses how it behaves."""
    monkeypatch.setenv("PHOTOS_DESCRIBE_ENDPOINT", server.url)
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "good")
    monkeypatch.setenv("PHOTOS_DESCRIBE_KEY", SECRET)
    return filled


@pytest.fixture(scope="session")
def florence(tmp_path_factory):
    from tests.indexer.describers.florence_checkpoints import make_florence  # loads torch

    return make_florence(tmp_path_factory.mktemp("florence") / "Florence-2-tiny")


def test_the_tasks_have_one_list():
    assert command._TASKS == TASKS == tuple(Task)


def test_photos_are_described_and_shown(described, server, pictures):
    result = described("describe", "--all")
    name = f"good@127.0.0.1:{server.port}"
    assert result.status == 0
    assert result.out.startswith(f"Described 6 photos by {name} in ")
    assert f"6 photos to describe by {name}." in result.err
    again = described("describe", "--all")
    assert again.lines == [
        "No photo was described.",
        "6 photos are described already. --again describes them again.",
    ]
    assert again.status == 0
    shown = described("captions", pictures / "red.png")
    assert shown.lines[1].startswith(f"  {name}, 2")
    assert shown.lines[2:] == [
        "    caption  A red square.",
        "    words    square (unknown), table (unknown), red (tag)",
    ]
    (tag,) = (tag for tag in json.loads(described("tags", pictures / "red.png", "--json").out)["tags"] if tag["origin"])
    assert (tag["label"], tag["source"], tag["origin"]) == ("red", "imported", name)
    assert SECRET not in result.out + result.err + again.out + shown.out


def test_records_have_all_of_it(described, server, pictures):
    result = described("describe", pictures / "red.png", "--task", "text", "--task", "caption", "--json")
    record = json.loads(result.out)
    assert record.pop("seconds") > 0
    name = f"good@127.0.0.1:{server.port}"
    assert record == {
        "describer": name, "tasks": ["text", "caption"], "described": 1, "known": 0, "away": 0, "undescribed": 0,
        "reasons": [], "left": 0, "problem": None,
    }  # fmt: skip
    record = json.loads(described("captions", pictures / "red.png", "--json").out)
    (description,) = record["descriptions"]
    assert description.pop("made_at") > "2025"
    (word,) = description.pop("words")
    assert (word["word"], word["state"], word["label"]) == ("red", "tag", "red")
    assert word["probability"] > 0.9
    assert description == {
        "describer": name, "tasks": ["caption", "text"], "caption": GOOD["caption"], "labels": [], "text": GOOD["text"],
    }  # fmt: skip
    assert (record["path"], record["caption"]) == (str(pictures / "red.png"), None)


def test_a_server_gets_the_key_and_a_small_picture_alone(described, server, pictures, monkeypatch):
    monkeypatch.setenv("PHOTOS_DESCRIBE_SIDE", "64")
    assert described("describe", pictures / "red.png").status == 0
    request = server.next_request()
    assert request["authorization"] == f"Bearer {SECRET}"
    assert request["size"] == [40, 30]
    assert request["markers"] == ["APP0"]
    assert str(pictures) not in json.dumps(request)
    assert "red.png" not in json.dumps(request)


def test_a_wrong_key_is_named_and_not_shown(described, monkeypatch):
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "unauthorised")
    result = described("describe", "--all")
    assert result.status == 1
    assert SECRET not in result.out + result.err
    assert "cannot describe" in result.err


def test_a_describer_cannot_have_the_name_of_an_import(described, server, pictures):
    name = f"good@127.0.0.1:{server.port}"
    (pictures / "tags.csv").write_text("path,tags\nred.png,red\n")
    assert described("tags", "import", pictures / "tags.csv", "--source", name).status == 0
    result = described("describe", pictures / "red.png")
    assert "so no describer can have that name here" in result.err
    assert "no description" in described("captions", pictures / "red.png").out


def test_an_answer_cannot_write_to_the_terminal(described, monkeypatch, pictures):
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "html")
    described("describe", pictures / "red.png")
    shown = described("captions", pictures / "red.png")
    assert "<script>alert(1)</script>" in shown.out
    assert "\x1b" not in shown.out


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["{bright}"], {"white", "yellow"}),
        (["{red}", "{bright}"], {"red", "white", "yellow"}),
        (["name:*e*", "-name:white"], {"red", "green", "blue", "yellow"}),
        (["red", "--top", "1"], {"red"}),
        (["name:*", "--top", "6"], set(COLOURS)),
    ],
)
def test_words_are_paths_or_a_query(described, pictures, words, names):
    given = [each.format(bright=pictures / "bright", red=pictures / "red.png") for each in words]
    assert described("describe", *given).status == 0
    found = described("search", "has:description", "--all", "--paths")
    assert {line.rpartition("/")[2].removesuffix(".png") for line in found.lines} == names


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Name photos by a query or by paths, or --all"),
        (["--all", "red"], "Name photos by a query or by paths, or --all"),
        (["--all", "--top", "3"], "--top goes with a query."),
        (["red"], "say how many of the best are meant with --top N"),
        (["--forget", "it", "red"], "--forget deletes all descriptions of a describer"),
        (["--all", "--with", "/nowhere/florence"], "/nowhere/florence"),
        (["--all", "--with", "microsoft/Florence-2-large"], "florence-community/Florence-2-large"),
        (["--all", "--with", "florence-community/Florence-2-base"], "photos model download florence-community/"),
        (["/nowhere/a.jpg"], "/nowhere/a.jpg"),
        (["in:nowhere"], "nowhere"),
    ],
)
def test_wrong_words_are_named(described, words, sentence):
    result = described("describe", *words)
    assert result.status in {1, 2}
    assert sentence in result.err


def test_without_a_describer_a_sentence_says_how_to_get_one(filled):
    result = filled("describe", "--all")
    assert result.status == 2
    assert "`ollama pull qwen3-vl:2b` and set describe_endpoint" in result.err


def test_pictures_stay_in_the_users_networks_unless_it_is_said(filled, monkeypatch):
    monkeypatch.setenv("PHOTOS_DESCRIBE_ENDPOINT", "http://192.0.43.8/v1")
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "good")
    result = filled("describe", "--all")
    assert result.status == 1
    assert "so no picture was sent; allow it with --remote" in result.err


def test_a_server_that_is_away_keeps_what_is_described(described, server):
    assert described("describe", "name:red").status == 0
    server.process.kill()
    server.process.wait()
    result = described("describe", "--all")
    assert result.status == 1
    assert "does not answer" in result.err
    assert "5 photos are left." in result.err
    assert result.lines == [
        "No photo was described.",
        "1 photo is described already. --again describes it again.",
    ]
    record = json.loads(described("describe", "--all", "--json").out)
    assert (record["described"], record["left"]) == (0, 5)
    assert "does not answer" in record["problem"]


def test_photos_without_words_are_named(described, monkeypatch):
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "prose")
    result = described("describe", "name:red|blue")
    assert result.status == 1
    assert result.lines[:2] == ["No photo was described.", "2 photos got no description:"]
    assert {line.split(": ")[0].rpartition("/")[2] for line in result.lines[2:]} == {"red.png", "blue.png"}


def test_an_estimate_says_how_much_there_is(described, server):
    described("describe", "name:red")
    result = described("describe", "--all", "--estimate")
    assert result.lines[:2] == [
        f"5 photos to describe by good@127.0.0.1:{server.port}.",
        "1 photo is described already.",
    ]
    record = json.loads(described("describe", "--all", "--estimate", "--json").out)
    assert (record["photos"], record["known"], record["passes"], record["seconds"]) == (5, 1, None, None)


def test_a_describer_is_forgotten(described, server):
    described("describe", "--all")
    name = f"good@127.0.0.1:{server.port}"
    assert described("describe", "--forget", name).out == f"Deleted what {name} said of 6 photos.\n"
    assert described("search", "has:description").status == 1
    refused = described("describe", "--forget", name, "--json")
    assert (refused.status, refused.err) == (1, f"photos: No photo was described by {name}.\n")


def test_florence_states_its_cost_and_asks(filled, florence, monkeypatch, pictures):
    monkeypatch.setenv("PHOTOS_DEVICE", "cpu")
    for at in range(30):
        Image.new("RGB", (8, 8), (at, 9, 9)).save(pictures / f"{at}.png")
    filled("index")
    monkeypatch.setattr(sys, "stdin", Answers("no"))
    declined = filled("describe", "--all", "--with", florence)
    assert (declined.status, declined.out) == (1, "")
    assert "36 photos to describe by florence-2-tiny@" in declined.err
    assert "on the CPU each takes the work of embedding about " in declined.err
    assert filled("search", "has:description").status == 1
    few = filled("describe", pictures / "red.png", "--with", florence, "--task", "caption")
    assert (few.status, few.out.startswith("Described 1 photo by florence-2-tiny@")) == (0, True)
    (description,) = json.loads(filled("captions", pictures / "red.png", "--json").out)["descriptions"]
    assert description["describer"].startswith("florence-2-tiny@")
    assert description["tasks"] == ["caption"]
    record = json.loads(filled("describe", "--all", "--with", florence, "--task", "caption", "--yes", "--json").out)
    assert (record["described"] + record["undescribed"], record["known"]) == (35, 1)
