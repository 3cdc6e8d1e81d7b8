"""The command ``league`` and how it ends: 0 done, 1 something failed, 2 bad input, 130 interrupted."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import Any

import click

from suite.cli.audit import audit
from suite.cli.board import board
from suite.cli.data import data
from suite.cli.doctor import doctor
from suite.cli.measure import measure
from suite.cli.methods import methods
from suite.cli.new import new
from suite.cli.paper import paper
from suite.cli.runs import runs
from suite.cli.shared import BadInput
from suite.cli.store import store
from suite.cli.submission import submission
from suite.cli.submit import submit
from suite.cli.sweep import run, sweep
from suite.nearest import nearest

INTERRUPTED = 130
BROKEN_PIPE = 141  # what a shell reports of a program that SIGPIPE ended


class _League(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise BadInput(f"league has no verb {args[0]!r}; {nearest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # The reader (head, less) has gone. Python flushes stdout once more on its way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(BROKEN_PIPE)
        return result


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        try:
            number = metadata.version("transfer-league")
        except metadata.PackageNotFoundError:
            number = "(not installed: running from its source folder)"
        click.echo(f"league {number}")
        ctx.exit()


@click.group(
    cls=_League,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  league sweep demo                     six methods, two benchmarks, a ranking
  league run maml glyphs inner_steps=3  one method on one benchmark
  league board --html board             the ranking of what is in the store
  league runs --failed                  what did not finish, and why
  league doctor                         what this machine lacks, what mends it

\b
Exit codes: 0 done · 1 something failed · 2 bad input · 130 interrupted
""",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
def league() -> None:
    """Rank transfer- and meta-learning methods fairly, and show why one is ahead."""


for _verb in (
    new,
    submit,
    sweep,
    run,
    board,
    measure,
    paper,
    data,
    methods,
    runs,
    store,
    submission,
    audit,
    doctor,
):
    league.add_command(_verb)


def main() -> None:
    """The entry point ``league``."""
    league(prog_name="league")
