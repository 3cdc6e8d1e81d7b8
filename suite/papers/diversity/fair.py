"""E4 and E6: MAML and transfer under equal terms, by number of domains and by width of the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from suite.measures import diversity_coefficient
from suite.measures.diversity_statistics import Interval, bootstrap_counts, percentiles
from suite.papers.diversity.arms import (
    FLOOR,
    GRID,
    MAML5,
    MAML10,
    USL,
    Accuracies,
    Arm,
    Terms,
    Trained,
    train,
)
from suite.papers.diversity.domains import TASKS, drawn, put_diversity
from suite.papers.registry import Figures
from suite.probes import probe
from tasks import Benchmark, latent

WIDTHS = (8, 16, 32, 64)
CLASSES = 200
"""Of each domain, in each split."""

_SIZE_SERIES = (MAML5, MAML10, USL, FLOOR)


def one_domain(seed: int) -> Figures:
    """E4: equal terms, latent benchmark of 1 domain."""
    return compare(seed, domains=1)


def four_domains(seed: int) -> Figures:
    """E4: equal terms, latent benchmark of 4 domains."""
    return compare(seed, domains=4)


def eight_domains(seed: int) -> Figures:
    """E4: equal terms, latent benchmark of 8 domains."""
    return compare(seed, domains=8)


def width_8(seed: int) -> Figures:
    """E6: the smallest network, 8 units a layer, 1 domain."""
    return compare(seed, domains=1, terms=Terms(width=8), arms=_SIZE_SERIES)


def width_16(seed: int) -> Figures:
    """E6: a small network, 16 units a layer, 1 domain."""
    return compare(seed, domains=1, terms=Terms(width=16), arms=_SIZE_SERIES)


def width_32(seed: int) -> Figures:
    """E6: a middling network, 32 units a layer, 1 domain."""
    return compare(seed, domains=1, terms=Terms(width=32), arms=_SIZE_SERIES)


def compare(
    seed: int,
    *,
    domains: int,
    terms: Terms | None = None,
    arms: Sequence[Arm] = GRID,
    classes: int = CLASSES,
    tasks: int = TASKS,
) -> Figures:
    """Accuracies, in %, of ``arms`` on the same test tasks, their effect sizes, and the diversity of tasks.

    ``seed`` decides the benchmark, too: another one has other decoders.
    """
    terms = terms or Terms()
    benchmark = latent.load(domains=domains, classes_per_domain=classes, seed=seed)
    found = Figures()
    with TemporaryDirectory() as folder:
        trained = train(benchmark, terms, seed, Path(folder))
        accuracies = _scored(found, trained, benchmark, arms)
    for arm in (MAML5, MAML10):
        put_difference(found, f"transfer − MAML, {arm[1]}", accuracies[USL], accuracies[arm])
    _put_diversity(found, benchmark, seed, tasks)
    for what in ("body", "images"):
        for initialisation, count in getattr(trained, what).items():
            found[initialisation, {"body": "parameters of the body", "images": "training images"}[what]] = (
                count
            )
    return found


def put_difference(found: Figures, row: str, one: Accuracies, other: Accuracies) -> None:
    """``one`` less ``other`` in points, Cohen's d, and what d one point would be, with task bootstraps."""
    counts = bootstrap_counts(len(one), "tasks")
    drawn_again = counts @ (one - other) / len(one)
    found[row, "points"] = 100 * float((one - other).mean()), _scaled(percentiles(drawn_again), 100)
    every = np.ones((1, len(one)), dtype=np.int64)
    found[row, "Cohen's d"] = float(_cohen(one, other, every)[0]), percentiles(_cohen(one, other, counts))
    found[row, "d of one point"] = 0.01 / float(_pooled(one, other, every)[0])


def _scored(
    found: Figures, trained: Trained, benchmark: Benchmark, arms: Sequence[Arm]
) -> dict[Arm, Accuracies]:
    test = trained.terms.episodes(benchmark, "test", trained.seed)
    accuracies = {arm: trained.accuracies(arm, test) for arm in arms}
    for (initialisation, adaptation), values in accuracies.items():
        counts = bootstrap_counts(len(values), "tasks")
        interval = _scaled(percentiles(counts @ values / len(values)), 100)
        found[initialisation, adaptation] = 100 * float(values.mean()), interval
    seen = trained.terms.episodes(benchmark, "train", trained.seed)
    for arm in (MAML5, USL):
        found[" + ".join(arm), "on meta-train tasks"] = 100 * float(trained.accuracies(arm, seen).mean())
    return accuracies


def _put_diversity(found: Figures, benchmark: Benchmark, seed: int, tasks: int) -> None:
    using = probe("mlp", width=128, depth=3, size=8, channels=1, seed=seed)
    episodes = drawn(benchmark, seed)
    diversity = diversity_coefficient([episodes[i] for i in range(tasks)], using)
    put_diversity(found, "tasks", "diversity", diversity)


def _cohen(one: Accuracies, other: Accuracies, counts: np.ndarray) -> Accuracies:
    """Difference of means over the pooled deviation over tasks, of each draw [draws]."""
    difference = counts @ (one - other) / len(one)
    return np.asarray(difference / _pooled(one, other, counts))


def _pooled(one: Accuracies, other: Accuracies, counts: np.ndarray) -> Accuracies:
    n = len(one)
    variances = [
        (counts @ values**2 / n - (counts @ values / n) ** 2) * n / (n - 1) for values in (one, other)
    ]
    return np.asarray(np.sqrt(sum(variances) / 2))


def _scaled(interval: Interval, by: float) -> Interval:
    return interval[0] * by, interval[1] * by
