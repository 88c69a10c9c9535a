"""`photos help`, `-V`, the manual page, and `--library` behind the command."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from photos.cli.kit.manual import manual
from photos.cli.kit.program import program
from photos.cli.kit.topics import plain, topics

DOCS = Path(__file__).parents[4] / "docs"


def test_help_names_commands_and_topics(photos):
    out = photos("help").out
    assert "  search " in out
    assert "searching     Searching" in out


def test_help_of_a_command_is_its_own_help(photos):
    assert photos("help", "vocab", "use").out == photos("vocab", "use", "--help").out
    assert photos("help", "tag").out == photos("tag", "--help").out


def test_help_shows_a_page_of_the_documentation(photos):
    out = photos("help", "searching").out
    assert out.startswith("# Searching\n")
    assert "performance (photos help performance)" in out


@pytest.mark.parametrize("name", ["daemon", "duplicates", "mcp"])
def test_help_of_a_name_of_both_shows_the_page_too(photos, name):
    command, _, page = photos("help", name).out.partition("\n# ")
    assert command == photos(name, "--help").out
    assert "\n## " in page


def test_an_unknown_name_is_met_by_the_nearest(photos):
    result = photos("help", "serching")
    assert (result.status, result.out) == (2, "")
    assert "did you mean 'searching'?" in result.err
    assert photos("help", "vocab", "nothing").status == 2


def test_every_page_is_a_topic_of_the_package():
    assert set(topics()) == {path.stem for path in DOCS.glob("*.md")}
    included = (DOCS.parent / "pyproject.toml").read_text()
    for name in topics():
        assert f'"docs/{name}.md" = "photos/docs/{name}.md"' in included


def test_links_become_topics_and_pictures_go():
    assert plain("![a](images/a.png)\nSee [vocab](vocabularies.md#x) and [this](#here), [web](https://a.b).") == [
        "See vocab (photos help vocabularies) and this, [web](https://a.b)."
    ]


def test_the_manual_page_is_up_to_date():
    assert (DOCS / "photos.1").read_text("utf-8") == manual(), "run: photos help --man > docs/photos.1"


def test_the_manual_page_has_every_command():
    page = manual()
    for name in program.list_commands(None):
        assert f".SS photos {name}" in page


def test_man_reads_the_manual_page(photos, tmp_path):
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    page = tmp_path / "photos.1"
    page.write_text(photos("help", "--man").out, "utf-8")
    done = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "photos vocab use [OPTIONS] NAME|FILE" in " ".join(done.stdout.split())


def test_the_version_has_a_short_option(photos):
    assert photos("-V").out == photos("--version").out


@pytest.mark.parametrize("place", [["search", "red", "--library", "DIR"], ["search", "--library=DIR", "red"]])
def test_the_library_may_be_named_after_the_command(photos, filled, tmp_path, place):
    words = [word.replace("DIR", str(tmp_path / "library")) for word in place]
    filled.library = tmp_path / "elsewhere"
    result = filled(*words)
    assert (result.status, "red.png" in result.out) == (0, True)


def test_words_after_two_dashes_are_no_options(filled):
    result = filled("search", "red", "--", "--library")
    assert "`--library` has two signs" in result.err


def test_a_library_without_a_folder_is_a_usage_error(filled):
    result = filled("status", "--library")
    assert (result.status, "Option '--library' requires an argument." in result.err) == (2, True)
