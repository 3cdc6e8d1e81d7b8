"""``league runs watch`` and ``stop``: the jobs of sweeps on a cluster elsewhere."""

from __future__ import annotations

import click

from suite.cli.shared import BadInput, web_address

_on = click.option(
    "--on", "address", required=True, metavar="ADDRESS", help="Its job server, such as http://HEAD:8265."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print its events as lines of JSON.")


@click.command(epilog="\b\nExamples:\n  league runs watch standard --on http://127.0.0.1:8265\n")
@click.argument("sweep")
@_on
@_json
@click.pass_context
def watch(ctx: click.Context, sweep: str, address: str, as_json: bool) -> None:
    """Come back to a sweep that runs as a job; ends as the job does.

    Ctrl-C leaves it again; it goes on.
    """
    from suite.cli.execute import explained
    from suite.cli.job import jobs_at
    from suite.cli.job import watch as show

    _check(address)
    with explained():
        jobs = jobs_at(address)
        ctx.exit(show(jobs, jobs.latest(sweep), address, as_json=as_json))


@click.command(epilog="\b\nExamples:\n  league runs stop standard --on http://127.0.0.1:8265\n")
@click.argument("sweep")
@_on
def stop(sweep: str, address: str) -> None:
    """Stop a sweep that runs as a job; finished cells are kept."""
    from suite.cli.execute import explained
    from suite.cli.job import jobs_at

    _check(address)
    with explained():
        jobs = jobs_at(address)
        job = jobs.latest(sweep)
        if job.ended:
            click.echo(f"{job.id} has ended before ({job.status.lower()}).")
            return
        click.echo(
            f"{job.id}: {jobs.stop(job).status.lower()}. The same sweep, sent again, goes on from there."
        )


def _check(address: str) -> None:
    if not web_address(address):
        raise BadInput(f"--on {address} is not the address of a job server, such as http://HEAD:8265")
