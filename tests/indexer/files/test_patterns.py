"""Rules in the syntax of .gitignore: the same answers as git's, and none that takes long to find."""

import itertools
import os
import random
import shutil
import subprocess
import threading

import pytest

from indexer.files.ignore import Rules
from indexer.files.patterns import LONGEST, parse_pattern

_NAMES = ("a", "b", "ab", "ba", "a.b", "aab", "[a]", "a b", "A", "-")
_PARTS = (
    *("a", "b", "*", "?", "[ab]", "[!a]", "[a-b]", "[[:alpha:]]"),
    *("\\*", "\\[", "a\\ ", ".", "[]a]", "[^]]", "[a-]", "[\\]]"),
)


@pytest.mark.parametrize(
    ("rule", "path", "is_left_out"),
    [
        ("*.png", "a/b.png", True),
        ("/*.png", "a/b.png", False),
        ("a/*.png", "a/b.png", True),
        ("a/*.png", "c/a/b.png", False),
        ("a/**", "a", False),
        ("a/**", "a/b/c", True),
        ("**/a/b", "a/b", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a**b", "axxb", True),
        # A character, where git's ? is one byte.
        ("?.jpg", "é.jpg", True),
        ("a?c", "a/c", False),
        ("a[/]c", "a/c", False),
        ("[!a]", "/", False),
        ("\\#a", "#a", True),
        ("#a", "#a", False),
        ("\\!a", "!a", True),
        ("a\\ ", "a ", True),
        ("a  ", "a", True),
        ("[[:digit:]]*", "7.jpg", True),
        ("[[:digit:]]*", "x.jpg", False),
        ("[z-a]", "m", False),
        ("/", "a", False),
        ("//", "a", False),
        ("a//b", "a/b", False),
        ("a/**//b", "a/b", False),
        ("A", "a", False),
    ],
)
def test_a_rule_means_what_it_means_to_git(rule, path, is_left_out):
    assert Rules.of([rule]).leave_out(path.encode(), is_folder=False) is is_left_out


def test_a_rule_with_a_slash_at_its_end_is_about_folders():
    rules = Rules.of(["a/", "*", "!*/", "!*.jpg"])
    answers = [rules.leave_out(b"b", is_folder=True), rules.leave_out(b"b/c.jpg", is_folder=False)]
    assert answers == [False, False]
    assert rules.leave_out(b"b/c.png", is_folder=False)


@pytest.mark.parametrize("rule", ["!", "a\\", "[a", "[[:no:]]", "[a-", "x" * (LONGEST + 1)])
def test_a_rule_that_can_match_nothing_is_invalid(rule):
    with pytest.raises(ValueError, match="."):
        parse_pattern(rule)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("*a*a*a*a*a*a*a*a*b", "a" * 255),
        ("*" + "a*" * 2000 + "b", "a" * 255),
        ("*[ab]?*[ab]?*[ab]?*[ab]?*c", "ab" * 127),
        ("**/a" * 500 + "/**/b", "a/" * 2000 + "a"),
        ("/**/*a*/**/*a*/**/*a*/**/*a*/b", "a/" * 2000 + "a"),
        ("**/" + "a/" * 1000 + "b", "a/" * 2000 + "a"),
        ("**/" * 1300 + "b", "a/" * 2000 + "a"),
        ("*[!b]" * 800, "b" * 255),
    ],
)
def test_no_rule_takes_long_to_compare(rule, path):
    answers = []
    rules = Rules.of([rule])
    work = lambda: answers.append(rules.leave_out(path.encode(), is_folder=False))  # noqa: E731 - for a thread
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout=60)
    assert answers == [False]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_gives_the_same_answers(tmp_path):
    folders = [os.path.join(*names) for count in (1, 2) for names in itertools.product(_NAMES[:4], repeat=count)]
    paths = [(folder, True) for folder in folders]
    for folder in ("", *folders):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in _NAMES[4:]:
            (tmp_path / folder / name).touch()
            paths.append((os.path.join(folder, name), False))
    chance = random.Random(1)
    for _ in range(150):
        rules = [_random_rule(chance) for _ in range(chance.choice((1, 1, 2, 4)))]
        assert _ours(rules, paths) == _of_git(tmp_path, rules, paths), rules


def _random_rule(chance):
    # Beside other characters, git takes two stars as one, except after plain text at the start: a fault of its own.
    segments = ["".join(chance.choices(_PARTS, k=chance.choice((1, 1, 2, 3)))).replace("**", "*") for _ in range(3)]
    segments = [chance.choice((segment, segment, segment, "**")) for segment in segments[: chance.choice((1, 1, 2, 3))]]
    sign, start, end = (chance.choice((some, "", "", "")) for some in ("!", "/", "/"))
    return sign + start + "/".join(segments) + end


def _ours(rules, paths):
    kept = Rules.of(rules)
    found = set()
    for path, is_folder in paths:
        parts = path.split("/")
        above = any(kept.leave_out("/".join(parts[:count]).encode(), is_folder=True) for count in range(1, len(parts)))
        if above or kept.leave_out(path.encode(), is_folder=is_folder):
            found.add(path)
    return found


def _of_git(folder, rules, paths):
    if not (folder / ".git").exists():
        _git(folder, "init", "-q")
    (folder / ".git" / "info" / "exclude").write_text("\n".join(rules) + "\n", "utf-8")
    asked = "\0".join(path for path, _ in paths)
    return set(filter(None, _git(folder, "check-ignore", "--no-index", "-z", "--stdin", asked=asked).split("\0")))


def _git(folder, *arguments, asked=""):
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "core.ignorecase=false", "-C", str(folder), *arguments]
    done = subprocess.run(command, input=asked, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout
