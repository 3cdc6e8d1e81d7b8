"""``league measure similarity``: how alike two adapted methods are, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from suite.cli.execute import Wishes, errand, show_result
from suite.cli.shared import (
    BadInput,
    Failed,
    bad_input,
    detach_option,
    events_option,
    json_option,
    on_option,
    store_option,
)

if TYPE_CHECKING:
    from suite.cli.measured_runs import Run
    from suite.engine import Cell, Plan
    from suite.engine.measuring import Side

NAME = "measure-similarity"
_USUAL = ("svcca", "pwcca", "linear_cka", "unbiased_cka", "procrustes")


@click.command(
    epilog="""\b
A RUN is the beginning of a key of a finished training or evaluation, its
method's label, or several words in quotes, as `league runs` takes them. One
run alone is compared with itself before it adapts.

\b
Measures: svcca, pwcca, linear_cka, unbiased_cka, procrustes (the usual ones);
cca, cca_squared, svcca_squared, linear_regression. All as distances, 1 less
the similarity: 0 is the same.

\b
Examples:
  league measure similarity maml transfer
  league measure similarity 3f9a2c1d                 before and after adapting
  league measure similarity "maml glyphs seed=0" "transfer glyphs seed=0"
  league measure similarity maml transfer --before-after --query 15
"""
)
@click.argument("run_a", metavar="RUN_A")
@click.argument("run_b", metavar="[RUN_B]", required=False)
@click.option(
    "--measure",
    "indexes",
    metavar="NAME",
    multiple=True,
    default=_USUAL,
    help="A measure; give it several times for several.  [default: the usual five]",
)
@click.option("--before-after", is_flag=True, help="Also each run before and after it adapts.")
@click.option(
    "--episodes", type=click.IntRange(2), default=20, show_default=True, help="How many are compared on."
)
@click.option("--query", type=click.IntRange(1), help="Query images of a class.  [default: RUN_A's]")
@click.option("--retry", is_flag=True, help="Try measurements again that failed before.")
@on_option
@detach_option
@events_option
@click.option("--html", metavar="DIR", help=f"Folder of the page.  [default: STORE/board/{NAME}]")
@store_option
@json_option
@click.pass_context
def similarity(
    ctx: click.Context, /, run_a: str, run_b: str | None, indexes: tuple[str, ...], **wished: Any
) -> None:
    """Compare two trained methods layer by layer.

    Both adapt to the same test episodes; compared is what each layer makes of their query images, with
    intervals over episodes. What the store has is not measured again.
    """
    named = [run_a] if run_b is None else [run_a, run_b]
    flags = [word for index in indexes if indexes != _USUAL for word in ("--measure", index)]
    flags += ["--before-after"] if wished["before_after"] else []
    flags += ["--episodes", str(wished["episodes"])]
    flags += ["--query", str(wished["query"])] if wished["query"] else []
    wishes = Wishes(
        words=("measure", "similarity", *named, *flags),
        **{key: wished[key] for key in ("store", "retry", "address", "detach", "events", "html", "as_json")},
    )
    ctx.exit(
        errand(wishes, lambda: _plan(named, indexes, wished), lambda plan: _conclude(plan.cells, wishes))
    )


def _plan(named: Sequence[str], indexes: tuple[str, ...], wished: dict[str, Any]) -> Plan:
    from leaderboard.store import Store, StoreError
    from suite import engine
    from suite.cli.measured_runs import pick
    from suite.config import Tracking
    from suite.engine.measuring import Comparison, similarity_cell
    from suite.runs import listing

    with bad_input(StoreError):
        store = Store(wished["store"])
        rows = listing(store)
    runs = [pick(store, rows, words) for words in named]
    _check(named, runs)
    first = runs[0]
    benchmark = _load(first)
    wanted = Comparison(
        way=first.way,
        shot=first.shot,
        query=wished["query"] or first.query,
        episodes=wished["episodes"],
        seed=first.seed,
        indexes=tuple(dict.fromkeys(indexes)),
    )
    cells: dict[str, Cell] = {}
    codes = {run.side.method.code.name: run.side.method.code for run in runs}
    with bad_input(ValueError):
        for one, other in _pairs(runs, before_after=wished["before_after"]):
            cell = similarity_cell(one, other, first.benchmark, benchmark, wanted)
            cells.setdefault(cell.key, cell)
    terms = engine.Errand(NAME, wished["store"], tracking=Tracking(mode="disabled"))
    return engine.Plan(terms, tuple(cells.values()), codes)


def _pairs(runs: Sequence[Run], *, before_after: bool) -> list[tuple[Side, Side]]:
    """What is compared with what: the two runs, and each before and after where that is asked for."""
    pairs = [(runs[0].side, runs[1].side)] if len(runs) == 2 else []
    if before_after or len(runs) == 1:
        pairs += [(run.side.before, run.side) for run in runs]
    return pairs


def _check(named: Sequence[str], runs: Sequence[Run]) -> None:
    """Say what cannot be compared, and what can be but should be known."""
    first, last = runs[0], runs[-1]
    if first.benchmark.digest != last.benchmark.digest:
        raise BadInput(
            f"{named[0]!r} is on {first.benchmark.name} and {named[-1]!r} on {last.benchmark.name}"
            + (", with other options" if first.benchmark.name == last.benchmark.name else "")
            + ": layers are compared on the same images"
        )
    if (first.way, first.shot) != (last.way, last.shot):
        raise BadInput(
            f"{named[0]!r} is for {first.way}-way {first.shot}-shot episodes and {named[-1]!r} for "
            f"{last.way}-way {last.shot}-shot ones; take two runs of one protocol"
        )
    for words, run in zip(named, runs, strict=True):
        if run.other_code:
            click.echo(
                f"{words}: trained by other code than is installed here, which may adapt in another way.",
                err=True,
            )


def _load(run: Run) -> Any:
    import tasks

    try:
        with bad_input(tasks.UnknownBenchmark, TypeError, ValueError):
            found = tasks.load(run.benchmark.name, **run.benchmark.options)
    except tasks.DataError as error:
        raise Failed(str(error)) from error
    if found.digest != run.benchmark.digest:
        raise BadInput(
            f"{run.benchmark.name} is other data here than it was trained on (digest {found.digest[:12]}, "
            f"then {run.benchmark.digest[:12]}); `league data verify` tells more"
        )
    return found


def _conclude(cells: Sequence[Cell], wishes: Wishes) -> None:
    from leaderboard.board.similarity import read_similarity
    from leaderboard.board.similarity_page import write_similarity
    from leaderboard.store import Store
    from suite.cli.similarity_report import as_json, lines

    assert wishes.store is not None
    store = Store(wishes.store)
    found = [read_similarity(record) for cell in cells if (record := store.get(cell.key)) is not None]
    page = None
    if found:
        folder = wishes.html or store.location.writable() / "board" / NAME
        page = write_similarity(folder, found).absolute().as_uri()
    keys = {cell.key for cell in cells}
    failures = [failure for failure in store.failures() if failure.key in keys]
    if wishes.as_json:
        told = [failure.model_dump(mode="json", include={"key", "reason"}) for failure in failures]
        show_result({"page": page, "failures": told, "comparisons": [as_json(one) for one in found]}, wishes)
    else:
        click.echo("\n".join(line for one in found for line in ("", *lines(one))))
        if page is not None:
            click.echo(f"\nPage: {page}")
    for failure in failures:
        click.echo(f"{failure.key[:12]} was not measured: {failure.reason}", err=True)
    if failures:
        click.echo(f"Try again with:\n  {wishes.command('--retry')}", err=True)
