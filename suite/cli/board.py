"""``league board``: the ranking, as a pure function of the store."""

from __future__ import annotations

import click

from suite.cli.shared import bad_input, json_option, store_option


@click.command(
    epilog="""\b
Examples:
  league board                              what league-store holds
  league board --store /data/league --sweep demo
  league board --html board                 pages to open in a browser
  league board --json | jq .computed.ranking.overall
  league board --csv > standings.csv
"""
)
@store_option
@click.option("--sweep", metavar="NAME", help="Only the cells of this sweep.  [default: all]")
@click.option("--html", metavar="DIR", help="Also write the board as pages into this folder.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print the standings as CSV.")
@click.option(
    "--without-measured", is_flag=True, help="Leave out times and memory, which differ from run to run."
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Accuracies that differ by less count as equivalent.",
)
def board(
    store: str,
    sweep: str | None,
    html: str | None,
    as_json: bool,
    as_csv: bool,
    without_measured: bool,
    margin: float,
) -> None:
    """Show the ranking of what is in the store."""
    from leaderboard import Store, StoreError
    from leaderboard.board import build, to_csv, to_json
    from suite.cli import show

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    measured = not without_measured
    with bad_input(StoreError):
        built = build(Store(store), sweep=sweep, margin=margin)
    page = None if html is None else show.pages(built, html, measured=measured)
    if as_json:
        click.echo(to_json(built, measured), nl=False)
    elif as_csv:
        click.echo(to_csv(built), nl=False)
    else:
        click.echo(show.terminal(built, measured=measured))
    if page is not None:
        click.echo(f"\nBoard: {page}", err=as_json or as_csv)
