"""`photos demo`, with the checkpoint that is shipped."""

from __future__ import annotations

import io
import os
import re
import sqlite3
from contextlib import redirect_stdout

import pytest

from photos.__main__ import main
from photos.cli import Invocation
from photos.operations.demo import QUERIES


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """A demo's folder, and the output of the first run in it."""
    demo = tmp_path_factory.mktemp("demo") / "folder"
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(out):
        assert demonstrate(demo) == 0
    out.flush()
    return demo, out.buffer.getvalue().decode()


@pytest.fixture
def demo(first_run):
    return first_run[0]


def demonstrate(demo, **environment):
    return main(["demo", "--count", "24", "--folder", str(demo)], Invocation(environment=environment))


def run(demo, capsys, **environment):
    status = demonstrate(demo, **environment)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


def state(demo):
    """Every file outside the catalog with its time, and every row of the catalog."""
    files = {
        path.relative_to(demo): path.stat().st_mtime_ns
        for path in sorted(demo.rglob("*"))
        if path.is_file() and not path.name.startswith("catalog")
    }
    with sqlite3.connect(demo / "library/catalog.sqlite3") as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        rows = {table: connection.execute(f'select * from "{table}"').fetchall() for table in tables}
    connection.close()
    return files, rows


def test_the_demo_shows_every_step_and_how_to_go_on(first_run):
    out = first_run[1]
    assert "24 drawings" in out
    assert "24 photos embedded and tagged" in out
    for query in QUERIES:
        assert query in out
    assert "no picture was opened" in out
    assert "photos add ~/Pictures" in out


def test_the_contact_sheet_is_one_self_contained_file(demo):
    page = (demo / "contact-sheet.html").read_text("utf-8")
    assert page.count("data:image/") >= 6 * len(QUERIES)
    assert not re.search(r'src="(?!data:)', page), "it needs no other file"
    assert all(link.startswith("file:///") for link in re.findall(r'href="([^"]*)"', page)), (
        "links lead to the pictures"
    )
    for query in QUERIES:
        assert query in page


def test_a_second_run_changes_nothing(demo, capsys):
    before = state(demo)
    status, out, _ = run(demo, capsys)
    assert status == 0
    assert "nothing new" in out
    assert state(demo) == before


def test_a_deleted_contact_sheet_is_written_again(demo, capsys):
    before = (demo / "contact-sheet.html").read_bytes()
    (demo / "contact-sheet.html").unlink()
    assert run(demo, capsys)[0] == 0
    assert (demo / "contact-sheet.html").read_bytes() == before


def test_a_folder_with_other_files_is_refused(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("dear")
    status, _, err = run(tmp_path, capsys)
    assert status == 1
    assert "holds other files" in err
    assert os.listdir(tmp_path) == ["letter.txt"]


def test_a_second_run_shows_the_re_tag_again(demo, first_run, capsys):
    out = run(demo, capsys)[1]
    tags = [line for line in first_run[1].splitlines() if line.startswith("Tags")]
    assert "'demo'" in tags[0]
    assert [line for line in out.splitlines() if line.startswith("Tags")] == tags
    assert "with 'demo-moods'" in out


def test_the_next_steps_are_in_the_demos_library_while_the_settings_name_a_server(demo, capsys):
    _, out, _ = run(demo, capsys, PHOTOS_CATALOG="postgresql://ann@127.0.0.1:1/photos")
    lines = [line for line in out.splitlines() if line.startswith(("Go on", "Gallery"))]
    assert len(lines) == 2
    assert all("--catalog ''" in line for line in lines)
