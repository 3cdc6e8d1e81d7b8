"""Mean squares of a column: what seeds, episodes and their interaction each do to the accuracies.

The outcome of method m with train seed s on episode e is taken as mean(m) + seed(m, s) + episode(m, e) +
interaction(m, s, e): crossed random effects, episodes shared by all methods, seeds by none, unless methods
adapt the same checkpoints. Such methods form a *unit*: their seed effects are one effect of the checkpoint
plus one of each method's own, the latter of equal variance (compound symmetry).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.ranking import Column
from leaderboard.statistics.table import Cell, Floats

# Variances of accuracies below this are rounding: the least real one, a single query in a million, is 1e-12.
_ROUNDING = 1e-20


@dataclass(frozen=True)
class MeanSquare:
    """A variance of seed means: its estimate, degrees of freedom (seeds - 1, times methods - 1 within a
    unit), and its floor, the share of the interaction that no number of equal seeds would remove
    (MS_interaction / E).
    """

    value: float
    degrees: int
    floor: float


@dataclass(frozen=True)
class Unit:
    """Methods (row numbers) trained together. ``total``: variance of a method's seed means; ``own``: of the
    part that the members do not share, None for a unit of one."""

    name: str
    members: tuple[int, ...]
    seeds: int
    total: MeanSquare
    own: MeanSquare | None

    @property
    def unmoved(self) -> bool:
        """Whether several seeds gave the same outcomes throughout."""
        return self.total.degrees > 0 and self.total.value == 0 and self.total.floor == 0


@dataclass(frozen=True)
class Effects:
    """A column of M methods and E common episodes.

    ``means`` [M] accuracies; ``deviations`` [M, E] of the seed-averaged accuracy from its mean, per episode;
    ``covariance`` [M, M] of the seed-averaged accuracies over episodes (divisor E - 1); ``interaction``
    [M, M] mean squares and, within units, products of the seed-episode residuals; ``spread`` [M] variance of
    one trained model's accuracy over episodes; ``unit`` [M] which of ``units`` each method belongs to.
    """

    column: Column
    methods: tuple[str, ...]
    seeds: NDArray[np.int64]
    episodes: int
    means: Floats
    deviations: Floats
    covariance: Floats
    interaction: Floats
    spread: Floats
    unit: NDArray[np.int64]
    units: tuple[Unit, ...]

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Methods [M] that have an interval: two seeds and two episodes at least."""
        return (self.seeds > 1) & (self.episodes > 1)


def analyse(column: Column, cells: tuple[Cell, ...]) -> Effects:
    """Mean squares of one column by the method of moments."""
    episodes = cells[0].values.shape[1]
    episode_means = np.stack([cell.values.mean(axis=0) for cell in cells])
    means = episode_means.mean(axis=1)
    deviations = episode_means - means[:, None]
    groups: dict[tuple[str, int], list[int]] = {}
    for row, cell in enumerate(cells):
        groups.setdefault((cell.training, len(cell.values)), []).append(row)
    interaction = np.zeros((len(cells), len(cells)))
    unit = np.zeros(len(cells), dtype=np.int64)
    units: list[Unit] = []
    for number, members in enumerate(groups.values()):
        unit[members] = number
        units.append(_unit([cells[row] for row in members], members, interaction))
    return Effects(
        column=column,
        methods=tuple(cell.method for cell in cells),
        seeds=np.array([len(cell.values) for cell in cells], dtype=np.int64),
        episodes=episodes,
        means=means,
        deviations=deviations,
        covariance=deviations @ deviations.T / max(episodes - 1, 1),
        interaction=interaction,
        spread=np.array([_variance(cell.values, axis=1).mean() for cell in cells]),
        unit=unit,
        units=tuple(units),
    )


def _unit(cells: list[Cell], members: list[int], interaction: Floats) -> Unit:
    """One unit; writes its block of ``interaction``."""
    values = np.stack([cell.values for cell in cells])
    k, seeds, episodes = values.shape
    seed_means = values.mean(axis=2)
    residuals = values - seed_means[:, :, None] - values.mean(axis=1, keepdims=True)
    residuals += seed_means.mean(axis=1)[:, None, None]
    flat = residuals.reshape(k, -1)
    products = _settled(flat @ flat.T / max((seeds - 1) * (episodes - 1), 1))
    interaction[np.ix_(members, members)] = products
    squares = np.diag(products)
    total = MeanSquare(
        value=float(_settled(_variance(seed_means, axis=1).mean())),
        degrees=seeds - 1,
        floor=float(squares.mean() / episodes),
    )
    own = None
    if k > 1:
        apart = (
            seed_means - seed_means.mean(axis=0) - seed_means.mean(axis=1, keepdims=True) + seed_means.mean()
        )
        differences = squares[:, None] + squares[None, :] - 2 * products
        own = MeanSquare(
            value=float(_settled(np.sum(apart**2) / max((k - 1) * (seeds - 1), 1))),
            degrees=(k - 1) * (seeds - 1),
            # Half the mean over pairs: the floor of a difference is shared by its two methods.
            floor=float(_settled(differences.sum() / (k * (k - 1)) / 2 / episodes)),
        )
    return Unit(cells[0].method, tuple(members), seeds, total, own)


def _variance(values: Floats, axis: int) -> Floats:
    """Unbiased variance; 0 where there is one value."""
    if values.shape[axis] < 2:
        return np.zeros(np.delete(values.shape, axis))
    return np.asarray(values.var(axis=axis, ddof=1))


def _settled(squares: Floats | np.floating) -> Floats:
    return np.where(np.abs(squares) < _ROUNDING, 0.0, squares)
