"""docs/commands.md agrees with the help texts and the settings."""

from __future__ import annotations

from pathlib import Path

import click

from photos.cli.kit.program import program
from photos.cli.kit.reference import reference
from photos.config import Settings

PAGE = Path(__file__).parents[4] / "docs/commands.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == reference(), "run: python -m photos.cli.kit.reference > docs/commands.md"


def test_examples_keep_their_lines():
    words = ("birds.txt", "photographic", "birds.txt --as birds")
    lines = "\n".join(f"photos retag --vocabulary {each}" for each in words)
    assert f"\n```\n{lines}\n```\n" in reference()
    assert "\b" not in reference()


def test_every_setting_is_described():
    for name in Settings.__slots__:
        assert f"| `{name}` |" in reference()


def test_every_command_and_option_has_a_help_text():
    def check(command):
        assert command.help
        assert all(each.help for each in command.params if isinstance(each, click.Option))
        for inner in getattr(command, "commands", {}).values():
            check(inner)

    check(program)
