"""``league submit``: a file in, its place on the board out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from suite.cli import show
from suite.cli.execute import Wishes, execute, show_result
from suite.cli.shared import bad_input, detach_option, events_option, json_option, on_option, show_json

if TYPE_CHECKING:
    from suite.config import SweepConfig
    from suite.engine import Plan, SweepReport
    from suite.submission import Submission
    from suite.submission.conformance import Report

# The sweep that ranks a track.
TRACKS = {"few-shot": "standard", "transfer": "pretraining-losses"}


@click.command(
    epilog="""\b
FILE is one Python file with one @method class; league new writes one. Each
KEY=VALUE sets an argument of the method (lr=0.001) or a setting of the sweep
(seeds=[0,1]; see league sweep --help).

\b
Examples:
  league submit --check my_method.py           the rules, in seconds
  league submit my_method.py                   its place on the standard board
  league submit my_method.py --sweep demo      on a shorter one
  league submit my_method.py lr=0.001 --json

\b
Run it again after any interruption: what was finished is not computed again.
Exit codes: 0 done · 1 a check or cell failed · 2 bad input · 130 interrupted
"""
)
@click.argument("file")
@click.argument("settings", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--check", "check_only", is_flag=True, help="Only check that it keeps the rules.")
@click.option(
    "--track", type=click.Choice(list(TRACKS)), default="few-shot", show_default=True, help="Its track."
)
@click.option("--sweep", metavar="NAME|FILE", help="Another sweep than the track's own.")
@on_option
@detach_option
@events_option
@click.option("--trust", is_flag=True, help="Run the file without walls around it: you vouch for it.")
@click.option("--retry", is_flag=True, help="Try cells again that failed before.")
@click.option("--store", metavar="PATH", help="Folder of the store; the same as store=PATH.")
@json_option
@click.pass_context
def submit(
    ctx: click.Context,
    /,
    file: str,
    settings: tuple[str, ...],
    check_only: bool,
    track: str,
    sweep: str | None,
    address: str | None,
    detach: bool,
    events: bool,
    trust: bool,
    retry: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Check a method, and rank it beside the built-in ones.

    Ends with its accuracy and rank, each with its interval, and the verdict
    against its neighbours.
    """
    from suite.config import ConfigError, submitted_run
    from suite.submission import SubmissionError, read

    with bad_input(SubmissionError):
        submission = read(file)
    checked = _checked(submission, settings, trust=trust)
    if check_only or not checked.conforms:
        _tell_checks(checked, as_json=as_json)
        ctx.exit(0 if checked.conforms else 1)
    if not as_json:
        _tell_checks(checked, as_json=False)
    source = sweep or TRACKS[track]
    chosen = ["--sweep", sweep] if sweep else []
    words = ("submit", file, *settings, *chosen, *(["--trust"] if trust else []))
    wishes = Wishes(
        words,
        store=store,
        retry=retry,
        address=address,
        as_json=as_json,
        detach=detach,
        events=events,
    )
    with bad_input(ConfigError):
        overrides = [*wishes.over(settings), *(["trust=true"] if trust else [])]
        planned = submitted_run(source, file, overrides, checked.arguments)
    ctx.exit(
        execute(
            planned,
            wishes,
            foretell=partial(_foretell, address),
            conclude=partial(_conclude, submission.name, checked),
        )
    )


def _checked(submission: Submission, settings: Sequence[str], *, trust: bool) -> Report:
    """The report of the conformance suite, with the arguments among ``settings``."""
    from suite.config import ConfigError, SweepConfig
    from suite.config.layers import split
    from suite.submission import SubmissionError, conformance, prepare

    with bad_input(ConfigError, SubmissionError):
        pairs = [split(word) for word in settings]
        arguments = {key[0]: value for key, value in pairs if key[0] not in SweepConfig.__dataclass_fields__}
        tell = partial(click.echo, err=True)
        environment = prepare(submission.code, trusted=trust, tell=tell)
        return conformance.check(submission.code, environment, arguments, trusted=trust)


def _tell_checks(checked: Report, *, as_json: bool) -> None:
    if as_json:
        show_json(checked.to_dict())
        return
    marks = {"passed": "ok  ", "noted": "note", "failed": "FAIL", "skipped": "skip"}
    for finding in checked.findings:
        told = f"  {finding.told}" if finding.told else ""
        click.echo(f"{marks[finding.state]}  {finding.check:<24}{told}".rstrip())
    failed = sum(finding.state == "failed" for finding in checked.findings)
    end = "keeps the rules" if checked.conforms else f"fails {failed} check{'s' * (failed != 1)}"
    click.echo(f"\n{checked.method} {end} ({checked.seconds:.1f} s)")


def _foretell(address: str | None, plan: Plan) -> None:
    """What is there already, what is to be computed, and how long that will take."""
    import os

    from leaderboard import Store
    from leaderboard.board import figures
    from suite.engine.plan import look_up
    from suite.submission.forecast import forecast

    known = look_up(plan, Store(plan.terms.store))
    cells = [(cell.key, cell.kind, cell.benchmark.name if cell.benchmark else "") for cell in known.cells]
    told = forecast(known.done, cells, len(known.pending))
    line = f"{told.cached} of {len(cells)} cells are in {plan.terms.store}; {told.pending} to compute"
    if told.pending and told.seconds is not None:
        here = max(1, int((os.cpu_count() or 1) / plan.terms.resources.cpus_per_cell))
        at_once = here if address is None else 1  # of a cluster nobody knows yet
        line += f", about {figures.seconds(told.seconds / min(at_once, told.pending))} on {at_once} at a time"
    elif told.pending:
        line += "; how long that takes is not known before the first is done"
    click.echo(line, err=True)


def _conclude(name: str, checked: Report, sweep: SweepConfig, wishes: Wishes, report: SweepReport) -> None:
    from dataclasses import asdict

    from leaderboard import Store
    from leaderboard.board import build
    from suite.submission import spelled
    from suite.submission.answer import answers

    store = Store(sweep.store)
    board = build(store, sweep=sweep.name, margin=sweep.margin)
    page = show.pages(board, store.location.writable() / "board" / sweep.name, measured=True)
    failures = store.failures(sweep=sweep.name)
    found = list(answers(board, name))
    if wishes.as_json:
        told = {"report": asdict(report), "checks": checked.to_dict(), "page": page}
        failed = [
            failure.model_dump(mode="json", include={"key", "kind", "method", "reason"})
            for failure in failures
        ]
        show_result({**told, "answers": [answer.to_dict() for answer in found], "failures": failed}, wishes)
    else:
        click.echo("".join(f"\n{spelled.answer(answer)}\n" for answer in found))
        click.echo(f"Board: {page}")
    for failure in failures:
        who = failure.method.label if failure.method else failure.kind
        seed = "" if failure.seed is None else f", seed {failure.seed}"
        click.echo(f"{failure.kind} of {who}{seed} failed: {failure.reason}", err=True)
    if failures:
        click.echo(f"Mend what stopped it, then try again with:\n  {wishes.command('--retry')}", err=True)
