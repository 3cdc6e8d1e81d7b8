import numpy as np
import pytest

from leaderboard.ranking import Outcomes
from leaderboard.statistics.effects import Effects, analyse
from leaderboard.statistics.spread import spread_of_means
from leaderboard.statistics.table import lay_out
from tests.support.planted import column

COLUMN = column(0)


def effects(**outcomes: list[list[float]]) -> Effects:
    table = lay_out(Outcomes({(m, COLUMN): np.array(v) for m, v in outcomes.items()}), None, None)
    return analyse(COLUMN, table.cells[0])


def test_mean_squares_worked_by_hand():
    # Two seeds, three episodes. Seed means .5 .6, episode means .50 .70 .45, mean .55.
    # Residuals, seed 1: -.05 -.05 .10; seed 2 their negatives.
    found = effects(a=[[0.4, 0.6, 0.5], [0.6, 0.8, 0.4]])
    assert found.means == pytest.approx([0.55])
    (unit,) = found.units
    # Variance of the seed means: (.05^2 + .05^2) / 1. MS_seed is E = 3 times it.
    assert unit.total.value == pytest.approx(0.005)
    assert unit.total.degrees == 1
    # MS_interaction = 2 (.05^2 + .05^2 + .10^2) / (1 * 2); its floor is that over E.
    assert found.interaction == pytest.approx(np.array([[0.015]]))
    assert unit.total.floor == pytest.approx(0.015 / 3)
    # Variance of the episode means: (.05^2 + .15^2 + .10^2) / 2. MS_episode is S = 2 times it.
    assert found.covariance == pytest.approx(np.array([[0.0175]]))
    # Spread over episodes of one trained model: mean of (.01 + .01 + 0) / 2 and (0 + .04 + .04) / 2.
    assert found.spread == pytest.approx([(0.01 + 0.04) / 2])


def test_crossed_variance_agrees_with_the_mean_squares():
    # MS_seed / SE + MS_episode / SE - MS_interaction / SE, unmoderated: .015/6 + .035/6 - .015/6.
    found = effects(a=[[0.4, 0.6, 0.5], [0.6, 0.8, 0.4]])
    total, interaction = found.units[0].total, found.interaction[0, 0]
    variance = total.value / 2 + found.covariance[0, 0] / 3 - interaction / 6
    assert variance == pytest.approx((0.015 + 0.035 - 0.015) / 6)


def test_difference_is_paired_by_episode():
    ramp = np.linspace(0.1, 0.9, 50)
    found = effects(a=[ramp.tolist()] * 2, b=(ramp[None] * [[1.0], [1.0]] - 0.05).tolist())
    difference = found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]
    assert difference == pytest.approx(0, abs=1e-15)
    assert found.covariance[0, 0] > 0.05


def test_variance_components_come_out_unbiased():
    random = np.random.default_rng(5)
    seeds, episodes, boards = 4, 30, 2_000
    totals, interactions, covariances = [], [], []
    for _ in range(boards):
        values = (
            0.5
            + random.normal(0, 0.02, (seeds, 1))
            + random.normal(0, 0.03, episodes)
            + random.normal(0, 0.04, (seeds, episodes))
        )
        found = effects(a=values.tolist())
        totals.append(found.units[0].total.value)
        interactions.append(found.interaction[0, 0])
        covariances.append(found.covariance[0, 0])
    assert np.mean(totals) == pytest.approx(0.02**2 + 0.04**2 / episodes, rel=0.08)
    assert np.mean(interactions) == pytest.approx(0.04**2, rel=0.02)
    assert np.mean(covariances) == pytest.approx(0.03**2 + 0.04**2 / seeds, rel=0.02)


def test_methods_on_the_same_checkpoints_form_one_unit():
    random = np.random.default_rng(6)
    seed = random.normal(0, 0.05, (5, 1))
    values = {
        name: 0.5 + seed + random.normal(0, 0.002, (5, 1)) + random.normal(0, 0.02, (5, 40)) for name in "abc"
    }
    outcomes = Outcomes(
        {(name, COLUMN): array for name, array in values.items()},
        {(name, COLUMN): tuple("12345") for name in "ab"},
    )
    found = analyse(COLUMN, lay_out(outcomes, None, None).cells[0])
    assert [unit.members for unit in found.units] == [(0, 1), (2,)]
    shared, alone = found.units
    assert alone.own is None
    assert shared.own is not None
    # For two methods the part of each one's own is half the variance of their seed-wise difference.
    difference = values["a"].mean(axis=1) - values["b"].mean(axis=1)
    assert shared.own.value == pytest.approx(difference.var(ddof=1) / 2)
    assert shared.own.degrees == 4
    assert shared.own.value < shared.total.value / 10


def test_outcomes_that_no_seed_changes_have_no_seed_variance():
    found = effects(a=[[0.1, 0.7, 0.3]] * 3, b=[[1.0, 1.0, 1.0]] * 3)
    assert all(unit.unmoved for unit in found.units)


def test_clamp_keeps_the_variance_above_the_episode_part():
    # Seed means are equal, so that the seed component would be negative: -MS_interaction / E.
    from leaderboard.statistics.spread import moderate_board

    found = effects(
        a=[[0.2, 0.8, 0.5, 0.5], [0.8, 0.2, 0.5, 0.5]], b=[[0.2, 0.3, 0.5, 0.6], [0.3, 0.3, 0.4, 0.6]]
    )
    posteriors = moderate_board((found,))
    assert posteriors is not None
    variances = spread_of_means(found, posteriors[0]).variances
    assert (variances >= np.diag(found.covariance)[:, None] / 4 - 1e-15).all()
