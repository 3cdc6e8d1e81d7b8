"""``python -m bench [NAME]...``: time our work and a peer's in turn, and show both."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import click
import torch
from rich.console import Console

from bench import BENCHMARKS, figures, machine
from bench.measure import Row, measure
from bench.memory import cases_of
from bench.page import renew
from bench.picture import picture
from bench.table import terminal
from bench.timing import CLOCKS

_SECONDS = 12.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(BENCHMARKS))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list of all cases.")
@click.option("--quick", is_flag=True, help="Tiny data and one round: shows that all runs, measures nothing.")
@click.option("--memory/--no-memory", default=True, help="Measure peak memory, in processes of their own.")
@click.option("--seconds", default=_SECONDS, show_default=True, help="Time each case for about so long.")
@click.option(
    "--clock",
    default="wall",
    show_default=True,
    type=click.Choice(sorted(CLOCKS)),
    help="cpu: seconds of this process's threads, for a machine that is busy with other things.",
)
@click.option("--threads", default=1, show_default=True, help="Threads of either side.")
@click.option("--cells", type=click.IntRange(2), help="Cells of the engine's sweep, an even number.")
@click.option("--picture", "drawn", type=click.Path(path_type=Path), default=Path("build/bench.svg"))
@click.option(
    "--keep", is_flag=True, help="Keep the figures: figures.json, docs/performance.md, its picture."
)
def bench(
    names: tuple[str, ...],
    as_json: bool,
    quick: bool,
    memory: bool,
    seconds: float,
    clock: str,
    threads: int,
    cells: int | None,
    drawn: Path,
    keep: bool,
) -> None:
    """Time our work and a peer's in turn, and show both. NAMEs are all benchmarks where none is given."""
    if keep and quick:
        raise click.UsageError("--quick measures nothing that could be kept")
    if cells is not None and cells % 2:
        raise click.UsageError(f"--cells {cells}: a training and an evaluation each, so an even number")
    torch.set_num_threads(threads)
    warnings.simplefilter("ignore")  # the peers' own
    console, said = Console(), Console(stderr=True)
    kept, here = figures.read(), {**machine.describe(), "clock": clock}
    found: dict[str, list[Row]] = {}
    for name in dict.fromkeys(names or BENCHMARKS):
        found[name] = []
        options = {"cells": cells} if name == "engine" else {}
        for position, case in enumerate(cases_of(name, quick, **options)):
            said.print(f"[dim]{name}: {case.name}[/dim]")
            seconds = 0.0 if quick else seconds
            row = measure(
                name, position, case, seconds=seconds, clock=CLOCKS[clock], memory=memory, quick=quick
            )
            found[name].append(row)
        if not as_json:
            changes = [figures.since(row, here, kept.get(name)) for row in found[name]]
            console.print(terminal(name, found[name], changes))
    if as_json:
        click.echo(json.dumps([row.told() for rows in found.values() for row in rows], indent=1))
    drawn.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_text(picture(found), encoding="utf-8")
    if keep:
        figures.write({name: figures.Kept(here, tuple(rows)) for name, rows in found.items()})
        renew(figures.read())


if __name__ == "__main__":
    bench(prog_name="python -m bench")
