"""Joint draws of the method means of a column, under the same model as the intervals.

A draw takes each unit's seed variance from its posterior, then the seed effects given it, then the episodes:
the same random weights on them for every method, which keeps the methods' covariance, whatever it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple

import numpy as np

from leaderboard.ranking import Column
from leaderboard.statistics.effects import Effects
from leaderboard.statistics.spread import ColumnPosterior
from leaderboard.statistics.table import Floats


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A counter-based generator: its stream depends on the seed and the purpose alone."""
    identity = hashlib.sha256(json.dumps([seed, *purpose]).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(identity[:16], "little")))


def draw_means(effects: Effects, posterior: ColumnPosterior | None, count: int, seed: int) -> Floats:
    """Method means [M, count]. Without any seed variance to go by, only the episodes vary."""
    means = effects.means[:, None] + effects.deviations @ _episode_weights(effects, count, seed)
    if posterior is None:
        return np.asarray(means)
    # Columns of one benchmark may rest on the same checkpoints: their seed effects are drawn together.
    place = f"{effects.column.benchmark}\x1f{effects.column.digest}"
    for number, unit in enumerate(effects.units):
        random = generator(seed, "seeds", place, unit.name)
        variance = posterior.total.quantile(number, random.standard_normal(count)) - unit.total.floor
        common = random.standard_normal(count)
        own = np.zeros(count)
        if posterior.own is not None and unit.own is not None:
            row = int(posterior.own_row[number])
            own = posterior.own.quantile(row, random.standard_normal(count)) - unit.own.floor
        shared = np.sqrt(np.maximum(variance - own, 0.0) / unit.seeds) * common
        for member in unit.members:
            alone = generator(seed, "own seeds", place, effects.methods[member]).standard_normal(count)
            means[member] += shared + np.sqrt(np.maximum(own, 0.0) / unit.seeds) * alone
    return np.asarray(means)


def _episode_weights(effects: Effects, count: int, seed: int) -> Floats:
    """[E, count] such that deviations @ weights has covariance / E, and the tails of a t distribution."""
    E = effects.episodes
    if E < 2:
        return np.zeros((E, count))
    random = generator(seed, "episodes", _identity(effects.column))
    scale = np.sqrt((E - 1) / random.chisquare(E - 1, count))
    return np.asarray(random.standard_normal((E, count)) * (scale / np.sqrt(E * (E - 1))))


def _identity(column: Column) -> str:
    return "\x1f".join(map(str, astuple(column)))
