"""How often the ranking's statements hold on boards whose truth is planted."""

import numpy as np
import pytest

from leaderboard import Outcomes, rank
from tests.support.planted import SCALE, differences_covered, method, plant, ranks_covered, scores_covered

MEANS = 0.5 + 0.01 * np.arange(8)[:, None] * np.ones(3)
DEVIATIONS = (0.003, 0.01, 0.03)


def coverage(
    seeds, heterogeneity: float, boards: int, means=MEANS, episodes: int = 600
) -> dict[float, float]:
    """Share of the 95 % intervals of differences that hold the planted one, for each seed deviation."""
    found = {}
    for deviation in DEVIATIONS:
        random = np.random.default_rng([int(1e4 * deviation), int(10 * heterogeneity), boards, len(means)])
        shares, widths, scores, ranked = [], [], [], []
        for _ in range(boards):
            planted = plant(
                random,
                means,
                seeds=seeds,
                episodes=episodes,
                seed_deviation=deviation,
                heterogeneity=heterogeneity,
            )
            ranking = rank(planted.outcomes, draws=200)
            covered, width = differences_covered(ranking, planted.truth)
            shares.append(covered.mean())
            widths.append(np.median(width))
            scores.append(scores_covered(ranking, planted.truth).mean())
            ranked.append(ranks_covered(ranking, planted.truth).mean())
        found[deviation] = float(np.mean(shares))
        print(  # noqa: T201
            f"seeds {seeds} heterogeneity {heterogeneity} seed sd {100 * deviation:g}: "
            f"differences {100 * np.mean(shares):.1f} +- {100 * np.std(shares) / boards**0.5:.1f} %, "
            f"half-width {100 * np.median(widths) / SCALE:.2f}, scores {100 * np.mean(scores):.1f} %, "
            f"ranks {100 * np.mean(ranked):.1f} %"
        )
    return found


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_intervals_hold_in_a_quick_look(seeds):
    found = coverage(seeds, 0.5, boards=10)
    # 30 boards of 84 pairs, not independent of each other: a standard error of 0.8 %.
    assert 0.92 <= np.mean(list(found.values())) <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("heterogeneity", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_intervals_hold_on_five_hundred_boards(seeds, heterogeneity):
    found = coverage(seeds, heterogeneity, boards=170)
    assert 0.93 <= np.mean(list(found.values())) <= 0.97
    # A third of the boards each: a standard error of 0.4 %.
    assert all(0.925 <= share <= 0.975 for share in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("heterogeneity", [0.0, 1.0])
@pytest.mark.parametrize(
    ("seeds", "means"),
    [
        pytest.param([2, 2], MEANS[:2, :1], id="two methods, two seeds, one column"),
        pytest.param([5, 5], MEANS[:2, :1], id="two methods, five seeds, one column"),
        pytest.param([2, 2, 3, 3, 5, 5, 10, 10], MEANS, id="unequal seeds"),
    ],
)
def test_intervals_hold_where_there_is_little_or_unequal_to_borrow(seeds, means, heterogeneity):
    boards = 500 if len(means) == 2 else 170
    found = coverage(seeds, heterogeneity, boards, means)
    # Two variances of one degree of freedom each say little of how alike they are: intervals err on the wide
    # side. 500 boards of one pair each have a standard error of 0.8 %.
    assert all(0.925 <= share <= (0.995 if len(means) == 2 else 0.975) for share in found.values())


def coverage_on_shared_checkpoints(boards: int, seeds: int) -> tuple[float, float]:
    """Shares of intervals that hold: of pairs on the same checkpoints, and of all others."""
    random = np.random.default_rng([boards, seeds])
    means = np.full((8, 3), 0.5) + 0.004 * np.arange(8)[:, None]
    within, others = [], []
    for _ in range(boards):
        planted = plant(random, means, seeds=seeds, episodes=400, seed_deviation=0.002, heterogeneity=0.5)
        values, trainings = dict(planted.outcomes.values), {}
        for c in {key[1] for key in values}:
            # Four methods adapt one checkpoint a seed: a common effect of it, alone and on each episode.
            checkpoint = SCALE * random.normal(0, 0.01, (seeds, 1))
            checkpoint = checkpoint + SCALE * random.normal(0, 0.04, (seeds, 400))
            for m in range(8):
                own = SCALE * random.normal(0, 0.01, (seeds, 1))
                values[method(m), c] = values[method(m), c] + (checkpoint if m < 4 else own)
                if m < 4:
                    trainings[method(m), c] = tuple(map(str, range(seeds)))
        ranking = rank(Outcomes(values, trainings), draws=100)
        for pair in ranking.comparisons:
            a, b = (int(name.split()[1]) for name in (pair.a, pair.b))
            difference = planted.truth[a, 0] - planted.truth[b, 0]
            covered = pair.difference.low <= difference <= pair.difference.high
            (within if max(a, b) < 4 else others).append(covered)
    print(  # noqa: T201
        f"shared checkpoints, seeds {seeds}: pairs within {100 * np.mean(within):.1f} %, "
        f"others {100 * np.mean(others):.1f} %"
    )
    return float(np.mean(within)), float(np.mean(others))


def test_intervals_hold_on_shared_checkpoints_in_a_quick_look():
    assert all(0.9 <= share <= 1 for share in coverage_on_shared_checkpoints(15, seeds=3))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_hold_on_shared_checkpoints(seeds):
    within, others = coverage_on_shared_checkpoints(500, seeds)
    assert 0.93 <= within <= 0.975
    assert 0.93 <= others <= 0.97


def shares_of_tie(boards: int, seeds: int) -> float:
    random = np.random.default_rng([boards, seeds])
    together = []
    for _ in range(boards):
        planted = plant(random, np.full((8, 3), 0.5), seeds=seeds, heterogeneity=0.5)
        ranking = rank(planted.outcomes, draws=100)
        together += [
            bool(set.intersection(*(set(s.tie_groups) for s in standings)))
            for standings in ranking.by_column.values()
        ]
    return float(np.mean(together))


def test_equal_methods_share_a_tie_group_in_a_quick_look():
    assert shares_of_tie(20, seeds=3) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_equal_methods_share_a_tie_group(seeds):
    share = shares_of_tie(170, seeds)
    print(f"seeds {seeds}: equal methods tied in {100 * share:.1f} % of columns")  # noqa: T201
    assert share >= 0.95


def verdicts(d: float, boards: int) -> dict[str, float]:
    """Shares of the verdicts on methods 0 to 3 against method 4, planted ``d`` standard deviations above
    it."""
    random = np.random.default_rng([int(100 * d), boards])
    # One trained model's outcomes vary by sqrt(.07^2 + .07^2 + .05^2) over episodes.
    step = d * np.sqrt(2 * 0.07**2 + 0.05**2)
    means = np.full((5, 2), 0.5) + step * (np.arange(5) < 4)[:, None]
    found = []
    for _ in range(boards):
        planted = plant(random, means, seeds=5, seed_deviation=0.003)
        ranking = rank(planted.outcomes, draws=100, margin=0.01 * SCALE)
        found += [
            ranking.comparison(method(m), method(4), c).verdict for c in ranking.columns for m in range(4)
        ]
    shares = {name: found.count(name) / len(found) for name in ("better", "worse", "equivalent", "undecided")}
    listed = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
    print(f"d {d}: {listed}")  # noqa: T201
    return shares


@pytest.mark.parametrize("boards", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_equal_methods_are_rarely_told_apart(boards):
    found = verdicts(0.0, boards)
    # 5 % of the intervals miss 0, on either side alike; the rest may be found equivalent.
    assert found["better"] + found["worse"] <= 0.05 + (0.04 if boards < 100 else 0.01)
    assert found["equivalent"] > 0.2


@pytest.mark.parametrize("boards", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_a_tenth_of_a_deviation_is_seen_or_left_open_but_not_turned_round(boards):
    # 1.1 points, just beyond the margin of one point.
    found = verdicts(0.1, boards)
    assert found["better"] > 0.5
    assert found["worse"] <= 0.005
    assert found["equivalent"] <= 0.05 + (0.03 if boards < 100 else 0)


@pytest.mark.parametrize("boards", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_half_a_deviation_is_always_seen(boards):
    assert verdicts(0.5, boards)["better"] >= 0.995


@pytest.mark.slow
def test_intervals_hold_for_counts_of_right_answers():
    """Accuracies as they come: of 75 queries each, at their real scale."""
    random = np.random.default_rng(21)
    shares = []
    for _ in range(500):
        planted = plant(random, MEANS + 0.05, seeds=3, heterogeneity=0.5, scale=0.8)
        values = {
            key: random.binomial(75, np.clip(array, 0, 1)) / 75
            for key, array in planted.outcomes.values.items()
        }
        covered, _ = differences_covered(rank(Outcomes(values), draws=100), planted.truth)
        shares.append(covered.mean())
    print(f"right answers of 75: {100 * np.mean(shares):.1f} %")  # noqa: T201
    assert 0.93 <= np.mean(shares) <= 0.97
