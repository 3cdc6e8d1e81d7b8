"""E3: diversity against the truth, on classes that are normal distributions."""

from __future__ import annotations

from scipy import stats

from suite.measures import diversity_coefficient, hellinger_diversity
from suite.papers.diversity.domains import TASKS, drawn, put_diversity
from suite.papers.registry import Figures
from suite.probes import probe
from tasks import gaussian

DIMENSIONS = (1, 16)
_BETWEEN = 10.0
_WITHIN = (100.0, 10.0, 3.0, 1.0, 0.3)


def gaussians(seed: int, *, tasks: int = TASKS) -> Figures:
    """E3: the coefficient beside the squared Hellinger distance of classes, which is the truth."""
    found = Figures()
    for dimensions in DIMENSIONS:
        # As the square root of the dimensions, so that the same truths lie within reach.
        within = [deviation * dimensions**0.5 for deviation in _WITHIN]
        using = probe("mlp", width=128, depth=3, size=_size(dimensions), channels=1, seed=seed)
        truths, measured = [], []
        for deviation in within:
            benchmark = gaussian.load(
                between=_BETWEEN, within=deviation, dimensions=dimensions, size=_size(dimensions), seed=seed
            )
            episodes = drawn(benchmark, seed)
            classes = gaussian.gaussians(benchmark, "test")
            truths.append(hellinger_diversity(classes.means, classes.deviations))
            diversity = diversity_coefficient([episodes[i] for i in range(tasks)], using)
            measured.append(diversity.mean)
            row = f"{dimensions}-D, deviation of classes {deviation:g}"
            found[row, "truth (Hellinger²)"] = truths[-1]
            put_diversity(found, row, "diversity", diversity)
        found[f"{dimensions}-D", "rank correlation"] = float(stats.spearmanr(truths, measured).statistic)
    return found


def _size(dimensions: int) -> int:
    """Side of a picture that has a row for each dimension."""
    return max(8, dimensions)
