"""The command line: a module a command, each of which reads its arguments, makes one call, and shows the result."""

from __future__ import annotations

import click

from photos.cli import (
    add,
    daemon,
    demo,
    doctor,
    embed,
    failed,
    index,
    model,
    prune,
    remove,
    retag,
    search,
    similar,
    status,
    tag,
    tags,
    verify,
    vocab,
    watch,
    xmp,
)
from photos.cli.program import Invocation, program

for _command in (
    add.add,
    remove.remove,
    index.index,
    watch.watch,
    daemon.daemon,
    search.search,
    similar.similar,
    tags.tags,
    tag.tag,
    retag.retag,
    vocab.vocab,
    xmp.xmp,
    embed.embed,
    model.model,
    status.status,
    failed.failed,
    verify.verify,
    prune.prune,
    doctor.doctor,
    demo.demo,
):
    assert isinstance(_command, click.Command)
    program.add_command(_command)

__all__ = ["Invocation", "program"]
