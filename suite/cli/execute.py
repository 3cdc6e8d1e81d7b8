"""From a resolved sweep to its ranking: run it, tell how it ended, and how to go on."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from suite.cli import show
from suite.cli.job import job_name, send
from suite.cli.shared import Failed, bad_input, show_json, web_address

if TYPE_CHECKING:
    from leaderboard import Failure
    from leaderboard.board import Board
    from suite.config import SweepConfig
    from suite.engine import Plan, SweepReport, events


_KINDS = {
    "train": "trainings",
    "evaluate": "evaluations",
    "diversity": "measurements of diversity",
    "measure": "measurements",
    "paper": "parts of papers",
}


@dataclass(frozen=True)
class Wishes:
    """What was asked on the command line beside the sweep; ``words`` are the verb and its arguments."""

    words: tuple[str, ...]
    store: str | None = None
    dry_run: bool = False
    retry: bool = False
    address: str | None = None
    html: str | None = None
    as_json: bool = False
    detach: bool = False
    events: bool = False

    @property
    def lines(self) -> bool:
        """Whether a program reads events: of a sweep or a run with ``--json``, or of a job."""
        return self.events or (self.as_json and self.words[0] in ("sweep", "run"))

    @property
    def single(self) -> bool:
        """Whether one method on one benchmark was asked for: its accuracy is the answer, not a ranking."""
        return self.words[0] == "run"

    def over(self, settings: Sequence[str]) -> list[str]:
        """Settings in the order in which they count."""
        return [*settings, *([] if self.store is None else [f"store={json.dumps(self.store)}"])]

    def command(self, *extra: str) -> str:
        """The command that goes on where this one stopped."""
        on = ["--on", self.address] if self.address else []
        return shlex.join(["league", *self._asked, *on, *extra])

    @property
    def remote(self) -> tuple[str, ...]:
        """Words that ask the same of ``league`` on another machine."""
        return (*self._asked, *(["--retry"] if self.retry else []))

    @property
    def _asked(self) -> tuple[str, ...]:
        options = {"--store": self.store, "--html": self.html}
        given = [word for option, value in options.items() if value for word in (option, value)]
        return (*self.words, *given, *(["--json"] if self.as_json else []))


def execute(
    sweep: SweepConfig,
    wishes: Wishes,
    *,
    foretell: Callable[[Plan], None] | None = None,
    conclude: Callable[[SweepConfig, Wishes, SweepReport], None] | None = None,
) -> int:
    """Run ``sweep`` and print its ranking, or what it would be; returns the exit code.

    ``foretell`` hears the plan before it is run; ``conclude`` prints the end in place of the ranking.
    """
    if web_address(wishes.address) and not wishes.dry_run:
        with explained():
            return send(wishes, sweep.name, sweep.store)
    plan = _plan(sweep)
    if wishes.dry_run:
        _preview(sweep, plan, wishes.as_json)
        return 0
    if foretell is not None:
        foretell(plan)
    report = compute(plan, wishes)
    if not report.interrupted:
        with explained():
            (conclude or _conclude)(sweep, wishes, report)
    return report.exit_code


def errand(wishes: Wishes, plan: Callable[[], Plan], conclude: Callable[[Plan], None]) -> int:
    """Carry out what is no sweep, here or as a job, and tell what came of it; returns the exit code."""
    if web_address(wishes.address):
        assert wishes.store is not None
        with explained():
            return send(wishes, job_name(wishes.words), wishes.store)
    planned = plan()
    report = compute(planned, wishes)
    if not report.interrupted:
        with explained():
            conclude(planned)
    return report.exit_code


def compute(plan: Plan, wishes: Wishes) -> SweepReport:
    """Carry ``plan`` out under a live view; say how to go on where it was interrupted."""
    from suite import engine

    with explained(), _view(wishes) as tell:
        report = engine.carry_out(plan, retry=wishes.retry, address=wishes.address, on_event=tell)
    if report.interrupted:
        click.echo(f"Interrupted. What was finished is kept; go on with:\n  {wishes.command()}", err=True)
    return report


@contextmanager
def _view(wishes: Wishes) -> Iterator[Callable[[events.Event], None]]:
    """Who hears of events: whoever watches, or the program that reads standard output."""
    from suite import engine
    from suite.engine.wire import Thinned, encode

    if wishes.lines:
        yield Thinned(lambda event: click.echo(encode(event)))
    else:
        with engine.live_view() as tell:
            yield tell


def _plan(sweep: SweepConfig) -> Plan:
    """The plan of ``sweep``; what it cannot plan is bad input. Loads, hence prepares, the benchmarks."""
    from suite import engine
    from tasks import DataError, UnknownBenchmark

    _announce(sweep)
    try:
        with bad_input(ValueError, TypeError, UnknownBenchmark):
            return engine.plan(sweep)
    except DataError as error:
        raise Failed(str(error)) from error


def _announce(sweep: SweepConfig) -> None:
    """Say why nothing seems to happen where pictures are drawn for the first time."""
    from tasks.cache import cache_folder

    kept = {path.name.partition("-")[0] for path in cache_folder().glob("*.safetensors")}
    new = [benchmark.name for benchmark in sweep.benchmarks if benchmark.name not in kept]
    if new:
        names = " and ".join(dict.fromkeys(new))
        click.echo(f"preparing {names}: once on this machine, for a minute or two", err=True)


def _preview(sweep: SweepConfig, plan: Plan, as_json: bool) -> None:
    from suite.config import to_dict, to_yaml

    cells = Counter(cell.kind for cell in plan.cells)
    if as_json:
        show_json({"sweep": to_dict(sweep), "cells": cells})
    else:
        counted = ", ".join(f"{count} {_KINDS[kind]}" for kind, count in cells.items())
        click.echo(f"{to_yaml(sweep)}# {counted}; nothing was run.")


def _conclude(sweep: SweepConfig, wishes: Wishes, report: SweepReport) -> None:
    from leaderboard import Store
    from leaderboard.board import build, to_json

    store = Store(sweep.store)
    board = build(store, sweep=sweep.name, margin=sweep.margin)
    page = show.pages(board, wishes.html or store.location.writable() / "board" / sweep.name, measured=True)
    failures = store.failures(sweep=sweep.name)
    if wishes.as_json:
        told = {"report": asdict(report), "page": page, "failures": [_told(failure) for failure in failures]}
        show_result({**told, "board": json.loads(to_json(board))}, wishes)
    else:
        shown = _accuracies(board) if wishes.single else [show.terminal(board, measured=True)]
        click.echo("\n".join(["", *shown]))
        click.echo(f"\nBoard: {page}")
    if report.exit_code:
        _mourn(failures, wishes)


def show_result(told: dict[str, object], wishes: Wishes) -> None:
    """Print what a program is told at the end: after events, as the last of the lines."""
    from suite.engine.wire import RESULT, VERSION

    if wishes.lines:
        click.echo(json.dumps({"event": RESULT, "version": VERSION, **told}))
    else:
        show_json(told)


def _accuracies(board: Board) -> Iterator[str]:
    """The accuracy of each method in each column, with its interval, as sentences."""
    from leaderboard.board import figures

    ranking = board.computed.ranking
    for column in ranking.columns:
        for standing in ranking.by_column[column]:
            where, accuracy = board.facts(column).title, figures.accuracy(standing.score)
            seeds = f"{standing.seeds} seed{'s' * (standing.seeds != 1)}"
            yield f"{standing.method} on {where}: {accuracy} % ({seeds}, {standing.episodes} episodes)"


def _told(failure: Failure) -> dict[str, object]:
    return failure.model_dump(mode="json", include={"key", "kind", "method", "benchmark", "seed", "reason"})


def _mourn(failures: Sequence[Failure], wishes: Wishes) -> None:
    count = f"{len(failures)} cell{'s' * (len(failures) != 1)} failed"
    if wishes.as_json or wishes.single:
        click.echo(f"\n{count}:", err=True)
        for failure in failures:
            click.echo(f"  {_who(failure)}: {failure.reason}", err=True)
    else:
        click.echo(f"\n{count}, listed above.", err=True)
    click.echo(f"Mend what stopped them, then try them again with:\n  {wishes.command('--retry')}", err=True)


def _who(failure: Failure) -> str:
    parts = [failure.kind, failure.method.label if failure.method else ""]
    parts += [failure.benchmark.name if failure.benchmark else ""]
    parts += ["" if failure.seed is None else f"seed {failure.seed}"]
    return " · ".join(filter(None, parts))


@contextmanager
def explained() -> Iterator[None]:
    """What stops a sweep, in its own sentence."""
    from leaderboard import StoreError
    from suite.engine import EngineError
    from tasks import DataError

    try:
        yield
    except (EngineError, StoreError, DataError) as error:
        raise Failed(str(error)) from error
