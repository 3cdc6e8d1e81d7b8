"""What pools are ranked from in the page: small, exact where it says so, and bounded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leaderboard.board import build
from leaderboard.board.pool_data import FEWEST_DRAWS, MOST_BYTES, _grid, embedded, pool_script
from leaderboard.ranking import Column, Interval
from leaderboard.statistics import Estimates, publish, rank_pool
from tests.support.fabricate import fabricate


def column(number: int, size: int, draws: int = 1_000) -> Estimates:
    """Estimates of ``size`` methods without any meaning."""
    random = np.random.default_rng(number)
    pairs = random.random((3, size, size))
    return Estimates(
        column=Column(f"benchmark {number:02}", "few-shot", 5, 1, 15, "d"),
        methods=tuple(f"method {i:03}" for i in range(size)),
        episodes=600,
        seeds=np.full(size, 3),
        scores=(Interval(0.5, 0.4, 0.6),) * size,
        checkpoints=(None,) * size,
        means=random.random(size),
        draws=random.normal(0.5, 0.1, (size, draws)),
        testable=np.ones(size, dtype=bool),
        tail=pairs[0] + pairs[0].T,
        variance=pairs[1] + pairs[1].T,
        degrees=pairs[2] + pairs[2].T,
    )


def bytes_of(estimates: tuple[Estimates, ...]) -> int:
    """Of all numbers that the page will hold."""
    draws = (
        sum(2 * found.draws.size for found in estimates)
        + 2 * (len(estimates) - 1) * estimates[0].draws.shape[1]
    )
    return draws + sum(12 * size * (size - 1) // 2 for size in (len(found.methods) for found in estimates))


def test_a_hundred_methods_in_twenty_columns_fit_with_every_draw() -> None:
    found = embedded([column(i, 100) for i in range(20)])
    assert found[0].draws.shape[1] == 1_000
    assert bytes_of(found) <= MOST_BYTES


def test_a_larger_board_keeps_fewer_draws_and_a_very_large_one_none() -> None:
    found = embedded([column(i, 40) for i in range(4)], most_bytes=160_000)
    assert FEWEST_DRAWS < found[0].draws.shape[1] < 1_000
    assert bytes_of(found) <= 160_000 < bytes_of(found) + 2 * (160 + 3)
    assert embedded([column(i, 40) for i in range(4)], most_bytes=90_000) == ()


def test_what_is_embedded_ranks_like_the_board_to_a_draw_or_two(tmp_path: Path) -> None:
    board = build(fabricate(tmp_path / "store", seeds=(0, 1, 2)))
    assert board.analysis is not None
    whole = publish(board.analysis)
    methods = [standing.method for standing in whole.overall]
    pool = rank_pool(embedded(board.analysis.estimates), methods, whole.columns, whole.level, 0)
    for mine, theirs in zip(pool.overall, whole.overall, strict=True):
        assert (mine.method, mine.tie_groups) == (theirs.method, theirs.tie_groups)
        assert mine.p_better_than_next == (
            None if theirs.p_better_than_next is None else pytest.approx(theirs.p_better_than_next, abs=0.003)
        )


def test_the_script_is_one_call_with_plain_json(tmp_path: Path) -> None:
    board = build(fabricate(tmp_path / "store"))
    script = pool_script(board)
    assert script.startswith("leaguePool(") and script.endswith(");\n")
    data: dict[str, Any] = json.loads(script[len("leaguePool(") : -len(");\n")])
    assert data["methods"] == ["control", "middle", "strong"]
    assert [found["id"] for found in data["columns"]] == [facts.id for facts in board.computed.columns]
    assert pool_script(build(fabricate(tmp_path / "empty", methods=()))) == ""


@given(arrays(np.float64, (3, 5), elements=st.floats(-0.5, 1.5)))
def test_a_grid_laid_over_its_own_draws_changes_nothing(draws: Any) -> None:
    once = _grid(draws).draws()
    assert np.abs(once - draws).max() <= max(np.ptp(draws), 1e-6) / 30_000
    assert np.array_equal(_grid(once).draws(), once)
