"""``league runs``: every run that a store knows, its details, and its mirror in W&B."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

import click

from suite.cli.lines import Col, table, terminal_width
from suite.cli.shared import Failed, bad_input, json_option, show_json, store_option

if TYPE_CHECKING:
    from leaderboard.store import Store
    from suite.mirror.sync import Synced
    from suite.runs import Row

_COLOURS = {"failed": "red", "corrupt": "red", "running": "green", "waiting": "bright_black"}


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
    subcommand_metavar="[WORD]... | show KEY | open KEY | sync",
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
    where = _wandb(opened, found)
    if as_json:
        show_json([{**asdict(row), "wandb": where.get(row.key)} for row in found])
        return
    if found:
        lines = table(found, _columns(digits, where), terminal_width(), lambda row: _COLOURS.get(row.state))
        click.echo("\n".join([*lines, ""]))
    click.echo(_summary(found, len(rows)))


def _columns(digits: int, where: dict[str, str]) -> list[Col[Row]]:
    return [
        Col("key", lambda row: row.key[:digits], 64),
        Col("state", lambda row: row.state if row.share is None else f"{row.state} {row.share:.0%}", 12),
        Col("kind", lambda row: {"evaluate": "eval"}.get(row.kind or "", row.kind or ""), 9),
        Col("method", lambda row: row.method or "", 48, least=12),
        Col("benchmark", lambda row: row.benchmark or "", 24, least=9),
        Col("task", lambda row: row.protocol or "", 8),
        Col("seed", lambda row: _number(row.seed), 6, right=True),
        Col("acc %", lambda row: "" if row.accuracy is None else f"{100 * row.accuracy:.2f}", 6, right=True),
        Col("wall s", lambda row: _number(row.wall_seconds, 1), 9, right=True),
        Col("MiB", lambda row: _number(row.peak_memory_mib, 0), 7, right=True, rank=2),
        Col("from", lambda row: row.bundle or "", 24, rank=1, least=8),
        Col("try", lambda row: _number(row.attempt), 3, right=True, rank=4),
        Col("when (UTC)", lambda row: (row.started or "")[:16].replace("T", " "), 16, rank=3),
        Col("host", lambda row: row.host or "", 20, rank=5),
        Col("sweep", lambda row: row.sweep or "", 20, rank=6),
        Col("why", lambda row: row.reason or "", 90, rank=1, least=16),
        Col("W&B", lambda row: where.get(row.key, ""), 140, rank=7),
    ]


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _summary(found: list[Row], total: int) -> str:
    if not found:
        return f"none of {total} cells" if total else "no cells"
    states = Counter(row.state for row in found)
    seconds = sum(row.wall_seconds or 0.0 for row in found)
    told = ", ".join(f"{count:,} {state}" for state, count in states.items())
    if imported := sum(row.bundle is not None for row in found):
        told += f" ({imported:,} of them imported)"
    of = "" if len(found) == total else f" of {total:,}"
    cells = "cell" if total == 1 else "cells"
    return f"{len(found):,}{of} {cells}: {told}; {_duration(seconds)} of computing"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def _wandb(store: Store, rows: list[Row]) -> dict[str, str]:
    """Key -> address of its run in W&B where it was sent, else its folder where it is there."""
    from suite.mirror.marker import Marker
    from suite.mirror.place import FOLDER, run_id

    root = store.location.local
    if root is None:
        return {}
    marker = Marker.read(root)
    there = {path.name for path in (root / FOLDER).glob("*run-*")}
    found = {}
    for row in rows:
        run = marker.runs.get(run_id(row.key, row.attempt or 1))
        folder = run.folder if run else (row.wandb_folder or "")
        if run and run.sent:
            found[row.key] = sorted(run.sent.values(), key=lambda sent: sent.when)[-1].url
        elif Path(folder).name in there:
            found[row.key] = folder
    return found


@runs.command(epilog="\b\nExamples:\n  league runs show 3f9a2c1d\n  league runs show 3f9a2c1d --json\n")
@click.argument("key")
@store_option
@json_option
def show(key: str, store: str, as_json: bool) -> None:
    """Show all that is known of one cell; a beginning of its KEY is enough."""
    from suite.cli.one_run import describe, facts

    opened, row, rows = _resolved(store, key)
    told = facts(opened, row, rows, _wandb(opened, [row]).get(row.key))
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


@runs.command(
    epilog="""\b
Runs are made from the store alone, so their folders can be deleted at any time.
What W&B has already is not sent again.

\b
Examples:
  league runs sync --offline             folders, to look at or to send later
  league runs sync --sweep demo --entity my-team
  league runs sync --dry-run             how many runs would be written
"""
)
@store_option
@click.option("--sweep", metavar="NAME", help="Only the cells of this sweep.  [default: all]")
@click.option("--project", default="transfer-league", show_default=True, help="The W&B project.")
@click.option("--entity", help="The user or team that owns it.  [default: that of the key]")
@click.option("--offline", is_flag=True, help="Write the runs' folders, send nothing.")
@click.option("--dry-run", is_flag=True, help="Count what would be written; write and send nothing.")
@click.option("--rebuild", is_flag=True, help="Write and send all runs anew.")
@json_option
def sync(
    store: str,
    sweep: str | None,
    project: str,
    entity: str | None,
    offline: bool,
    dry_run: bool,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Mirror the store to Weights & Biases."""
    from leaderboard.store import Store, StoreError
    from suite.mirror.sync import sync as mirror
    from suite.mirror.write import MirrorError

    if find_spec("wandb") is None:
        raise Failed("wandb is not installed; `pip install wandb`, then try again.")
    try:
        with bad_input(StoreError):
            done = mirror(
                Store(store),
                sweep=sweep,
                project=project,
                entity=entity,
                offline=offline,
                dry_run=dry_run,
                rebuild=rebuild,
                on_progress=_progress,
            )
    except MirrorError as error:
        raise Failed(f"{error}.") from error
    if as_json:
        show_json(asdict(done))
    else:
        click.echo(_synced(done, store, dry_run))
    if done.refused:
        names = ", ".join(done.refused[:3]) + (", …" if len(done.refused) > 3 else "")
        raise Failed(f"W&B did not take {len(done.refused)} runs ({names}); the same command tries again.")


def _progress(what: str, number: int, total: int) -> None:
    if sys.stderr.isatty():
        verb = {"write": "written", "send": "sent"}[what]
        click.echo(f"\r{number} of {total} runs {verb}", nl=number == total, err=True)


def _synced(done: Synced, store: str, dry_run: bool) -> str:
    if dry_run:
        return f"{done.runs} runs, {done.written} of them to be written; nothing was written or sent."
    told = f"{done.runs} runs; {done.written} written to {store}/wandb"
    return f"{told}, {done.sent} sent to {done.address}" if done.address else f"{told}; nothing was sent."


def _resolved(store: str, key: str) -> tuple[Store, Row, list[Row]]:
    from leaderboard.store import Store, StoreError
    from suite.runs import NoSuchRun, listing, resolve

    with bad_input(StoreError, NoSuchRun):
        opened = Store(store)
        rows = listing(opened)
        found = resolve(key, (row.key for row in rows))
    return opened, next(row for row in rows if row.key == found), rows
