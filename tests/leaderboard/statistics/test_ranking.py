import dataclasses
import itertools
import json

import numpy as np
import pytest

from leaderboard import Column, Outcomes, Ranking, Run, rank
from tests.support.planted import column, method, plant


def board(seed: int = 0, methods: int = 5, columns: int = 3, **changes) -> Outcomes:
    means = 0.5 + 0.02 * np.arange(methods)[:, None] + 0.1 * np.arange(columns)
    return plant(np.random.default_rng(seed), means, episodes=100, scale=0.5, **changes).outcomes


def as_bytes(ranking: Ranking) -> bytes:
    return repr(ranking).encode()


def without(outcomes: Outcomes, *cells: tuple[str, Column]) -> Outcomes:
    return Outcomes({key: values for key, values in outcomes.values.items() if key not in cells})


def test_the_same_outcomes_give_the_same_bytes():
    outcomes = board()
    assert as_bytes(rank(outcomes)) == as_bytes(rank(outcomes))


def test_another_seed_gives_other_draws_and_the_same_comparisons():
    outcomes = board()
    first, second = rank(outcomes), rank(outcomes, seed=1)
    assert first.comparisons == second.comparisons
    assert first.overall != second.overall


def test_the_order_of_methods_and_columns_does_not_matter():
    outcomes = board()
    keys = list(outcomes.values)
    shuffled = [keys[i] for i in np.random.default_rng(1).permutation(len(keys))]
    again = Outcomes({key: outcomes.values[key] for key in shuffled})
    assert as_bytes(rank(again)) == as_bytes(rank(outcomes))


def test_the_order_of_pool_and_columns_does_not_matter():
    outcomes = board()
    forward = rank(outcomes, pool=[method(0), method(3), method(1)], columns=[column(0), column(2)])
    backward = rank(outcomes, pool=[method(1), method(3), method(0)], columns=[column(2), column(0)])
    assert as_bytes(forward) == as_bytes(backward)


def test_a_pool_is_ranked_as_if_no_others_existed():
    outcomes = board()
    pool = [method(0), method(2), method(4)]
    alone = Outcomes({key: values for key, values in outcomes.values.items() if key[0] in pool})
    assert as_bytes(rank(outcomes, pool=pool)) == as_bytes(rank(alone))
    everyone = {s.method: s.rank.estimate for s in rank(outcomes).overall}
    anew = {s.method: s.rank.estimate for s in rank(outcomes, pool=pool).overall}
    assert sorted(anew.values()) == [1, 2, 3]
    assert everyone[method(0)] == 5
    assert anew[method(0)] == 3


def test_columns_are_chosen_the_same_way():
    outcomes = board()
    chosen = [column(1)]
    alone = Outcomes({key: values for key, values in outcomes.values.items() if key[1] in chosen})
    assert as_bytes(rank(outcomes, columns=chosen)) == as_bytes(rank(alone))


def test_standings_come_best_first_with_their_figures():
    ranking = rank(board(columns=1))
    standings = ranking.by_column[column(0)]
    assert [s.method for s in standings] == [method(i) for i in (4, 3, 2, 1, 0)]
    scores = [s.score.estimate for s in standings]
    assert scores == sorted(scores, reverse=True)
    for standing in standings:
        assert standing.score.low < standing.score.estimate < standing.score.high
        assert (standing.seeds, standing.episodes, standing.column) == (2, 100, column(0))
    assert standings[-1].p_better_than_next is None
    assert all(0.5 <= s.p_better_than_next <= 1 for s in standings[:-1])


def test_p_better_than_next_agrees_with_the_comparison():
    ranking = rank(board(seed=3, columns=1), draws=4_000)
    standings = ranking.by_column[column(0)]
    for above, below in itertools.pairwise(standings):
        found = ranking.comparison(above.method, below.method, column(0))
        assert above.p_better_than_next == pytest.approx(found.p_better, abs=0.03)


def test_score_intervals_are_those_of_the_joint_draws():
    outcomes = board(seed=4, columns=1, seeds=4)
    ranking = rank(outcomes, draws=20_000)
    shown = {s.method: s.score for s in ranking.by_column[column(0)]}
    for standing in ranking.overall:  # One column: the overall score is its score, scaled.
        low, high = (0.2 + 0.8 * end for end in (standing.score.low, standing.score.high))
        width = shown[standing.method].high - shown[standing.method].low
        assert low == pytest.approx(shown[standing.method].low, abs=0.05 * width)
        assert high == pytest.approx(shown[standing.method].high, abs=0.05 * width)


def test_one_column_ties_alike_overall_and_in_the_column():
    ranking = rank(board(seed=5, columns=1))
    in_column = {s.method: s.tie_groups for s in ranking.by_column[column(0)]}
    assert {s.method: s.tie_groups for s in ranking.overall} == in_column


def test_a_single_method_stands_first():
    ranking = rank(board(methods=1, columns=2))
    (standing,) = ranking.overall
    assert (standing.rank.estimate, standing.rank.low, standing.rank.high) == (1, 1, 1)
    assert standing.tie_groups == "a"
    assert ranking.comparisons == ()
    assert ranking.aggregates[standing.method]["bradley_terry"].estimate == 0


def test_one_seed_shows_the_checkpoint_and_no_interval_for_the_method():
    ranking = rank(board(seeds=[1, 3, 3, 3, 3]))
    standing = next(s for s in ranking.by_column[column(0)] if s.method == method(0))
    assert (standing.score.low, standing.rank.low, standing.p_better_than_next) == (None, None, None)
    assert standing.checkpoint.low < standing.score.estimate < standing.checkpoint.high
    others = [s for s in ranking.by_column[column(0)] if s.method != method(0)]
    assert all(s.score.low is not None and s.checkpoint is None for s in others)
    # It is never separated: it shares a letter with everyone.
    assert all(set(standing.tie_groups) & set(s.tie_groups) for s in others)
    assert any(note.startswith(f"One train seed: {method(0)}.") for note in ranking.notes)
    whole = next(s for s in ranking.overall if s.method == method(0))
    assert (whole.score.low, whole.seeds) == (None, 1)


def test_a_board_of_single_seeds_has_no_interval_at_all():
    ranking = rank(board(seeds=1))
    standings = [*ranking.overall, *ranking.by_column[column(0)]]
    assert all(s.score.low is None and s.rank.low is None for s in standings)
    assert {pair.verdict for pair in ranking.comparisons} == {"undecided"}


def test_unequal_seeds_narrow_the_interval_of_those_with_more():
    ranking = rank(board(seeds=[2, 10], methods=2, columns=1, seed_deviation=0.03))
    width = {s.method: s.score.high - s.score.low for s in ranking.overall}
    assert width[method(1)] < width[method(0)]


def test_unequal_episodes_are_cut_to_the_common_first_ones_and_said():
    outcomes = board()
    values = dict(outcomes.values)
    values[method(2), column(0)] = values[method(2), column(0)][:, :60]
    ranking = rank(Outcomes(values))
    cut = rank(Outcomes({key: v[:, :60] if key[1] == column(0) else v for key, v in outcomes.values.items()}))
    assert ranking.comparisons == cut.comparisons
    assert {s.episodes for s in ranking.by_column[column(0)]} == {60}
    assert any("first 60 episodes, all that method 02 has" in note for note in ranking.notes)


def test_a_method_with_holes_stands_below_every_complete_one():
    # Method 0 is the worst everywhere; in its one column, the easy one, it scores above all averages.
    ranking = rank(without(board(), (method(0), column(0)), (method(0), column(1))))
    assert ranking.overall[-1].method == method(0)
    partial = ranking.overall[-1]
    assert partial.score.estimate > max(s.score.estimate for s in ranking.overall[:-1]) - 0.05
    assert partial.partial == (column(0), column(1))
    assert partial.rank.estimate == 5
    assert (partial.tie_groups, partial.p_better_than_next) == ("", None)
    assert all(s.partial == () for s in ranking.overall[:-1])
    assert "bradley_terry" not in ranking.aggregates[method(0)]
    assert any(note.startswith(f"Partial: {method(0)}.") for note in ranking.notes)


def test_the_best_method_with_a_hole_does_not_lead_either():
    ranking = rank(without(board(), (method(4), column(0))))
    assert [s.method for s in ranking.overall] == [method(i) for i in (3, 2, 1, 0, 4)]
    assert ranking.overall[-1].rank.estimate == 1  # in its own pool


def test_a_hole_changes_nothing_for_the_complete_methods_overall_order():
    whole, holed = rank(board()), rank(without(board(), (method(1), column(0))))
    assert [s.method for s in whole.overall if s.method != method(1)] == [
        s.method for s in holed.overall if not s.partial
    ]
    # Nothing is filled in: the column has one standing fewer.
    assert len(holed.by_column[column(0)]) == 4


def test_partial_methods_are_listed_with_fewer_holes_first():
    outcomes = without(
        board(),
        (method(4), column(0)),
        (method(4), column(1)),
        (method(0), column(2)),
        (method(3), column(2)),
    )
    assert [s.method for s in rank(outcomes).overall] == [method(i) for i in (2, 1, 3, 0, 4)]


def test_where_no_method_is_complete_the_ranking_says_so():
    ranking = rank(without(board(methods=2, columns=2), (method(0), column(0)), (method(1), column(1))))
    assert all(s.partial for s in ranking.overall)
    assert ranking.comparisons == ()
    assert "No method has every column, so there is no overall order." in ranking.notes


def test_a_third_method_does_not_turn_two_others_round():
    outcomes = board(seed=6)
    order = [s.method for s in rank(outcomes).overall]
    for left_out in order:
        pool = [name for name in order if name != left_out]
        assert [s.method for s in rank(outcomes, pool=pool).overall] == pool


def test_protocols_of_one_benchmark_count_as_one_benchmark():
    random = np.random.default_rng(7)
    means = np.array([[0.6], [0.5]])
    one, other = plant(random, means).outcomes, plant(random, 1.1 - means).outcomes
    columns = [column(0, protocol=shot) for shot in (1, 5, 10)]
    values = {(m, c): v for c in columns for (m, _), v in one.values.items()}
    values |= {(m, column(1)): v for (m, _), v in other.values.items()}
    ranking = rank(Outcomes(values))
    # Three columns for one method, one for the other: one benchmark each.
    assert {round(scores["mean_rank"].estimate, 6) for scores in ranking.aggregates.values()} == {1.5}


def test_few_benchmarks_are_said_to_be_few():
    assert any(note.startswith("One benchmark:") for note in rank(board(columns=1)).notes)
    assert any(note.startswith("Only 2 benchmarks:") for note in rank(board(columns=2)).notes)
    assert not any("benchmarks:" in note for note in rank(board(columns=6)).notes)


def test_many_consistent_benchmarks_separate_methods_overall():
    means = np.array([[0.6], [0.5], [0.4]]) + np.zeros(10)
    ranking = rank(plant(np.random.default_rng(8), means, episodes=200).outcomes)
    assert [s.tie_groups for s in ranking.overall] == ["a", "b", "c"]
    two = rank(plant(np.random.default_rng(8), means[:, :2], episodes=200).outcomes)
    assert [s.tie_groups for s in two.overall] == ["a", "a", "a"]


def test_aggregates_and_profiles_are_given_for_every_method():
    ranking = rank(board())
    for standing in ranking.overall:
        found = ranking.aggregates[standing.method]
        assert set(found) == {"mean_normalised", "mean_rank", "interquartile_mean", "bradley_terry"}
        assert all(v.low <= v.estimate <= v.high for v in found.values())
        assert found[ranking.ordered_by] == standing.score
        shares = [share.estimate for share in ranking.profiles[standing.method].share]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] == 1


def test_runs_are_collected_in_the_order_of_their_seeds():
    a, b = np.full(4, 0.25), np.full(3, 0.75)
    outcomes = Outcomes.collect(
        [Run("m", column(0), 7, a, training="k7"), Run("m", column(0), 2, b, training="k2")]
    )
    assert outcomes.values["m", column(0)].tolist() == [[0.75] * 3, [0.25] * 3]
    assert outcomes.trainings["m", column(0)] == ("k2", "k7")
    with pytest.raises(ValueError, match="m has two runs of seed 7"):
        Outcomes.collect([Run("m", column(0), 7, a), Run("m", column(0), 7, a)])


def test_a_ranking_becomes_json_without_further_ado():
    ranking = rank(board(seeds=[1, 2, 2, 2, 2]))
    plain = dataclasses.asdict(dataclasses.replace(ranking, by_column={}))
    assert json.loads(json.dumps(plain, allow_nan=False))["ordered_by"] == "mean_normalised"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pool": ["metod 01"]}, "no outcomes of method 'metod 01'; nearest: method 01"),
        ({"pool": []}, "an empty choice of methods"),
        ({"pool": ["method 01", "method 01"]}, "named twice"),
        ({"columns": [column(9)]}, "no outcomes of column"),
        ({"margin": -0.1}, "margin must be an accuracy"),
        ({"level": 95}, "level must lie between"),
        ({"draws": 10}, "draws must be at least 100"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        rank(board(), **arguments)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((2, 3), np.nan), "6 outcomes are not finite"),
        (np.full((2, 3), 61.5), r"must lie in 0\.\.1, not in 61\.5\.\.61\.5"),
        (np.full(3, 0.5), r"\[train seeds, episodes\], not of shape \(3,\)"),
        (np.zeros((2, 0)), "no outcomes in an array of shape"),
    ],
)
def test_arrays_that_are_no_accuracies_are_refused_by_name(values, message):
    with pytest.raises(ValueError, match=f"^maml on benchmark 0 5-way 1-shot: .*{message}"):
        rank(Outcomes({("maml", column(0)): values}))


def test_a_pool_without_outcomes_in_the_columns_is_refused():
    outcomes = without(board(methods=2, columns=2), (method(0), column(0)))
    with pytest.raises(ValueError, match="method 00 has no outcome in any of the chosen columns"):
        rank(outcomes, columns=[column(0)])


def test_nothing_is_no_ranking():
    with pytest.raises(ValueError, match="no outcomes to rank"):
        rank(Outcomes({}))
