"""How figures are spelled, and where they are drawn."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leaderboard.board import figures
from leaderboard.board.plots import accuracy_scale, rank_scale, round_scale
from leaderboard.ranking import Interval, Standing


def standing(estimate: float, half: float | None = 0.02) -> Standing:
    low, high = (None, None) if half is None else (estimate - half, estimate + half)
    return Standing(
        "method", None, Interval(estimate, low, high), Interval(1, 1, 1), "a", None, seeds=2, episodes=10
    )


@pytest.mark.parametrize(
    ("spelled", "text"),
    [
        (figures.accuracy(Interval(0.8123, 0.7993, 0.8253)), "81.2 ± 1.3"),
        (figures.accuracy(Interval(0.99, 0.95, 1.0)), "99.0 [95.0, 100.0]"),
        (figures.accuracy(Interval(0.5, None, None)), "50.0"),
        (figures.score(Interval(1.5, 1.0, 2.0)), "1.50 ± 0.50"),
        (figures.rank(Interval(2, 1, 3)), "2 (1–3)"),
        (figures.rank(Interval(1.5, 1, 2.5)), "1.5 (1–2.5)"),
        (figures.rank(Interval(1, 1, 1)), "1 (1–1)"),
        (figures.rank(Interval(3, None, None)), "3"),
        (figures.probability(None), "–"),
        (figures.probability(0.9999), ">0.99"),
        (figures.probability(0.001), "<0.01"),
        (figures.probability(0.5), "0.50"),
        (figures.signed_points(-0.0123), "−1.2"),
        (figures.signed_points(-0.0001), "0.0"),
        (figures.signed_points(0.1), "+10.0"),
        (figures.seconds(0.4242), "0.42 s"),
        (figures.seconds(59.9), "59.9 s"),
        (figures.seconds(59.97), "1 min 00 s"),
        (figures.seconds(3_599.9), "1 h 00 min"),
        (figures.seconds(7_500), "2 h 05 min"),
        (figures.mebibytes(512.4), "512 MiB"),
        (figures.mebibytes(1_536), "1.5 GiB"),
        (figures.count(20_000), "20,000"),
        (figures.p_value(0.0001), "<0.001"),
        (figures.effect(-0.5), "−0.50"),
        (figures.listed(["a", "b", "c"]), "a, b and c"),
        (figures.overall_name("mean_normalised"), "mean normalised score"),
        (figures.overall_name("something_new"), "something new"),
    ],
)
def test_figures_are_spelled_so(spelled: str, text: str) -> None:
    assert spelled == text


@example(0.0, 5e-324)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_scale_covers_what_it_is_for_with_few_round_ticks(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    scale = round_scale(low, high)
    assert scale.low <= low + 1e-9 and scale.high >= high - 1e-9
    assert 2 <= len(scale.ticks) <= 8
    assert 0.0 <= scale.share(low) <= scale.share(high) <= 1.0


@given(st.lists(st.floats(0.2, 0.98), min_size=1, max_size=12))
def test_the_leaders_are_always_on_the_scale(means: list[float]) -> None:
    ordered = [standing(mean) for mean in sorted(means, reverse=True)]
    scale = accuracy_scale(ordered, 0.2)
    on_scale = [s for s in ordered if s.score.estimate >= scale.low - 1e-9]
    assert scale.high >= ordered[0].score.estimate
    assert len(on_scale) >= min(len(ordered), max(2, 2 * len(ordered) // 3))


def test_a_control_far_below_leaves_the_scale_to_the_others() -> None:
    scale = accuracy_scale([standing(m) for m in (0.75, 0.72, 0.70, 0.25)], 0.2)
    assert scale.low > 0.6
    near = accuracy_scale([standing(m) for m in (0.75, 0.65, 0.55, 0.45)], 0.2)
    assert near.low <= 0.43


def test_ranks_have_at_most_nine_ticks() -> None:
    for count in (1, 3, 8, 9, 40, 100, 1_000):
        ticks = rank_scale([standing(0.5)] * count).ticks
        assert ticks[0] == 1 and len(ticks) <= 9 + 1 and max(ticks) <= count
