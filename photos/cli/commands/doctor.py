"""`photos doctor`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Check the installation and the library.")
@options.device
@options.as_json
@pass_invocation
def doctor(invocation: Invocation, device: str | None, as_json: bool) -> None:
    """Check the program, the machine, the model, the library and its folders, and say what to do.

    Status 1 if there is a problem. `photos verify` compares what is stored with what is on disk.
    """
    from photos.cli.kit.output import write_json
    from photos.operations.doctor import State, examine

    marks = {State.GOOD: " ", State.NOTE: "-", State.PROBLEM: "!"}
    problems = 0
    with invocation.app(device=device) as app:
        for finding in examine(app):
            problems += finding.state is State.PROBLEM
            if as_json:
                about = {"about": finding.about, "state": str(finding.state)}
                write_json({**about, "says": finding.says, "remedy": finding.remedy})
            else:
                remedy = f" → {finding.remedy}" if finding.remedy else ""
                click.echo(f"{marks[finding.state]} {finding.about:<9} {finding.says}{remedy}")
    if problems:
        click.get_current_context().exit(1)
