"""Every command with --json prints one strict JSON object a line, whatever the library holds."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import click
import pytest
from PIL import Image

from photos.catalog_place import CATALOG_FILE
from photos.cli.kit.program import program
from photos.lock import DaemonInfo, library_lock, write_info
from tests.photos.encoders import make_checkpoint

#: Paths that are hard to write: a line feed, a separator of lines beyond ASCII, and bytes that are no text.
ODD = ("line\nfeed.png", "separator\u2028of lines.png", os.fsdecode(b"no text \xff.png"))

#: The arguments for each command that has --json. A command that lacks here fails the test.
RUNS: dict[str, list[list[str]]] = {
    "add": [["{new}", "--dry-run"], ["{new}"]],
    "index": [[]],
    "search": [
        ["red"], ["red", "--group"], ["red", "--count"], ["year:1950"], ["name:*"], ["red", "--min-score", "0.99"],
        ["red", "is:duplicate"], ["red + 1000:blue - green"], ["red", "--with-captions"],
    ],
    "saved list": [[]],
    "similar": [["{red}"], ["{notes}"]],
    "duplicates": [[], ["--exact"], ["--bursts"], ["{new}"]],
    "why": [["{red}", "red"], ["{red}", "blue"], ["{red}", "nothing", "-", "{red}"], ["{red}", "year:2000"]],
    "tags show": [[], ["{red}"], ["{red}", "--history"], ["{red}", "--threshold", "0"], ["--threshold", "1"]],
    "tags compare": [["user", "auto"], ["auto", "none"], ["user", "auto", "--query", "name:*"]],
    "tag": [["{red}", "+odd\u2028label"], ["{red}", "-red"]],
    "teach": [["red", "--yes", "{red}"], ["red"], ["red", "--forget", "{red}"], ["none"]],
    "vocab list": [[]],
    "vocab show": [["extremes"], []],
    "vocab history": [["extremes"]],
    "vocab diff": [["extremes", "{vocabulary}"], ["extremes", "{vocabulary}", "--photos"]],
    "vocab lint": [["extremes"], ["{vocabulary}"]],
    "vocab try": [["red"], ["blue"], ["a wholly new one"]],
    "vocab suggest": [[], ["{words}"]],
    "describe": [["--all", "--estimate"], ["--all"], ["{red}"], ["--forget", "odd\u2028name"]],
    "captions": [["{red}"], ["{notes}"], ["--query", "name:*"]],
    "xmp write": [["--dry-run"], [], ["{notes}"]],
    "xmp runs": [[]],
    "xmp undo": [["--dry-run"], [], []],
    "embed": [["{red}"], ["--text", "red"], ["{notes}"]],
    "model list": [[]],
    "model status": [[]],
    "model speed": [[]],
    "model check": [["demo"]],
    "model try": [["{turned}"], []],
    "model compare": [["red"], ["red", "--model", "nothing"]],
    "model switch": [["--force"], [], ["nothing"]],
    "model rollback": [[], []],
    "model forget": [["{turned}"], ["nothing"]],
    "daemon status": [[]],
    "status": [[]],
    "failed": [[], ["--retry"], ["damaged"], ["not-pictures", "--all"]],
    "verify": [[], ["--repair"], []],
    "doctor": [[]],
    "rate": [["3", "{red}"], ["file", "{red}"]],
    "facets": [[], ["--by", "camera", "name:*"]],
    "config": [[], ["library"]],
    "history list": [[]],
    "catalog copy": [["{library}", "{copy}", "--dry-run"], ["{library}", "{copy}"], ["{library}", "{copy}"]],
    "prune": [["--dry-run"], ["--older-than", "0", "--yes"], ["--older-than", "0"]],
}  # fmt: skip


def commands_with_json() -> Iterator[str]:
    def walk(command: click.Command, names: list[str]) -> Iterator[str]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from walk(found, [*names, name])
        elif any("--json" in each.opts for each in command.params):
            yield " ".join(names)

    yield from walk(program, [])


def strict(line: str) -> dict[str, object]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    record = json.loads(line, parse_constant=refuse)
    assert isinstance(record, dict)
    return record


@pytest.fixture
def extremes(photos, tmp_path, checkpoint, monkeypatch):
    """A library with labels that always and never count, odd paths, unread files, and facts beyond all numbers."""
    monkeypatch.setenv("PHOTOS_DESCRIBE_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("PHOTOS_DESCRIBE_MODEL", "odd name, \u00e9")
    folder, new, other = tmp_path / "pictures", tmp_path / "new", tmp_path / "other.txt"
    folder.mkdir()
    new.mkdir()
    for at, name in enumerate(ODD):
        Image.new("RGB", (40, 30), (0, 0, 40 * at)).save(folder / name)
    Image.new("RGB", (40, 30), "red").save(folder / "red.png")
    (folder / "copy.png").write_bytes((folder / "red.png").read_bytes())
    Image.new("RGB", (40, 30), "white").save(new / "white.png")
    (folder / "notes.txt").write_text("no picture\n")
    (folder / "cut.png").write_bytes((folder / "red.png").read_bytes()[:40])
    (folder / "empty.jpg").write_bytes(b"")
    vocabulary = tmp_path / "extremes.txt"
    vocabulary.write_text("red @ 0\nblue @ 1\ngreen\n")
    other.write_text("red\npurple\n")
    (tmp_path / "words.txt").write_text("red\nblack\nnight\n")
    photos.make_catalog()
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", folder, "--model", checkpoint).status == 0
    photos("tag", folder / "red.png", "+by hand")
    with closing(sqlite3.connect(photos.library / CATALOG_FILE)) as catalog, catalog:
        catalog.execute("UPDATE photo SET aperture = 9e999, exposure = -9e999, focal_length = 9e999, iso = 1 << 62")
    names = {
        "red": folder / "red.png",
        "notes": folder / "notes.txt",
        "library": photos.library,
        "copy": tmp_path / "copy",
        "new": new,
        "turned": make_checkpoint(tmp_path / "turned", seed=3),
    }
    return photos, {**names, "vocabulary": other, "words": tmp_path / "words.txt"}


def test_every_command_with_json_is_tried():
    assert set(RUNS) == set(commands_with_json())


#: Commands that come before those of `RUNS`.
BEFORE: dict[str, list[list[str]]] = {
    "saved list": [["search", "red", "--save-as", "odd\u2028name"]],
    "model compare": [["model", "try", "{turned}"]],
    "model switch": [["model", "try", "{turned}"]],
    "model rollback": [["model", "try", "{turned}"], ["model", "switch"]],
    "model forget": [["model", "try", "{turned}"]],
}


@pytest.mark.parametrize("command", RUNS)
def test_every_line_is_strict_json(extremes, command):
    photos, names = extremes
    for earlier in BEFORE.get(command, []):
        assert photos(*(each.format(**names) for each in earlier)).status == 0
    for arguments in RUNS[command]:
        given = [each.format(**names) for each in arguments]
        result = photos(*command.split(), *given, "--json")
        for line in result.out.split("\n")[:-1]:
            strict(line)
        assert result.out == "" or result.out.endswith("\n")
        assert "Internal error" not in result.err


def test_verification_ends_with_a_record(extremes):
    photos, names = extremes
    assert list(map(strict, photos("verify", "--json").lines)) == [
        {"count": 0, "what": "difference", "model": None, "remedy": None}
    ]
    names["red"].write_bytes(b"changed")
    (found,) = map(strict, photos("verify", "--json").lines)
    assert found["count"] == 1
    *found, repaired, left = map(strict, photos("verify", "--repair", "--json").lines)
    assert [each["count"] for each in found] == [1]
    assert (repaired["event"], left["count"]) == ("done", 0)


def test_the_daemons_status_is_json(extremes):
    photos, _ = extremes
    info = DaemonInfo(os.getpid(), 1.5, "waiting", 2.5, float("inf"), (("/a\nb", "odd \u2028"),), "a\nproblem", True)
    with library_lock(photos.library):
        write_info(photos.library, info)
        record = strict(photos("daemon", "status", "--json").out)
    assert (record["pid"], record["scanned_at"]) == (os.getpid(), None)


def test_a_threshold_of_zero_or_one_is_null(extremes):
    photos, names = extremes
    for label in ("red", "blue"):
        (found,) = strict(photos("why", names["red"], label, "--json").out)["labels"]
        assert found["threshold"] is None
    tags = {tag["label"]: tag for tag in strict(photos("tags", names["red"], "--json").out)["tags"]}
    assert tags["red"]["threshold"] is None
    assert "blue" not in tags
