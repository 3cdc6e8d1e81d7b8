"""Scores over columns: mean, mean rank, interquartile mean, Bradley-Terry strength, performance profile."""

from __future__ import annotations

import numpy as np

from leaderboard.ranking import Column
from leaderboard.statistics.table import Floats

_NEWTON_STEPS = 50
_CHUNK = 128


def chance(column: Column) -> float:
    """Accuracy of a guess."""
    return 1 / column.way if column.way > 1 else 0.0


def normalised(accuracy: Floats, column: Column) -> Floats:
    """(accuracy - chance) / (1 - chance): 0 at guessing, 1 when perfect, below 0 when worse than guessing.

    It depends on nothing but the method itself, unlike a score between the pool's worst and best.
    """
    return np.asarray((accuracy - chance(column)) / (1 - chance(column)))


def ranks(scores: Floats, among: Floats | None = None) -> Floats:
    """Ranks along axis 0 of scores [m, ...] among scores [M, ...] that hold them (None: among themselves).

    1 is the highest; equal scores share the mean of their ranks.
    """
    everyone = scores if among is None else among
    result = np.empty_like(scores)
    for row, score in enumerate(scores):
        higher = np.sum(everyone > score, axis=0)
        equal = np.sum(everyone == score, axis=0)
        result[row] = 1 + higher + (equal - 1) / 2
    return result


def interquartile_mean(scores: Floats, weights: Floats) -> Floats:
    """Mean of the middle half of the weight along axis 0: scores and weights [C, ...], weights summing to 1.

    At equal weights and a number of scores divisible by 4 this is the 25 % trimmed mean (Agarwal et al. 2021,
    "Deep RL at the edge of the statistical precipice"); at others a score on the border counts in part.
    """
    order = np.argsort(scores, axis=0, kind="stable")
    held = np.take_along_axis(np.broadcast_to(weights, scores.shape), order, axis=0)
    upper = np.cumsum(held, axis=0)
    inside = np.clip(np.minimum(upper, 0.75) - np.maximum(upper - held, 0.25), 0.0, None)
    return np.asarray(np.sum(np.take_along_axis(scores, order, axis=0) * inside, axis=0) / inside.sum(axis=0))


def bradley_terry(mean_ranks: Floats, games: float) -> Floats:
    """Strengths [M, ...], mean 0: the log-odds that i comes before j on a column is strength i - strength j.

    Every pair meets in every column, so the mean ranks [M, ...] tell the wins, games (M - rank), which are
    all that the likelihood sees of a round robin (Zermelo 1929). Each pair is given one more game, drawn: a
    method that always wins then has a finite strength.
    """
    size = len(mean_ranks)
    wins = (games * (size - mean_ranks) + (size - 1) / 2).reshape(size, -1).T
    strengths = [_solve(chunk, games + 1) for chunk in np.array_split(wins, -(-len(wins) // _CHUNK))]
    return np.concatenate(strengths).T.reshape(mean_ranks.shape)


def _solve(wins: Floats, games: float) -> Floats:
    """Newton's method for wins [D, M]; the likelihood is concave once the mean is held at 0."""
    size = wins.shape[1]
    share = wins / (games * max(size - 1, 1))
    strength = np.log(share / (1 - share)) if size > 1 else np.zeros_like(wins)
    strength -= strength.mean(axis=1, keepdims=True)
    for _ in range(_NEWTON_STEPS):
        beats = 1 / (1 + np.exp(strength[:, None, :] - strength[:, :, None]))
        slope = wins - games * (beats.sum(axis=2) - 0.5)
        curve = games * beats * (1 - beats)
        index = np.arange(size)
        curve[:, index, index] = 0
        hessian = -curve
        hessian[:, index, index] = curve.sum(axis=2)
        # The likelihood does not move with the mean; the ones pin it without touching the rest.
        step = np.linalg.solve(hessian + 1 / size, slope[:, :, None])[:, :, 0]
        strength = strength + np.clip(step, -2, 2)
        strength -= strength.mean(axis=1, keepdims=True)
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(strength)


def profile(scores: Floats, weights: Floats, thresholds: Floats) -> Floats:
    """Share of the weight [T, ...] of the columns where scores [C, ...] reach each threshold [T]."""
    return np.stack([np.sum((scores >= threshold) * weights, axis=0) for threshold in thresholds])
