"""``league store``: look after a store, join two, take its figures elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suite.cli.shared import BadInput, Failed, bad_input, json_option, show_json, store_option

if TYPE_CHECKING:
    from leaderboard.store import Store


@click.group(
    epilog="""\b
Examples:
  league store check                      verify every record and file
  league store compact                    fold many small cells into few files
  league store merge /mnt/b/league-store  bring in what another store has
  league store export outcomes.parquet    every episode, a row each
"""
)
def store() -> None:
    """Verify a store, compact it, merge another one into it, export its outcomes."""


@store.command(epilog="\b\nExamples:\n  league store check\n  league store check --look --json\n")
@store_option
@click.option("--look", is_flag=True, help="Only say what is damaged; move nothing aside.")
@json_option
def check(store: str, look: bool, as_json: bool) -> None:
    """Compare every record and file with its checksum.

    What is damaged goes to aside/ in the store, and the next sweep computes it again. Exit code 1 where
    anything is.
    """
    from leaderboard.store import StoreError

    opened = _existing(store)
    with bad_input(StoreError):
        problems = opened.check(set_aside=not look)
        count = len(opened.keys())
    if as_json:
        show_json({"sound": count, "problems": [asdict(problem) for problem in problems]})
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{opened.url}: {_counted(count, 'sound cell')}, {len(problems)} damaged")
    if problems:
        click.get_current_context().exit(1)


@store.command(
    epilog="""\b
Examples:
  league store compact
  league store compact --store s3://bucket/league-store --json
"""
)
@store_option
@json_option
def compact(store: str, as_json: bool) -> None:
    """Fold many small cells into few Parquet files.

    The store stays the same: its cells, its board, its checksums. Sweeps may run on it meanwhile. Cells with
    checkpoints stay where they are; their records are copied. Run it again after an interruption, and it goes
    on. Exit code 1 where a cell is damaged: it is left alone, for `league store check`.
    """
    from leaderboard.store import CorruptRecord, StoreError

    corrupt: list[CorruptRecord] = []
    opened = _existing(store)
    try:
        done = opened.compact(corrupt.append)
    except StoreError as error:
        raise Failed(str(error)) from error
    if as_json:
        show_json(asdict(done))
    else:
        click.echo(
            f"{opened.url}: {_counted(done.folded, 'cell')} folded, {done.copied:,} copied; "
            f"{_counted(done.segments, 'segment')} now"
        )
    for left in corrupt:
        click.echo(f"left there: {left}", err=True)
    if corrupt:
        click.get_current_context().exit(1)


@store.command(
    epilog="""\b
OTHER and INTO are folders or URLs (s3:// with s3fs installed, gs:// with gcsfs).
INTO is the store of --store where it is not given.

\b
Examples:
  league store merge ../cluster/league-store
  league store merge s3://bucket/league-store /data/league-store
"""
)
@click.argument("other")
@click.argument("into", required=False)
@store_option
@json_option
def merge(other: str, into: str | None, store: str, as_json: bool) -> None:
    """Bring what the store OTHER has into the store INTO.

    OTHER is only read. Each cell is compared with its checksum and committed whole; a cell that both have
    stays as it is in INTO. Run it again after an interruption, and it goes on.
    """
    from leaderboard.store import Store, StoreError
    from leaderboard.store import merge as join

    with bad_input(StoreError):
        target = Store(into or store)
    source = _existing(other)
    if source.location.address == target.location.address:
        raise BadInput(f"{other} is this store itself: name another one")
    try:
        merged = join(source, target)
    except StoreError as error:
        raise Failed(str(error)) from error
    if as_json:
        show_json(asdict(merged))
    else:
        click.echo(
            f"{target.url}: {_counted(merged.taken, 'cell')} taken, {merged.known} known; "
            f"{_counted(merged.failures, 'failure')}, {_counted(merged.plans, 'plan')} and "
            f"{_counted(merged.benchmarks, 'benchmark card')} with them"
        )
    for problem in merged.corrupt:
        click.echo(f"left there: {problem}", err=True)
    if merged.corrupt:
        click.get_current_context().exit(1)


@store.command(
    epilog="""\b
FILE ends in .parquet or .csv. A row is an episode: cell, method, benchmark,
digest, track, way, shot, query, seed, episode seed, episode, correct, queries.

\b
Examples:
  league store export outcomes.parquet
  league store export demo.csv --sweep demo
"""
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@store_option
@click.option("--sweep", metavar="NAME", help="Only the cells of this sweep.  [default: all]")
@json_option
def export(file: Path, store: str, sweep: str | None, as_json: bool) -> None:
    """Write every outcome of every method, episode by episode, into FILE."""
    import pyarrow.csv

    from leaderboard.store import StoreError
    from leaderboard.store.tables import parquet

    if file.suffix not in (".parquet", ".csv"):
        raise BadInput(f"{file} must end in .parquet or .csv: that says how it is written")
    opened = _existing(store)
    with bad_input(StoreError):
        if sweep is not None and sweep not in opened.plans():
            raise StoreError(f"{opened.url} has no sweep {sweep!r}; it has {', '.join(opened.plans())}")
        table = opened.outcomes(sweep)
    try:
        # Whole or not at all: the name appears once everything is written.
        part = file.with_name(f".{file.name}.part")
        if file.suffix == ".parquet":
            part.write_bytes(parquet(table))
        else:
            pyarrow.csv.write_csv(table, part)
        part.replace(file)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror or error}") from error
    if as_json:
        show_json({"file": str(file), "rows": len(table), "columns": table.column_names})
    else:
        click.echo(f"{file}: {len(table):,} episodes of {len(table['key'].unique()):,} cells")


def _existing(url: str) -> Store:
    from leaderboard.store import Store, StoreError

    with bad_input(StoreError):
        opened = Store(url)
        if not opened.exists:
            raise StoreError(f"there is no store at {url}: give the folder that a sweep wrote into")
    return opened


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
