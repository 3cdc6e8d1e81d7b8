"""``league sweep`` and ``league run``: train, evaluate, rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from suite.cli.execute import Wishes, execute
from suite.cli.shared import bad_input, detach_option, events_option, lines_option, on_option

_OPTIONS = (
    click.option("--store", metavar="PATH", help="Folder of the store; the same as store=PATH."),
    click.option(
        "--dry-run", "--print", "dry_run", is_flag=True, help="Print the resolved sweep; run nothing."
    ),
    click.option("--retry", is_flag=True, help="Try cells again that failed before."),
    on_option,
    detach_option,
    events_option,
    click.option("--html", metavar="DIR", help="Folder of the HTML board.  [default: STORE/board/SWEEP]"),
    lines_option,
)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(
    epilog="""\b
CONFIG is a sweep that ships (demo, standard) or a YAML file. Over it go
LEAGUE_ variables (LEAGUE_BUDGET__IMAGES=300 is budget.images=300), and over
these each KEY=VALUE; the value is YAML.

\b
Examples:
  league sweep demo
  league sweep demo store=/data/league seeds=[0,1,2]
  league sweep demo 'methods=[maml,{transfer: {head: ridge}}]'
  league sweep demo budget.images=300 protocols.episodes=50
  league sweep demo methods.maml.inner_steps=3
  league sweep mine.yaml --dry-run
  league sweep mine.yaml --on http://127.0.0.1:8265 --store s3://bucket/store

\b
Run it again after any interruption: what was finished is not computed again.
"""
)
@click.argument("config")
@click.argument("settings", metavar="[KEY=VALUE]...", nargs=-1)
@_options
@click.pass_context
def sweep(ctx: click.Context, /, config: str, settings: tuple[str, ...], **wished: Any) -> None:
    """Run a sweep and end with the ranking.

    Every method on every benchmark, protocol and seed, under one network and one budget.
    """
    from suite.config import ConfigError, load_sweep

    wishes = Wishes(words=("sweep", config, *settings), **wished)
    with bad_input(ConfigError):
        planned = load_sweep(config, wishes.over(settings))
    ctx.exit(execute(planned, wishes))


@click.command(
    epilog="""\b
A KEY=VALUE is an argument of the method (inner_steps=5; league methods METHOD
lists them) or a setting of the sweep (seeds=[0,1]; see league sweep --help).

\b
Examples:
  league run maml glyphs
  league run maml glyphs inner_steps=3 seeds=[0,1]
  league run transfer emoji head=ridge protocols.shot=5 budget.images=5000
  league run protonet glyphs --dry-run
"""
)
@click.argument("method")
@click.argument("benchmark")
@click.argument("settings", metavar="[KEY=VALUE]...", nargs=-1)
@_options
@click.pass_context
def run(ctx: click.Context, /, method: str, benchmark: str, settings: tuple[str, ...], **wished: Any) -> None:
    """Run one method on one benchmark.

    Ends with its accuracy and the interval of it.
    """
    from suite.config import ConfigError, single_run

    wishes = Wishes(words=("run", method, benchmark, *settings), **wished)
    with bad_input(ConfigError):
        planned = single_run(method, benchmark, wishes.over(settings))
    ctx.exit(execute(planned, wishes))
