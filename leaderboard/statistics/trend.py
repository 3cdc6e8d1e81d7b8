"""Does a quantity change with another one over benchmarks? A line through points with errors on both axes.

Benchmark b has the true values xi_b and eta_b = intercept + slope xi_b + e_b; the e_b, of variance tau^2, are
what benchmarks differ in beside xi. Seen are x_b = xi_b + u_b and y_b = eta_b + v_b, of known error variance.

Slope and its error: the method of moments for errors in variables (Fuller 1987, Measurement Error Models,
sections 1.2 and 3.1), each benchmark weighted by 1 / (tau^2 + var v_b + slope^2 var u_b). Without taking the
errors' own share off the spread of x, the slope would be drawn towards 0. tau^2 is that of Paule and Mandel
(1982), and never makes the points seem nearer to the line than their errors allow. The interval is that of a
t distribution with B - 2 degrees of freedom, so that few benchmarks make it wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, permutations

import numpy as np
from scipy import optimize, special, stats

from leaderboard.ranking import Interval
from leaderboard.statistics.draws import generator
from leaderboard.statistics.table import Floats

FEWEST = 4
"""Points that a line needs before anything is said of it: two degrees of freedom."""

_FEWEST_RANKED = 5
_MOST_PERMUTATIONS = 5_040
_LEAST_RELIABLE = 0.5
_ROUNDS = 100
_SETTLED = 1e-10


@dataclass(frozen=True)
class Line:
    """y against x over benchmarks.

    ``slope`` per unit of x; ``height`` of the line at ``centre``, the weighted mean of x, and
    ``height_error`` the standard error there; ``slope_error`` that of the slope; ``between`` is tau, the
    spread of benchmarks about the line beyond their errors; ``p_value`` of no slope, two-sided. ``without``:
    the least and the greatest slope when any one benchmark is left out (None with ``FEWEST``).
    ``reliability``: share of the spread of x that is not error.
    """

    slope: Interval
    p_value: float
    centre: float
    height: float
    slope_error: float
    height_error: float
    between: float
    reliability: float
    degrees: int
    without: tuple[float, float] | None

    def band(self, x: float, level: float = 0.95) -> Interval:
        """The line at x with its pointwise interval."""
        error = math.hypot(self.height_error, (x - self.centre) * self.slope_error)
        reach = float(special.stdtrit(self.degrees, (1 + level) / 2)) * error
        at = self.height + self.slope.estimate * (x - self.centre)
        return Interval(at, at - reach, at + reach)


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho of what was measured, its interval (None below five points), and a two-sided p-value of
    permutations: exact up to seven points."""

    rho: Interval
    p_value: float


def line(x: Floats, x_error: Floats, y: Floats, y_error: Floats, level: float = 0.95) -> Line | None:
    """The line through points [B] whose standard errors are known; None where no slope can be told.

    That is so with fewer than ``FEWEST`` points, and where half the spread of x or more is error. Raises
    ValueError for arrays of unequal length, and errors that are negative or not finite.
    """
    _check(x, x_error, y, y_error)
    if len(x) < FEWEST:
        return None
    fit = _fit(x, x_error, y, y_error)
    if fit is None:
        return None
    degrees = len(x) - 2
    reach = float(special.stdtrit(degrees, (1 + level) / 2)) * fit.slope_error
    return Line(
        slope=Interval(fit.slope, fit.slope - reach, fit.slope + reach),
        p_value=2 * float(special.stdtr(degrees, -abs(fit.slope) / fit.slope_error)),
        centre=fit.centre,
        height=fit.height,
        slope_error=fit.slope_error,
        height_error=fit.height_error,
        between=fit.between,
        reliability=fit.reliability,
        degrees=degrees,
        without=_without_one(x, x_error, y, y_error),
    )


def rank_correlation(x: Floats, y: Floats, level: float = 0.95, seed: int = 0) -> RankCorrelation | None:
    """Spearman's rho of points [B], None below three or where one of them does not vary.

    The interval is on Fisher's scale with the variance (1 + rho^2 / 2) / (B - 3) (Bonett and Wright 2000,
    Psychometrika 65:23-28). Errors of measurement pull rho towards 0, and are not taken off.
    """
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    a, b = stats.rankdata(x), stats.rankdata(y)
    rho = float(np.corrcoef(a, b)[0, 1])
    low = high = None
    if len(x) >= _FEWEST_RANKED:
        reach = special.ndtri((1 + level) / 2) * math.sqrt((1 + rho * rho / 2) / (len(x) - 3))
        # Perfect order is one that a single exchange would break: half of that is taken off.
        most = 1 - 6 / (len(x) * (len(x) ** 2 - 1))
        centre = math.atanh(min(max(rho, -most), most))
        low, high = min(rho, math.tanh(centre - reach)), max(rho, math.tanh(centre + reach))
    return RankCorrelation(Interval(rho, low, high), _permuted(a, b, rho, seed))


def _permuted(a: Floats, b: Floats, rho: float, seed: int) -> float:
    """Share of the orders of b whose rho is as far from 0; all of them, or as many drawn ones."""
    if math.factorial(len(b)) <= _MOST_PERMUTATIONS:
        orders = np.array(list(islice(permutations(b), _MOST_PERMUTATIONS)))
    else:
        random = generator(seed, "permutations", len(b))
        # The order that was found counts as one of those drawn, so that no p-value is 0.
        orders = np.vstack([b, random.permuted(np.tile(b, (_MOST_PERMUTATIONS - 1, 1)), axis=1)])
    centred = a - a.mean()
    found = (orders - b.mean()) @ centred / (np.linalg.norm(centred) * np.linalg.norm(b - b.mean()))
    return float(np.mean(np.abs(found) >= abs(rho) - 1e-9))


@dataclass(frozen=True)
class _Fit:
    """What ``Line`` says, before anything is tested."""

    slope: float
    slope_error: float
    centre: float
    height: float
    height_error: float
    between: float
    reliability: float


def _fit(x: Floats, x_error: Floats, y: Floats, y_error: Floats) -> _Fit | None:
    """Weights, slope and tau^2 depend on each other: in turn, until they stay."""
    slope = between = 0.0
    for _ in range(_ROUNDS):
        weight = 1 / (between + y_error**2 + (slope * x_error) ** 2 + _floor(y))
        total = float(weight.sum())
        centre, height = float(weight @ x) / total, float(weight @ y) / total
        seen = float(weight @ (x - centre) ** 2)
        own = seen - float(np.sum(weight * x_error**2 * (1 - weight / total)))
        if seen == 0 or own < _LEAST_RELIABLE * seen:
            return None
        before = slope, between
        slope = float(weight @ ((x - centre) * (y - height))) / own
        between = _between(x, y, y_error**2 + (slope * x_error) ** 2, slope)
        if math.isclose(slope, before[0], rel_tol=_SETTLED, abs_tol=_SETTLED) and math.isclose(
            between, before[1], rel_tol=_SETTLED, abs_tol=_floor(y)
        ):
            break
    together = weight * slope * x_error**2
    return _Fit(
        slope=slope,
        slope_error=math.sqrt(seen + float(together @ together)) / own,
        centre=centre,
        height=height,
        height_error=1 / math.sqrt(total),
        between=math.sqrt(between),
        reliability=own / seen,
    )


def _between(x: Floats, y: Floats, variances: Floats, slope: float) -> float:
    """tau^2 for which the weighted squares about the line are what B - 2 degrees of freedom expect."""
    rest = y - slope * x

    def excess(between: float) -> float:
        weight = 1 / (between + variances + _floor(y))
        away = rest - weight @ rest / weight.sum()
        return float(weight @ away**2) - (len(x) - 2)

    high = float(np.sum((rest - rest.mean()) ** 2)) + 1e-300
    if excess(0.0) <= 0:
        return 0.0
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 0.0, high, xtol=1e-18, rtol=1e-12))


def _floor(y: Floats) -> float:
    """Keeps weights finite where nothing has an error."""
    return 1e-18 + 1e-15 * float(np.var(y))


def _without_one(x: Floats, x_error: Floats, y: Floats, y_error: Floats) -> tuple[float, float] | None:
    if len(x) <= FEWEST:
        return None
    slopes = []
    for left_out in range(len(x)):
        kept = np.arange(len(x)) != left_out
        fit = _fit(x[kept], x_error[kept], y[kept], y_error[kept])
        if fit is None:
            return None
        slopes.append(fit.slope)
    return min(slopes), max(slopes)


def _check(x: Floats, x_error: Floats, y: Floats, y_error: Floats) -> None:
    if not len(x) == len(x_error) == len(y) == len(y_error):
        raise ValueError(
            f"{len(x)} values of x with {len(x_error)} errors, and {len(y)} of y with {len(y_error)}: "
            "each point needs all four"
        )
    for name, values in (("x", x), ("y", y), ("the error of x", x_error), ("the error of y", y_error)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite, not {values[~np.isfinite(values)][0]}")
    if min(np.min(x_error, initial=0), np.min(y_error, initial=0)) < 0:
        raise ValueError("standard errors cannot be negative")
