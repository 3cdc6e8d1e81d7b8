"""Pools of a board, ranked from its estimates."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from leaderboard.ranking import Column, Outcomes, Run, Standing
from leaderboard.statistics import Analysis, examine, publish, rank, rank_pool
from leaderboard.statistics.pool import resampling

COLUMNS = tuple(
    Column(name, "few-shot", 5, shot, 15, "d") for name in ("ants", "bees", "cats") for shot in (1, 5)
)
METHODS = ("a", "b", "c", "d", "e", "f")


def outcomes() -> Outcomes:
    """Six methods a point apart, on six columns of three benchmarks; ``f`` lacks the last."""
    random = np.random.default_rng(5)
    runs = []
    for column in COLUMNS:
        episodes = random.normal(0, 0.08, 200)
        for place, method in enumerate(METHODS):
            if method == "f" and column == COLUMNS[-1]:
                continue
            for seed in range(3):
                mean = 0.7 - 0.01 * place + random.normal(0, 0.005)
                accuracy = np.clip(mean + episodes + random.normal(0, 0.05, 200), 0, 1)
                runs.append(Run(method, column, seed, accuracy))
    return Outcomes.collect(runs)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return examine(outcomes())


def test_the_pool_of_everything_is_the_whole_ranking(analysis: Analysis) -> None:
    whole = publish(analysis)
    pool = rank_pool(analysis.estimates, METHODS, COLUMNS, analysis.level, analysis.seed)
    assert pool.overall == whole.overall
    assert pool.by_column == whole.by_column


def test_a_pool_is_ranked_among_itself_and_never_cut_out(analysis: Analysis) -> None:
    pool = rank_pool(analysis.estimates, ("b", "d", "f"), COLUMNS[:3], analysis.level, analysis.seed)
    assert {s.method for s in pool.overall} == {"b", "d", "f"} and not any(s.partial for s in pool.overall)
    for standings in (pool.overall, *pool.by_column.values()):
        assert all(
            1 <= s.rank.estimate <= 3 and s.rank.high is not None and s.rank.high <= 3 for s in standings
        )
    above, below, _ = pool.by_column[COLUMNS[0]]
    column = analysis.estimates[0]
    drawn = column.draws[column.rows([above.method, below.method])]
    assert above.p_better_than_next == pytest.approx(np.mean(drawn[0] > drawn[1]), abs=1e-9)


def test_fewer_pairs_to_correct_for_separate_no_fewer(analysis: Analysis) -> None:
    def apart(standings: tuple[Standing, ...], a: str, b: str) -> bool:
        letters = {standing.method: set(standing.tie_groups) for standing in standings}
        return not letters[a] & letters[b]

    whole = publish(analysis)
    gained = 0
    for a, b in combinations(METHODS[:5], 2):
        pool = rank_pool(analysis.estimates, (a, b), COLUMNS, analysis.level, analysis.seed)
        for column in COLUMNS:
            before, now = apart(whole.by_column[column], a, b), apart(pool.by_column[column], a, b)
            assert now or not before
            gained += now and not before
    assert gained > 0


def test_a_pool_differs_from_one_ranked_alone_by_seed_variances_only(analysis: Analysis) -> None:
    chosen = ("a", "c", "e")
    pool = rank_pool(analysis.estimates, chosen, COLUMNS, analysis.level, analysis.seed)
    alone = rank(outcomes(), pool=chosen)
    for mine, theirs in zip(pool.overall, alone.overall, strict=True):
        assert mine.method == theirs.method
        assert mine.score.estimate == pytest.approx(theirs.score.estimate, abs=1e-9)
        assert mine.score.low == pytest.approx(theirs.score.low, abs=0.01)


def test_methods_and_columns_that_do_not_meet_are_left_out(analysis: Analysis) -> None:
    pool = rank_pool(analysis.estimates, ("a", "f"), COLUMNS[-1:], analysis.level, analysis.seed)
    assert [standing.method for standing in pool.overall] == ["a"]
    empty = rank_pool(analysis.estimates, ("f",), COLUMNS[-1:], analysis.level, analysis.seed)
    assert empty.overall == () and empty.by_column == {}


def test_fewer_benchmarks_are_resampled_by_the_same_integers() -> None:
    assert np.array_equal(resampling(0, 6, 50)[:3], resampling(0, 4, 50))
    chosen = (resampling(0, 5, 20_000) * 5) >> 16
    assert np.bincount(chosen.ravel()).tolist() == pytest.approx([16_000] * 5, rel=0.05)
