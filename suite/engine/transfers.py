"""The transfer track of a sweep: one training a source, shared by all who adapt from it, and its measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import suite.methods
from leaderboard.records import BenchmarkIdentity, MethodIdentity
from suite.config import SweepConfig
from suite.engine.cells import TRANSFER, Cell, Shape, evaluate_cell, train_cell
from suite.engine.downstream import protocol
from suite.engine.identity import Identified
from suite.engine.trained import can_measure, measure_cell
from suite.engine.yardsticks import Yardstick, yardsticks
from tasks import Transfer, transfers

# What episodes of a source are made of, for methods that learn from episodes: no protocol says.
_WAY, _SHOT, _QUERY = 5, 1, 3
_PLAIN = "softmax"


def transfer_cells(sweep: SweepConfig, methods: Sequence[Identified]) -> Iterator[Cell]:
    """Every cell of the track, trainings that are shared more than once. Tasks are loaded for their digests.

    A task is asked for no more labels a class than it has: ``too_many_labels`` tells which it lacks. Raises
    what ``transfers.load`` does.
    """
    rulers = yardsticks(sweep.measures) if sweep.transfers else []
    for given in sweep.transfers:
        task = transfers.load(given.name, **given.options)
        identity = BenchmarkIdentity(name=task.name, options=dict(task.options), digest=task.digest)
        offered = [labels for labels in sweep.labels if not _lacks(task, labels)]
        for seed in sweep.seeds:
            trainings: dict[str, Cell] = {}
            for method in methods:
                train = train_cell(
                    method.training, identity, _shape(task), sweep.budget, seed, track=TRANSFER
                )
                yield train
                for labels in offered:
                    yield evaluate_cell(method.whole, identity, protocol(task, labels), seed, train)
                # Behind walls nobody looks into a network.
                if sweep.trust or not method.code.submitted:
                    trainings[train.key] = train
            yield from _measured(list(trainings.values()), rulers)


def too_many_labels(sweep: SweepConfig) -> list[str]:
    """A sentence for each task that has not all of ``sweep.labels`` in every class.

    Raises ValueError for a number of labels that no task has.
    """
    lacking: list[tuple[str, dict[int, str]]] = []
    for given in sweep.transfers:
        task = transfers.load(given.name, **given.options)
        lacking.append((task.name, {labels: why for labels in sweep.labels if (why := _lacks(task, labels))}))
    for labels in sweep.labels:
        if lacking and all(labels in found for _, found in lacking):
            why = "; ".join(found[labels] for _, found in lacking)
            raise ValueError(f"labels: {why}; take fewer, or 0 for all that there are")
    return [
        f"{name} is not scored at {', '.join(map(str, found))} labels a class: not every class has so many"
        for name, found in lacking
        if found
    ]


def reference_of(method: MethodIdentity, among: Sequence[MethodIdentity]) -> int | None:
    """Which of the trainings ``among`` a training is held against: the plain softmax one most like it.

    None where there is none but itself, or where its method has no objective.
    """
    if "objective" not in method.arguments or method.arguments["objective"] == _PLAIN:
        return None
    plain = [
        i
        for i, other in enumerate(among)
        if other.name == method.name and other.arguments.get("objective") == _PLAIN
    ]
    return min(plain, key=lambda i: _differing(method, among[i]), default=None)


def _differing(one: MethodIdentity, other: MethodIdentity) -> int:
    """In how many arguments two trainings differ."""
    return sum(value != other.arguments.get(key) for key, value in one.arguments.items())


def _measured(trainings: Sequence[Cell], rulers: Sequence[Yardstick]) -> Iterator[Cell]:
    """What can be measured of each training; of two networks where there is a reference."""
    among = [cell.method for cell in trainings if cell.method is not None]
    for training, method in zip(trainings, among, strict=True):
        assert training.benchmark is not None and training.seed is not None
        found = reference_of(method, among)
        reference = None if found is None else trainings[found].key
        built = suite.methods.get(method.name, **method.arguments)
        for ruler in rulers:
            if ruler.compares and reference is None:
                continue
            if can_measure(built, ruler.measure):
                yield measure_cell(
                    method,
                    training.benchmark,
                    training.seed,
                    training.key,
                    ruler,
                    track=TRANSFER,
                    reference=reference if ruler.compares else None,
                )


def _shape(task: Transfer) -> Shape:
    return Shape(min(_WAY, len(task.source.classes)), _SHOT, _QUERY)


def _lacks(task: Transfer, labels: int) -> str:
    """Why ``task`` has no ``labels`` a class, or nothing where it has; 0 is all that there are."""
    if labels:
        try:
            task.labelled(labels)
        except ValueError as error:
            return str(error)
    return ""
