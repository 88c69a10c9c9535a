"""`photos prune`."""

from __future__ import annotations

import io
import json
import shutil
import sys

import pytest

from store import Catalog


@pytest.fixture
def catalog(filled):
    with Catalog.open(filled.library / "catalog.sqlite3") as opened:
        yield opened


def age(catalog, days):
    with catalog.write() as t:
        t.connection.exec_driver_sql(f"UPDATE photo SET gone_at = datetime(gone_at, '-{days} days')")


def test_only_photos_that_are_long_gone_are_deleted(filled, pictures, catalog):
    (pictures / "red.png").unlink()
    filled("index")
    age(catalog, 31)
    (pictures / "blue.png").unlink()
    filled("index")
    would = filled("prune", "--dry-run")
    assert would.out == "Would delete 1 photo gone for more than 30 days; 1 photo that went later kept.\n"
    assert filled("prune").out == would.out.replace("Would delete", "Deleted")
    assert filled("prune").out == "Deleted 0 photos gone for more than 30 days; 1 photo that went later kept.\n"
    assert filled("verify").status == 0
    with catalog.read() as t:
        assert len(t.photos.gone()) == 1
        assert t.photos.count() == 4


def test_a_pruned_photo_that_comes_back_is_new(filled, pictures, catalog):
    shutil.copy(pictures / "red.png", pictures.parent / "red.png")
    with catalog.read() as t:
        before = t.photos.at(bytes(pictures / "red.png")).id
    (pictures / "red.png").unlink()
    filled("index")
    filled("prune", "--older-than", "0", "--yes")
    shutil.copy(pictures.parent / "red.png", pictures / "red.png")
    filled("index")
    with catalog.read() as t:
        assert t.photos.at(bytes(pictures / "red.png")).id > before
        assert not t.photos.gone()
    assert filled("search", "red", "-t", "1", "--paths").lines == [str(pictures / "red.png")]


def test_a_photo_that_came_back_is_kept(filled, pictures, catalog):
    (pictures / "red.png").rename(pictures.parent / "red.png")
    filled("index")
    age(catalog, 31)
    (pictures.parent / "red.png").rename(pictures / "red.png")
    filled("index")
    assert filled("prune").out == "Deleted 0 photos gone for more than 30 days.\n"
    assert filled("search", "red", "-t", "1", "--paths").lines == [str(pictures / "red.png")]


def test_tags_by_hand_are_counted(filled, pictures, catalog):
    with catalog.write() as t:
        photo = t.photos.at(bytes(pictures / "red.png")).id
        t.connection.exec_driver_sql(
            f"INSERT INTO tag (photo_id, label_id, source) SELECT {photo}, min(id), 'user' FROM label"
        )
    (pictures / "red.png").unlink()
    filled("index")
    assert "1 of them tagged or rated by hand" in filled("prune", "--older-than", "0", "--yes").out


def test_stars_by_hand_are_counted_and_need_a_word(filled, pictures, catalog):
    filled("rate", "4", pictures / "red.png")
    (pictures / "red.png").unlink()
    filled("index")
    age(catalog, 31)
    refused = filled("prune")
    assert refused.status == 2
    assert "1 of them tagged or rated by hand" in refused.err
    with catalog.read() as t:
        assert len(t.photos.gone()) == 1


def test_tags_by_hand_and_early_deletions_need_a_word(filled, pictures, catalog, monkeypatch):
    filled("tag", pictures / "red.png", "+our flag")
    for name in ("red.png", "blue.png"):
        (pictures / name).unlink()
    filled("index")
    for options in ((), ("--json",)):
        refused = filled("prune", "--older-than", "0", *options)
        assert (refused.status, refused.out) == (2, "")
        assert "2 photos gone for more than 0 days, 1 of them tagged or rated by hand, for ever" in refused.err
        assert "--yes" in refused.err
        assert "--dry-run" in refused.err
    age(catalog, 31)
    assert filled("prune").status == 2
    monkeypatch.setattr(sys, "stdin", Answers("no"))
    declined = filled("prune")
    assert (declined.status, declined.out) == (1, "")
    assert "Nothing was changed." in declined.err
    with catalog.read() as t:
        assert len(t.photos.gone()) == 2
    monkeypatch.setattr(sys, "stdin", Answers("y"))
    agreed = filled("prune", "--json")
    assert (agreed.status, json.loads(agreed.out)["deleted"]) == (0, 2)


class Answers(io.StringIO):
    """A terminal at which a person types a line."""

    def __init__(self, line):
        super().__init__(f"{line}\n")

    def isatty(self):
        return True


def test_the_time_is_a_setting(filled, monkeypatch):
    monkeypatch.setenv("PHOTOS_KEEP_DAYS", "400")
    assert filled("prune").out == "Deleted 0 photos gone for more than 400 days.\n"
    monkeypatch.setenv("PHOTOS_KEEP_DAYS", "1000000")
    assert filled("prune").status == 0
    monkeypatch.setenv("PHOTOS_KEEP_DAYS", "1e300")
    assert filled("prune").status == 2
    monkeypatch.setenv("PHOTOS_KEEP_DAYS", "-1")
    assert filled("prune").status == 2


def test_the_record_has_the_counts(filled, pictures):
    (pictures / "red.png").unlink()
    filled("index")
    record = json.loads(filled("prune", "--older-than", "0", "--dry-run", "--json").out)
    assert record == {"deleted": 1, "tagged": 0, "kept": 0, "days": 0.0, "dry_run": True}
