"""The board's pictures: what lies where, and what they say to those who do not see them."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.board import critical as critical_picture
from leaderboard.board import histogram as histogram_picture
from leaderboard.board import scatter as scatter_picture
from leaderboard.board.critical import critical
from leaderboard.board.defaults import given as given_arguments
from leaderboard.board.histogram import histogram
from leaderboard.board.model import MethodFacts
from leaderboard.board.scatter import Point, pareto, scatter
from leaderboard.ranking import Interval, Standing


def standing(method: str, rank: float, ties: str = "a") -> Standing:
    return Standing(method, None, Interval(0.5, 0.4, 0.6), Interval(rank, rank, rank + 1), ties, 0.9, 2, 60)


def test_better_ranks_lie_further_left_and_bars_reach_over_their_members() -> None:
    rows = [standing("a", 1, "a"), standing("b", 2, "ab"), standing("c", 3.5, "b"), standing("d", 4, "c")]
    picture = critical(rows)
    assert picture is not None
    where = {label.method: float(label.line.split(",")[0]) for label in picture.labels}
    assert where["a"] < where["b"] < where["c"] < where["d"]
    first, second = picture.bars  # d stands alone: no bar
    assert (float(first.x1), float(first.x2)) == (where["a"], where["b"])
    assert (float(second.x1), float(second.x2)) == (where["b"], where["c"]) and first.y != second.y
    assert len(first.dots) == len(second.dots) == 2
    assert picture.words.endswith("Not separable: a and b; b and c.") and "c 3.5 (3.5–4.5)" in picture.words


def test_names_stand_apart_and_within_the_picture() -> None:
    picture = critical([standing(f"method {i}", i, "a") for i in range(1, 16)])
    assert picture is not None
    for anchor in ("start", "end"):
        heights = [float(label.y) for label in picture.labels if label.anchor == anchor]
        assert all(b - a >= 15 for a, b in pairwise(sorted(heights)))
        assert min(heights) > 0 and max(heights) < float(picture.height)
    assert all(0 < float(label.x) < critical_picture.WIDTH for label in picture.labels)


def test_of_many_methods_the_first_are_drawn_and_the_rest_counted() -> None:
    count = critical_picture.MOST_DRAWN + 5
    picture = critical([standing(f"m{i:02d}", i) for i in range(1, count + 1)])
    assert picture is not None and picture.left_out == 5 and len(picture.labels) == count - 5


def test_nothing_is_drawn_of_one_method() -> None:
    assert critical([standing("a", 1)]) is None and critical([]) is None


points = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, 5.0, 9.0, 40.0]), st.sampled_from([0.1, 0.2, 0.5, 0.9])), max_size=12
).map(
    lambda rows: [
        Point(f"m{i}", i + 1, cost, Interval(score, None, None)) for i, (cost, score) in enumerate(rows)
    ]
)


def dominated(point: Point, others: list[Point]) -> bool:
    return any(
        (o.cost <= point.cost and o.score.estimate > point.score.estimate)
        or (o.cost < point.cost and o.score.estimate >= point.score.estimate)
        for o in others
    )


@given(points)
def test_the_front_is_what_nobody_beats_at_no_more_cost(found: list[Point]) -> None:
    front = pareto(found)
    wanted = {(p.cost, p.score.estimate) for p in found if not dominated(p, found)}
    assert {(p.cost, p.score.estimate) for p in front} == wanted and len(front) == len(wanted)
    assert all(a.cost < b.cost and a.score.estimate < b.score.estimate for a, b in pairwise(front))


@given(points)
def test_dots_and_labels_lie_within_the_picture(found: list[Point]) -> None:
    picture = scatter(found, "Seconds", str, percent=True)
    if picture is None:
        costs = {point.cost for point in found}
        assert len(costs) < 3
        return
    assert len(picture.dots) == len(found)
    for dot in picture.dots:
        for x, y in ((dot.x, dot.y), (dot.label_x, dot.label_y)):
            assert 0 <= float(x) <= scatter_picture.WIDTH + 10 and -10 <= float(y) <= scatter_picture.HEIGHT
    by_cost = sorted(
        zip([point.cost for point in found], picture.dots, strict=True), key=lambda pair: pair[0]
    )
    assert [float(dot.x) for _, dot in by_cost] == sorted(float(dot.x) for _, dot in by_cost)
    assert {dot.method for dot in picture.dots if dot.front} == set(picture.front)


def test_costs_of_several_sizes_are_drawn_on_a_logarithmic_scale() -> None:
    def drawn(*costs: float) -> scatter_picture.Scatter | None:
        rows = [Point(f"m{i}", i + 1, c, Interval(0.5, 0.4, 0.6)) for i, c in enumerate(costs)]
        return scatter(rows, "Seconds", str, percent=True)

    near, far = drawn(10, 12, 14), drawn(1, 10, 100)
    assert near is not None and not near.logarithmic and near.x_ticks[0][1] == "0.0"
    assert far is not None and far.logarithmic
    x = [float(dot.x) for dot in far.dots]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)
    assert drawn(10, 10, 10) is None and drawn(0, 10, 10) is None and drawn(10, 10.1, 10.2) is None


@given(st.lists(st.integers(-75, 75), min_size=1, max_size=200))
def test_a_histogram_counts_each_difference_once_on_its_own_side(steps: list[int]) -> None:
    differences = np.array(steps) / 75
    picture = histogram(differences, Interval(float(differences.mean()), -0.1, 0.1), 1 / 75)
    base = histogram_picture.HEIGHT - histogram_picture._BOTTOM
    zero = float(picture.zero)
    left = [float(x) for x in re.findall(r"M([\d.]+) ", picture.behind)]
    right = [float(x) for x in re.findall(r"M([\d.]+) ", picture.ahead)]
    assert all(x < zero for x in left) and all(x > zero for x in right)
    tops = [
        float(y)
        for path in (picture.behind, picture.level, picture.ahead)
        for y in re.findall(r"V([\d.]+)H", path)
    ]
    heights = [base - top for top in tops]
    # The tallest bar fills the picture; together they hold every episode, in its units.
    tallest = max(heights)
    unit = sum(heights) / len(differences)
    assert tallest == pytest.approx(max(round(h / unit) for h in heights) * unit, rel=0.02)
    assert f"{len(differences):,} episodes" in picture.words
    assert f"level in {100 * np.mean(differences == 0):.0f} %" in picture.words


def facts(label: str, **arguments: object) -> MethodFacts:
    return MethodFacts(label, "transfer", "1", "s", arguments, {}, label)


def test_arguments_that_a_label_names_were_given_and_all_others_are_defaults() -> None:
    assert given_arguments(facts("transfer", head="logistic", width=32)) == {"head": False, "width": False}
    label = "transfer(head=ridge, normalize=true, size=[1, 2])"
    found = given_arguments(facts(label, head="ridge", normalize=True, width=32, size=[1, 2]))
    assert found == {"head": True, "normalize": True, "width": False, "size": True}
    assert given_arguments(facts("my method", head="ridge")) is None
