"""The board's statistics: ranks, ties and intervals of ten million outcomes."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.case import Case, Work
from leaderboard import Column, Outcomes, Ranking, rank


def cases(quick: bool) -> list[Case]:
    """Ten methods, four columns, five seeds, 50,000 episodes each."""
    episodes = 50 if quick else 50_000
    outcomes = 10 * 4 * 5 * episodes
    name = f"rank {outcomes:,} outcomes of 10 methods on 4 columns"
    return [Case(name, partial(_prepare, episodes), units=(outcomes, "outcomes"))]


def _prepare(episodes: int) -> Work:
    rng = np.random.default_rng(0)
    columns = [Column(f"made {i}", "few-shot", 5, 1, 3, str(i)) for i in range(4)]
    given = {}
    for column in columns:
        difficulty = rng.normal(0, 0.08, episodes)
        for method in range(10):
            chance = np.clip(0.55 + 0.03 * method + rng.normal(0, 0.01, (5, 1)) + difficulty, 0.2, 1)
            given[f"method {method}", column] = rng.binomial(15, chance) / 15
    outcomes = Outcomes(given)

    def ours() -> Ranking:
        return rank(outcomes)

    return Work(ours)
