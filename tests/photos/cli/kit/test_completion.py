"""Completion: what an unfinished word may become, asked as the shells ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from photos.__main__ import main
from photos.cli.kit.program import program
from photos.cli.kit.shells import SHELLS, is_between_words, open_quote
from photos.operations.describing.describe import DescribeRequest, describe
from tests.photos.describers import ColourDescriber
from tests.photos.operations.test_describing import opened


@pytest.fixture
def complete(filled, monkeypatch, capsys):
    """Complete a line in a shell; returns pairs of kind and value."""

    def ask(line, shell="zsh"):
        monkeypatch.setenv("_PHOTOS_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_BREAKS", " \"'><=;|&(:")
        monkeypatch.setenv("PHOTOS_LIBRARY", str(filled.library))
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main([])
        out, err = capsys.readouterr()
        assert not err
        return [tuple(each.split("\t")[:2]) for each in out.splitlines()]

    return ask


FILES = [
    ("photos similar ", "file"),
    ("photos tag a.jpg ", "file"),
    ("photos tag ", "file"),
    ("photos tags show x", "file"),
    ("photos tags import ", "file"),
    ("photos embed ", "file"),
    ("photos why ", "file"),
    ("photos search be", "file"),
    ("photos describe be", "file"),
    ("photos captions ", "file"),
    ("photos search ./", "file"),
    ("photos search --sheet ", "file"),
    ("photos search --like ", "file"),
    ("photos teach red --yes ", "file"),
    ("photos teach red --yes a.jpg ", "file"),
    ("photos xmp write ", "file"),
    ("photos vocab import ", "file"),
    ("photos vocab use x", "file"),
    ("photos vocab diff a ", "file"),
    ("photos retag --vocabulary ", "file"),
    ("photos watch --log-file ", "file"),
    ("photos add ", "dir"),
    ("photos remove ", "dir"),
    ("photos index ", "dir"),
    ("photos duplicates ", "dir"),
    ("photos search --copy-to ", "dir"),
    ("photos vocab use birds --as b --in ", "dir"),
    ("photos --library ", "dir"),
    ("photos search dog --library ", "dir"),
    ("photos demo --folder ", "dir"),
    ("photos model use ", "dir"),
]


def test_file_names_are_always_among_the_items(complete):
    lacking = [line for line, kind in FILES if kind not in [found for found, _ in complete(line)]]
    assert lacking == []


NAMES = [
    ("photos sea", "search"),
    ("photos vocab ro", "rollback"),
    ("photos search --so", "--sort"),
    ("photos search --sort ", "date"),
    ("photos search tag:re", "tag:red"),
    ("photos search -tag:re", "-tag:red"),
    ("photos search 'tag:red|bl", "tag:red|black"),
    ("photos search --tag re", "red"),
    ("photos search --tag=re", "--tag=red"),
    ("photos search label:re", "label:red"),
    ("photos search place:ital", "place:Italy"),
    ("photos search orientation:po", "orientation:portrait"),
    ("photos search in:bri", "in:bright"),
    ("photos search dog --not format:ra", "format:raw"),
    ("photos tag a.jpg +re", "+red"),
    ("photos tag a.jpg -re", "-red"),
    ("photos teach re", "red"),
    ("photos vocab show col", "colours"),
    ("photos vocab use photog", "photographic"),
    ("photos model download google/siglip2-so", "google/siglip2-so400m-patch16-384"),
    ("photos tags compare u", "user"),
    ("photos completion f", "fish"),
    ("photos add --device cu", "cuda"),
    ("photos add --device cuda:", "cuda:1"),
    ("photos describe --with ", "endpoint"),
    ("photos describe --with flor", "florence-community/Florence-2-base-ft"),
    ("photos describe --task det", "detailed-caption"),
    ("photos describe tag:re", "tag:red"),
]


def test_names_of_the_library_complete(complete):
    lacking = [line for line, value in NAMES if ("plain", value) not in complete(line)]
    assert lacking == []


def test_names_of_describers_complete(complete, filled):
    with opened(filled) as library:
        describe(library, DescribeRequest(limit=1), describers=ColourDescriber())
    assert ("plain", "colours@here") in complete("photos describe --forget col")
    assert ("plain", "colours@here") in complete("photos xmp write --captions col")


def test_the_name_of_a_filter_goes_on_after_its_colon(complete):
    assert ("open", "orientation:") in complete("photos search ori")
    assert ("open", "-orientation:") in complete("photos search -ori")


def test_a_value_of_a_filter_is_no_file(complete):
    assert [kind for kind, _ in complete("photos search tag:re")] == ["plain"]


def test_folders_complete_below_a_path_in_a_filter(complete, pictures, monkeypatch):
    monkeypatch.chdir(pictures)
    assert complete("photos search in:./b") == [("open", "in:./bright/")]


def test_bash_gets_only_what_follows_the_break(complete, filled):
    filled("tag", next(iter(filled.library.parent.glob("pictures/*.png"))), "+our cat")
    assert complete("photos search tag:our", "bash") == [("plain", "our\\ cat")]
    assert complete('photos search "tag:our', "bash") == [("plain", "tag:our cat")]


def test_no_library_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("_PHOTOS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_LINE", "photos search tag:")
    monkeypatch.setenv("PHOTOS_LIBRARY", str(tmp_path / "none"))
    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().out.strip() == ""
    assert not (tmp_path / "none").exists()


def test_quotes_and_spaces_tell_where_a_word_begins():
    assert open_quote("a 'b c") == "'"
    assert open_quote("a 'b' \"c") == '"'
    assert open_quote("a \\'b") is None
    assert is_between_words("photos ")
    assert not is_between_words("photos a\\ ")
    assert not is_between_words("photos 'a ")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script(photos, shell):
    script = photos("completion", shell).out
    assert f"_PHOTOS_COMPLETE={shell}_complete" in script
    assert script == SHELLS[shell](program, {}, "photos", "_PHOTOS_COMPLETE").source()


def test_an_unknown_shell_is_a_usage_error(photos, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert photos("completion").status == 2


@pytest.fixture
def shell_environment(tmp_path, filled):
    program = tmp_path / "bin" / "photos"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m photos "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    source = str(Path(__file__).parents[4])
    return {**os.environ, "PATH": path, "PHOTOS_LIBRARY": str(filled.library), "PYTHONPATH": source}


def _run(shell, script, environment, folder):
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    done = subprocess.run([*shell, script], env=environment, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


_IN_BASH = """
eval "$(photos completion bash)"
ask() {
    COMP_LINE="$*"; COMP_LINE=${COMP_LINE/ : /:}; COMP_POINT=${#COMP_LINE}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    compopt() { :; }; _photos_completion photos "${!#}" "$1"; printf '%s\\n' "${COMPREPLY[@]}"; }
ask photos vocab use col
ask photos search tag : re
ask photos tag red
"""


def test_bash_takes_the_script(shell_environment, pictures):
    lines = _run(["bash", "--norc", "-c"], _IN_BASH, shell_environment, pictures)
    # The last answer is empty: bash then completes the names of files by itself.
    assert lines == ["colours", "red", ""]


def test_bash_names_files_beside_vocabularies(shell_environment, pictures):
    (pictures / "colours two.txt").touch()
    lines = _run(["bash", "--norc", "-c"], _IN_BASH, shell_environment, pictures)
    assert lines[:2] == ["colours", "colours\\ two.txt"]


def test_fish_takes_the_script(shell_environment, pictures):
    script = 'photos completion fish | source; complete -C"photos vocab use col"; complete -C"photos tag re"'
    lines = _run(["fish", "--no-config", "-c"], script, shell_environment, pictures)
    assert [line.split("\t")[0] for line in lines] == ["colours", "red.png"]


def test_zsh_takes_the_script(shell_environment, pictures):
    script = 'autoload -Uz compinit; compinit -u -D; eval "$(photos completion zsh)"; print $_comps[photos]'
    assert _run(["zsh", "-f", "-c"], script, shell_environment, pictures) == ["_photos_completion"]
