"""The diversity coefficient: how different from one another the tasks of a benchmark are, to a probe.

Miranda, Yu, Wang and Koyejo (2022), "The Curse of Low Task Diversity": the mean Task2Vec distance of two
different tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

from suite.measures.diversity_floor import Redrawn, Task
from suite.measures.diversity_statistics import (
    Interval,
    bootstrap_counts,
    mean_distances,
    pair_interval,
    percentiles,
)
from suite.measures.montecarlo import MonteCarlo
from suite.measures.task2vec import Embedding, pairwise_distances, task2vec
from suite.probes import Probe, of_module
from tasks import Episode

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditions:
    """Under what a diversity was measured; only equal ones compare.

    ``probe`` is the probe's digest; tasks have ``way`` classes, ``support`` and ``query`` images.
    """

    probe: str
    estimator: str
    way: int
    support: int
    query: int


@dataclass(frozen=True)
class Diversity:
    """How different tasks are from one another, and how surely. Distances are in 0..1, intervals of 95 %.

    ``mean`` is the mean distance of two different tasks. ``interval`` is the task bootstrap: tasks are drawn
    again with replacement, and pairs of a task with itself left out. ``pair_interval`` is that of the
    authors, mean ± 1.96 sd / √pairs, as if pairs that share a task were independent: it is far too narrow.
    (Their code counts each pair twice, as both (i, j) and (j, i), so prints √2 less yet.)

    ``floor`` is the mean distance of tasks of the same classes, drawn with other images, with its bootstrap
    over tasks; None where no task was drawn again. Of the images of a second draw ``floor_overlap`` (0..1)
    are the first one's too, for want of others, which makes the floor too low. ``complexity`` is the mean of
    the embeddings' sums.

    ``standardized`` is the mean over the standard deviation of distances: infinite where all are alike.
    ``effective_tasks``, the authors' "effective number of tasks", is the sum of distances over ordered pairs;
    it grows with the square of the number of tasks, so compares only between equally many.

    ``distances`` [tasks, tasks], ``complexities`` [tasks]; ``redrawn`` has the distances of each task that
    was drawn again to and among its other draws, by its number.
    """

    conditions: Conditions
    mean: float
    interval: Interval
    pair_interval: Interval
    floor: float | None
    floor_interval: Interval | None
    standardized: float
    complexity: float
    complexity_interval: Interval
    effective_tasks: float
    distances: Floats = field(repr=False)
    complexities: Floats = field(repr=False)
    redrawn: Mapping[int, Floats] = field(repr=False)
    floor_overlap: float = 0.0

    @property
    def tasks(self) -> int:
        """How many tasks were compared."""
        return len(self.distances)


def diversity_coefficient(
    tasks: Sequence[Task],
    probe: Probe | nn.Module,
    *,
    redrawn: Redrawn = Redrawn(),  # noqa: B008 (frozen, and empty)
    mc: bool = False,
    options: MonteCarlo | None = None,
    on_task: Callable[[int], None] | None = None,
) -> Diversity:
    """The diversity of ``tasks``, at least 3 of one shape, under a probe: images -> features [n, d].

    ``redrawn``, for the floor, has other draws of some tasks by their place in ``tasks`` (``redraw`` makes
    them); without it there is no floor. ``mc`` takes the estimator of the reference implementation
    (``task2vec``). ``on_task`` hears how many tasks are embedded, draws for the floor included. Takes a
    Task2Vec embedding of each, and of their pairs what their filters take. Nothing is random.

    Raises ValueError for fewer tasks, tasks of several shapes, and what ``task2vec`` raises.
    """
    known = probe if isinstance(probe, Probe) else of_module(probe)
    again = redrawn.draws
    _check_enough(len(tasks))
    every = [*tasks, *(draw for place in again for draw in again[place])]
    shape = _one_shape(every)
    embeddings: list[Embedding] = []
    for task in every:
        embeddings.append(task2vec(task, known.module, mc, options=options))
        if on_task is not None:
            on_task(len(embeddings))
    own, others = embeddings[: len(tasks)], iter(embeddings[len(tasks) :])
    within = {
        place: pairwise_distances([own[place], *(next(others) for _ in draws)])
        for place, draws in again.items()
    }
    return of_distances(
        Conditions(known.digest, own[0].estimator, *shape),
        pairwise_distances(own),
        np.array([embedding.complexity for embedding in own]),
        within,
        redrawn.overlap,
    )


def of_distances(
    conditions: Conditions,
    distances: Floats,
    complexities: Floats,
    redrawn: Mapping[int, Floats],
    floor_overlap: float = 0.0,
) -> Diversity:
    """The same of known distances: [tasks, tasks], symmetric; ``redrawn`` likewise, [draws, draws]."""
    n = len(distances)
    _check_enough(n)
    pairs = distances[np.triu_indices(n, 1)]
    mean, deviation = float(pairs.mean()), float(pairs.std(ddof=1))
    counts = bootstrap_counts(n, "tasks")
    floors = np.array([_mean_pair(matrix) for matrix in redrawn.values()])
    return Diversity(
        conditions=conditions,
        mean=mean,
        interval=percentiles(mean_distances(distances, counts)),
        pair_interval=pair_interval(mean, deviation, len(pairs)),
        floor=float(floors.mean()) if len(floors) else None,
        floor_interval=_mean_interval(floors, "floor") if len(floors) > 1 else None,
        standardized=mean / deviation if deviation > 0 else float("inf"),
        complexity=float(complexities.mean()),
        complexity_interval=percentiles(counts @ complexities / n),
        effective_tasks=2 * float(pairs.sum()),
        distances=distances,
        complexities=complexities,
        redrawn=dict(redrawn),
        floor_overlap=floor_overlap,
    )


@dataclass(frozen=True)
class Difference:
    """One diversity less another; the 95 % interval draws tasks of both again, independently."""

    estimate: float
    interval: Interval


def difference(one: Diversity, other: Diversity) -> Difference:
    """``one.mean - other.mean`` with a task bootstrap of both.

    Raises ValueError where they were measured with different probes, estimators or shapes of tasks.
    """
    check_comparable(one.conditions, other.conditions)
    drawn = mean_distances(one.distances, bootstrap_counts(one.tasks, "one")) - mean_distances(
        other.distances, bootstrap_counts(other.tasks, "other")
    )
    return Difference(one.mean - other.mean, percentiles(drawn))


def check_comparable(one: Conditions, other: Conditions) -> None:
    """Raise ValueError, naming what differs, unless diversities under these conditions compare."""
    if one.probe != other.probe:
        raise ValueError(
            "diversities compare under one probe; these are of probes with the digests "
            f"{one.probe[:12]} and {other.probe[:12]}"
        )
    if one.estimator != other.estimator:
        raise ValueError(
            f"diversities compare under one estimator; these are {one.estimator} and {other.estimator}"
        )
    if one != other:
        raise ValueError(
            f"diversities compare between tasks of one shape; these have {_shape(one)} and {_shape(other)}"
        )


def _check_enough(tasks: int) -> None:
    if tasks < 3:  # two have one distance, and a bootstrap of it no spread
        raise ValueError(f"a diversity needs at least 3 tasks, not {tasks}")


def _shape(conditions: Conditions) -> str:
    return f"{conditions.way} classes, {conditions.support} support and {conditions.query} query images"


def _one_shape(tasks: Sequence[Task]) -> tuple[int, int, int]:
    """Classes, support images and query images that every task has."""
    shapes = [_shape_of(task) for task in tasks]
    for shape in shapes:
        if shape != shapes[0]:
            raise ValueError(
                "a diversity is of tasks of one shape (classes, support images, query images), "
                f"not of {shapes[0]} and {shape}"
            )
    return shapes[0]


def _shape_of(task: Task) -> tuple[int, int, int]:
    support, query = (task.support, len(task.query_images)) if isinstance(task, Episode) else (task, 0)
    return support.way, len(support.images), query


def _mean_pair(distances: Floats) -> float:
    return float(distances[np.triu_indices(len(distances), 1)].mean())


def _mean_interval(values: Floats, what: str) -> Interval:
    return percentiles(bootstrap_counts(len(values), what) @ values / len(values))
