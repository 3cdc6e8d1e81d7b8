"""A sweep as a job on a cluster elsewhere: sent, watched, left and stopped."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import click

from suite.cli.shared import bad_input, show_json

if TYPE_CHECKING:
    from suite.cli.execute import Wishes
    from suite.jobs import Job, Jobs

_INTERRUPTED = 130
_LONGEST_NAME = 60


def send(wishes: Wishes, sweep: str, store: str) -> int:
    """Submit what was wished for to the cluster of ``wishes.address``; watch it unless it is to be left.

    Returns the exit code: that of the job, or 0 where it is left. Raises JobError.
    """
    from suite.jobs import Request

    assert wishes.address is not None
    with bad_input(ValueError):
        request = Request.of(wishes.remote, sweep=sweep, store=store)
    jobs = jobs_at(wishes.address)
    before = {job.id for job in jobs.of(sweep)}
    job = jobs.start(request)
    said = f"{job.id} is under way there already" if job.id in before else f"submitted {job.id}"
    click.echo(f"{said}, on {wishes.address}", err=True)
    if wishes.detach:
        click.echo(_ways(job, wishes.address), err=True)
        return 0
    return watch(jobs, job, wishes.address, as_json=wishes.lines, alone=wishes.as_json)


def job_name(words: Sequence[str]) -> str:
    """What a job of ``league WORDS`` is called: by all that was asked, and in letters that need no quotes."""
    name = re.sub(r"[^A-Za-z0-9_.=]+", "-", " ".join(words)).strip("-")
    return name if len(name) <= _LONGEST_NAME else f"{name[:50]}-{sha256(name.encode()).hexdigest()[:8]}"


def jobs_at(address: str) -> Jobs:
    """The jobs of a cluster, without what Ray's client logs of each request."""
    from suite import jobs

    logging.getLogger("ray").setLevel(logging.WARNING)
    return jobs.connect(address)


def watch(jobs: Jobs, job: Job, address: str, *, as_json: bool = False, alone: bool = False) -> int:
    """Show a job until it ends, and return its exit code; ctrl-C leaves it, and says how to come back.

    With ``as_json`` standard output has lines of JSON alone; with ``alone``, the result as JSON and nothing
    else. Whatever more the job says goes to standard error.
    """
    from suite.engine import live_view
    from suite.engine.wire import encode, is_result

    try:
        if as_json:
            return jobs.follow(
                job,
                lambda event: click.echo(encode(event)),
                lambda text: click.echo(text, err=not is_result(text)),
            )
        with live_view() as tell:
            return jobs.follow(job, tell, _result_alone if alone else click.echo)
    except KeyboardInterrupt:
        click.echo(f"\n{job.id} goes on without you.\n{_ways(job, address)}", err=True)
        return _INTERRUPTED


def _result_alone(text: str) -> None:
    from suite.engine.wire import result

    told = result(text)
    if told is None:
        click.echo(text, err=True)
    else:
        show_json(told)


def _ways(job: Job, address: str) -> str:
    return (
        f"  league runs watch {job.sweep} --on {address}    comes back to it\n"
        f"  league runs stop {job.sweep} --on {address}     ends it; finished cells are kept"
    )
