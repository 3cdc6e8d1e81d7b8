"""``league submission``: records and the methods behind them, as a file to hand over."""

from __future__ import annotations

from dataclasses import asdict

import click

from suite.cli.shared import bad_input, json_option, show_json, store_option


@click.group(
    epilog="""\b
Examples:
  league submission export maml                 to maml.zip
  league submission export maml --sweep demo -o ours.zip
  league submission import ours.zip --store /data/league
  league audit ours.zip                         does it come out here too?
"""
)
def submission() -> None:
    """Exchange results: a method, its records, and what computed them."""


@submission.command(
    epilog="""\b
A NAME is a method's name or its label on the board; a KEY the beginning of a
cell's key (league runs lists them). Trainings come along.

\b
Examples:
  league submission export maml
  league submission export 'transfer(head=ridge)' protonet -o two.zip
  league submission export maml --without-checkpoints
"""
)
@click.argument("chosen", metavar="NAME|KEY...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE.zip", help="The file to write.  [default: NAME.zip]")
@store_option
@click.option("--sweep", metavar="NAME", help="Only the cells of this sweep.  [default: all]")
@click.option(
    "--without-checkpoints", is_flag=True, help="Leave out trained weights: smaller, not importable."
)
@json_option
def export(
    chosen: tuple[str, ...],
    output: str | None,
    store: str,
    sweep: str | None,
    without_checkpoints: bool,
    as_json: bool,
) -> None:
    """Write the records of methods as one file."""
    from leaderboard.store import Store, StoreError
    from suite import bundle

    path = output or f"{chosen[0].partition('(')[0]}.zip"
    with bad_input(StoreError, bundle.BundleError):
        made = bundle.export(Store(store), chosen, path, sweep=sweep, checkpoints=not without_checkpoints)
    size = made.path.stat().st_size
    if as_json:
        show_json({**asdict(made), "path": str(made.path), "bytes": size})
        return
    click.echo(f"{made.path}: {_count(made.records)} of {', '.join(made.methods)}; {size / 2**20:.1f} MiB")
    click.echo(f"sha256 {made.sha256}")


@submission.command(
    "import",
    epilog="""\b
All of the file is verified before anything is written.

\b
Examples:
  league submission import maml.zip
  league submission import maml.zip --store /data/league --json
""",
)
@click.argument("file", metavar="FILE")
@store_option
@json_option
def import_(file: str, store: str, as_json: bool) -> None:
    """Add the records of a bundle to the store."""
    from leaderboard.store import Store, StoreError
    from suite import bundle

    with bad_input(StoreError, bundle.BundleError):
        done = bundle.import_bundle(file, Store(store))
    if as_json:
        show_json(asdict(done))
        return
    present = f"; {done.present} were here already" if done.present else ""
    click.echo(f"{_count(done.new)} of {', '.join(done.methods)} imported into {store}{present}.")
    if done.left_out:
        click.echo(
            f"{done.left_out} trainings came without their checkpoints, and were left out: their "
            "evaluations stand on the board without what training cost."
        )


def _count(records: int) -> str:
    return f"{records} record{'s' * (records != 1)}"
