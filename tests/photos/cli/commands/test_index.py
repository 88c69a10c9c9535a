"""`add`, `index`, `remove` and `status`."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from PIL import Image

from indexer.files.scan import stamp_of
from store import Catalog
from tests.indexer.decode.test_notes import packet
from tests.pictures import detailed


def test_add_prints_the_result_and_the_next_commands(photos, pictures, checkpoint, vocabulary):
    (pictures / "page.jpg").write_text("not a picture\n")
    photos("vocab", "use", vocabulary)
    result = photos("add", pictures, "--model", checkpoint)
    assert result.status == 0
    assert result.lines[0].startswith("6 photos in 6 files; 6 photos embedded; it took ")
    assert "1 file left out:" in result.out
    assert "page.jpg" in result.out
    assert "1 file is not a picture, and left out." in result.out
    assert "Next: photos search" in result.out


def test_adding_again_finds_nothing_new_and_loads_no_encoder(filled, pictures):
    (pictures / "page.jpg").write_text("not a picture\n")
    filled("index")
    filled.encoders.images = filled.encoders.texts = 0
    out = filled("add", pictures).out
    assert "nothing new" in out
    assert "1 file left out, as before" in out
    assert (filled.encoders.images, filled.encoders.texts) == (0, 0)


def test_the_image_encoder_is_made_once_for_many_batches(photos, pictures, checkpoint, vocabulary, monkeypatch):
    photos("vocab", "use", vocabulary)
    monkeypatch.setenv("PHOTOS_BATCH_SIZE", "1")
    photos("add", pictures, "--model", checkpoint)
    assert photos.encoders.images == 1


def test_a_new_library_is_tagged_with_the_photographic_vocabulary(photos, pictures, checkpoint):
    photos("add", pictures, "--model", checkpoint)
    assert json.loads(photos("status", "--json").out)["vocabulary"] == "photographic"


def test_index_adds_new_files_and_forgets_missing_ones(filled, pictures):
    (pictures / "red.png").unlink()
    Image.new("RGB", (20, 20), (1, 2, 3)).save(pictures / "new.png")
    result = filled("index")
    assert result.status == 0
    assert "1 photo embedded, 1 file gone" in result.out


def test_index_takes_the_named_folders_only(filled, pictures, tmp_path):
    more = tmp_path / "more"
    more.mkdir()
    filled("add", more)
    Image.new("RGB", (20, 20), (1, 2, 3)).save(more / "new.png")
    (pictures / "red.png").unlink()
    assert "1 photo embedded; it took" in filled("index", more).out


def test_a_folder_inside_an_added_one_is_not_registered(filled, pictures):
    assert filled("add", pictures / "bright").status == 0
    folders = json.loads(filled("status", "--json").out)["folders"]
    assert [each["path"] for each in folders] == [str(pictures)]


def test_an_offline_folder_keeps_its_photos_and_is_named(filled, pictures, tmp_path):
    pictures.rename(tmp_path / "away")
    result = filled("index")
    assert result.status == 0
    assert "is not there, or suddenly empty: its photos are kept" in result.out
    status = json.loads(filled("status", "--json").out)
    assert status["folders"][0]["offline"] is True
    assert status["photos"] == 6


def test_a_folder_whose_rules_cannot_be_read_is_not_called_absent(filled, pictures):
    (pictures / ".photosignore").mkdir()
    result = filled("index")
    assert f"{pictures} cannot be listed (its .photosignore cannot be read" in result.out
    assert "is not there" not in result.out
    assert "add --moved" not in result.out
    assert json.loads(filled("status", "--json").out)["photos"] == 6


def test_a_removed_folder_is_added_again_without_embedding(filled, pictures):
    assert "6 photos less, 0 left" in filled("remove", pictures).out
    assert filled("search", "red").status == 1
    filled.encoders.images = 0
    assert "6 photos in 6 files" in filled("add", pictures).out
    assert filled.encoders.images == 0


def test_the_users_folder_is_only_read(photos, pictures, checkpoint, vocabulary):
    before = {path: path.stat().st_mtime_ns for path in pictures.rglob("*")}
    photos("vocab", "use", vocabulary)
    photos("add", pictures, "--model", checkpoint)
    assert {path: path.stat().st_mtime_ns for path in pictures.rglob("*")} == before


def test_status_counts_folders_photos_and_problems(filled, pictures):
    status = json.loads(filled("status", "--json").out)
    assert status["folders"] == [{"path": str(pictures), "files": 7, "offline": False, "excludes": []}]
    assert (status["photos"], status["embeddings"], status["labels"]) == (6, 6, 6)
    assert status["files"] == {"indexed": 6, "not a picture": 1}
    assert status["index"]["valid"]
    assert status["vocabulary"] == "colours"


def test_status_prints_the_same_as_text(filled):
    out = filled("status").out
    for words in (
        "7 files known",
        "6 in 6 files",
        "1 file is not a picture",
        "8 numbers in float32",
        "colours, revision 1",
    ):
        assert words in out


def test_an_empty_library_has_a_status_and_is_not_created(photos):
    result = photos("status")
    assert result.status == 0
    assert "photos add FOLDER" in result.err
    assert json.loads(photos("status", "--json").out)["photos"] == 0
    assert not photos.library.exists()


def test_the_library_is_deleted_by_deleting_its_folder(filled):
    shutil.rmtree(filled.library)
    assert filled("search", "red").status == 1


def test_control_characters_in_names_are_escaped(filled, pictures):
    (pictures / "evil\x1b[31m\n.txt").write_text("x")
    result = filled("index")
    assert "\x1b" not in result.out + result.err
    assert "\x1b" not in filled("failed").out


def test_an_unreadable_folder_is_reported_in_one_sentence(photos, pictures, checkpoint, unreadable):
    unreadable(pictures)
    result = photos("add", pictures, "--model", checkpoint)
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert "cannot be read; check its permissions" in result.err


def test_an_unwritable_library_is_reported_in_one_sentence(photos, pictures, checkpoint, tmp_path, unreadable):
    photos.library = tmp_path / "closed/library"
    photos.library.parent.mkdir()
    unreadable(photos.library.parent)
    result = photos("add", pictures, "--model", checkpoint)
    assert (result.status, result.err.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("name", "words"), [("none", "does not exist"), ("pictures/red.png", "is a file; give the folder that it is in")]
)
def test_a_path_that_is_no_folder_is_refused_first(photos, pictures, tmp_path, name, words):
    result = photos("add", pictures, tmp_path / name)
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert words in result.err
    assert not photos.library.exists()


def test_a_foreign_catalog_file_is_not_touched(photos, pictures, checkpoint):
    photos.library.mkdir()
    (photos.library / "catalog.sqlite3").write_text("a letter to grandma")
    for command in (["add", pictures, "--model", checkpoint], ["search", "red"], ["status"]):
        result = photos(*command)
        assert (result.status, result.err.count("\n")) == (1, 1)
        assert "is not a photos catalog" in result.err
    assert (photos.library / "catalog.sqlite3").read_text() == "a letter to grandma"


@pytest.mark.parametrize("command", [["index"], ["remove", "/none"], ["retag"], ["tags"], ["vocab", "history"]])
def test_an_empty_library_is_reported_and_not_created(photos, command):
    result = photos(*command)
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert not photos.library.exists()


def test_an_unknown_folder_is_reported_with_the_known_ones(filled, pictures):
    result = filled("index", "/none")
    assert result.status == 1
    assert f"/none was never added; these were: {pictures}." in result.err


def test_a_wrong_option_is_wrong_usage(photos):
    assert photos("add").status == 2
    assert photos("bogus").status == 2
    assert photos("search", "red", "--top", "0").status == 2


def test_excluded_files_can_be_included_again(filled, pictures):
    before = json.loads(filled("status", "--json").out)["photos"]
    assert "left out by rules" in filled("add", pictures, "--exclude", "*.png").out
    left = json.loads(filled("status", "--json").out)
    assert left["photos"] < before
    assert left["folders"][0]["excludes"] == ["*.png"]
    assert "nothing new" in filled("index").out
    filled("add", pictures, "--exclude", "")
    assert json.loads(filled("status", "--json").out)["photos"] == before


def test_patterns_of_an_inner_folder_survive_its_absorption(filled, pictures, tmp_path):
    filled("add", pictures, "--exclude", "*.png")
    before = json.loads(filled("status", "--json").out)["photos"]
    filled("add", tmp_path, "--exclude", "other/")
    folders = json.loads(filled("status", "--json").out)["folders"]
    assert folders[0]["excludes"] == ["other/", f"/{pictures.name}/**/*.png"]
    assert json.loads(filled("status", "--json").out)["photos"] == before


def test_an_invalid_pattern_is_wrong_usage(filled, pictures):
    result = filled("add", pictures, "--exclude", "!")
    assert result.status == 2
    assert "'!' is not a pattern" in result.err


def test_a_moved_folder_keeps_its_photos(filled, pictures, tmp_path):
    pictures.rename(tmp_path / "new place")
    filled.encoders.images = 0
    result = filled("add", "--moved", pictures, tmp_path / "new place")
    assert result.status == 0
    status = json.loads(filled("status", "--json").out)
    assert (status["folders"][0]["path"], status["photos"]) == (str(tmp_path / "new place"), 6)
    assert filled.encoders.images == 0


def test_an_unknown_folder_cannot_have_moved(filled, tmp_path):
    result = filled("add", "--moved", tmp_path / "never", tmp_path)
    assert result.status == 1
    assert "was never added" in result.err


def test_failed_files_are_read_again_on_request(filled, pictures):
    Image.new("RGB", (40, 30), (9, 9, 9)).save(pictures / "later.png")
    whole = (pictures / "later.png").read_bytes()
    stamp = (pictures / "later.png").stat()
    (pictures / "later.png").write_bytes(whole[:40] + bytes(len(whole) - 40))
    filled("index")
    assert [json.loads(line)["outcome"] for line in filled("failed", "--json").lines] == ["damaged"]
    (pictures / "later.png").write_bytes(whole)
    os.utime(pictures / "later.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "1 photo embedded" in filled("failed", "--retry").out
    assert [json.loads(line)["outcome"] for line in filled("failed", "--json").lines] == []


def test_upgraded_decoders_read_refused_files_again(filled, pictures):
    (pictures / "notes.txt").touch()
    with Catalog.open(filled.library / "catalog.sqlite3") as catalog:
        with catalog.write() as t:
            file = next(file for file in t.files.known(1) if file.path == b"notes.txt")
            t.files.failed(1, b"notes.txt", stamp_of((pictures / "notes.txt").stat()), file.outcome, "an old reason")
        filled("index")
        assert "an old reason" in filled("failed", "not-pictures").out
        with catalog.write() as t:
            t.library.read_with("photos 0")
    filled("index")
    assert "an old reason" not in filled("failed", "not-pictures").out
    assert "it is a text file" in filled("failed", "not-pictures").out


def test_verify_finds_differences_and_repairs_them(filled, pictures):
    # The file of a copied library has another inode, so every search reads it in full; a new one only `verify` does.
    shutil.rmtree(filled.library / "index")
    filled("search", "red")
    result = filled("verify")
    assert (result.status, result.out, "agree" in result.err) == (0, "", True)
    with Catalog.open(filled.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE embedding SET checksum = checksum + 1 WHERE photo_id = 1")
    rows = next((filled.library / "index").glob("*.faiss"))
    content, stamp = bytearray(rows.read_bytes()), rows.stat()
    content[-1] ^= 1
    rows.write_bytes(content)
    os.utime(rows, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    Image.new("RGB", (20, 20), (1, 2, 3)).save(pictures / "new.png")
    (pictures / "red.png").unlink()
    result = filled("verify", "--json")
    found = {each["what"]: each["count"] for each in map(json.loads, result.lines)}
    assert result.status == 1
    assert found == {
        "damaged embedding": 1,
        "damaged index file": 1,
        "file that is new or changed": 1,
        "file that is gone": 1,
    }
    assert filled("verify", "--repair").status == 0
    assert filled("verify").status == 0


def test_verify_finds_facts_that_are_not_those_of_the_files(filled, pictures):
    (pictures / "red.png.xmp").write_bytes(packet(attributes='xmp:Rating="4"'))
    filled("index")
    assert filled("verify").status == 0
    catalog = filled.library / "catalog.sqlite3"
    with Catalog.open(catalog) as opened, opened.write() as t:
        t.connection.exec_driver_sql("UPDATE photo SET rating = 2 WHERE rating = 4")
        t.connection.exec_driver_sql("UPDATE photo SET reader = 0 WHERE rating IS NULL")
    result = filled("verify", "--json")
    found = {each["what"]: each["count"] for each in map(json.loads, result.lines)}
    assert (result.status, sorted(found)) == (
        1,
        ["file whose facts are to be read", "photo whose facts are not those of its files"],
    )
    assert "whose facts were read again" in filled("index").out
    assert filled("verify", "--repair").status == 0
    assert filled("verify").status == 0
    (match,) = map(json.loads, filled("search", "rating:4", "--json").lines)
    assert (match["rating"], match["date_source"]) == (4, None)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE photo_text SET words = 'other'", "photo whose words are not those of its captions and texts"),
        (
            "UPDATE photo_words_data SET block = x'00' WHERE id > 10",
            "index of words that is not that of captions and texts",
        ),
        (
            "INSERT INTO photo_words (photo_words, rowid, words) VALUES ('delete', 1, 'a red wall')",
            "index of words that is not that of captions and texts",
        ),
    ],
)
def test_verify_finds_words_that_are_not_those_of_captions(filled, pictures, damage, what):
    (pictures / "red.png.xmp").write_bytes(
        packet("<dc:description><rdf:Alt><rdf:li>A red wall</rdf:li></rdf:Alt></dc:description>")
    )
    filled("index")
    assert filled("verify").status == 0
    with Catalog.open(filled.library / "catalog.sqlite3") as opened, opened.write() as t:
        t.connection.exec_driver_sql(damage)
    result = filled("verify", "--json")
    assert (result.status, [json.loads(line)["what"] for line in result.lines]) == (1, [what])
    assert filled("verify", "--repair").status == 0
    assert filled("verify").status == 0
    assert "red.png" in filled("search", "caption:red wall").out


def test_verify_counts_index_rows_without_an_embedding(filled):
    filled("search", "red")
    with Catalog.open(filled.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.connection.exec_driver_sql("DELETE FROM embedding_change WHERE photo_id = 1")
        t.connection.exec_driver_sql("DELETE FROM embedding WHERE photo_id = 1")
        t.connection.exec_driver_sql("DELETE FROM file WHERE photo_id = 1")
    result = filled("verify", "--json")
    found = {each["what"]: each["count"] for each in map(json.loads, result.lines)}
    assert (result.status, found["wrong row in the index"]) == (1, 1)
    assert filled("verify", "--repair").status == 0
    assert filled("verify").status == 0


def test_adding_nothing_is_wrong_usage(photos):
    assert photos("add").status == 2


def test_verify_accepts_files_that_failed_before(filled, pictures):
    # It is a regular file, and reading its first byte is an error of the system's.
    (pictures / "unreadable.jpg").symlink_to("/proc/self/mem")
    filled("index")
    assert ": failed: it cannot be read" in filled("failed").out
    assert filled("verify").status == 0


def test_an_edited_photo_keeps_its_tags_and_the_result_says_so(filled, pictures):
    for name, seed in (("dog", 1), ("cat", 2)):
        detailed(seed).save(pictures / f"{name}.png")
    filled("index")
    filled("tag", pictures / "dog.png", "+dog", "-cat")
    filled("rate", "4", pictures / "dog.png")
    filled("teach", "our cat", "--yes", pictures / "cat.png")
    for name, seed in (("dog", 1), ("cat", 2)):
        detailed(seed).transpose(Image.Transpose.ROTATE_90).save(pictures / f"{name}.png")
    assert "2 photos embedded, 2 photos edited, their tags kept" in filled("index").lines[0]
    history = json.loads(filled("tags", pictures / "dog.png", "--history", "--json").out)["history"]
    assert [(event["what"], event["label"]) for event in history] == [
        ("added", "dog"),
        ("rejected", "cat"),
        ("rated", None),
        ("edited", None),
    ]
    assert filled("tags", pictures / "dog.png", "--history").lines[-1].split()[-1] == "edited"
    assert json.loads(filled("search", "name:dog.png", "--json").out)["rating"] == 4
    shown = json.loads(filled("tags", pictures / "cat.png", "--json").out)["tags"]
    assert ("our cat", "user") in [(tag["label"], tag["source"]) for tag in shown]
    assert "cat.png" in filled("teach", "our cat").out
    detailed(1).save(pictures / "dog.png")
    assert json.loads(filled("index", "--json").lines[-1])["edited"] == 1


def test_a_folder_within_an_added_one_is_indexed_alone(filled, pictures):
    Image.new("RGB", (40, 30), (1, 2, 3)).save(pictures / "bright" / "new.png")
    Image.new("RGB", (40, 30), (3, 2, 1)).save(pictures / "other.png")
    result = filled("index", pictures / "bright")
    assert result.status == 0
    assert "7 photos in 7 files; 1 photo embedded" in result.out
    assert "8 photos in 8 files; 1 photo embedded" in filled("index", pictures.parent).out


def test_a_folder_that_is_not_in_any_is_refused(filled, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    result = filled("index", tmp_path / "elsewhere")
    assert result.status == 1
    assert "was never added" in result.err


def test_files_gone_from_a_folder_within_are_forgotten(filled, pictures):
    (pictures / "bright/white.png").unlink()
    assert "1 file gone" in filled("index", pictures / "bright").out


def test_a_renamed_folder_is_recognised(filled, pictures):
    pictures.rename(pictures.with_name("renamed pictures"))
    out = filled("index").out
    assert f"photos add --moved {pictures} '{pictures.with_name('renamed pictures')}'" in out
    assert "6 photos" in filled("add", "--moved", pictures, pictures.with_name("renamed pictures")).out


def test_a_folder_that_is_gone_names_the_command_for_moved_ones(filled, pictures):
    shutil.rmtree(pictures)
    assert "If it was moved or renamed: photos add --moved OLD NEW" in filled("index").out


def test_a_renamed_folder_that_was_added_again_is_to_be_removed(filled, pictures):
    new = pictures.with_name("again")
    pictures.rename(new)
    filled("add", new)
    assert f"photos remove {pictures}" in filled("index").out


def test_an_empty_library_names_the_demos(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert "`photos demo` to try it" in photos("search", "dog").err
    library = tmp_path / "data/photos/demo/library"
    library.mkdir(parents=True)
    (library / "catalog.sqlite3").touch()
    assert f"photos --library {library} search WORDS" in photos("search", "dog").err
