"""``league runs``: every run that a store knows, and the details of one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from shlex import join
from typing import TYPE_CHECKING

import click

from suite.cli.lines import table, terminal_width
from suite.cli.run_rows import addresses, colour, columns, summary
from suite.cli.runs_jobs import stop, watch
from suite.cli.runs_sync import sync
from suite.cli.shared import Failed, bad_input, json_option, show_json, store_option

if TYPE_CHECKING:
    from leaderboard.store import Store
    from suite.runs import Row


class _Runs(click.Group):
    """``league runs maml`` lists: what is no verb of its own is a word to choose by."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.commands["list"].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(
    cls=_Runs,
    subcommand_metavar="[WORD]... | show KEY | open KEY | sync | watch | stop",
    epilog="""\b
A WORD is a value of a run: a method, a benchmark, 5w1s (5-way 1-shot), train,
seed=3, a host, a state, or the beginning of a key. All of them must fit.

\b
Examples:
  league runs                       every cell of league-store
  league runs maml glyphs 5w1s
  league runs --failed --sweep demo
  league runs show 3f9a             all that is known of one cell
  league runs open 3f9a             in W&B's terminal viewer
  league runs sync --offline        W&B folders, made from the store alone
""",
)
def runs() -> None:
    """List the runs of a store, look into one, mirror them to W&B."""


@runs.command("list", hidden=True, epilog="\b\nExamples:\n  league runs list maml --failed\n")
@click.argument("words", metavar="[WORD]...", nargs=-1)
@store_option
@click.option("--sweep", metavar="NAME", help="Only the cells of this sweep.  [default: all]")
@click.option("--failed", is_flag=True, help="Only those that failed, or whose record is damaged.")
@click.option("--running", "is_running", is_flag=True, help="Only those that run now.")
@json_option
def list_(
    words: tuple[str, ...], store: str, sweep: str | None, failed: bool, is_running: bool, as_json: bool
) -> None:
    """List the runs that answer to every WORD."""
    from leaderboard.store import Store, StoreError
    from suite.runs import NoSuchRun, chosen, listing, shortest

    with bad_input(StoreError, NoSuchRun):
        opened = Store(store)
        rows = listing(opened, sweep)
        digits = shortest([row.key for row in rows])
        found = chosen(rows, words)
    states = {*(("failed", "corrupt") if failed else ()), *(("running",) if is_running else ())}
    found = [row for row in found if not states or row.state in states]
    where = addresses(opened, found)
    if as_json:
        show_json([{**asdict(row), "wandb": where.get(row.key)} for row in found])
        return
    if found:
        lines = table(found, columns(digits, where), terminal_width(), colour)
        click.echo("\n".join([*lines, ""]))
    click.echo(summary(found, len(rows)))


@runs.command(epilog="\b\nExamples:\n  league runs show 3f9a2c1d\n  league runs show 3f9a2c1d --json\n")
@click.argument("key")
@store_option
@json_option
def show(key: str, store: str, as_json: bool) -> None:
    """Show all that is known of one cell; a beginning of its KEY is enough."""
    from suite.cli.one_run import describe, facts

    opened, row, rows = _resolved(store, key)
    told = facts(opened, row, rows, addresses(opened, [row]).get(row.key))
    if as_json:
        show_json(told)
    else:
        click.echo("\n".join(describe(told)))


@runs.command(
    "open", epilog="\b\nExamples:\n  league runs open 3f9a2c1d\n  league runs open 3f9a2c1d --print\n"
)
@click.argument("key")
@store_option
@click.option("--print", "only_print", is_flag=True, help="Print the command, do not run it.")
@click.pass_context
def open_(ctx: click.Context, key: str, store: str, only_print: bool) -> None:
    """Open a cell's run in W&B's terminal viewer."""
    from suite.mirror.place import on_disk

    opened, row, _ = _resolved(store, key)
    folders = on_disk(opened.location.writable(), row.key, row.attempt)
    if not folders:
        mend = "`league runs sync --offline` makes it from the store"
        raise Failed(
            f"the W&B folder of {row.key[:12]} is gone, or was never there"
            + (f"; {mend}." if row.state == "finished" else f": the cell is {row.state}.")
        )
    command = ["wandb", "leet", "run", str(folders[-1])]
    if only_print:
        click.echo(join(command))
        return
    if find_spec("wandb") is None:
        raise Failed(f"wandb is not installed; `pip install wandb`, then\n  {join(command)}")
    if not sys.stdout.isatty():
        raise Failed(f"the viewer needs a terminal; run there\n  {join(command)}")
    ctx.exit(subprocess.call([sys.executable, "-m", *command]))


runs.add_command(sync)
runs.add_command(watch)
runs.add_command(stop)


def _resolved(store: str, key: str) -> tuple[Store, Row, list[Row]]:
    from leaderboard.store import Store, StoreError
    from suite.runs import NoSuchRun, listing, resolve

    with bad_input(StoreError, NoSuchRun):
        opened = Store(store)
        rows = listing(opened)
        found = resolve(key, (row.key for row in rows))
    return opened, next(row for row in rows if row.key == found), rows
