"""Events of `photos add --json` and `photos index --json`."""

from __future__ import annotations

import json

from store import Catalog


def events(result):
    return [json.loads(line) for line in result.lines]


def test_every_file_and_the_result_are_events(photos, pictures, checkpoint, vocabulary):
    photos("vocab", "use", vocabulary)
    printed = events(photos("add", pictures, "--model", checkpoint, "--json"))
    assert [each["event"] for each in printed] == ["folder", "reading", *["file"] * 7, "done"]
    assert printed[0] == {"event": "folder", "path": str(pictures), "files": 7, "to_read": 7}
    assert printed[1] == {"event": "reading", "files": 7}
    files = {each["path"]: each for each in printed if each["event"] == "file"}
    assert files[str(pictures / "red.png")]["outcome"] == "indexed"
    assert files[str(pictures / "notes.txt")] == {
        "event": "file",
        "path": str(pictures / "notes.txt"),
        "outcome": "not a picture",
        "reason": "it is a text file",
    }
    end = printed[-1]
    assert (end["photos"], end["embedded"], end["outcomes"]) == (6, 6, {"indexed": 6, "not a picture": 1})


def test_a_run_without_changes_and_an_offline_folder(filled, pictures):
    printed = events(filled("index", "--json"))
    assert [each["event"] for each in printed] == ["folder", "reading", "done"]
    assert printed[-1]["unchanged"] == 7
    pictures.rename(pictures.parent / "elsewhere")
    printed = events(filled("index", "--json"))
    assert [each["event"] for each in printed] == ["offline", "reading", "done"]
    assert printed[-1]["offline"] == [str(pictures)]


def test_a_run_after_an_interruption_reports_that_it_continues(filled, pictures):
    with Catalog.open(filled.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.library.set_indexing(begun=True)
    (pictures / "new.png").write_bytes((pictures / "red.png").read_bytes())
    assert "this run goes on" in filled("index").err
    assert "this run goes on" not in filled("index").err
