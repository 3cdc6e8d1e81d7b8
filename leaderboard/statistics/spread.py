"""How far the mean of a method, or the difference of two, may be from the truth.

With seeds s and episodes e crossed, the variance of a mean is the seed part plus the episode part minus the
interaction part, which both contain (method of moments):

    MS_seed / (S E) + MS_episode / (S E) - MS_interaction / (S E)

The first term is the variance of the seed means over S. It alone rests on few values, and is moderated; the
other two are known from hundreds of episodes. The clamp: a variance of seed means is never taken below its
interaction part MS_interaction / E, so that no seed component is negative and the whole never falls short of
the episode part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboard.statistics.effects import Effects
from leaderboard.statistics.mixture import Mixture
from leaderboard.statistics.moderation import NODES, VariancePosterior, moderate
from leaderboard.statistics.table import Floats

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class ColumnPosterior:
    """Moderated seed variances of a column's units: ``total`` of each unit, ``own`` of those with several
    methods (``own_row`` [units]: which row of it, -1 for none)."""

    total: VariancePosterior
    own: VariancePosterior | None
    own_row: NDArray[np.int64]


def moderate_board(board: tuple[Effects, ...]) -> tuple[ColumnPosterior, ...] | None:
    """Seed variances of every column, each given all; None where no method of the board has two seeds."""
    totals = moderate([unit.total for effects in board for unit in effects.units])
    if totals is None:
        return None
    owns = moderate([unit.own for effects in board for unit in effects.units if unit.own])
    result = []
    total_start = own_start = 0
    for effects in board:
        has_own = np.array([unit.own is not None for unit in effects.units])
        own_row = np.where(has_own & (owns is not None), np.cumsum(has_own) - 1, -1)
        total_stop, own_stop = total_start + len(effects.units), own_start + int(has_own.sum())
        result.append(
            ColumnPosterior(
                total=totals[total_start:total_stop],
                own=None if owns is None else owns[own_start:own_stop],
                own_row=own_row,
            )
        )
        total_start, own_start = total_stop, own_stop
    return tuple(result)


@dataclass(frozen=True)
class Components:
    """Variance components of P estimates, for planning: with n seeds and E episodes more or less the variance
    is sum(seed / seeds) + (shared + sum(interaction / seeds)) / E, the sums over an estimate's one or two
    methods.

    ``seed``, ``interaction``, ``seeds`` [P, 2]; ``shared`` [P].
    """

    seed: Floats
    interaction: Floats
    shared: Floats
    seeds: Floats
    episodes: int

    def take(self, rows: Rows) -> Components:
        """Some of the estimates."""
        return Components(
            self.seed[rows], self.interaction[rows], self.shared[rows], self.seeds[rows], self.episodes
        )

    def variance(self, more_seeds: Floats | int = 0, episodes: Floats | int | None = None) -> Floats:
        """Variances [P] with more seeds a method, over that many episodes (None: as many as now)."""
        seeds = self.seeds + np.reshape(more_seeds, (-1, 1))
        over = self.episodes if episodes is None else episodes
        interaction = np.sum(self.interaction / seeds, axis=1)
        return np.asarray(np.sum(self.seed / seeds, axis=1) + (self.shared + interaction) / over)


def spread_of_means(effects: Effects, posterior: ColumnPosterior) -> Mixture:
    """Error of each method's mean accuracy."""
    unit, seeds = effects.unit, effects.seeds
    seed_part = posterior.total.nodes[unit] / seeds[:, None]
    episode_part = np.diag(effects.covariance)
    interaction = np.diag(effects.interaction) / seeds
    return _mixture(seed_part, posterior.total.weights[unit], episode_part, interaction, effects.episodes)


def spread_of_differences(effects: Effects, posterior: ColumnPosterior, a: Rows, b: Rows) -> Mixture:
    """Error of mean(a) - mean(b) for pairs of methods (rows a [P] and b [P])."""
    u, v, seeds = effects.unit[a], effects.unit[b], effects.seeds
    nodes, weights = posterior.total.nodes, posterior.total.weights
    seed_part = (nodes[u] / seeds[a, None])[:, :, None] + (nodes[v] / seeds[b, None])[:, None, :]
    weight = weights[u][:, :, None] * weights[v][:, None, :]
    together = u == v
    if together.any() and posterior.own is not None:
        # On the same checkpoints only their own parts differ, which have one variance: one set of nodes.
        rows = posterior.own_row[u[together]]
        seed_part[together] = (2 * posterior.own.nodes[rows] / seeds[a[together], None])[:, :, None]
        weight[together] = posterior.own.weights[rows][:, :, None] / NODES
    episode_part, interaction = _difference_parts(effects, a, b)
    flat = (len(a), NODES * NODES)
    return _mixture(
        seed_part.reshape(flat), weight.reshape(flat), episode_part, interaction, effects.episodes
    )


def components_of_differences(effects: Effects, posterior: ColumnPosterior, a: Rows, b: Rows) -> Components:
    """Variance components of the same differences, seed variances at their posterior medians."""
    u, v = effects.unit[a], effects.unit[b]
    total = posterior.total.medians()
    seed = np.stack([total[u], total[v]], axis=1)
    squares = np.diag(effects.interaction)
    interaction = np.stack([squares[a], squares[b]], axis=1)
    together = u == v
    if together.any() and posterior.own is not None:
        seed[together] = posterior.own.medians()[posterior.own_row[u[together]], None]
        difference = (squares[a] + squares[b] - 2 * effects.interaction[a, b])[together]
        interaction[together] = difference[:, None] / 2
    seeds = np.stack([effects.seeds[a], effects.seeds[b]], axis=1).astype(np.float64)
    episode_part, _ = _difference_parts(effects, a, b)
    return Components(
        seed=np.maximum(seed - interaction / effects.episodes, 0.0),
        interaction=interaction,
        shared=np.maximum(episode_part - np.sum(interaction / seeds, axis=1), 0.0),
        seeds=seeds,
        episodes=effects.episodes,
    )


def equivalent_degrees(half_width: Floats, variance: Floats, level: float) -> Floats:
    """Degrees of freedom of the t distribution with that variance whose interval is as wide; 0.5 to 1e6."""
    degrees = np.geomspace(0.5, 1e6, 200)
    quantiles = special.stdtrit(degrees, (1 + level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(variance > 0, half_width / np.sqrt(variance), 0.0)
    return np.asarray(
        np.exp(np.interp(-np.log(np.maximum(ratio, 1e-9)), -np.log(quantiles), np.log(degrees)))
    )


def _difference_parts(effects: Effects, a: Rows, b: Rows) -> tuple[Floats, Floats]:
    """Variance over episodes of the seed-averaged difference [P], and the interaction's share of it [P]."""
    covariance, interaction, seeds = effects.covariance, effects.interaction, effects.seeds
    episode_part = covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]
    # Below this the difference of equal numbers is rounding.
    noise = 1e-12 * (covariance[a, a] + covariance[b, b])
    shared = interaction[a, a] / seeds[a] + interaction[b, b] / seeds[b] - 2 * interaction[a, b] / seeds[a]
    return np.where(episode_part > noise, episode_part, 0.0), np.maximum(shared, 0.0)


def _mixture(
    seed_part: Floats, weights: Floats, episode_part: Floats, interaction: Floats, E: int
) -> Mixture:
    episodes_alone = episode_part[:, None] / E
    variances = np.maximum(seed_part + (episode_part - interaction)[:, None] / E, episodes_alone)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Given its node the seed part is known: the episode part alone has degrees of freedom to lose.
        degrees = max(E - 1, 1) * (variances / episodes_alone) ** 2
    return Mixture(variances, np.where(np.isfinite(degrees), np.minimum(degrees, 1e9), 1e9), weights)
