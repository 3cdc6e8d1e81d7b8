"""``league doctor``: what this machine has, what it lacks, and the command that mends it."""

from __future__ import annotations

from dataclasses import asdict

import click

from suite.cli.shared import json_option, show_json, store_option

_MARKS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


@click.command(
    epilog="""\b
Examples:
  league doctor            a look that starts nothing
  league doctor --deep     also start and stop a Ray cluster (about 10 s)
  league doctor --json

\b
Exit codes: 0 the main job can run · 1 it cannot
"""
)
@store_option
@click.option("--deep", is_flag=True, help="Also start and stop a Ray cluster.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, store: str, deep: bool, as_json: bool) -> None:
    """Say what this machine lacks and what mends it.

    Looks at versions, cores, memory, disks, GPUs, Ray, the W&B login and the data.
    """
    from suite.doctor import examine, ready

    findings = []
    for finding in examine(store, deep=deep):
        findings.append(finding)
        if not as_json:
            click.echo(f"{_MARKS[finding.state]}  {finding.subject:<14} {finding.found}")
            if finding.mend:
                click.echo(f"      {'':<14} mend: {finding.mend}")
    can_run = ready(findings)
    if as_json:
        show_json({"ready": can_run, "findings": [asdict(finding) for finding in findings]})
    elif can_run:
        click.echo("\nThe main job can run: league sweep demo")
    else:
        click.echo("\nThe main job cannot run before what is marked BAD is mended.")
    ctx.exit(0 if can_run else 1)
