r"""Manual page, made of the help texts: `photos help --man > photos.1`.

The format is man(7): https://man7.org/linux/man-pages/man7/man.7.html. A backslash and a leading dot or quote are
escaped, and so is a hyphen, which would otherwise be printed as another character.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

from photos.cli.kit.program import program

_HEAD = r""".TH PHOTOS 1 "" "photos" "User Commands"
.SH NAME
photos \- find photos by their content
.SH SYNOPSIS
.B photos
[\fB\-\-library\fR \fIDIR\fR] [\fB\-\-catalog\fR \fIADDRESS\fR] \fICOMMAND\fR [\fIARGUMENT\fR]...
.SH DESCRIPTION
"""
_TAIL = r""".SH ENVIRONMENT
.TP
.B PHOTOS_LIBRARY
The folder of the library, as \-\-library.
.TP
.B PHOTOS_CATALOG
The address of a catalog on a PostgreSQL server, as \-\-catalog.
.TP
.B PHOTOS_CONFIG
The file of settings. Every setting is also a variable, PHOTOS_ and its name in capitals: see
.BR "photos config" .
.TP
.B NO_COLOR, CLICOLOR_FORCE
No colours, or colours also where there is no terminal.
.TP
.B PAGER
The program that shows long results on a terminal; less unless set.
.SH EXIT STATUS
0 done; 1 nothing found, or a problem; 2 wrong usage or a wrong setting; 130 interrupted.
.SH SEE ALSO
.B photos help
lists the pages of the documentation.
"""


def manual() -> str:
    """Return the page in the format of man(7)."""
    root = click.Context(program, info_name="photos", **program.context_settings)
    lines = [*_paragraphs(program.help or ""), ".SH OPTIONS", *_options(root), ".SH COMMANDS", *_commands(root)]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL


def _commands(parent: click.Context) -> Iterator[str]:
    group = parent.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None
        context = click.Context(command, parent, info_name=name, **command.context_settings)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS {_escaped(context.command_path)} {_escaped(usage)}"
        yield from _paragraphs(command.help or "")
        yield from _options(context)
        if isinstance(command, click.Group):
            yield from _commands(context)


def _options(context: click.Context) -> Iterator[str]:
    for option in context.command.get_params(context):
        record = option.get_help_record(context)
        if record is not None:
            yield f".TP\n\\fB{_escaped(record[0])}\\fR\n{_escaped(record[1])}"


def _paragraphs(text: str) -> Iterator[str]:
    # In Click, a \b on its own line marks a paragraph that keeps its lines.
    for paragraph in cleandoc(text).split("\n\n"):
        lines = paragraph.strip("\n").splitlines()
        yield ".PP"
        if lines and lines[0].strip() == "\b":
            yield "\n".join([".nf", *map(_escaped, lines[1:]), ".fi"])
        else:
            yield "\n".join(map(_escaped, lines))


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
