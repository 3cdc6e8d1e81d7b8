"""``league runs sync``: the mirror of a store in Weights & Biases."""

from __future__ import annotations

import sys
from dataclasses import asdict
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from suite.cli.shared import Failed, bad_input, json_option, show_json, store_option

if TYPE_CHECKING:
    from suite.mirror.sync import Synced


@click.command(
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
