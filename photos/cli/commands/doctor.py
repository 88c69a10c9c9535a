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
    """Check the program, the machine, the model, the library and its folders, and name remedies.

    Exit status 1 if there is a problem. `photos verify` compares the stored data with the disk.
    """
    from photos.cli.views.checks import show_findings
    from photos.operations.doctor import State, diagnose

    with invocation.open_library(device=device) as library:
        findings = diagnose(library)
    show_findings(findings, as_json=as_json)
    if any(finding.state is State.PROBLEM for finding in findings):
        click.get_current_context().exit(1)
