"""Tags out of descriptions in a library: they follow models, vocabularies, and files, and commands show them."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest

from photos.catalog_place import CATALOG_FILE
from query.tagging import described_words, follow_descriptions, outdated_photos
from store import Catalog, StoredDescription, TagSource

DESCRIBER = "florence@1"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture
def catalog(filled):
    """The catalog of a library whose photos have descriptions with words of all colours."""
    opened = Catalog.open(filled.library / CATALOG_FILE)
    words = ("red", "greens", "blue", "white", "kite", "Kites")
    with opened.write() as t:
        for photo_id in t.selection.all().tolist():
            t.descriptions.put(photo_id, StoredDescription(DESCRIBER, frozenset({"objects"}), None, words, None, NOON))
        assert follow_descriptions(t) > 0
    yield opened
    opened.close()


def derived(catalog):
    with catalog.read() as t:
        assert outdated_photos(t) == []
        tags = [tag for tags in t.tags.of(t.tags.photos()).values() for tag in tags]
        return {(tag.photo_id, tag.label) for tag in tags if tag.source is TagSource.IMPORTED}


def test_tags_follow_the_model_that_answers(filled, catalog, other_checkpoint):
    before = derived(catalog)
    assert filled("model", "try", other_checkpoint).status == 0
    assert derived(catalog) == before
    assert filled("model", "switch").status == 0
    assert derived(catalog) is not None
    with catalog.read() as t:
        space = t.spaces.get(t.library.space_id())
        found = described_words(t, space, t.selection.all().tolist())
    assert all(word.score is not None for of in found.values() for word in of[DESCRIBER] if word.label)
    assert filled("model", "rollback").status == 0
    assert derived(catalog) == before


def test_tags_follow_slots_and_folders(filled, catalog, pictures, tmp_path):
    (tmp_path / "kites.txt").write_text("% template {}\nkite: white\n")
    bright = pictures / "bright"
    assert filled("vocab", "use", tmp_path / "kites.txt", "--as", "toys", "--in", bright).status == 0
    kites = {photo_id for photo_id, label in derived(catalog) if label == "toys:kite"}
    with catalog.read() as t:
        (white,) = (photo.id for photo in t.photos.get(sorted(kites)) if photo.paths[0].endswith(b"white.png"))
        assert kites <= set(t.scopes.photos([bytes(bright)]).tolist())
    shutil.move(bright / "white.png", pictures / "white.png")
    assert filled("index").status == 0
    assert (white, "toys:kite") not in derived(catalog)
    shutil.move(pictures / "white.png", bright / "white.png")
    assert filled("index").status == 0
    assert (white, "toys:kite") in derived(catalog)
    assert filled("vocab", "drop", "toys").status == 0
    assert not {pair for pair in derived(catalog) if pair[1] == "toys:kite"}


def test_pruned_photos_leave_no_tags(filled, catalog, pictures, monkeypatch):
    monkeypatch.setenv("PHOTOS_KEEP_DAYS", "0")
    count = len(derived(catalog))
    (pictures / "red.png").unlink()
    assert filled("index").status == 0
    assert filled("prune", "--yes").status == 0
    assert 0 < len(derived(catalog)) < count


def test_commands_name_the_describer(filled, catalog, pictures):
    red = pictures / "red.png"
    tags = json.loads(filled("tags", red, "--json").lines[0])["tags"]
    assert [(tag["label"], tag["origin"]) for tag in tags if tag["source"] == "imported"] == [("red", DESCRIBER)]
    assert DESCRIBER in filled("tags", red).out
    (pictures / "tags.csv").write_text("path,tags\nred.png,red\n")
    refused = filled("tags", "import", pictures / "tags.csv", "--source", DESCRIBER)
    assert (refused.status, "is a describer here" in refused.err) == (1, True)


def test_words_without_a_label_are_suggested(filled, catalog, tmp_path):
    (tmp_path / "known.txt").write_text("blue\n")
    result = filled("vocab", "suggest", "--words", tmp_path / "known.txt")
    assert result.status == 0
    photos = 6
    assert f"kite: {photos} photos that it is said of, but no label: {DESCRIBER} ({photos})" in result.out
    lines = filled("vocab", "suggest", "--words", tmp_path / "known.txt", "--json").lines
    assert json.loads(lines[-1]) == {
        "word": "kite", "photos": photos, "describers": [{"describer": DESCRIBER, "photos": photos}],
    }  # fmt: skip
