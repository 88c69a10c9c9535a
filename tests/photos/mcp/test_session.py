"""A session with the program: its tools, its end, and what it loads and prints."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import pytest
from mcp.client import Client

from photos.config import load
from photos.daemon.session import Session
from photos.installed_version import installed_version
from photos.mcp.server import called, described
from photos.mcp.tools import tools
from photos.operations.searching.requests import SearchRequest, SimilarRequest
from query.language import parse_line
from query.language.filters import FILTER_TYPES
from tests.photos.encoders import ColourEncoders
from tests.photos.socket_server import serving

from .client import ROOT, command, completed, environment, parameters, talk
from .expected import text

HEAVY = ("torch", "transformers", "faiss", "sqlalchemy", "numpy", "PIL")
#: Lists the tools, makes a call, and prints what of *HEAVY* was loaded before and after it.
LOADED = """
import json, sys
from pathlib import Path
from photos.config import load
from photos.mcp.library import AskedLibrary
from photos.mcp.server import called, described
from photos.mcp.server import called, described
from photos.mcp.tools import tools
library, heavy = sys.argv[1], set(sys.argv[2:])
listed = tools(with_pictures=True)
assert [described(tool) for tool in listed]
print(sorted(heavy & sys.modules.keys()))
asked = AskedLibrary(load({"library": Path(library)}, {}), None, print)
assert listed[0].call(asked, {"query": "red", "limit": 2}).record["matches"]
print(sorted(heavy & sys.modules.keys()))
"""
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def call(number, name, **given):
    params = {"name": name, "arguments": given}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def lines(*messages):
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


@contextmanager
def started(library):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command(library), env=environment(), cwd=ROOT, **pipes)
    try:
        process.stdin.write(lines(INITIALIZE, INITIALIZED))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def test_the_tools_are_the_expected_ones(filled):
    said = talk(filled.library)
    with open(ROOT / "tests" / "photos" / "mcp" / "tools.json", encoding="utf-8") as file:
        expected = file.read()
    listed = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in said.tools]
    assert listed == json.loads(expected)
    assert text() == expected
    assert [each.name for each in said.tools] == ["search_photos", "show_photos", "similar_photos", "library_status"]
    assert all(each.annotations.read_only_hint and not each.annotations.open_world_hint for each in said.tools)
    assert (said.about.server_info.name, said.about.server_info.version) == ("photos", installed_version() or "")
    assert "instruction" in said.about.instructions


def test_the_description_of_a_search_names_every_filter():
    description = tools(with_pictures=True)[0].description
    examples = re.findall(r'(?<![\w:])(-?[a-z]+:(?:"[^"]*"|[^\s,()]+(?:,[^\s,()]+)*))', description)
    queries = [parse_line(example) for example in examples if not example.startswith("like:")]
    # The parser makes mp or filesize of size.
    assert {part.name for query in queries for part in query.filters} >= FILTER_TYPES.keys() - {"size"}
    assert parse_line("dog + beach - people 2:dog 0.5:snow like:photo:12").terms


def test_what_is_printed_elsewhere_comes_between_no_messages(filled):
    (found,) = talk(filled.library, [("search_photos", {"query": "a word that must be encoded"})]).results
    assert not found.is_error


def test_nothing_heavy_is_loaded_before_it_is_needed(filled):
    def loaded():
        arguments = [sys.executable, "-c", LOADED, str(filled.library), *HEAVY]
        done = subprocess.run(arguments, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    before, after = loaded()
    assert (before, "numpy" in after, "torch" in after) == ("[]", True, False)
    session = Session(load({"library": filled.library}, {}), ColourEncoders())
    with serving(filled.library, session.search, print):
        assert loaded() == ["[]", "[]"]
    session.close()


def test_the_daemon_answers_searches_if_it_runs(filled):
    asked = []
    session = Session(load({"library": filled.library}, {}), ColourEncoders())

    def search(request):
        asked.append(request)
        return session.search(request)

    with serving(filled.library, search, print):
        queries = [("search_photos", {"query": query}) for query in ("red", "name:*e*", "tagg:x")]
        calls = [*queries, ("similar_photos", {"photo": 1})]
        there = [each.structured_content for each in talk(filled.library, calls).results]
    session.close()
    assert [type(each) for each in asked] == [SearchRequest, SearchRequest, SearchRequest, SimilarRequest]
    assert all(each.only_library for each in asked)
    assert there[2]["code"] == "bad_query"
    assert there == [each.structured_content for each in talk(filled.library, calls).results]


def test_an_unknown_tool_is_an_error_of_the_protocol(filled):
    with started(filled.library) as process:
        process.stdin.write(lines(call(2, "delete_photos"), call(3, "search_photos", query="red", limit=1)))
        process.stdin.flush()
        answers = {each["id"]: each for each in (json.loads(process.stdout.readline()) for _ in range(2))}
    assert answers[2]["error"]["code"] == -32602
    assert answers[2]["error"]["message"] == "There is no tool 'delete_photos'."
    assert len(answers[3]["result"]["structuredContent"]["matches"]) == 1


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
def test_clients_of_each_era_are_answered(filled, mode):
    async def run():
        async with Client(parameters(filled.library), mode=mode) as client:
            listed = await client.list_tools()
            found = await client.call_tool("search_photos", {"query": "red", "limit": 1})
            return len(listed.tools), found.structured_content["matches"]

    count, matches = completed(run)
    assert (count, len(matches)) == (4, 1)


@pytest.mark.parametrize(
    ("raised", "code"), [(RuntimeError("sec\udcffret"), "internal_error"), (MemoryError(), "system_error")]
)
def test_an_error_that_nobody_expected_is_an_answer_too(raised, code):
    def fail(library, given):
        raise raised

    result = called(replace(tools(with_pictures=True)[0], call=fail), None, {})
    assert (result.is_error, result.structured_content["code"]) == (True, code)
    assert result.content[0].text.encode("utf-8")


def test_lines_that_are_no_messages_do_no_harm(filled):
    with started(filled.library) as process:
        process.stdin.write(b"\n\xff\xfe{\n[]\n" + lines(call(2, "search_photos", query="red")))
        process.stdin.flush()
        while (answer := json.loads(process.stdout.readline())).get("id") != 2:
            pass
    assert answer["result"]["structuredContent"]["matches"]


def test_it_ends_when_standard_input_does(filled):
    with started(filled.library) as process:
        process.stdin.close()
        assert process.wait(60) == 0
        assert (process.stdout.read(), process.stderr.read()) == (b"", b"")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_ends_it_at_once(filled, number, status):
    with started(filled.library) as process:
        process.stdin.write(lines(call(2, "search_photos", query="red")))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 2
        process.send_signal(number)
        assert process.wait(60) == status
        assert process.stdout.read() == b""
        assert b"Traceback" not in process.stderr.read()


def test_it_ends_when_nobody_reads_its_answers(filled):
    with started(filled.library) as process:
        process.stdout.close()
        process.stdin.write(lines(call(2, "library_status")))
        process.stdin.flush()
        assert process.wait(60) == 141


def test_a_person_is_told_who_starts_it(filled):
    ours, terminal = os.openpty()
    process = subprocess.Popen(
        command(filled.library),
        env=environment(),
        cwd=ROOT,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr.readline().startswith(b"Waiting for an assistant")
        # The terminal's end of input.
        os.write(ours, b"\x04")
        assert process.wait(60) == 0
        assert process.stdout.read() == b""
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(terminal)


def test_without_standard_input_it_ends(filled):
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command(filled.library)], env=environment(), cwd=ROOT, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_without_the_extra_one_sentence_says_how_to_get_it(tmp_path):
    script = "import sys; sys.modules['mcp'] = None; from photos.__main__ import main; sys.exit(main(['mcp']))"
    environment_of_test = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment_of_test, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "photos: photos mcp needs the package mcp, which is not installed; get it with: pip install 'photos[mcp]'.\n"
    )


def test_the_page_names_every_tool_and_argument():
    page = (ROOT / "docs" / "mcp.md").read_text("utf-8")
    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    listed = [described(tool) for tool in tools(with_pictures=True)]
    assert [tool.name for tool in listed] == list(rows)
    for tool in listed:
        assert [name for name in tool.input_schema["properties"] if f"`{name}`" not in rows[tool.name]] == []
    setup = json.loads(page.partition("```json\n")[2].partition("```")[0])
    assert setup["mcpServers"]["photos"]["args"][-1] == "mcp"
