import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from leaderboard import Outcomes, Ranking, rank
from leaderboard.ranking import Comparison
from leaderboard.statistics.comparisons import holm
from tests.support.planted import column, plant

COLUMN = column(0)


def pair(margin: float = 0.01, **outcomes: np.ndarray) -> Comparison:
    ranking = rank(
        Outcomes({(name, COLUMN): values for name, values in outcomes.items()}), margin=margin, draws=100
    )
    return ranking.comparison("a", "b", COLUMN)


@pytest.mark.parametrize("count", [1, 2, 15, 200])
def test_holm_is_statsmodels_holm(count):
    p = np.random.default_rng(count).random(count) ** 4
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@pytest.mark.parametrize("shift", [0.0, 0.008, 0.02])
def test_methods_that_seeds_leave_alone_get_the_paired_t_test(shift):
    # With equal rows the seed part is nothing, and the design is one sample of paired episodes.
    random = np.random.default_rng(8)
    one, other = 0.5 + random.normal(0, 0.05, (2, 400))
    one = one + shift - one.mean() + other.mean()
    found = pair(a=np.stack([one] * 3), b=np.stack([other] * 3))
    expected = stats.ttest_rel(one, other)
    interval = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-6)
    assert (found.difference.low, found.difference.high) == pytest.approx(tuple(interval), abs=1e-7)


@pytest.mark.parametrize("shift", [0.0, 0.002, 0.006])
def test_equivalence_is_statsmodels_two_one_sided_tests(shift):
    random = np.random.default_rng(9)
    one, other = 0.5 + random.normal(0, 0.05, (2, 500))
    one = one + shift - one.mean() + other.mean()
    for margin in (0.004, 0.007, 0.01):
        p_value = ttost_paired(one, other, -margin, margin)[0]
        found = pair(margin, a=np.stack([one] * 2), b=np.stack([other] * 2))
        if found.verdict not in ("better", "worse"):
            assert (found.verdict == "equivalent") == (p_value < 0.05)


def test_cohens_d_divides_by_the_spread_over_episodes():
    random = np.random.default_rng(10)
    one, other = 0.5 + random.normal(0, 0.05, (2, 4, 300))
    pooled = np.sqrt((one.var(axis=1, ddof=1).mean() + other.var(axis=1, ddof=1).mean()) / 2)
    assert pair(a=one, b=other).cohens_d == pytest.approx((one.mean() - other.mean()) / pooled)


def test_outcomes_under_two_labels_are_equivalent():
    values = np.random.default_rng(11).random((3, 50))
    found = pair(a=values, b=values.copy())
    assert found.verdict == "equivalent"
    assert (found.difference.low, found.difference.estimate, found.difference.high) == (0, 0, 0)
    assert found.p_value == 1
    assert found.p_better == 0.5


def test_all_correct_methods_are_equivalent_and_beat_a_lesser_constant():
    perfect, lesser = np.ones((2, 40)), np.full((2, 40), 0.75)
    assert pair(a=perfect, b=perfect).verdict == "equivalent"
    found = pair(a=perfect, b=lesser)
    assert found.verdict == "better"
    assert (found.difference.low, found.difference.high) == (0.25, 0.25)
    assert found.cohens_d is None
    assert found.p_value == 0


def test_one_seed_leaves_a_pair_undecided():
    random = np.random.default_rng(12)
    found = pair(a=0.9 - 0.1 * random.random((1, 200)), b=0.1 * random.random((3, 200)))
    assert found.verdict == "undecided"
    assert found.difference.estimate > 0.7
    assert (found.difference.low, found.difference.high) == (None, None)
    assert (found.p_value, found.p_holm, found.p_better) == (None, None, None)
    assert (found.more_episodes, found.more_seeds) == (None, None)


def test_p_better_and_the_p_value_are_two_views_of_one_tail():
    planted = plant(np.random.default_rng(13), np.array([[0.5], [0.51], [0.55], [0.5]]))
    for found in rank(planted.outcomes, draws=100).comparisons:
        assert found.p_better >= 0.5
        assert found.p_value == pytest.approx(2 * (1 - found.p_better), abs=1e-9)
        assert found.p_holm >= found.p_value


def test_shared_checkpoints_are_paired_by_seed():
    random = np.random.default_rng(14)
    seed = random.normal(0, 0.05, (4, 1))
    values = {n: 0.5 + s + seed + random.normal(0, 0.02, (4, 300)) for n, s in (("a", 0.01), ("b", 0.0))}
    apart = Outcomes({(n, COLUMN): v for n, v in values.items()})
    together = Outcomes(apart.values, {(n, COLUMN): ("k0", "k1", "k2", "k3") for n in values})
    wide = rank(apart, draws=100).comparison("a", "b", COLUMN)
    narrow = rank(together, draws=100).comparison("a", "b", COLUMN)
    assert wide.verdict == "undecided"
    assert narrow.verdict == "better"
    assert narrow.difference.estimate == wide.difference.estimate


def undecided(**changes: float) -> tuple[Ranking, Comparison]:
    planted = plant(
        np.random.default_rng(15), np.array([[0.51], [0.5], [0.46], [0.54]]), scale=0.8, **changes
    )
    ranking = rank(planted.outcomes, draws=100)
    return ranking, ranking.comparison("method 00", "method 01", column(0))


def test_where_episodes_are_few_more_of_them_would_decide():
    _, found = undecided(seeds=8, episodes=40, seed_deviation=0.001)
    assert found.verdict == "undecided"
    assert found.more_episodes is not None
    assert 10 < found.more_episodes < 5_000


def test_where_seeds_are_the_floor_no_number_of_episodes_would_decide():
    _, found = undecided(seeds=2, episodes=600, seed_deviation=0.03)
    assert found.verdict == "undecided"
    assert found.more_episodes is None
    assert found.more_seeds is not None
    assert found.more_seeds >= 1


def test_the_planned_episodes_do_decide_in_most_boards():
    random = np.random.default_rng(16)
    means = np.array([[0.52], [0.5]])
    decided = []
    for _ in range(30):
        first = rank(
            plant(random, means, seeds=6, episodes=60, seed_deviation=0.001, scale=0.8).outcomes, draws=100
        )
        found = first.comparisons[0]
        if found.more_episodes is not None and found.more_episodes < 2_000:
            again = plant(
                random,
                np.array([[0.5 + found.difference.estimate / 0.8], [0.5]]),
                seeds=6,
                episodes=60 + 2 * found.more_episodes,
                seed_deviation=0.001,
                scale=0.8,
            )
            decided.append(rank(again.outcomes, draws=100).comparisons[0].verdict != "undecided")
    assert len(decided) >= 10
    assert np.mean(decided) >= 0.7


quick = settings(max_examples=25, deadline=None)
small = st.integers(2, 4).flatmap(
    lambda methods: st.integers(1, 6).flatmap(
        lambda episodes: st.lists(
            st.integers(1, 3).flatmap(
                lambda seeds: arrays(
                    np.float64, (seeds, episodes), elements=st.integers(0, 8).map(lambda n: n / 16)
                )
            ),
            min_size=methods,
            max_size=methods,
        )
    )
)


def ranked(values: list[np.ndarray], names: str = "abcd") -> Ranking:
    return rank(Outcomes({(n, COLUMN): v for n, v in zip(names, values, strict=False)}), draws=100)


@quick
@given(small)
def test_reversing_a_comparison_turns_everything_round(values):
    ranking = ranked(values)
    for found in ranking.comparisons:
        back = ranking.comparison(found.b, found.a, COLUMN)
        assert back.difference.estimate == -found.difference.estimate
        if found.difference.low is not None:
            assert (back.difference.low, back.difference.high) == (
                -found.difference.high,
                -found.difference.low,
            )
            assert back.p_better == pytest.approx(1 - found.p_better)
        turned = {"better": "worse", "worse": "better"}
        assert back.verdict == turned.get(found.verdict, found.verdict)
        assert back.p_value == found.p_value
        assert back.reversed() == found


@quick
@given(small)
def test_mirrored_outcomes_turn_every_verdict(values):
    turned = {"better": "worse", "worse": "better"}
    forward, backward = ranked(values), ranked([1 - v for v in values])
    for found in forward.comparisons:
        other = backward.comparison(found.a, found.b, COLUMN)
        assert other.difference.estimate == pytest.approx(-found.difference.estimate, abs=1e-9)
        if found.difference.low is not None and abs(found.difference.low) > 1e-8:
            assert other.verdict == turned.get(found.verdict, found.verdict)


@quick
@given(small)
def test_a_constant_added_to_all_changes_no_comparison(values):
    before, after = ranked(values), ranked([v + 0.25 for v in values])
    for found in before.comparisons:
        other = after.comparison(found.a, found.b, COLUMN)
        for name in ("estimate", "low", "high"):
            assert getattr(other.difference, name) == pytest.approx(getattr(found.difference, name), abs=1e-8)
        assert other.p_value == pytest.approx(found.p_value, abs=1e-6)


@quick
@given(small)
def test_the_verdict_agrees_with_the_interval(values):
    for found in ranked(values).comparisons:
        low, high = found.difference.low, found.difference.high
        if low is None or high is None:
            assert found.verdict == "undecided"
            continue
        assert (found.verdict == "better") == (low > 0)
        assert (found.verdict == "worse") == (high < 0)
        if found.verdict == "equivalent":
            # The narrower interval of level 90 % lies inside the margin; the one shown is wider.
            assert abs(found.difference.estimate) < 0.01
        assert low <= found.difference.estimate <= high


@quick
@given(small)
def test_ranks_lie_between_one_and_the_number_of_methods(values):
    ranking = ranked(values)
    for standing in ranking.by_column[COLUMN]:
        ends = [standing.rank.estimate, standing.rank.low, standing.rank.high]
        assert all(1 <= end <= len(values) for end in ends if end is not None)
        if standing.rank.low is not None:
            assert standing.rank.low <= standing.rank.estimate <= standing.rank.high
