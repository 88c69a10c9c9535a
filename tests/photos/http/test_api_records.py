"""The API gives what the command line prints, and the fields that docs/http.md names."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

#: Fields that the API adds.
MORE = {"id", "hash", "media", "path_uri"}


def plain(record):
    """The record without the fields that the API adds. A record of an example has a hash of its own."""
    if isinstance(record, list):
        return [plain(each) for each in record]
    if not isinstance(record, dict):
        return record
    added = MORE if "width" in record else MORE - {"hash"}
    return {name: plain(value) for name, value in record.items() if name not in added}


def printed(result, status=0):
    assert result.status == status, result.err
    return [json.loads(line) for line in result.lines]


@pytest.mark.parametrize("query", ["red", "red + 2:blue - green", "name:red", "red in:/", "name:*e*"])
def test_a_search_equals_that_of_the_command(filled, api, query):
    words = query.split()
    found = api.get("photos", query=query, limit=4).json
    assert plain(found["matches"]) == printed(filled("search", *words, "-t", "4", "--json"))
    assert found["total"] == printed(filled("search", *words, "--count", "--json"))[0]["count"]


def test_photos_have_addresses_and_hashes(api, pictures):
    (found,) = api.get("photos", query="red", limit=1).json["matches"]
    content = (pictures / "red.png").read_bytes()
    assert found["hash"] == hashlib.sha256(content).hexdigest()
    assert found["id"] == found["photo"]
    assert found["path_uri"] == (pictures / "red.png").as_uri()
    base = f"/media/{found['hash'][:16]}"
    assert found["media"] == {
        "thumbnail": f"{base}/320.webp",
        "preview": f"{base}/1440.jpg",
        "original": f"{base}/original",
    }
    assert api.get(f"photos/{found['id']}").json["hash"] == found["hash"]


def test_a_search_can_be_lines(filled, api):
    reply = api.get("photos", {"Accept": "application/x-ndjson"}, query="red", limit=3)
    assert reply.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in reply.content.decode().splitlines()]
    assert plain(lines) == printed(filled("search", "red", "-t", "3", "--json"))


def photo_of(api, name):
    return next(each for each in api.get("photos", query=f"name:{name}").json["matches"])


def test_what_is_known_of_a_photo_equals_the_commands(filled, api, pictures):
    red = photo_of(api, "red.png")["id"]
    path = pictures / "red.png"
    assert filled("tag", path, "+dusk", "-red").status == 0
    (similar,) = [api.get(f"photos/{red}/similar", limit=3).json["matches"]]
    assert plain(similar) == printed(filled("similar", path, "-t", "3", "--json"))
    (why,) = printed(filled("why", path, "red", "--json"))
    assert plain(api.get(f"photos/{red}/explanation", query="red").json) == why
    (tags,) = printed(filled("tags", path, "--json"))
    assert plain(api.get(f"photos/{red}/tags").json) == tags
    (history,) = printed(filled("tags", path, "--history", "--json"))
    assert plain(api.get(f"photos/{red}/history").json) == history


@pytest.mark.parametrize(
    ("path", "query", "command"),
    [
        ("facets", {}, ["facets", "--all", "--json"]),
        ("facets", {"facet": ["folder"], "query": "name:red"}, ["facets", "--by", "folder", "name:red", "--json"]),
        ("vocabularies", {}, ["vocab", "list", "--json"]),
        ("vocabularies/colours", {}, ["vocab", "show", "colours", "--json"]),
        ("vocabularies/colours/revisions", {}, ["vocab", "history", "colours", "--json"]),
        ("duplicates", {}, ["duplicates", "--json"]),
        ("duplicates", {"exact": "true"}, ["duplicates", "--exact", "--json"]),
        ("failed", {"outcome": "not a picture"}, ["failed", "not-pictures", "--json"]),
    ],
)
def test_lists_equal_those_of_the_commands(filled, api, pictures, path, query, command):
    (pictures / "again.png").write_bytes((pictures / "red.png").read_bytes())
    assert filled("index").status == 0
    assert plain(api.get(path, **query).json["items"]) == printed(filled(*command))


def test_the_status_equals_that_of_the_command(filled, api):
    (status,) = printed(filled("status", "--json"))
    found = plain(api.get("status").json)
    # Searches may have written since.
    assert found.keys() == status.keys()
    assert [found[name] for name in ("photos", "folders", "model")] == [
        status[name] for name in ("photos", "folders", "model")
    ]
    assert plain(api.get("folders").json["items"]) == status["folders"]


def test_trials_and_comparisons_equal_the_commands(filled, api, tmp_path):
    (trial,) = printed(filled("vocab", "try", "red", "--json"))
    assert plain(api.get("labels/trial", text="red").json) == trial
    file = tmp_path / "few.txt"
    file.write_text("red\nblue\n")
    assert filled("vocab", "import", file).status == 0
    (difference,) = printed(filled("vocab", "diff", "colours", "few", "--json"), 1)
    found = api.get("compare", **{"from": "colours", "to": "few", "photos": "true"}).json
    assert {name: found[name] for name in difference} == difference
    changed = printed(filled("vocab", "diff", "colours", "few", "--photos", "--json"), 1)
    assert plain(found["changed_photos"]) == [each for each in changed if "photo" in each]


def test_labels_in_force_have_thresholds_and_counts(filled, api):
    found = api.get("labels", photos="true").json["items"]
    counts = {each["label"]: each["photos"] for each in printed(filled("tags", "--json"))}
    assert {each["label"]: each["photos"] for each in found if each["photos"]} == counts
    assert all(each["vocabulary"] == "colours" and 0 < each["probability"] < 1 for each in found)
    assert {each["photos"] for each in api.get("labels").json["items"]} == {None}


def test_suggestions_are_queries_that_find_something(filled, api):
    assert filled("search", "redwood at dawn").status == 0
    found = api.get("suggestions", text="re").json["items"]
    assert {(each["kind"], each["text"]) for each in found} >= {("label", "red"), ("search", "redwood at dawn")}
    for each in found:
        assert api.get("photos", query=each["query"]).status == 200, each


def test_names_that_are_no_text_never_break_an_answer(filled, api, pictures):
    os.rename(pictures / "red.png", os.fsencode(pictures) + b"/caf\xe9.png")
    assert filled("index").status == 0
    (found,) = api.get("photos", query="red", limit=1).json["matches"]
    assert found["path"] == f"{pictures}/caf\ufffd.png"
    assert found["path_uri"].endswith("/caf%E9.png")
    for path in (f"photos/{found['id']}", f"photos/{found['id']}/tags", f"photos/{found['id']}/similar", "facets"):
        assert api.get(path).status == 200
    assert api.get(f"photos/{found['id']}/explanation", query="red").json["rank"] == 1


def test_a_library_without_photos_says_so(tmp_path):
    from .client import answering

    (tmp_path / "empty").mkdir()
    with answering(tmp_path / "empty") as api:
        reply = api.get("photos", query="red")
        assert (reply.status, reply.json["code"]) == (409, "empty_library")
        assert api.get("status").json["photos"] == 0
        assert api.get("photos/1").status == 404
        assert not os.listdir(tmp_path / "empty") or os.listdir(tmp_path / "empty") == ["photos.sock"]


def test_a_photo_without_a_file_is_said_to_be_gone(filled, api, pictures):
    red, blue = (photo_of(api, name)["id"] for name in ("red.png", "blue.png"))
    (pictures / "red.png").unlink()
    assert filled("index").status == 0
    reply = api.get(f"photos/{red}")
    assert (reply.status, reply.json["code"]) == (404, "photo_gone")
    assert [each["id"] for each in api.get("photos", ids=f"{red},{blue}").json["matches"]] == [blue]


def test_photos_are_found_by_their_numbers(api):
    known = [each["id"] for each in api.get("photos").json["matches"]][:3]
    wanted = [known[2], known[0], 999_999, known[1]]
    found = api.get("photos", ids=",".join(map(str, wanted))).json
    assert [each["id"] for each in found["matches"]] == [known[2], known[0], known[1]]
    assert found["matches"][0]["tags"] == api.get(f"photos/{known[2]}").json["tags"]
    assert api.get("photos", ids="1,x").status == 400
    assert api.get("photos", ids=",".join(map(str, range(1, 202)))).status == 400
