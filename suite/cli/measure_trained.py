"""``league measure MEASURE RUN``: what any measure says of any finished training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from suite.cli.execute import Wishes, errand, show_result
from suite.cli.shared import (
    BadInput,
    bad_input,
    detach_option,
    events_option,
    json_option,
    on_option,
    store_option,
)
from suite.nearest import nearest

if TYPE_CHECKING:
    from leaderboard.records import Record
    from leaderboard.store import Store
    from suite.engine import Cell, Plan
    from suite.engine.yardsticks import Yardstick

NAME = "measure-trained"


@click.command(
    epilog="""\b
MEASURE is a measure's name, `all`, or a file of yours that registers some. A
RUN is the beginning of a key, a method's label, or several words in quotes, as
`league runs` takes them; all trainings that answer to it are measured, and of
an evaluation the training under it.

\b
Examples:
  league measure class_separation pretrain
  league measure neural_collapse "pretrain emoji_groups seed=0"
  league measure cka_to_reference 3f9a2c1d --reference 81c05e77
  league measure mine.py 3f9a2c1d --json
"""
)
@click.argument("named", metavar="MEASURE")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--reference", metavar="RUN", help="The one held against it, for what compares two.")
@click.option("--retry", is_flag=True, help="Try measurements again that failed before.")
@on_option
@detach_option
@events_option
@store_option
@json_option
@click.pass_context
def trained(ctx: click.Context, /, named: str, runs: tuple[str, ...], **wished: Any) -> None:
    """Measure what finished trainings learned, layer by layer.

    On training and test images of source and downstream problem; of few-shot trainings, on images of
    classes trained on and of the test's. What the store has is not measured again.
    """
    reference = wished.pop("reference")
    wishes = Wishes(
        words=("measure", named, *runs, *(["--reference", reference] if reference else [])), **wished
    )
    ctx.exit(
        errand(
            wishes,
            lambda: _plan(named, runs, wished["store"], reference),
            lambda plan: _conclude(plan.cells, wishes),
        )
    )


def _plan(named: str, runs: Sequence[str], folder: str, against: str | None) -> Plan:
    from leaderboard.store import Store, StoreError
    from suite import engine, measures
    from suite.cli.measured_runs import trainings
    from suite.config import ConfigError, Tracking
    from suite.config.schema import ALL_MEASURES
    from suite.engine.yardsticks import yardsticks
    from suite.runs import listing

    if not named.endswith(".py") and named not in (known := [*measures.names(), ALL_MEASURES]):
        raise BadInput(
            f"no measure is called {named!r}; {nearest(named, [*known, 'diversity', 'similarity'])}. "
            "A file of your own ends in .py"
        )
    with bad_input(ConfigError):
        rulers = yardsticks([named])
    if named == ALL_MEASURES and not against:
        rulers = [ruler for ruler in rulers if not ruler.compares]
    with bad_input(StoreError):
        store = Store(folder)
        rows = listing(store)
    found = {record.key: record for words in runs for record in trainings(store, rows, words)}
    reference = _reference(store, rows, against, found, rulers)
    cells: dict[str, Cell] = {}
    codes = {record.method.name: _code(record) for record in found.values() if record.method is not None}
    for record in found.values():
        for ruler in _fitting(record, rulers):
            cell = _cell(record, ruler, reference if ruler.compares else None)
            cells.setdefault(cell.key, cell)
    if not cells:
        raise BadInput(_lacking(rulers, found.values()))
    terms = engine.Errand(NAME, folder, tracking=Tracking(mode="disabled"))
    return engine.Plan(terms, tuple(cells.values()), codes)


def _reference(
    store: Store, rows: Any, words: str | None, found: dict[str, Record], rulers: Sequence[Yardstick]
) -> Record | None:
    """The training that all are held against. Raises BadInput where one is lacking, or does not fit."""
    from suite.cli.measured_runs import trainings

    comparing = [ruler.name for ruler in rulers if ruler.compares]
    if words is None:
        if comparing:
            raise BadInput(f"{comparing[0]} compares two trainings: name the other with --reference RUN")
        return None
    if not comparing:
        raise BadInput(f"{rulers[0].name} is of one training; leave --reference out")
    several = trainings(store, rows, words)
    if len(several) > 1:
        raise BadInput(f"{len(several)} trainings answer to {words!r}; the reference is one, such as a key")
    [reference] = several
    for record in found.values():
        assert record.benchmark is not None and reference.benchmark is not None
        if record.benchmark.digest != reference.benchmark.digest:
            raise BadInput(
                f"{record.key[:12]} is on {record.benchmark.name} and the reference on "
                f"{reference.benchmark.name}: networks are compared on the same images"
            )
    return reference


def _fitting(record: Record, rulers: Sequence[Yardstick]) -> list[Yardstick]:
    """Those of the measures whose needs the training left."""
    import suite.methods
    from suite.engine.trained import can_measure

    assert record.method is not None
    built = suite.methods.get(record.method.name, **record.method.arguments)
    return [ruler for ruler in rulers if can_measure(built, ruler.measure)]


def _lacking(rulers: Sequence[Yardstick], found: Iterable[Record]) -> str:
    needs = ", ".join(dict.fromkeys(need for ruler in rulers for need in ruler.measure.needs))
    labels = ", ".join(dict.fromkeys(record.method.label for record in found if record.method is not None))
    return f"{', '.join(ruler.name for ruler in rulers)} needs {needs}, which {labels} does not keep"


def _cell(record: Record, ruler: Yardstick, reference: Record | None) -> Cell:
    from suite.engine.trained import measure_cell

    assert record.method is not None and record.benchmark is not None and record.seed is not None
    return measure_cell(
        record.method,
        record.benchmark,
        record.seed,
        record.key,
        ruler,
        track=record.spec.get("track", "few-shot"),
        reference=None if reference is None else reference.key,
    )


def _code(record: Record) -> Any:
    """What a worker imports to have the method; says so where it is not what trained it."""
    import suite.methods
    from suite.isolation import Code

    assert record.method is not None
    with bad_input(suite.methods.UnknownMethod):
        info = suite.methods.describe(record.method.name)
    if info.source_hash != record.method.source_hash:
        raise BadInput(
            f"{record.key[:12]} was trained by other code of {info.name} than is installed here, which may "
            "read its checkpoint as another network; install that version, or run its sweep again"
        )
    return Code(info.name, info.module)


def _conclude(cells: Sequence[Cell], wishes: Wishes) -> None:
    from leaderboard.store import Store
    from suite.cli.trained_report import as_json, lines

    assert wishes.store is not None
    store = Store(wishes.store)
    found = [record for cell in cells if (record := store.get(cell.key)) is not None]
    keys = {cell.key for cell in cells}
    failures = [failure for failure in store.failures() if failure.key in keys]
    if wishes.as_json:
        told = [failure.model_dump(mode="json", include={"key", "reason"}) for failure in failures]
        show_result({"failures": told, "measurements": [as_json(record) for record in found]}, wishes)
    else:
        click.echo("\n".join(line for record in found for line in ("", *lines(record))))
    for failure in failures:
        click.echo(f"{failure.key[:12]} was not measured: {failure.reason}", err=True)
    if failures:
        click.echo(f"Try again with:\n  {wishes.command('--retry')}", err=True)
