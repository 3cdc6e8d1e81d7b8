"""Every pair of a column: difference, interval, p-value, verdict, and what would decide it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.ranking import Comparison, Interval, Verdict
from leaderboard.statistics import planning
from leaderboard.statistics.effects import Effects
from leaderboard.statistics.spread import (
    ColumnPosterior,
    Components,
    Rows,
    components_of_differences,
    equivalent_degrees,
    spread_of_differences,
)
from leaderboard.statistics.table import Floats

# Figures are published to this many decimals: finer ones differ between linear-algebra libraries.
DECIMALS = 10
_VERDICTS: tuple[Verdict, ...] = ("better", "worse", "equivalent", "undecided")


@dataclass(frozen=True)
class Pairs:
    """The P pairs of a column, rows a above rows b in its order; nan where a side has no interval.

    ``variance`` and ``degrees`` describe the t distribution that stands for the error of each difference.
    """

    a: Rows
    b: Rows
    difference: Floats
    half_width: Floats
    tail: Floats
    beyond_margin: Floats
    holm: Floats
    variance: Floats
    degrees: Floats
    components: Components | None

    def matrix(self, values: Floats, size: int, fill: float = np.nan) -> Floats:
        """Values [P] as a symmetric matrix [size, size]."""
        result = np.full((size, size), fill)
        result[self.a, self.b] = values
        result[self.b, self.a] = values
        return result


def compare(
    effects: Effects, posterior: ColumnPosterior | None, order: Rows, margin: float, level: float
) -> Pairs:
    """All pairs of a column, in its order (rows, best first)."""
    first, second = np.triu_indices(len(order), 1)
    a, b = order[first], order[second]
    difference = effects.means[a] - effects.means[b]
    empty = np.full(len(a), np.nan)
    testable = effects.testable[a] & effects.testable[b]
    if posterior is None or not testable.any():
        return Pairs(a, b, difference, empty, empty, empty, empty, empty, empty, None)
    rows = np.flatnonzero(testable)
    spread = spread_of_differences(effects, posterior, a[rows], b[rows])
    half_width = spread.half_width(level)
    tail = spread.tail(np.abs(difference[rows]))
    components = components_of_differences(effects, posterior, a[rows], b[rows])
    variance = components.variance()

    def spread_out(values: Floats) -> Floats:
        result = empty.copy()
        result[rows] = values
        return result

    return Pairs(
        a=a,
        b=b,
        difference=difference,
        half_width=spread_out(half_width),
        tail=spread_out(tail),
        beyond_margin=spread_out(spread.tail(margin - np.abs(difference[rows]))),
        holm=spread_out(holm(np.minimum(2 * tail, 1.0))),
        variance=spread_out(variance),
        degrees=spread_out(equivalent_degrees(half_width, variance, level)),
        components=components,
    )


def holm(p: Floats) -> Floats:
    """Holm's step-down correction of p-values [P] (Holm 1979, Scand. J. Stat. 6:65-70)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty_like(p)
    result[order] = np.minimum(stepped, 1.0)
    return result


def in_order(scores: Floats) -> Rows:
    """Rows [M] by score [M], the highest first; names where scores are equal."""
    # Rows come in alphabetical order; rounding keeps equal methods equal on every machine.
    return np.argsort(-np.round(scores, DECIMALS), kind="stable")


def corrected(tail: Floats) -> Floats:
    """Holm-corrected two-sided p-values [M, M] of the pairs of M methods, from one-sided tails [M, M].

    nan, a pair without a test, stays nan and counts for nothing.
    """
    a, b = np.triu_indices(len(tail), 1)
    tested = ~np.isnan(tail[a, b])
    a, b = a[tested], b[tested]
    result = np.full_like(tail, np.nan)
    result[a, b] = result[b, a] = holm(np.minimum(2 * tail[a, b], 1.0))
    return result


def separated(tail: Floats, level: float) -> NDArray[np.bool_]:
    """Which pairs [M, M] Holm's correction tells apart, from one-sided tails [M, M]; never one without."""
    return np.asarray(corrected(tail) < 1 - level)


def published(effects: Effects, pairs: Pairs, margin: float, level: float) -> tuple[Comparison, ...]:
    """The pairs as the ranking states them.

    *better* / *worse*: the interval excludes 0. Otherwise *equivalent*: both one-sided tests against the
    margin reject at 1 - level (TOST), which is the narrower interval of level 2 level - 1 inside the margin.
    Otherwise *undecided*. All at the pair's own level, uncorrected, as the interval shown is.
    """
    difference = np.round(pairs.difference, DECIMALS) + 0.0
    low = np.round(pairs.difference - pairs.half_width, DECIMALS) + 0.0
    high = np.round(pairs.difference + pairs.half_width, DECIMALS) + 0.0
    equivalent = (np.abs(difference) < margin) & (pairs.beyond_margin < 1 - level)
    verdicts = np.select([low > 0, high < 0, equivalent], [0, 1, 2], 3)
    above = np.where(pairs.difference >= 0, 1 - pairs.tail, pairs.tail)
    episodes, seeds = _plan(pairs, verdicts == _VERDICTS.index("undecided"), margin, level)
    spread = np.sqrt((effects.spread[pairs.a] + effects.spread[pairs.b]) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        cohens_d = np.where(spread > 0, pairs.difference / spread, np.where(difference == 0, 0.0, np.nan))
    return tuple(
        Comparison(
            a=effects.methods[pairs.a[i]],
            b=effects.methods[pairs.b[i]],
            column=effects.column,
            difference=Interval(float(difference[i]), _or_none(low[i]), _or_none(high[i])),
            cohens_d=_or_none(cohens_d[i]),
            p_better=_or_none(above[i]),
            p_value=_or_none(min(2 * pairs.tail[i], 1.0)),
            p_holm=_or_none(pairs.holm[i]),
            verdict=_VERDICTS[verdicts[i]],
            more_episodes=_count(episodes[i]),
            more_seeds=_count(seeds[i]),
        )
        for i in range(len(pairs.a))
    )


def _plan(pairs: Pairs, undecided: NDArray[np.bool_], margin: float, level: float) -> tuple[Floats, Floats]:
    episodes, seeds = np.full(len(pairs.a), np.nan), np.full(len(pairs.a), np.nan)
    rows = np.flatnonzero(undecided & ~np.isnan(pairs.half_width))
    if pairs.components is None or len(rows) == 0:
        return episodes, seeds
    # ``components`` holds the testable pairs alone.
    held = np.cumsum(~np.isnan(pairs.half_width))[rows] - 1
    parts = pairs.components.take(held)
    arguments = (parts, pairs.difference[rows], pairs.degrees[rows], margin, level)
    episodes[rows] = planning.more_episodes(*arguments)
    seeds[rows] = planning.more_seeds(*arguments)
    return episodes, seeds


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DECIMALS) + 0.0


def _count(value: float) -> int | None:
    return None if np.isnan(value) else int(value)
