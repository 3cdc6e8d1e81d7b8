"""``league paper``: the claims of papers, tried by experiments of minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from suite.cli.execute import Wishes, errand, show_result
from suite.cli.shared import (
    BadInput,
    bad_input,
    detach_option,
    events_option,
    json_option,
    on_option,
    show_json,
    store_option,
)

if TYPE_CHECKING:
    from suite.cli.paper_report import Listed
    from suite.engine import Cell, Plan
    from suite.papers import PaperInfo

NAME = "papers"


@click.group(
    epilog="""\b
Examples:
  league paper list           every paper, its claim, and what became of it
  league paper run diversity  try one; what the store has is not run again
"""
)
def paper() -> None:
    """Try the claims of papers, and see what became of them."""


@paper.command(
    "list",
    epilog="""\b
Examples:
  league paper list
  league paper list --store /data/league --json
""",
)
@store_option
@json_option
def list_papers(store: str, as_json: bool) -> None:
    """List the papers, their claims, and the verdicts that the store has."""
    from leaderboard import Store, StoreError
    from suite.cli.paper_report import listed, listing
    from suite.papers import describe, names

    with bad_input(StoreError):
        rows: list[Listed] = listed(Store(store), [describe(name) for name in names()])
    if as_json:
        show_json([row.as_json() for row in rows])
    else:
        click.echo("\n".join(listing(rows)))


@paper.command(
    epilog="""\b
Each part of a paper's experiment is kept as soon as it is finished, so the
same command goes on where it was stopped. A claim that does not hold is a
result, not an error: the exit code is 0.

\b
Examples:
  league paper run diversity
  league paper run diversity --seeds 0
  league paper run diversity cka --json
"""
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--seeds", metavar="N,N,…", help="Which to run.  [default: those of each paper]")
@click.option("--retry", is_flag=True, help="Try parts again that failed before.")
@on_option
@detach_option
@events_option
@click.option("--html", metavar="DIR", help=f"Folder of the page.  [default: STORE/board/{NAME}]")
@store_option
@json_option
@click.pass_context
def run(
    ctx: click.Context,
    names: tuple[str, ...],
    seeds: str | None,
    retry: bool,
    address: str | None,
    detach: bool,
    events: bool,
    html: str | None,
    store: str,
    as_json: bool,
) -> None:
    """Run the experiments of papers, and tell for each claim whether it held."""
    from suite import papers

    with bad_input(papers.UnknownPaper):
        wanted = [papers.describe(name) for name in dict.fromkeys(names)]
    flags = [] if seeds is None else ["--seeds", seeds]
    words = ("paper", "run", *names, *flags)
    wishes = Wishes(words, store, False, retry, address, html, as_json, detach, events)
    ctx.exit(
        errand(
            wishes,
            lambda: _plan(wanted, seeds, store),
            lambda plan: _conclude(wanted, plan.cells, wishes),
        )
    )


def _plan(wanted: Sequence[PaperInfo], seeds: str | None, store: str) -> Plan:
    from suite import engine
    from suite.config import Tracking
    from suite.engine.papering import paper_cells

    cells = [
        cell for info in wanted for cell in paper_cells(info, info.seeds if seeds is None else _seeds(seeds))
    ]
    terms = engine.Errand(NAME, store, tracking=Tracking(mode="disabled"))
    return engine.Plan(terms, tuple(cells))


def _seeds(text: str) -> list[int]:
    """``0,2`` as numbers, each once."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise BadInput(
            f"--seeds must be whole numbers from 0, with commas between, such as 0,1,2, not {text!r}"
        )
    return list(dict.fromkeys(int(part) for part in parts))


def _conclude(wanted: Sequence[PaperInfo], cells: Sequence[Cell], wishes: Wishes) -> None:
    from leaderboard import Store
    from leaderboard.board.papers import from_records, paper_as_json, tried_papers
    from leaderboard.board.papers_page import write_papers
    from suite.cli.paper_report import report

    assert wishes.store is not None
    store = Store(wishes.store)
    # Of these seeds alone: the store may have others, which the page counts, too.
    found = from_records(record for cell in cells if (record := store.get(cell.key)) is not None)
    page = None
    if found:
        folder = wishes.html or store.location.writable() / "board" / NAME
        page = write_papers(folder, tried_papers(store)).absolute().as_uri()
    failures = [failure for failure in store.failures() if failure.key in {cell.key for cell in cells}]
    if wishes.as_json:
        told = [failure.model_dump(mode="json", include={"key", "seed", "reason"}) for failure in failures]
        show_result(
            {"page": page, "failures": told, "papers": [paper_as_json(tried) for tried in found]}, wishes
        )
    else:
        for tried in found:
            click.echo("\n".join(report(tried)))
        if page is not None:
            click.echo(f"\nPage: {page}")
    for failure in failures:
        name = failure.spec["paper"]["name"]
        click.echo(f"{name}, seed {failure.seed}, could not be run: {failure.reason}", err=True)
    if failures:
        click.echo(f"Try again with:\n  {wishes.command('--retry')}", err=True)
