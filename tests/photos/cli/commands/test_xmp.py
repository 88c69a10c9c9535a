"""`xmp write`, `xmp undo` and `xmp runs`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image

from store import Catalog
from tests.e2e.program import run
from tests.indexer.decode.test_notes import packet
from tests.indexer.metadata.packets import bag
from tests.photos.encoders import COLOURS
from tests.photos.sidecars.packets import ADOBE, values, without_keywords


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sidecars(folder):
    return {name: content for name, content in contents(folder).items() if name.endswith(".xmp")}


def records(result):
    return [json.loads(line) for line in result.lines]


@pytest.fixture
def family(filled, tmp_path):
    """The library tagged with colours that are colours."""
    path = tmp_path / "family.txt"
    path.write_text("% threshold 0.999\n" + "".join(f"colour > {name}\n" for name in COLOURS))
    assert filled("retag", "--vocabulary", path).status == 0
    return filled


@pytest.fixture
def plain(tmp_path):
    """A vocabulary in which they are only colours."""
    path = tmp_path / "plain.txt"
    path.write_text("% threshold 0.999\n" + "\n".join(COLOURS))
    return path


def test_every_picture_gets_a_sidecar_and_stays_unchanged(family, pictures):
    before = contents(pictures)
    result = family("xmp", "write")
    assert (result.status, result.err) == (0, "")
    assert result.out == (
        "Run 1: made 6 sidecars and changed 0 sidecars; 0 pictures need no change. `photos xmp undo` takes it back.\n"
    )
    after = contents(pictures)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {f"{name}.png.xmp" for name in COLOURS}
    assert values(after["red.png.xmp"]) == [["red", "colour"], ["colour|red"], ["colour/red"]]


def test_a_second_run_writes_nothing(family, pictures):
    family("xmp", "write")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in pictures.rglob("*.xmp")}
    result = family("xmp", "write")
    assert (result.status, result.out) == (0, "Nothing was written; 6 pictures need no change.\n")
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in pictures.rglob("*.xmp")} == before
    assert len(family("xmp", "runs", "--json").lines) == 1


def test_an_existing_sidecar_is_added_to(family, pictures):
    (pictures / "red.xmp").write_text(ADOBE)
    (pictures / "blue.png.xmp").write_bytes(packet())
    (pictures / "blue.xmp").write_bytes(packet())
    family("index")
    out = records(family("xmp", "write", "--json"))
    assert out[-1] == {"run": 1, "made": 4, "changed": 2, "unchanged": 0, "left": 0}
    red = next(record for record in out if record.get("path") == str(pictures / "red.png"))
    assert (red["what"], red["sidecar"]) == ("changed", str(pictures / "red.xmp"))
    assert (red["added"], red["removed"]) == (["red", "colour", "colour|red"], [])
    assert values((pictures / "red.xmp").read_bytes())[0] == ["Rome", "Ann", "red", "colour"]
    assert without_keywords((pictures / "red.xmp").read_bytes()) == without_keywords(ADOBE.encode())
    assert not (pictures / "red.png.xmp").exists()
    assert (pictures / "blue.xmp").read_bytes() == packet()


def test_stale_keywords_go_and_foreign_ones_stay(family, pictures, plain):
    (pictures / "red.png.xmp").write_bytes(packet(bag("dc:subject", "Ann", "colour")))
    family("xmp", "write")
    family("retag", "--vocabulary", plain)
    family("tag", pictures / "red.png", "-red", "+our wall")
    result = family("xmp", "write", pictures / "red.png", "--json")
    assert records(result)[0]["added"] == ["our wall"]
    assert records(result)[0]["removed"] == ["red", "colour|red"]
    assert values((pictures / "red.png.xmp").read_bytes())[0] == ["Ann", "colour", "our wall"]


def test_paths_limit_the_run(family, pictures, tmp_path):
    assert "made 1 sidecar and" in family("xmp", "write", pictures / "red.png").out
    assert "made 2 sidecars and" in family("xmp", "write", pictures / "bright", pictures / "bright" / "white.png").out
    assert set(sidecars(pictures)) == {"red.png.xmp", "yellow.png.xmp", "white.png.xmp"}
    assert "made 3 sidecars and" in family("xmp", "write", tmp_path).out
    result = family("xmp", "write", tmp_path / "elsewhere")
    assert result.status == 1
    assert "is not in the library" in result.err


def test_a_dry_run_writes_nothing(family, pictures):
    (pictures / "red.xmp").write_text(ADOBE)
    before = contents(pictures)
    result = family("xmp", "write", "--dry-run")
    assert f"{pictures / 'red.xmp'}: change: +red, +colour, +colour|red" in result.lines
    assert f"{pictures / 'blue.png.xmp'}: make: +blue, +colour, +colour|blue" in result.lines
    assert result.lines[-1] == "Would make 5 sidecars and change 1 sidecar; 0 pictures need no change."
    assert contents(pictures) == before
    assert family("xmp", "runs").status == 1
    family("xmp", "write")
    written = (pictures / "red.xmp").read_text()
    (pictures / "red.xmp").write_text(
        written.replace("<rdf:li>Ann</rdf:li>", "<rdf:li>Ann</rdf:li><rdf:li>Bob</rdf:li>", 1)
    )
    again = family("xmp", "write", "-n")
    assert again.lines[0] == f"{pictures / 'red.xmp'}: change: the keywords of its other lists"


def test_a_threshold_applies_as_for_tags(family, pictures):
    assert family("xmp", "write", "--threshold", "1").out == "Nothing was written; 6 pictures need no change.\n"
    assert sidecars(pictures) == {}


def test_undo_restores_every_byte(family, pictures):
    (pictures / "red.xmp").write_text(ADOBE)
    os.chmod(pictures / "red.xmp", 0o640)
    before = contents(pictures)
    family("xmp", "write")
    assert contents(pictures) != before
    would = family("xmp", "undo", "-n")
    assert f"{pictures / 'red.xmp'}: put back" in would.lines
    assert would.lines[-1] == "Run 1: would remove 5 sidecars and put 1 sidecar back."
    result = family("xmp", "undo")
    assert (result.status, result.out) == (0, "Run 1: removed 5 sidecars and put 1 sidecar back.\n")
    assert contents(pictures) == before
    assert (pictures / "red.xmp").stat().st_mode & 0o777 == 0o640
    assert family("xmp", "undo").status == 1
    assert "nothing to undo" in family("xmp", "undo").err
    assert records(family("xmp", "undo", "--run", 1, "--json")) == [{"run": 1, "removed": 0, "restored": 0, "left": 0}]


def test_trees_in_a_picture_are_copied_as_trees(family, pictures):
    tree = packet(bag("dc:subject", "Rome") + bag("lr:hierarchicalSubject", "Places|Europe|Rome"))
    picture = pictures / "red.webp"
    with Image.open(pictures / "red.png") as image:
        image.save(picture, lossless=True, xmp=tree)
    shutil.copy(picture, pictures / "bright" / "copy.webp")
    (pictures / "bright" / "copy.xmp").write_bytes(packet(bag("dc:subject", "theirs")))
    family("index")
    assert family("xmp", "write").status == 0
    assert values((pictures / "red.webp.xmp").read_bytes()) == [
        ["red", "colour", "Rome"],
        ["colour|red", "Places|Europe|Rome"],
        ["colour/red", "Places/Europe/Rome"],
    ]
    assert values((pictures / "bright" / "copy.xmp").read_bytes())[0] == ["theirs", "red", "colour"]
    assert values((pictures / "blue.png.xmp").read_bytes())[0] == ["blue", "colour"]
    assert "Nothing was written" in family("xmp", "write").out
    assert family("xmp", "undo").status == 0
    assert not (pictures / "red.webp.xmp").exists()


def test_a_large_sidecar_is_merged_and_a_hostile_one_left(family, pictures):
    filler = "<!-- " + "x" * 100_000 + " -->"
    (pictures / "red.xmp").write_bytes(packet(filler + bag("dc:subject", "Ann")))
    (pictures / "blue.xmp").write_bytes(packet("".join(f'<a xmlns:p{n}="u">' for n in range(5000)) + "</a>" * 5000))
    result = family("xmp", "write")
    assert result.status == 1
    assert f"{pictures / 'blue.xmp'}: it has more than 100 levels" in result.err
    assert values((pictures / "red.xmp").read_bytes())[0] == ["Ann", "red", "colour"]
    assert filler.encode() in (pictures / "red.xmp").read_bytes()


def test_nothing_is_written_or_undone_through_a_link(family, pictures, tmp_path):
    family("xmp", "write", pictures / "bright" / "white.png")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(pictures / "bright", elsewhere)
    shutil.move(pictures / "bright", tmp_path / "was")
    (pictures / "bright").symlink_to(elsewhere)
    before = contents(elsewhere)
    result = family("xmp", "undo")
    assert result.status == 1
    assert "its folder is reached through a link now (bright)" in result.err
    result = family("xmp", "write", pictures / "bright")
    assert result.status == 1
    assert "its folder is reached through a link now (bright)" in result.err
    assert contents(elsewhere) == before


def test_undo_on_a_full_disk_does_what_needs_no_room(family, pictures):
    (pictures / "black.xmp").write_text(ADOBE)
    (pictures / "red.xmp").write_text(ADOBE)
    family("xmp", "write")
    status, out, err = run("tests.photos.sidecars.full_disk", family.library, "xmp", "undo")
    assert status == 1
    assert "removed 4 sidecars and put 0 sidecars back" in out.decode()
    assert f"{pictures / 'black.xmp'}: the disk is full" in err.decode()
    assert f"{pictures / 'red.xmp'}: the disk is full" in err.decode()
    assert set(sidecars(pictures)) == {"black.xmp", "red.xmp"}
    assert "put 2 sidecars back" in family("xmp", "undo", "--run", 1).out
    assert (pictures / "red.xmp").read_text() == ADOBE


def test_runs_are_undone_one_by_one(family, pictures, plain):
    before = contents(pictures)
    family("xmp", "write")
    first = contents(pictures)
    family("retag", "--vocabulary", plain)
    family("xmp", "write")
    held = family("xmp", "undo", "--run", 1)
    assert held.status == 1
    assert "run 2 wrote it again, undo that first" in held.err
    assert family("xmp", "undo", "--run", 2).status == 0
    assert contents(pictures) == first
    assert family("xmp", "undo", "--run", 1).status == 0
    assert contents(pictures) == before
    listed = records(family("xmp", "runs", "--json"))
    assert [(run["run"], run["made"], run["changed"]) for run in listed] == [(2, 0, 6), (1, 6, 0)]
    assert all(run["undone_at"] for run in listed)
    assert family("xmp", "runs").lines[0].split() == ["run", "at", "made", "changed", "undone"]


def test_undo_skips_sidecars_changed_since(family, pictures):
    (pictures / "blue.png.xmp").write_bytes(packet())
    family("xmp", "write")
    theirs = (pictures / "red.png.xmp").read_bytes().replace(b"<rdf:li>red</rdf:li>", b"<rdf:li>Ann</rdf:li>", 1)
    (pictures / "red.png.xmp").write_bytes(theirs)
    (pictures / "blue.png.xmp").unlink()
    result = family("xmp", "undo")
    assert result.status == 1
    assert f"Left alone: {pictures / 'red.png.xmp'}: another program changed it since.\n" in result.err
    assert f"Left alone: {pictures / 'blue.png.xmp'}: it was deleted since.\n" in result.err
    assert sidecars(pictures) == {"red.png.xmp": theirs}


def test_a_broken_sidecar_is_skipped_and_named(family, pictures):
    (pictures / "red.xmp").write_bytes(b"<broken")
    (pictures / "blue.png.xmp").symlink_to("red.xmp")
    result = family("xmp", "write")
    assert result.status == 1
    assert f"Left alone: {pictures / 'red.xmp'}: it is not well-formed XML (line 1).\n" in result.err
    assert f"Left alone: {pictures / 'blue.png.xmp'}: it is a link to another file.\n" in result.err
    assert result.out.startswith("Run 1: made 4 sidecars and changed 0 sidecars;")
    assert (pictures / "red.xmp").read_bytes() == b"<broken"
    out = records(family("xmp", "write", "--json"))
    assert {record.get("what") for record in out} == {"left", None}
    assert out[-1]["left"] == 2


def test_many_skipped_sidecars_are_counted(family, pictures):
    for number in range(12):
        shutil.copy(pictures / "red.png", pictures / f"copy{number}.png")
        (pictures / f"copy{number}.png.xmp").write_bytes(b"<broken")
    family("index")
    result = family("xmp", "write")
    assert result.err.count("Left alone") == 10
    assert "And 2 more" in result.err


def test_missing_pictures_are_named_and_get_no_sidecar(family, pictures):
    (pictures / "red.png").unlink()
    result = family("xmp", "write")
    assert result.status == 1
    assert f"Left alone: {pictures / 'red.png'}: the picture is not there any more." in result.err
    family("xmp", "undo")
    pictures.rename(pictures.with_name("unplugged"))
    offline = family("xmp", "write")
    assert f"Left alone: {pictures}: the folder is not there, or empty." in offline.err
    assert not pictures.exists()


def test_undo_can_be_repeated_when_a_disk_is_back(family, pictures):
    before = contents(pictures)
    family("xmp", "write")
    unplugged = pictures.rename(pictures.with_name("unplugged"))
    assert "its folder is not there" in family("xmp", "undo").err
    unplugged.rename(pictures)
    assert family("xmp", "undo", "--run", 1).status == 0
    assert contents(pictures) == before


def test_undo_finds_a_folder_that_was_moved(family, pictures):
    before = contents(pictures)
    family("xmp", "write")
    moved = pictures.rename(pictures.with_name("moved"))
    assert family("add", "--moved", pictures, moved).status == 0
    assert family("xmp", "undo").status == 0
    assert contents(moved) == before


def test_written_sidecars_are_unchanged_to_the_next_scan(family, pictures):
    (pictures / "red.xmp").write_text(ADOBE)
    family("index")

    def differences():
        return family("verify").out

    family("xmp", "write")
    assert differences() == ""
    assert "6 companions" in family("status").out
    family("xmp", "undo")
    assert differences() == ""
    (pictures / "red.xmp").write_bytes(packet(bag("dc:subject", "Bob")))
    family("xmp", "write")
    assert "1 file that is new or changed" in differences()


def test_only_foreign_keywords_are_imported(family, pictures):
    (pictures / "red.xmp").write_text(ADOBE)
    family("xmp", "write")
    family("index")
    for picture in pictures.rglob("*.png"):
        shutil.copy(picture, picture.with_name(f"again-{picture.name}"))
    family("index")
    result = family("tags", "import", "--keywords")
    assert result.status == 0
    assert "1 photo with tags from keywords; 2 tags changed" in result.out
    with Catalog.open(family.library / "catalog.sqlite3") as catalog, catalog.read() as t:
        assert [set(words) for _, words in t.photos.keywords()] == [{"Rome", "Ann"}]


def test_a_new_sidecar_keeps_keywords_of_the_picture(family, pictures):
    from PIL import Image

    picture = pictures / "rose.jpg"
    Image.new("RGB", (40, 30), COLOURS["red"]).save(picture, xmp=packet(bag("dc:subject", "garden")))
    family("index")
    family("xmp", "write", picture)
    written = Path(f"{picture}.xmp").read_bytes()
    assert values(written)[0] == ["red", "colour", "garden"]
    # The picture has the last word on its own keywords.
    Image.new("RGB", (40, 30), COLOURS["red"]).save(picture, xmp=packet(bag("dc:subject", "roses")))
    family("index")
    family("xmp", "write", picture)
    assert values(Path(f"{picture}.xmp").read_bytes())[0] == ["red", "colour", "roses"]
    for _ in range(2):
        assert family("xmp", "undo").status == 0
    assert not Path(f"{picture}.xmp").exists()


def test_each_copy_of_a_photo_gets_a_sidecar(family, pictures):
    shutil.copy(pictures / "red.png", pictures / "bright" / "copy.png")
    family("index")
    assert "made 7 sidecars" in family("xmp", "write").out
    found = sidecars(pictures)
    assert found["copy.png.xmp"] == found["red.png.xmp"]


def test_one_process_writes_at_a_time(family):
    with FileLock(family.library / "sidecars.lock", mode=0o600):
        for command in ("write", "undo"):
            result = family("xmp", command)
            assert (result.status, result.err.count("\n")) == (1, 1)
            assert "Another process writes sidecars" in result.err
        assert family("xmp", "write", "-n").status == 0


def test_an_empty_library_is_one_sentence(photos):
    for command in (["write"], ["undo"], ["undo", "--run", "3"], ["runs"]):
        result = photos("xmp", *command)
        assert (result.status, result.err.count("\n")) == (1, 1), command
    assert not photos.library.exists()


def test_an_unknown_run_is_named(family):
    family("xmp", "write")
    result = family("xmp", "undo", "--run", "7")
    assert result.status == 1
    assert "There is no run 7" in result.err


def test_stars_are_written_shown_and_undone(filled, pictures):
    red = pictures / "red.png"
    sidecar = pictures / "red.png.xmp"
    sidecar.write_bytes(ADOBE.encode())
    filled("index")
    filled("rate", "2", red, pictures / "blue.png")
    (shown,) = [line for line in filled("xmp", "write", red, "--dry-run", "--threshold", "1").lines if "red" in line]
    assert shown.endswith("change: ★★☆☆☆")
    written = {Path(each["path"]).name: each["rating"] for each in records(filled("xmp", "write", "--json"))[:-1]}
    assert (written["red.png"], written["blue.png"]) == ({"before": 4, "after": 2}, {"before": None, "after": 2})
    assert b'xmp:Rating="2"' in sidecar.read_bytes()
    filled("xmp", "undo")
    assert sidecars(pictures) == {"red.png.xmp": ADOBE.encode()}


def test_stars_left_to_the_file_are_those_of_other_programs(filled, pictures):
    red = pictures / "red.png"
    (pictures / "red.png.xmp").write_bytes(ADOBE.encode())
    filled("index")
    filled("rate", "2", red)
    filled("xmp", "write", red)
    filled("index")
    assert records(filled("rate", "file", red, "--json"))[0]["rating"] == 4
    filled("xmp", "write", red)
    assert b'xmp:Rating="4"' in (pictures / "red.png.xmp").read_bytes()
