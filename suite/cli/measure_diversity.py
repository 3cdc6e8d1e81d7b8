"""``league measure diversity``: how different from one another the tasks of benchmarks are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from suite.cli.execute import Wishes, errand, show_result
from suite.cli.measured_benchmarks import asked, load, resources, settings
from suite.cli.shared import (
    bad_input,
    detach_option,
    events_option,
    json_option,
    on_option,
    store_option,
)

if TYPE_CHECKING:
    from suite.config import DiversityConfig, Resources
    from suite.engine import Cell, Plan
    from tasks import Benchmark

NAME = "measure-diversity"


@click.command(
    epilog="""\b
A KEY=VALUE behind a benchmark is an option of it (league data list); the value
is YAML. resources.KEY=VALUE, anywhere, is what each measurement gets.

\b
Probes: conv4 and mlp (small, at random; the default is conv4),
efficientnet_lite0 (ImageNet, works offline), resnet18, resnet34, timm. With
options: --probe '{resnet18: {weights: pretrained, size: 84}}'. Several --probe
measure by each of them.

\b
Examples:
  league measure diversity glyphs emoji
  league measure diversity latent domains=1 latent domains=4 --tasks 100
  league measure diversity glyphs --probe efficientnet_lite0 --shot 5 --query 5
  league measure diversity union 'of=[glyphs,emoji]' --probe '{mlp: {width: 64}}'
"""
)
@click.argument("words", metavar="BENCHMARK [KEY=VALUE]...", nargs=-1, required=True)
@click.option(
    "--probe",
    "probes",
    metavar="NAME",
    multiple=True,
    default=("conv4",),
    help="The network that tasks are shown to.",
)
@click.option(
    "--tasks", "count", type=click.IntRange(3), default=60, show_default=True, help="How many are drawn."
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    show_default=True,
    help="Of the benchmark.",
)
@click.option("--way", type=click.IntRange(2), default=5, show_default=True, help="Classes of a task.")
@click.option("--shot", type=click.IntRange(1), help="Support images of a class.  [default: 5, or 1]")
@click.option("--query", type=click.IntRange(1), help="Query images of a class.  [default: 15, or 3]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides which tasks.")
@click.option("--mc", is_flag=True, help="The reference implementation's random estimator; slow.")
@click.option("--retry", is_flag=True, help="Try measurements again that failed before.")
@on_option
@detach_option
@events_option
@click.option("--html", metavar="DIR", help=f"Folder of the page.  [default: STORE/board/{NAME}]")
@store_option
@json_option
@click.pass_context
def diversity(ctx: click.Context, /, words: tuple[str, ...], **wished: Any) -> None:
    """Measure how different the tasks of benchmarks are.

    The diversity coefficient: the mean Task2Vec distance of two tasks, with a bootstrap of tasks, beside its
    floor and the tasks' complexity. What the store has is not measured again.
    """
    given = asked(words)
    wishes = Wishes(
        words=("measure", "diversity", *words, *_flags(ctx)),
        store=wished["store"],
        retry=wished["retry"],
        address=wished["address"],
        detach=wished["detach"],
        events=wished["events"],
        html=wished["html"],
        as_json=wished["as_json"],
    )

    def plan() -> Plan:
        loaded = [load(name, options) for name, options in given.benchmarks]
        return _plan(loaded, settings(wished, loaded), resources(given.resources), wished)

    ctx.exit(errand(wishes, plan, lambda planned: _conclude(planned.cells, wishes)))


def _plan(
    loaded: Sequence[Benchmark], wanted: DiversityConfig, each: Resources, wished: dict[str, Any]
) -> Plan:
    from leaderboard.records import BenchmarkIdentity
    from suite import engine
    from suite.config import Tracking
    from suite.engine.diversity import diversity_cell, rulers

    cells: dict[str, Cell] = {}
    with bad_input(ValueError, TypeError):
        for ruler in rulers(wanted, mc=wished["mc"]):
            for benchmark in loaded:
                identity = BenchmarkIdentity(
                    name=benchmark.name, options=dict(benchmark.options), digest=benchmark.digest
                )
                cell = diversity_cell(identity, benchmark, ruler)
                cells.setdefault(cell.key, cell)
    terms = engine.Errand(NAME, wished["store"], each, Tracking(mode="disabled"))
    return engine.Plan(terms, tuple(cells.values()))


def _conclude(cells: Sequence[Cell], wishes: Wishes) -> None:
    from leaderboard.board.distance_pages import write_distances
    from leaderboard.store import Store
    from suite.cli.diversity_report import as_json, gather, lines

    assert wishes.store is not None
    store = Store(wishes.store)
    parts = gather(store, [cell.key for cell in cells])
    page = None
    if parts:
        folder = wishes.html or store.location.writable() / "board" / NAME
        page = write_distances(folder, parts).absolute().as_uri()
    failures = [failure for failure in store.failures() if failure.key in {cell.key for cell in cells}]
    if wishes.as_json:
        told = [
            failure.model_dump(mode="json", include={"key", "benchmark", "reason"}) for failure in failures
        ]
        show_result({"page": page, "failures": told, "probes": as_json(parts)}, wishes)
    else:
        click.echo("\n".join(["", *lines(parts)]))
        if page is not None:
            click.echo(f"\nPage: {page}")
    for failure in failures:
        name = failure.benchmark.name if failure.benchmark else ""
        click.echo(f"{name} was not measured: {failure.reason}", err=True)
    if failures:
        click.echo(f"Try again with:\n  {wishes.command('--retry')}", err=True)


def _flags(ctx: click.Context) -> list[str]:
    """The options that were given, as words again, less those that ``Wishes`` spells itself."""
    own = {"store", "retry", "address", "detach", "events", "html", "as_json"}
    found: list[str] = []
    for parameter in ctx.command.params:
        given = ctx.get_parameter_source(parameter.name or "") == click.core.ParameterSource.COMMANDLINE
        if isinstance(parameter, click.Option) and given and parameter.name not in own:
            value = ctx.params[parameter.name or ""]
            values = value if isinstance(value, tuple) else (value,)
            found += [
                word
                for one in values
                for word in ([parameter.opts[0]] if one is True else [parameter.opts[0], str(one)])
            ]
    return found
